"""The scheduled auto-stop: stops overdue timers, then purges deleted time entries.

Runs every five minutes. Contract section 9.
"""

import logging
from typing import Any

from chalice.app import Blueprint, CloudWatchEvent, Rate
from msgspec.structs import asdict

log = logging.getLogger("stint")

EVERY_MINUTES = 5
LATE_SECONDS = 15 * 60
"""A run that leaves a timer so long past its limit is an error: it is behind."""
SPARE_MILLISECONDS = 10_000
"""With less remaining time no new step begins: it is enough for calls that time out."""

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(EVERY_MINUTES, unit=Rate.MINUTES), name="auto_stop")
def auto_stop(event: CloudWatchEvent) -> dict[str, object]:
    """Stop and purge until little time remains; log and return the reports."""
    # Lazy: the API imports this module only for its schedule and never runs it. Decision 0018.
    from chalicelib.handlers.composition import dependencies  # noqa: PLC0415
    from chalicelib.time_entries.purge_deleted import PurgeDeleted  # noqa: PLC0415
    from chalicelib.timers.auto_stop import AutoStop  # noqa: PLC0415

    context: Any = event.context

    def has_time() -> bool:
        remaining: int = context.get_remaining_time_in_millis()
        return remaining > SPARE_MILLISECONDS

    report = asdict(AutoStop(dependencies()).run(has_time))
    is_late = report["lag_seconds"] >= LATE_SECONDS
    # An alarm counts the lines of level ERROR.
    log.log(logging.ERROR if is_late else logging.INFO, "auto-stop run", extra=report)
    purge = asdict(PurgeDeleted(dependencies()).run(has_time))
    log.info("purge of deleted time entries", extra=purge)
    return {**report, "purge": purge}
