"""The contenders of ``benchmarks.requests``, each with its application, tables and history."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from http import HTTPStatus
from typing import Protocol

from chalice.app import Chalice
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from benchmarks.baselines.usual_chalice import app as usual
from benchmarks.baselines.usual_chalice.models import MODELS, Entry, Organization, Timer, Token
from benchmarks.costs import Cost, counted
from benchmarks.lists import ORGANIZATION, load
from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.core.timestamps import SECONDS_PER_DAY
from chalicelib.counters.model import CounterKind, PersonDay, day_sum_name
from chalicelib.counters.repository import model_with_key
from chalicelib.counters.rollup import CounterRollup
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.items import item_with_key
from chalicelib.dynamodb.pynamodb_adapter import connection_of
from chalicelib.handlers.live_connect import accept_connection
from chalicelib.http.application import create_app
from chalicelib.live.model import LiveConnections
from chalicelib.registry import models
from chalicelib.timers.model import Timer as OurTimer
from tools.devserver.demo_data import load_demo_data
from tools.devserver.event_feeds import event_feeds
from tools.devserver.proxy_events import proxy_event
from tools.devserver.stream_feed import Feed, ServedStream
from tools.ops.counter_repair import behind, read_all
from tools.tables import create_tables

OURS, USUAL = "stint", "usual"
_SERVICE = 1294
BACKGROUND = "background: "
"""Name prefix of background runs, for which no request waits."""

TOKEN = "demo-admin"  # noqa: S105 - public demo data
PERSON, ENTRY, SECOND_ENTRY = 8779, 364, 366

LIVE_TICKET = "live updates, ticket"
LIVE_CONNECT = f"{BACKGROUND}live updates, connection"

BackgroundRun = Callable[[], object]


class Contender(Protocol):
    """A contender."""

    name: str
    app: Chalice

    def fresh(self) -> Chalice:
        """Return the application of a new process, with empty caches."""

    def counting(self) -> AbstractContextManager[Cost]:
        """Count the database calls inside the context."""

    def background_runs(self) -> dict[str, BackgroundRun]:
        """Return the background runs of a change by name; each runs once per change."""

    def live_runs(self) -> dict[str, BackgroundRun]:
        """Return a ticket for live updates, then a connection with it, by name."""


class Stint:
    """The deployed application, without its packaging."""

    name = OURS

    def __init__(self, settings: Settings, history: Sequence[OurTimer], now: int) -> None:
        self._settings = settings
        self._connection: Connection = connect(settings, models())
        create_tables()
        self._dependencies: Dependencies = build_dependencies(Database(self._connection), settings)
        load(self._connection, list(history))
        load_demo_data(self._dependencies.database, now)
        self._roll_up()
        self._feeds: list[Feed] = event_feeds(
            self._dependencies,
            partial(ServedStream, settings),
            # API Gateway's part of a push is not measured.
            send=lambda _connection, _text: True,
        )
        self.app = self.fresh()

    def fresh(self) -> Chalice:
        """See :class:`Contender`."""
        return create_app(self._settings, self._dependencies)

    def counting(self) -> AbstractContextManager[Cost]:
        """See :class:`Contender`."""
        return counted(self._connection)

    def background_runs(self) -> dict[str, BackgroundRun]:
        """See :class:`Contender`."""
        # The stream names the changed counters: finding them is not counted.
        day = PersonDay(ORGANIZATION, PERSON, int(time.time()) // SECONDS_PER_DAY)
        counters = {day}
        # The sessions of the benchmark last less than a second. Real ones also change sums.
        model_with_key(keys.counter(day)).update(
            actions=[Path(day_sum_name(CounterKind.SECONDS, 0, _SERVICE)).add(60)]
        )
        return {
            "roll-up": partial(CounterRollup(self._dependencies).run, counters),
            "fan-out, timers": self._feeds[0].run,
            "fan-out, entries": self._feeds[1].run,
        }

    def live_runs(self) -> dict[str, BackgroundRun]:
        """See :class:`Contender`. The connection is the person's only one."""
        item_with_key(LiveConnections, ORGANIZATION, PERSON).delete()
        urls: list[str] = []

        def create_ticket() -> None:
            headers = {"X-Auth-Token": TOKEN, "X-Organization-Id": str(ORGANIZATION)}
            headers["Content-Type"] = "application/vnd.api+json"
            document = {"data": {"type": "live_tickets"}}
            event = proxy_event("POST", "/api/v2/live_tickets", headers, document=document)
            urls.append(json.loads(self.app(event, None)["body"])["meta"]["url"])

        def connect_with_it() -> None:
            event = {
                "queryStringParameters": {"ticket": urls[-1].partition("=")[2]},
                "requestContext": {"connectionId": "dE_sdaXGoAMCEYQ="},
            }
            response = accept_connection(self._dependencies, event)
            assert response["statusCode"] == HTTPStatus.OK  # noqa: S101 - else nothing is measured

        return {LIVE_TICKET: create_ticket, LIVE_CONNECT: connect_with_it}

    def _roll_up(self) -> None:
        CounterRollup(self._dependencies).run(behind(read_all(self._connection)))


class Usual:
    """The design of the Chalice and PynamoDB tutorials (``benchmarks/baselines/usual_chalice``)."""

    name = USUAL

    def __init__(self, settings: Settings, history: Sequence[OurTimer]) -> None:
        for model in MODELS:
            model.Meta.host = settings.dynamodb_endpoint
        Timer.create_table(wait=True)
        organization = f"ORG#{ORGANIZATION}"
        token_hash = hashlib.sha256(TOKEN.encode()).hexdigest()
        person = f"PERSON#{PERSON}"
        Token(
            f"TOKEN#{token_hash}", "TOKEN", organization=organization, person=person, role="admin"
        ).save()
        Organization(organization, "ORG", time_zone="Europe/Zagreb").save()
        for entry_id in (ENTRY, SECOND_ENTRY):
            Entry(organization, f"ENTRY#{entry_id}", owner=person, seconds=0).save()
        with Timer.batch_write() as batch:
            for timer in history:
                batch.save(_as_usual(timer))
        self.app = usual.app

    def fresh(self) -> Chalice:
        """See :class:`Contender`: it reads the caller for each request and has no cache."""
        return self.app

    def counting(self) -> AbstractContextManager[Cost]:
        """See :class:`Contender`."""
        return counted(*(connection_of(model) for model in MODELS))

    def background_runs(self) -> dict[str, BackgroundRun]:
        """See :class:`Contender`: there are none."""
        return {}

    def live_runs(self) -> dict[str, BackgroundRun]:
        """See :class:`Contender`: it has no live updates."""
        return {}


def _as_usual(timer: OurTimer) -> Timer:
    return Timer(
        f"ORG#{timer.organization_id}",
        f"TIMER#{timer.id}",
        organization=f"ORG#{timer.organization_id}",
        person=f"PERSON#{timer.person_id}",
        entry=f"ENTRY#{timer.time_entry_id}",
        started=timer.started_at,
        stopped=timer.stopped_at,
    )
