"""What a test can make the emulator do. Runs in the emulator's process.

A test writes files into the folder ``STINT_FAULTS``: ``<logical id>.fail`` contains the reason why
the resource cannot be created, updated or deleted; ``<logical id>.hold`` stops its creation until
the file is deleted. ``<logical id>.reached`` says that the creation is stopped there. With
``quick-schedules``, a schedule of five minutes runs every five seconds.
"""

import os
import time
from pathlib import Path
from typing import Any

from ministack.services import eventbridge
from ministack.services.cloudformation import stacks

FOLDER = Path(os.environ.get("STINT_FAULTS", "/nonexistent"))
_POLL_SECONDS = 0.02
_original_provision = stacks._provision_resource
_original_update = stacks._update_resource
_original_delete = stacks._delete_resource
_original_in_thread = stacks._runs_on_worker_thread
_original_rate = eventbridge._parse_rate_seconds


def install() -> None:
    """Look for a test's files before each resource, and before each run of a schedule."""
    stacks._provision_resource = _provision
    stacks._update_resource = _update
    stacks._delete_resource = _delete
    stacks._runs_on_worker_thread = _runs_on_worker_thread
    eventbridge._parse_rate_seconds = _parse_rate_seconds
    eventbridge._SCHEDULER_TICK_INTERVAL = 1


def _provision(resource_type: str, logical_id: str, props: Any, stack_name: str) -> Any:
    _check(logical_id)
    return _original_provision(resource_type, logical_id, props, stack_name)


def _update(*arguments: Any) -> Any:
    logical_id = arguments[5]
    _check(logical_id)
    return _original_update(*arguments)


def _delete(
    resource_type: str, physical_id: str, props: Any, stack_name: str, logical_id: str, *rest: Any
) -> Any:
    _check(logical_id)
    return _original_delete(resource_type, physical_id, props, stack_name, logical_id, *rest)


def _check(logical_id: str) -> None:
    hold = FOLDER / f"{logical_id}.hold"
    if hold.exists():
        (FOLDER / f"{logical_id}.reached").touch()
        while hold.exists():
            time.sleep(_POLL_SECONDS)
    failure = FOLDER / f"{logical_id}.fail"
    if failure.exists():
        raise ValueError(failure.read_text())


def _runs_on_worker_thread(resource_type: str) -> bool:
    # A resource that waits must not block the emulator.
    return any(FOLDER.glob("*.hold")) or _original_in_thread(resource_type)


def _parse_rate_seconds(expression: str) -> Any:
    seconds = _original_rate(expression)
    is_quick = (FOLDER / "quick-schedules").exists()
    return seconds // 60 if seconds and is_quick else seconds
