"""The scheduled sweep, every five minutes: stops forgotten timers (contract section 9), then clears
away what is left of deleted time entries."""

import logging
from dataclasses import asdict
from typing import Any

from chalice.app import Blueprint, CloudWatchEvent, Rate

from chalicelib.handlers.composition import toolbox

log = logging.getLogger("stint")

EVERY_MINUTES = 5
SPARE_MILLISECONDS = 10_000
"""What is left of the function's time when it begins no more: enough for calls that hang."""

blueprint = Blueprint(__name__)


@blueprint.schedule(Rate(EVERY_MINUTES, unit=Rate.MINUTES), name="sweep")
def sweep(event: CloudWatchEvent) -> dict[str, object]:
    """Sweep and clear for as long as the function may; log what each did, return it together."""
    # Imported here: the API, which knows this module for its schedule alone, never sweeps.
    from chalicelib.time_entries.purge_deleted import clear_deleted  # noqa: PLC0415
    from chalicelib.timers.auto_stop import sweep as run  # noqa: PLC0415

    context: Any = event.context

    def has_time() -> bool:
        remaining: int = context.get_remaining_time_in_millis()
        return remaining > SPARE_MILLISECONDS

    report = asdict(run(toolbox(), has_time))
    log.info("auto-stop run", extra=report)
    clearing = asdict(clear_deleted(toolbox(), has_time))
    log.info("purge of deleted time entries", extra=clearing)
    return {**report, "clearing": clearing}
