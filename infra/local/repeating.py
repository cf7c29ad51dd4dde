"""A thread that does something now and then: what AWS's schedules and event sources do."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(name: str, every_seconds: float, run: Callable[[], None]) -> Iterator[None]:
    """Run something again and again, in a thread of that name, until this ends.

    ``run`` handles what may go wrong: whatever it raises ends the thread.
    """
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(every_seconds):
            run()

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
