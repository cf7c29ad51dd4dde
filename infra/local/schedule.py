"""The schedules that AWS would run, run by the local server: the same handlers, by a thread."""

import logging
from contextlib import AbstractContextManager
from dataclasses import asdict

from chalicelib.domain.errors import StintError
from chalicelib.events.sweep import EVERY_MINUTES
from chalicelib.services.clearing import clear_deleted
from chalicelib.services.sweeping import sweep
from chalicelib.services.toolbox import Toolbox
from infra.local.repeating import repeating

log = logging.getLogger("stint")


def sweeping(
    tools: Toolbox, every_seconds: float = EVERY_MINUTES * 60
) -> AbstractContextManager[None]:
    """Sweep now and then, until this ends."""

    def run() -> None:
        try:
            log.info("sweep", extra=asdict(sweep(tools)))
            log.info("clearing", extra=asdict(clear_deleted(tools)))
        except StintError:
            log.exception("sweep failed")

    return repeating("sweep", every_seconds, run)
