"""Pushes messages to the connections of people whose timers or time entries changed.

Best effort: what is not pushed is counted and logged, and never repeated. A client that gets no
message loads its lists later. docs/api/live-updates.md
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from enum import Enum
from itertools import groupby

from msgspec import Struct

from chalicelib.core.dependencies import Dependencies
from chalicelib.live.model import LiveConnection, LiveConnections
from chalicelib.live.repository import remove_connections
from chalicelib.live.rules import is_gone, message

log = logging.getLogger("stint")

Person = tuple[int, int]
"""An organization id and a person id."""

Send = Callable[[str, str], bool]
"""Sends a text to the connection with an id; returns False if there is no such connection. Raises
errors of any type if it cannot send. Called from several threads."""

MAX_SECONDS = 3
"""The time of a batch, with its read. After it, nothing more is sent or removed: the next batch
waits."""

_THREADS = 8


class PushReport(Struct, frozen=True):
    """The numbers of messages that were sent, and that could not be sent."""

    sent: int = 0
    failed: int = 0


class _Outcome(Enum):
    SENT = 0
    GONE = 1
    FAILED = 2


class _Push(Struct, frozen=True):
    person: Person
    connection: LiveConnection
    text: str


class LivePushes:
    """Sends the messages of a stage.

    ``open_sender`` returns the function that sends. It is called only if there is a connection.
    """

    def __init__(self, dependencies: Dependencies, open_sender: Callable[[], Send]) -> None:
        self._dependencies = dependencies
        self._open_sender = open_sender

    def push(self, changed: Mapping[Person, Collection[str]]) -> PushReport:
        """Send one message to each connection of these people. Never raises.

        :param changed: the types of the records that changed, by person.
        """
        try:
            return self._push(changed)
        except Exception as error:
            log.warning("live updates were not pushed", exc_info=error)
            return PushReport(failed=len(changed))

    def _push(self, changed: Mapping[Person, Collection[str]]) -> PushReport:
        ends_at = self._dependencies.clock() + MAX_SECONDS
        pushes = self._find(changed)
        if not pushes:
            return PushReport()
        send = self._open_sender()
        with ThreadPoolExecutor(min(len(pushes), _THREADS), "push") as threads:
            futures = [
                threads.submit(copy_context().run, self._send, send, push, ends_at)
                for push in pushes
            ]
        outcomes = [future.result() for future in futures]
        gone = (push for push, o in zip(pushes, outcomes, strict=True) if o is _Outcome.GONE)
        self._remove(gone, ends_at)
        return PushReport(outcomes.count(_Outcome.SENT), outcomes.count(_Outcome.FAILED))

    def _find(self, changed: Mapping[Person, Collection[str]]) -> list[_Push]:
        """The messages to send. One call per 100 people."""
        now = self._dependencies.now()
        found = self._dependencies.database.get_many_across_organizations(LiveConnections, changed)
        return [
            _Push(person, connection, message(changed[person]))
            for person, stored in found.items()
            for connection in stored.connections
            if connection.expires_at > now
        ]

    def _send(self, send: Send, push: _Push, ends_at: float) -> _Outcome:
        if self._dependencies.clock() >= ends_at:
            return _Outcome.FAILED
        try:
            return _Outcome.SENT if send(push.connection.id, push.text) else _Outcome.GONE
        except Exception as error:
            log.warning("a live update was not pushed", exc_info=error)
            return _Outcome.FAILED

    def _remove(self, gone: Iterable[_Push], ends_at: float) -> None:
        """Remove connections that ended. One call per person. The next push removes the rest."""
        now = self._dependencies.now()
        ended = [push for push in gone if is_gone(push.connection, now)]
        for (organization_id, person_id), pushes in groupby(ended, lambda push: push.person):
            if self._dependencies.clock() >= ends_at:
                return
            connections = [push.connection for push in pushes]
            try:
                remove_connections(organization_id, person_id, connections)
            except Exception as error:
                # The next push removes them.
                log.warning("connections that ended were not removed", exc_info=error)
