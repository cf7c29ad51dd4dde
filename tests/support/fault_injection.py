"""Fault injection between the application and DynamoDB.

It produces the faults that AWS produces at random and that no local engine produces. All models
share one client, so a wrapper around the calls of this client sees every call of every thread.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from pynamodb.connection import Connection

WRITE = "TransactWriteItems"

_ENDPOINT = "https://dynamodb.test"

Call = Callable[[str, dict[str, Any]], Any]


class Killed(BaseException):
    """Simulates the end of the process. Like SIGKILL, no ``except Exception`` catches it."""


@contextmanager
def intercepted(connection: Connection, wrap: Callable[[Call], Call]) -> Iterator[None]:
    """Send every call, of any thread, through ``wrap(real)``."""
    client = connection.client
    real = client._make_api_call
    setattr(client, "_make_api_call", wrap(real))  # noqa: B010 - a method, as mypy sees it
    try:
        yield
    finally:
        setattr(client, "_make_api_call", real)  # noqa: B010


def once_before_a_write(intruder: Callable[[], object]) -> Callable[[Call], Call]:
    """Call ``intruder`` once, between the read and the write. For :func:`intercepted`."""
    done: list[str] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == WRITE and not done:
                done.append(operation)
                intruder()
            return real(operation, arguments)

        return call

    return wrap


def throttled(operation: str) -> ClientError:
    """Return the error of a throttled request."""
    return ClientError(
        {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, operation
    )


def cancelled(reason: str) -> ClientError:
    """Return the error of a transaction that is cancelled because of its second item."""
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": "no"}],
    }
    return ClientError(response, WRITE)


def silent() -> ReadTimeoutError:
    """Return the error of a request that was sent and got no response."""
    return ReadTimeoutError(endpoint_url=_ENDPOINT)


def unreachable() -> ConnectTimeoutError:
    """Return the error of a request that could not be sent."""
    return ConnectTimeoutError(endpoint_url=_ENDPOINT)


@dataclass
class RandomFaults:
    """Random faults for a whole test run, generated from ``seed``.

    :param conflicts: percentage of transactions that are cancelled by a transaction conflict.
    :param stale: percentage of index queries that return an earlier result.
    :param lost: percentage of transactions that are written, but whose response is lost. Use it
        only with an engine that supports ClientRequestToken, because the client then sends the
        identical transaction again.
    """

    seed: str
    conflicts: int = 0
    stale: int = 0
    lost: int = 0
    happened: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311
        self._lock = threading.Lock()
        self._earlier: dict[str, list[Any]] = {}
        self._sent: set[str] = set()

    def wrap(self, real: Call) -> Call:
        """Wrap a call. For :func:`intercepted`."""

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            if operation == WRITE:
                return self._write(real, arguments)
            if operation == "Query" and "IndexName" in arguments:
                return self._query(real, arguments)
            return real(operation, arguments)

        return call

    def _write(self, real: Call, arguments: dict[str, Any]) -> Any:
        token = arguments["ClientRequestToken"]
        with self._lock:
            # DynamoDB returns success, without a conflict, for a token that it has already written.
            first = token not in self._sent
            conflicts = first and self._random.randrange(100) < self.conflicts
            lost = not conflicts and self._random.randrange(100) < self.lost
            if not conflicts:
                self._sent.add(token)
            self.happened.update(conflicts=conflicts, lost=lost)
        if conflicts:
            raise cancelled("TransactionConflict")
        try:
            return real(WRITE, arguments)
        finally:
            if lost:
                # This also hides a refusal: the client gets no response at all.
                raise silent()

    def _query(self, real: Call, arguments: dict[str, Any]) -> Any:
        response = real("Query", arguments)
        with self._lock:
            earlier_responses = self._earlier.setdefault(_query_key(arguments), [])
            stale_responses = [
                earlier for earlier in earlier_responses if earlier["Items"] != response["Items"]
            ]
            if response not in earlier_responses:
                earlier_responses.append(response)
            if stale_responses and self._random.randrange(100) < self.stale:
                self.happened["stale"] += 1
                return self._random.choice(stale_responses)
        return response


def _query_key(arguments: dict[str, Any]) -> str:
    """Return the query without the current time, so that queries at different times are equal."""
    values = dict(arguments.get("ExpressionAttributeValues", {}))
    values.pop(":end", None)
    return json.dumps({**arguments, "ExpressionAttributeValues": values}, sort_keys=True)


@dataclass(frozen=True)
class Fault:
    """A fault of a call: ``sent`` says if the call is really sent; then ``error`` is raised.

    ``only`` restricts the fault to one operation. Calls of other operations are not counted.
    """

    error: Callable[[str], BaseException]
    sent: bool = False
    only: str | None = None


@dataclass
class Injection:
    """A fault at the call number ``position`` (from 0), and at all later calls if ``lasting``."""

    fault: Fault
    position: int
    lasting: bool = False
    calls: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def wrap(self, real: Call) -> Call:
        """Wrap a call. For :func:`intercepted`."""

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            with self._lock:
                strikes = self._strikes(operation)
            if not strikes:
                return real(operation, arguments)
            try:
                return real(operation, arguments) if self.fault.sent else None
            finally:
                raise self.fault.error(operation)

        return call

    def _strikes(self, operation: str) -> bool:
        if self.fault.only not in (None, operation):
            return False
        number = len(self.calls)
        self.calls.append(operation)
        strikes = number >= self.position if self.lasting else number == self.position
        if strikes:
            self.struck.append(operation)
        return strikes
