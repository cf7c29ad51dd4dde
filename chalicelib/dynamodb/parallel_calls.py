"""Runs independent calls at the same time, in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import current_thread
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
        futures = [
            threads.submit(copy_context().run, _run_named, number, call)
            for number, call in enumerate(calls)
        ]
        return [future.result() for future in futures]


def _run_named(number: int, call: Callable[[], T]) -> T:
    # A thread that is free takes another call. With a name for each call, measurements see that the
    # calls do not wait for each other.
    current_thread().name = f"{THREAD_NAME}_{number}"
    return call()
