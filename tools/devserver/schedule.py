"""Runs the scheduled handlers in a thread, in place of AWS's schedules."""

import logging
from contextlib import AbstractContextManager
from dataclasses import asdict

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import StintError
from chalicelib.handlers.auto_stop import EVERY_MINUTES
from chalicelib.time_entries.purge_deleted import clear_deleted
from chalicelib.timers.auto_stop import sweep
from tools.devserver.periodic import repeating

log = logging.getLogger("stint")


def sweeping(
    tools: Toolbox, every_seconds: float = EVERY_MINUTES * 60
) -> AbstractContextManager[None]:
    """Run the auto-stop and the purge periodically, until the context ends."""

    def run() -> None:
        try:
            log.info("auto-stop run", extra=asdict(sweep(tools)))
            log.info("purge of deleted time entries", extra=asdict(clear_deleted(tools)))
        except StintError:
            log.exception("auto-stop run failed")

    return repeating("sweep", every_seconds, run)
