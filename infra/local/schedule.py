"""The schedules that AWS would run, run by the local server: the same handlers, by a thread."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict

from chalicelib.domain.errors import StintError
from chalicelib.events.sweep import EVERY_MINUTES
from chalicelib.services.clearing import clear_deleted
from chalicelib.services.sweeping import sweep
from chalicelib.services.toolbox import Toolbox

log = logging.getLogger("stint")


@contextmanager
def sweeping(tools: Toolbox, every_seconds: float = EVERY_MINUTES * 60) -> Iterator[None]:
    """Sweep now and then, until this ends."""
    ended = threading.Event()

    def run() -> None:
        while not ended.wait(every_seconds):
            try:
                log.info("sweep", extra=asdict(sweep(tools)))
                log.info("clearing", extra=asdict(clear_deleted(tools)))
            except StintError:
                log.exception("sweep failed")

    thread = threading.Thread(target=run, name="sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
