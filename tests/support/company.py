"""A company of 50 that brings its history, tracks a month and corrects it, and counts along."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from chalice.app import Chalice

from tests.support.api import Api
from tests.support.clock import HOUR, MINUTE, FakeClock, rfc3339
from tests.support.engine import ENDPOINT
from tests.support.operator import Operator

PEOPLE = 50
SERVICES = {"Design": True, "Development": True, "Support": True, "Meetings": False}
"""The services, and whether they are billable."""

HISTORY_MONTHS, DAYS = (2, 3) if ENDPOINT is None else (12, 5)
"""Months of history, and working days of each person: moto copies all tables in a transaction."""


@dataclass
class Entry:
    """A time entry, as its person knows it."""

    person: str
    service: str
    date: str
    sessions: dict[str, int] = field(default_factory=dict)
    minutes: int | None = None
    billable_minutes: int | None = None

    @property
    def seconds(self) -> int:
        return sum(self.sessions.values()) if self.minutes is None else self.minutes * MINUTE

    @property
    def billable_seconds(self) -> int:
        if self.billable_minutes is not None:
            return self.billable_minutes * MINUTE
        return self.seconds if SERVICES[self.service] else 0


class Company:
    """The company: its people's clients, and what they did."""

    def __init__(self, app: Chalice, operator: Operator, clock: FakeClock) -> None:
        self._app, self.operator, self.clock = app, operator, clock
        self.random = Random(50)  # noqa: S311 - the same at each run
        created = operator.json(
            *("organizations", "create", "Adriatic Works", "--time-zone", "UTC"),
            *("--first-name", "Ana", "--last-name", "Horvat", "--email", "ana@example.com"),
        )
        self.organization = ("-o", created["organization"]["id"])
        services = "name,billable\n" + "".join(
            f"{name},{'yes' if billable else 'no'}\n" for name, billable in SERVICES.items()
        )
        operator.done("services", "import", "-", *self.organization, typed=services)
        self.admin = self._client("ana@example.com")
        self.services = self._ids("services", "name")
        self.emails = [f"person{number}@example.com" for number in range(PEOPLE)]
        self.entries: dict[str, Entry] = {}
        self.clients: dict[str, Api] = {}
        self.people: dict[str, str] = {}

    def bring_history(self) -> None:
        """Import rows of the months before March, with people that do not exist yet."""
        lines = ["User,Email,Project,Billable,Start date,Start time,End date,End time,Duration"]
        for number, email in enumerate(self.emails):
            for month in range(HISTORY_MONTHS):
                day = date(2026, 2, 1) - timedelta(days=30 * month)
                service = self.random.choice(list(SERVICES))
                seconds = self.random.randrange(1, 4 * HOUR)
                end = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
                end += timedelta(seconds=seconds)
                lines.append(
                    f"Person {number},{email},{service},{'Yes' if SERVICES[service] else 'No'},"
                    f"{day},09:00:00,{end:%Y-%m-%d},{end:%H:%M:%S},"
                )
                name = f"history-{number}-{month}"
                self.entries[name] = Entry(email, service, str(day), {name: seconds})
        history = "\n".join(lines) + "\n"
        wishes = ("--from", "toggl", "--create-missing", "--service-from", "project")
        command = ("entries", "import", "-", *self.organization, *wishes)
        report = self.operator.json(*command, typed=history)
        assert report["timer"] == PEOPLE * HISTORY_MONTHS
        self.people = self._ids("people", "email")
        self.clients = {email: self._client(email) for email in self.emails}

    def track(self) -> None:
        """Each person works on some days: two sessions on services, some on one entry."""
        for day in range(DAYS):
            morning = datetime(2026, 3, 2, 8, tzinfo=UTC).timestamp() + day * 2 * 24 * HOUR
            for number, email in enumerate(self.emails):
                self.clock.timestamp = morning + number
                self._track_day(email)

    def _track_day(self, email: str) -> None:
        client = self.clients[email]
        service = self.random.choice(list(SERVICES))
        attributes = {"service_id": self.services[service]}
        document = {"data": {"type": "timers", "attributes": attributes}}
        started = client.post("/timers?include=time_entry", document)
        day = str(datetime.fromtimestamp(self.clock.timestamp, UTC).date())
        entry = Entry(email, service, day)
        entry_id = started.data["relationships"]["time_entry"]["data"]["id"]
        self.entries[entry_id] = entry
        timers = [started.data["id"]]
        seconds = [self.random.randrange(1, 3 * HOUR), self.random.randrange(1, 3 * HOUR)]
        self.clock.advance(seconds[0])
        # A switch within the entry ends the first session.
        timers.append(client.start(time_entry_id=entry_id).data["id"])
        self.clock.advance(seconds[1])
        assert client.stop(timers[1]).status == 200
        entry.sessions = dict(zip(timers, seconds, strict=True))

    def correct(self) -> None:
        """Every kind of correction, each of another entry of March."""
        self.clock.timestamp = datetime(2026, 3, 31, 18, tzinfo=UTC).timestamp()
        tracked = [key for key, entry in self.entries.items() if entry.date >= "2026-03"]
        for number, entry_id in enumerate(tracked):
            (self._shorten, self._delete_session, self._set_time, self._move)[number % 4](entry_id)
        for entry_id in tracked[::9]:
            assert self.admin.edit_entry(entry_id, billable_time=7).status == 200
            self.entries[entry_id].billable_minutes = 7
        for entry_id in tracked[::11]:
            assert self.admin.send("DELETE", f"/time_entries/{entry_id}").status == 204
            del self.entries[entry_id]
        for email in self.emails[::5]:
            self._add_by_hand(email)

    def _shorten(self, entry_id: str) -> None:
        timer_id, seconds = list(self.entries[entry_id].sessions.items())[-1]
        stopped = self._client_of(entry_id).get(f"/timers/{timer_id}").attributes["stopped_at"]
        shorter = seconds // 2
        stop = datetime.fromisoformat(stopped).timestamp() - (seconds - shorter)
        response = self._client_of(entry_id).edit(timer_id, stopped_at=rfc3339(stop))
        assert response.status == 200
        self.entries[entry_id].sessions[timer_id] = shorter

    def _delete_session(self, entry_id: str) -> None:
        timer_id = next(iter(self.entries[entry_id].sessions))
        response = self._client_of(entry_id).send("DELETE", f"/timers/{timer_id}")
        assert response.status == 204
        del self.entries[entry_id].sessions[timer_id]

    def _set_time(self, entry_id: str) -> None:
        minutes = self.random.randrange(500)
        assert self._client_of(entry_id).edit_entry(entry_id, time=minutes).status == 200
        self.entries[entry_id].minutes = minutes

    def _move(self, entry_id: str) -> None:
        entry = self.entries[entry_id]
        entry.service = self.random.choice([name for name in SERVICES if name != entry.service])
        entry.date = str(date(2026, 3, self.random.randrange(1, 32)))
        response = self._client_of(entry_id).edit_entry(
            entry_id, service_id=self.services[entry.service], date=entry.date
        )
        assert response.status == 200

    def _add_by_hand(self, email: str) -> None:
        attributes = {"service_id": self.services["Support"], "date": "2026-03-20", "time": 95}
        document = {"data": {"type": "time_entries", "attributes": attributes}}
        created = self.clients[email].post("/time_entries", document)
        assert created.status == 201
        self.entries[created.data["id"]] = Entry(email, "Support", "2026-03-20", minutes=95)

    def _client_of(self, entry_id: str) -> Api:
        return self.clients[self.entries[entry_id].person]

    def _client(self, email: str) -> Api:
        token = self.operator.json("tokens", "create", email, *self.organization, "--name", "month")
        headers = {
            "X-Auth-Token": token["token"],
            "X-Organization-Id": str(self.organization[1]),
        }
        return Api(self._app, headers)

    def _ids(self, path: str, name: str) -> dict[str, str]:
        records = self.admin.get(f"/{path}?page[size]=200").data
        return {record["attributes"][name]: record["id"] for record in records}
