"""A thread that runs a function periodically, in place of AWS's schedules and event sources."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def periodic(name: str, every_seconds: float, run: Callable[[], None]) -> Iterator[None]:
    """Run a function every few seconds, in a thread of that name, until the context ends.

    ``run`` must handle its errors: an exception ends the thread.
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
