"""Between us and DynamoDB: what AWS does at random and no local engine ever shows.

Everything goes through the one client that all models share, so whatever wraps its calls sees
every call of every thread.
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
    """The process ends here. No ``except Exception`` sees it, as none sees a SIGKILL."""


@contextmanager
def intercepted(connection: Connection, wrap: Callable[[Call], Call]) -> Iterator[None]:
    """Every call goes through ``wrap(real)``, whatever thread it comes from."""
    client = connection.client
    real = client._make_api_call
    setattr(client, "_make_api_call", wrap(real))  # noqa: B010 - a method, as mypy sees it
    try:
        yield
    finally:
        setattr(client, "_make_api_call", real)  # noqa: B010


def once_before_a_write(intruder: Callable[[], object]) -> Callable[[Call], Call]:
    """Lets somebody in once, between the read and the write. For :func:`intercepted`."""
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
    """The whole request is refused for now."""
    return ClientError(
        {"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, operation
    )


def cancelled(reason: str) -> ClientError:
    """A transaction is cancelled, its second item being the reason."""
    response: Any = {
        "Error": {"Code": "TransactionCanceledException", "Message": "cancelled"},
        "CancellationReasons": [{"Code": "None"}, {"Code": reason, "Message": "no"}],
    }
    return ClientError(response, WRITE)


def silent() -> ReadTimeoutError:
    """It was sent; no answer came."""
    return ReadTimeoutError(endpoint_url=_ENDPOINT)


def unreachable() -> ConnectTimeoutError:
    """It could not be sent."""
    return ConnectTimeoutError(endpoint_url=_ENDPOINT)


@dataclass
class Weather:
    """Bad weather for a whole run: what happens to a call is drawn from ``seed``.

    :param conflicts: how many of a hundred transactions meet another one and are cancelled.
    :param stale: how many of a hundred queries of an index are answered by what it held earlier.
    :param lost: how many of a hundred transactions are written, and their answer lost. Only for an
        engine that honours ClientRequestToken: the identical transaction is then sent again.
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
        """For :func:`intercepted`."""

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
            # What DynamoDB has already written under a token, it answers without a contest.
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
                # Also where it was refused: nobody hears that either.
                raise silent()

    def _query(self, real: Call, arguments: dict[str, Any]) -> Any:
        answer = real("Query", arguments)
        with self._lock:
            earlier = self._earlier.setdefault(_question(arguments), [])
            others = [it for it in earlier if it["Items"] != answer["Items"]]
            if answer not in earlier:
                earlier.append(answer)
            if others and self._random.randrange(100) < self.stale:
                self.happened["stale"] += 1
                return self._random.choice(others)
        return answer


def _question(arguments: dict[str, Any]) -> str:
    """What was asked, but for the present moment: an index that is behind does not know it."""
    values = dict(arguments.get("ExpressionAttributeValues", {}))
    values.pop(":end", None)
    return json.dumps({**arguments, "ExpressionAttributeValues": values}, sort_keys=True)


@dataclass(frozen=True)
class Fault:
    """What happens to a call: whether it is really sent, and what is then raised.

    ``only`` names the one operation to which it can happen: other calls are then not counted.
    """

    error: Callable[[str], BaseException]
    sent: bool = False
    only: str | None = None


@dataclass
class Injection:
    """A fault at one call, counted from 0; ``lasting``: at every call from then on as well."""

    fault: Fault
    position: int
    lasting: bool = False
    calls: list[str] = field(default_factory=list)
    struck: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def wrap(self, real: Call) -> Call:
        """For :func:`intercepted`."""

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
