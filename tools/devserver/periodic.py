"""A thread that runs a function periodically, in place of AWS's schedules and event sources."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def periodic(name: str, every_seconds: float, run: Callable[[], bool | None]) -> Iterator[None]:
    """Run a function every few seconds, in a thread of that name, until the context ends.

    If ``run`` returns True, there is more to do: it is called again at once, unless the context
    ends. ``run`` must handle its errors: an exception ends the thread.
    """
    ended = threading.Event()

    def repeat() -> None:
        wait = every_seconds
        while not ended.wait(wait):
            wait = 0 if run() else every_seconds

    thread = threading.Thread(target=repeat, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
