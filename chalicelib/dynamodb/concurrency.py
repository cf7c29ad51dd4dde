"""Calls that do not depend on each other, made at the same time: one wait instead of several."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

THREAD_NAME = "together"


def together(*calls: Callable[[], T]) -> list[T]:
    """What the calls give, in their order. Raises what the first of them raises that fails."""
    if len(calls) == 1:
        return [calls[0]()]
    with ThreadPoolExecutor(len(calls), THREAD_NAME) as threads:
        waiting = [threads.submit(copy_context().run, call) for call in calls]
        return [it.result() for it in waiting]
