"""Runs independent calls at the same time, in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

THREAD_NAME = "concurrent"


def run_concurrently(*calls: Callable[[], T]) -> list[T]:
    """Run the calls in threads of their own; return their results, in the order of the calls.

    If calls fail, raises the error of the first of them.
    """
    if len(calls) == 1:
        return [calls[0]()]
    with ThreadPoolExecutor(len(calls), THREAD_NAME) as threads:
        futures = [threads.submit(copy_context().run, call) for call in calls]
        return [future.result() for future in futures]
