"""Write ``items.json``: what version 0.2.0 stores after some busy days. README.md says how to run.

Run it in a work tree of the tag v0.2.0: it uses that version's own code, on moto.
"""

import json
import random
import sys
from datetime import UTC, datetime
from typing import Any

from pynamodb.connection import Connection

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.ids import IdGenerator
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.registry import models
from chalicelib.timers.auto_stop import AutoStop
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    DESIGN,
    DEVELOPMENT,
    FOREIGN_ENTRY,
    KOLKATA,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    STRANGER,
    create_fixtures,
)
from tests.support.invariants import violations
from tests.support.rollups import roll_up_all
from tests.support.table_snapshots import TABLE_PREFIX
from tools.devserver.embedded import embedded_dynamodb
from tools.tables import create_tables

TABLES = ("timers", "time_entries", "revisions", "person_state", "counters")


class Work:
    """What people did with version 0.2.0. The note of an entry names what happened to it."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.clock = FakeClock()
        database = Database(connection)
        bits = random.Random(14).getrandbits  # noqa: S311 - the same items in each run
        ids = IdGenerator(self.clock.milliseconds, bits)
        self.dependencies = Dependencies(database, ids, self.clock, self.clock.advance)
        app = create_app(settings, self.dependencies)
        fixtures = create_fixtures(database)
        self.admin = Api(app, fixtures.headers(ADMIN))
        self.member = Api(app, fixtures.headers(MEMBER))
        self.other = Api(app, fixtures.headers(OTHER_MEMBER))
        self.stranger = Api(app, fixtures.headers(STRANGER, KOLKATA))

    def run(self) -> None:
        """Several days of four people."""
        self.hours_swallowed()
        self.switch_corrected()
        self.part_swallowed()
        self.time_set_while_running()
        self.stop_sent_late()
        self.entered_manually()
        self.adjustment_of_zero()
        self.ordinary_days()
        self.long_sessions()
        self.deletions()
        self.people_without_timers()
        self.deactivation()
        self.running_now()

    def hours_swallowed(self) -> None:
        """Fault 1 of issue 14: 12 hours by the limit, set to 60 minutes, then corrected to 1 h."""
        self.note(self.admin, ADMINS_ENTRY, "hours swallowed")
        start = self.clock.timestamp
        timer_id = self.start(self.admin, ADMINS_ENTRY)
        self.clock.advance(12 * HOUR + 5 * MINUTE)
        AutoStop(self.dependencies).run()
        self.set_time(self.admin, ADMINS_ENTRY, 60)
        self.correct(self.admin, timer_id, start + HOUR)
        for hours in (2, 4, 5, 1):
            self.track(self.admin, ADMINS_ENTRY, hours * HOUR)

    def switch_corrected(self) -> None:
        """180 minutes until a switch, set to 60 minutes, then corrected to 1 h."""
        self.note(self.admin, ADMINS_SECOND_ENTRY, "switch corrected")
        start = self.clock.timestamp
        timer_id = self.start(self.admin, ADMINS_SECOND_ENTRY)
        self.clock.advance(3 * HOUR)
        running_id = self.switch(self.admin, "after the switch")
        self.set_time(self.admin, ADMINS_SECOND_ENTRY, 60)
        self.correct(self.admin, timer_id, start + HOUR)
        self.clock.advance(20 * MINUTE)
        self.admin.stop(running_id)

    def part_swallowed(self) -> None:
        """12 hours by the limit, set to 600 minutes, then corrected to 11 hours."""
        start = self.clock.timestamp
        timer_id = self.switch(self.admin, "part swallowed")
        self.clock.advance(12 * HOUR + 3 * MINUTE)
        AutoStop(self.dependencies).run()
        self.set_time(self.admin, self.entry_of(self.admin, timer_id), 600)
        self.correct(self.admin, timer_id, start + 11 * HOUR)

    def time_set_while_running(self) -> None:
        """The time is set while a timer runs: it adds to it."""
        self.note(self.member, MEMBERS_ENTRY, "set while running")
        self.track(self.member, MEMBERS_ENTRY, 30 * MINUTE)
        timer_id = self.start(self.member, MEMBERS_ENTRY)
        self.clock.advance(10 * MINUTE)
        self.set_time(self.member, MEMBERS_ENTRY, 90)
        self.set_time(self.member, MEMBERS_ENTRY, 45)
        self.clock.advance(20 * MINUTE)
        self.member.stop(timer_id)
        self.track(self.member, MEMBERS_ENTRY, 15 * MINUTE)

    def stop_sent_late(self) -> None:
        """A phone sends a stop that lies before the time was set: the session ran in between."""
        self.note(self.other, OTHER_MEMBERS_ENTRY, "stop sent late")
        self.track(self.other, OTHER_MEMBERS_ENTRY, HOUR)
        start = self.clock.timestamp
        timer_id = self.start(self.other, OTHER_MEMBERS_ENTRY)
        self.clock.advance(2 * HOUR)
        self.set_time(self.other, OTHER_MEMBERS_ENTRY, 30)
        self.clock.advance(HOUR)
        self.other.stop(timer_id, stopped_at=text(start + HOUR))

    def entered_manually(self) -> None:
        """Entries without timers, and one that is continued with a timer."""
        entry_id = self.enter(self.member, "entered manually", 120)
        self.track(self.member, entry_id, 30 * MINUTE)
        entry_id = self.enter(self.member, "entered and changed", 30)
        self.set_time(self.member, entry_id, 50)
        self.enter(self.other, "entered as zero", 0)

    def adjustment_of_zero(self) -> None:
        """Set back to what was tracked: the adjustment is 0, and the time is set manually."""
        entry_id = self.enter(self.other, "adjustment of zero", 0)
        start = self.clock.timestamp
        timer_id = self.start(self.other, entry_id)
        self.clock.advance(HOUR)
        running_id = self.switch(self.other, "after adjustment")
        self.set_time(self.other, entry_id, 90)
        self.set_time(self.other, entry_id, 60)
        self.clock.advance(5 * MINUTE)
        self.other.stop(running_id)
        self.correct(self.other, timer_id, start + 40 * MINUTE)

    def ordinary_days(self) -> None:
        """Starts, switches within a second, a night, and a midnight in UTC."""
        for _ in range(2):
            first = self.switch(self.member, "ordinary")
            self.clock.advance(45 * MINUTE)
            self.switch(self.member, "ordinary, switched", DEVELOPMENT)
            self.switch(self.member, "ordinary, zero seconds")
            last = self.switch(self.member, "ordinary, after zero seconds")
            self.clock.advance(17)
            self.member.stop(last)
            self.member.stop(first)
            self.clock.timestamp = self.clock.timestamp // DAY * DAY + 22 * HOUR
            night = self.switch(self.other, "night")
            self.clock.advance(3 * HOUR)
            self.other.stop(night)
            self.clock.advance(6 * HOUR)

    def long_sessions(self) -> None:
        """A session of three days, with one whole day between its start and its stop."""
        attributes = {"auto_stop_after": 7 * DAY}
        document = {"data": {"type": "organizations", "attributes": attributes}}
        require(self.stranger.patch(f"/organizations/{KOLKATA.id}", document).status == 200)
        self.note(self.stranger, FOREIGN_ENTRY, "three days")
        self.track(self.stranger, FOREIGN_ENTRY, 2 * DAY + 5 * HOUR)

    def deletions(self) -> None:
        """A deleted entry, and one with more timers than one transaction deletes."""
        timer_id = self.switch(self.member, "deleted")
        self.clock.advance(HOUR)
        self.member.stop(timer_id)
        self.delete(self.member, self.entry_of(self.member, timer_id))
        entry_id = self.enter(self.member, "half purged", 10)
        self.track(self.member, entry_id, HOUR)
        for _ in range(41):
            self.start(self.member, entry_id)
            self.clock.advance(MINUTE)
        self.member.patch(f"/time_entries/{entry_id}/stop")
        self.set_time(self.member, entry_id, 20)
        self.delete(self.member, entry_id)

    def people_without_timers(self) -> None:
        """A person who only enters time, without a person state, and one who is deactivated."""
        self.enter(self.admin, "entered without a state", 75, self.create_person("Ivo"))
        idle_id = self.create_person("Iva")
        require(self.admin.patch(f"/people/{idle_id}/deactivate").status == 200)

    def deactivation(self) -> None:
        """A person is deactivated, and their timer stops."""
        self.switch(self.other, "deactivated")
        self.clock.advance(25 * MINUTE)
        require(self.admin.patch(f"/people/{OTHER_MEMBER}/deactivate").status == 200)

    def running_now(self) -> None:
        """Timers that run at the upgrade: one on a manually set time, one since yesterday."""
        timer_id = self.switch(self.admin, "running on a manual time")
        self.clock.advance(40 * MINUTE)
        self.admin.stop(timer_id)
        entry_id = self.entry_of(self.admin, timer_id)
        self.clock.timestamp = self.clock.timestamp // DAY * DAY + 23 * HOUR
        self.start(self.stranger, FOREIGN_ENTRY)
        self.start(self.admin, entry_id)
        self.clock.advance(2 * HOUR)
        self.set_time(self.admin, entry_id, 25)

    def start(self, api: Api, entry_id: int) -> str:
        started = api.start(time_entry_id=entry_id)
        require(started.status == 201)
        return str(started.data["id"])

    def switch(self, api: Api, note: str, service_id: int = DESIGN) -> str:
        started = api.start(service_id=service_id)
        require(started.status == 201)
        timer_id = str(started.data["id"])
        self.note(api, self.entry_of(api, timer_id), note)
        return timer_id

    def track(self, api: Api, entry_id: int, seconds: int) -> None:
        timer_id = self.start(api, entry_id)
        self.clock.advance(seconds)
        require(api.stop(timer_id).status == 200)

    def correct(self, api: Api, timer_id: str, stopped_at: float) -> None:
        stopped = api.stop(timer_id, stopped_at=text(stopped_at))
        require(stopped.attributes["stopped_at"] is not None)
        require("already_stopped" not in stopped.meta)

    def set_time(self, api: Api, entry_id: int, minutes: int) -> None:
        self.clock.advance(1)
        self.change(api, entry_id, time=minutes)

    def note(self, api: Api, entry_id: int, note: str) -> None:
        self.change(api, entry_id, note=note)

    def change(self, api: Api, entry_id: int, **attributes: object) -> None:
        document = {"data": {"type": "time_entries", "attributes": attributes}}
        require(api.patch(f"/time_entries/{entry_id}", document).status == 200)

    def create_person(self, name: str) -> int:
        attributes = {"first_name": name, "last_name": "Novak", "email": f"{name}@example.com"}
        person = self.admin.post("/people", {"data": {"type": "people", "attributes": attributes}})
        require(person.status == 201)
        return int(person.data["id"])

    def enter(self, api: Api, note: str, minutes: int, person_id: int | None = None) -> int:
        attributes = {
            "service_id": DESIGN,
            "person_id": person_id,
            "note": note,
            "time": minutes,
        }
        document = {"data": {"type": "time_entries", "attributes": attributes}}
        created = api.post("/time_entries", document)
        require(created.status == 201)
        return int(created.data["id"])

    def delete(self, api: Api, entry_id: int) -> None:
        require(api.send("DELETE", f"/time_entries/{entry_id}").status == 204)

    def entry_of(self, api: Api, timer_id: str) -> int:
        shown = api.get(f"/timers/{timer_id}?include=time_entry")
        return int(shown.data["relationships"]["time_entry"]["data"]["id"])


def text(timestamp: float) -> str:
    """A timestamp for the API."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat()


def require(condition: bool) -> None:
    """Stop the script if version 0.2.0 does not do what the script expects."""
    if not condition:
        raise RuntimeError("version 0.2.0 answered in another way than expected")


def items(connection: Connection) -> dict[str, Any]:
    """All items as plain values: texts, numbers and booleans. Idempotency records are left out."""
    tables: dict[str, Any] = {}
    for table in TABLES:
        name = f"{TABLE_PREFIX}-{table}"
        response = connection.dispatch("Scan", {"TableName": name, "ConsistentRead": True})
        plain = [
            {name: plain_value(value) for name, value in sorted(item.items())}
            for item in response["Items"]
        ]
        tables[table] = sorted(plain, key=json.dumps)
    return tables


def plain_value(value: dict[str, Any]) -> str | int | bool:
    ((kind, content),) = value.items()
    require(kind in ("S", "N", "BOOL"))
    return int(content) if kind == "N" else content


def main() -> None:
    settings = Settings(table_prefix=TABLE_PREFIX, public_base_url="http://stint.test")
    with embedded_dynamodb():
        connection = connect(settings, models())
        create_tables()
        work = Work(connection, settings)
        work.run()
        roll_up_all(connection)
        require(violations(connection) == [])
        stored = items(connection)
    lines = [f'"now": {int(work.clock.timestamp)}']
    for table, rows in stored.items():
        body = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
        lines.append(f'"{table}": [\n{body}\n]')
    sys.stdout.write("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
