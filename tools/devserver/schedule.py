"""Runs the scheduled handlers in a thread, in place of AWS's schedules."""

import logging
from contextlib import AbstractContextManager

from msgspec.structs import asdict

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import StintError
from chalicelib.handlers.auto_stop import EVERY_MINUTES
from chalicelib.time_entries.purge_deleted import PurgeDeleted
from chalicelib.timers.auto_stop import AutoStop
from tools.devserver.periodic import periodic

log = logging.getLogger("stint")


def running_schedule(
    dependencies: Dependencies, every_seconds: float = EVERY_MINUTES * 60
) -> AbstractContextManager[None]:
    """Run the auto-stop and the purge periodically, until the context ends."""

    def run() -> None:
        try:
            log.info("auto-stop run", extra=asdict(AutoStop(dependencies).run()))
            log.info(
                "purge of deleted time entries", extra=asdict(PurgeDeleted(dependencies).run())
            )
        except StintError:
            log.exception("auto-stop run failed")

    return periodic("schedule", every_seconds, run)
