"""The upgrade of what version 0.2.0 stored. ``version_0_2_0/`` has items that it wrote."""

import os
import re
from typing import Any

import pytest
from pynamodb.connection import Connection
from pynamodb.expressions.operand import Path

from chalicelib.api_tokens.model import TokenOwner
from chalicelib.core.dependencies import Dependencies
from chalicelib.counters.repository import CounterModel
from chalicelib.dynamodb import keys
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.items import item_with_key
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.events.documents import public_content
from chalicelib.events.rules import entry_events
from chalicelib.organizations.model import Organization
from chalicelib.time_entries.model import TimeEntry
from infra.stack.template import ROOT
from tests.ops.version_0_2_0.stage import BEFORE, NOW, RULE, STORED, run, shown_times
from tests.support.api import Api
from tests.support.clock import DAY, HOUR, FakeClock, rfc3339
from tests.support.failing_calls import failing
from tests.support.fault_injection import Call, intercepted
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    ZAGREB,
    put_all,
)
from tests.support.invariants import timers, violations
from tests.support.permissions import needed
from tests.support.rollups import roll_up_all
from tests.support.sums import assert_sums
from tests.support.table_snapshots import TABLE_PREFIX, items, snapshot
from tools.ops import upgrade as upgrade_command
from tools.ops.__main__ import run as command
from tools.ops.check_invariants import find_violations, repair
from tools.ops.check_invariants import report as check_report
from tools.ops.snapshot import SnapshotReader
from tools.ops.upgrade import print_report
from tools.ops.upgrade_report import UpgradeReport


def entries(connection: Connection) -> dict[int, TimeEntry]:
    """The time entries of all people by id."""
    return {
        entry.id: entry
        for person in SnapshotReader(connection).read_all().values()
        for entry in person.entries.values()
    }


def check_texts(connection: Connection) -> set[str]:
    found = find_violations(SnapshotReader(connection), sleep=lambda _: None)
    return {violation.what for _, broken in found.values() for violation in broken}


def remove_closed_services() -> None:
    """Version 0.2.0 had no list of the services that take no time."""
    item = item_with_key(Organization, ZAGREB.id, ZAGREB.id)
    item.update([Path("closed_service_ids").remove()])


def running_id(api: Api) -> str:
    return str(api.get("/timers?filter[stopped_at]=null").ids[0])


@pytest.mark.usefixtures("stage")
def test_every_time_is_what_the_rule_says(
    connection: Connection, dependencies: Dependencies
) -> None:
    assert shown_times(connection) == {**RULE, **BEFORE}
    report = run(dependencies)
    assert report.problems == []
    assert shown_times(connection) == RULE
    corrected = sorted((time.before, time.after) for time in report.corrected)
    assert corrected == sorted((BEFORE[note], RULE[note]) for note in BEFORE)
    assert violations(connection) == []
    roll_up_all(connection)
    assert check_report(connection, dependencies, with_repair=False) == 0
    assert assert_sums(connection)


@pytest.mark.usefixtures("stage")
def test_second_run_changes_nothing(
    connection: Connection, dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run(dependencies)
    assert print_report(first) == 0
    output = capsys.readouterr().out
    assert "people: 5, with " in output
    assert "person 8779, time entry 364: 120 -> 780" in output
    before = snapshot(connection)
    second = run(dependencies)
    assert second == UpgradeReport()
    assert print_report(second) == 0
    assert "everything is upgraded" in capsys.readouterr().out
    assert snapshot(connection) == before


@pytest.mark.usefixtures("stage")
def test_dry_run_reports_the_same_and_writes_nothing(
    connection: Connection, dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(connection)
    report = run(dependencies, dry_run=True)
    assert snapshot(connection) == before
    print_report(report, dry_run=True)
    assert "nothing was written" in capsys.readouterr().out
    assert run(dependencies) == report


@pytest.mark.usefixtures("stage")
def test_old_revisions_are_listed_and_the_correction_has_one(
    admin: Api, connection: Connection, dependencies: Dependencies
) -> None:
    report = run(dependencies)
    assert report.revisions == len(STORED["revisions"])
    assert len(items(connection, "revision_log")) == report.revisions + len(report.corrected)
    listed = admin.get(f"/time_entry_revisions?filter[time_entry_id]={ADMINS_ENTRY}").data
    assert [revision["attributes"]["creator_id"] for revision in listed] == [None, ADMIN, ADMIN]
    latest = listed[0]["attributes"]
    assert (latest["before"]["time"], latest["after"]["time"]) == (120, 780)


@pytest.mark.usefixtures("stage")
def test_only_corrected_times_send_events(
    connection: Connection, dependencies: Dependencies
) -> None:
    before = entries(connection)
    report = run(dependencies)
    after = entries(connection)
    assert sum(before[entry_id] != after[entry_id] for entry_id in before) == report.entries
    sent = {
        entry_id
        for entry_id in before
        if entry_events(before[entry_id], after[entry_id], public_content, NOW)
    }
    assert sent == {time.entry_id for time in report.corrected}


@pytest.mark.usefixtures("stage")
def test_people_work_before_the_upgrade(
    admin: Api, member: Api, connection: Connection, dependencies: Dependencies, clock: FakeClock
) -> None:
    assert admin.stop(running_id(admin)).status == 200
    first = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(HOUR)
    second = member.start(time_entry_id=MEMBERS_ENTRY)
    assert second.meta["stopped_timer_ids"] == [first]
    # An edit needs the days, which do not list the old sessions yet.
    refused = member.edit(first, started_at="2026-03-02T09:00:00Z")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "60")
    texts = check_texts(connection)
    assert texts == {
        "the person is not upgraded from version 0.2.0: run `make upgrade`",
        *(text for text in texts if "is not upgraded" in text or text.startswith("sums of")),
    }
    assert run(dependencies).problems == []
    assert violations(connection) == []
    roll_up_all(connection)
    assert_sums(connection)
    # The hour counts after the time that was set.
    assert shown_times(connection)["set while running"] == RULE["set while running"] + 60


@pytest.mark.usefixtures("stage")
def test_negative_time_is_shown_as_zero_before_the_upgrade(admin: Api) -> None:
    entry = admin.get(f"/time_entries/{ADMINS_SECOND_ENTRY}")
    assert (entry.attributes["time"], entry.attributes["timer_started_at"]) == (0, None)


@pytest.mark.usefixtures("stage")
def test_old_sessions_are_in_the_way_after_the_upgrade(
    member: Api, connection: Connection, dependencies: Dependencies
) -> None:
    run(dependencies)
    old = min(
        (timer for timer in timers(connection).values() if timer.person_id == MEMBER),
        key=lambda timer: timer.started_at,
    )
    inside = member.start(
        time_entry_id=MEMBERS_ENTRY,
        started_at=rfc3339(old.started_at + 60),
        stopped_at=rfc3339(old.started_at + 120),
    )
    assert inside.error["meta"]["conflicting_timer_id"] == str(old.id)
    before = member.start(
        time_entry_id=MEMBERS_ENTRY,
        started_at=rfc3339(old.started_at - 120),
        stopped_at=rfc3339(old.started_at),
    )
    assert before.status == 201
    assert violations(connection) == []


@pytest.mark.usefixtures("stage")
def test_return_to_the_sessions_before_the_upgrade_stays(
    admin: Api, connection: Connection, dependencies: Dependencies
) -> None:
    entry_id = _entry_id("part swallowed")
    assert admin.edit_entry(entry_id, time=None, note="reset").status == 200
    assert run(dependencies).problems == []
    # One session of 11 hours.
    assert shown_times(connection)["reset"] == 660
    assert violations(connection) == []
    assert run(dependencies) == UpgradeReport()


@pytest.mark.usefixtures("stage")
def test_person_with_wrong_counters_is_reported_and_upgraded_after_the_repair(
    connection: Connection, dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    day = keys.day_bucket_name(1_772_438_400 // DAY)
    record = CounterModel(scope=keys.scoped(ZAGREB.id, ADMIN), bucket=day)
    record.update([Path("s32").add(1)])
    report = run(dependencies)
    assert print_report(report) == 1
    output = capsys.readouterr().out
    assert "organization 2149, person 8779: the counters do not match the timers" in output
    assert {time.person_id for time in report.corrected}.isdisjoint({ADMIN})
    reader = SnapshotReader(connection)
    assert repair(reader, find_violations(reader, sleep=lambda _: None)) == 0
    assert run(dependencies).problems == []
    assert violations(connection) == []
    assert shown_times(connection) == RULE


@pytest.mark.usefixtures("stage")
def test_stage_without_the_old_table_of_revisions_keeps_the_shown_times(
    connection: Connection, dependencies: Dependencies
) -> None:
    client: Any = connection.client
    name = f"{TABLE_PREFIX}-revisions"
    client.delete_table(TableName=name)
    try:
        report = run(dependencies)
    finally:
        _create_again(client, name)
    assert report.problems == []
    # Without revisions, nothing says what was set. No time is below 0.
    assert shown_times(connection) == {**RULE, **BEFORE}
    assert violations(connection) == []


@pytest.mark.usefixtures("stage")
def test_check_says_what_to_do(
    connection: Connection, dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_report(connection, dependencies, with_repair=True) == 1
    output = capsys.readouterr().out
    line = (
        "organization 2149, person 8779: the person is not upgraded from version 0.2.0: "
        "run `make upgrade`\n"
    )
    assert line in output
    assert "timer_started_at" not in output


@pytest.mark.usefixtures("stage")
def test_new_stage_has_nothing_to_upgrade(dependencies: Dependencies) -> None:
    run(dependencies)
    reader_calls: list[str] = []

    def wrap(real: Call) -> Call:
        def call(operation: str, arguments: dict[str, Any]) -> Any:
            reader_calls.append(f"{operation} {arguments.get('TableName')}")
            return real(operation, arguments)

        return call

    with intercepted(dependencies.database.connection, wrap):
        assert run(dependencies) == UpgradeReport()
    # The timers are the largest table.
    assert f"Scan {TABLE_PREFIX}-timers" not in reader_calls


@pytest.mark.usefixtures("stage")
def test_revisions_of_an_entry_that_is_deleted_before_the_upgrade_are_copied(
    admin: Api, dependencies: Dependencies
) -> None:
    assert admin.send("DELETE", f"/time_entries/{ADMINS_ENTRY}").status == 204
    report = run(dependencies)
    assert report.problems == []
    assert report.revisions == len(STORED["revisions"])
    listed = admin.get(f"/time_entry_revisions?filter[time_entry_id]={ADMINS_ENTRY}").data
    assert {revision["attributes"]["person_id"] for revision in listed} == {ADMIN}


@pytest.mark.usefixtures("stage")
def test_documented_policy_is_what_the_command_needs(
    connection: Connection, dependencies: Dependencies
) -> None:
    remove_closed_services()
    DirectoryModel(str(ZAGREB.id), keys.directory("admin", ADMIN)).delete()
    put_all(TokenOwner(5, ZAGREB.id, MEMBER))
    with needed(connection, TABLE_PREFIX) as permissions:
        run(dependencies)
    text = (ROOT / "docs" / "operations.md").read_text()
    _, _, section = text.partition("## Upgrade from 0.2.0")
    row = re.compile(r"^\| `(?P<action>\w+)` \| (?P<tables>.+) \|$", re.MULTILINE)
    documented = {
        (f"dynamodb:{match['action']}", table)
        for match in row.finditer(section)
        for table in re.findall(r"`(\w+)`", match["tables"])
    }
    assert documented == permissions


@pytest.mark.usefixtures("stage")
def test_command_writes_only_without_dry_run(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _select_tables(monkeypatch)
    monkeypatch.setattr(upgrade_command, "connect", lambda *_: connection)
    assert command(["upgrade", "--dry-run"]) == 0
    assert "dry run: nothing was written" in capsys.readouterr().out
    assert shown_times(connection) == {**RULE, **BEFORE}
    assert command(["upgrade"]) == 0
    assert shown_times(connection) == RULE


@pytest.mark.usefixtures("stage")
def test_unavailable_database_ends_the_command_with_a_hint(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, dependencies: Dependencies
) -> None:
    _select_tables(monkeypatch)
    monkeypatch.setattr(upgrade_command, "connect", lambda *_: connection)
    monkeypatch.setattr(upgrade_command, "build_dependencies", lambda _: dependencies)
    with failing(connection, "Query", "ThrottlingException"), pytest.raises(SystemExit) as ended:
        command(["upgrade"])
    assert "Run the command again: it continues" in str(ended.value)


def _select_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    selected = {"STINT_TABLE_PREFIX": TABLE_PREFIX, "AWS_REGION": "eu-central-1"}
    monkeypatch.setattr(os, "environ", {**os.environ, **selected})


def _entry_id(note: str) -> int:
    (entry,) = (entry for entry in STORED["time_entries"] if entry.get("note") == note)
    return int(entry["id"])


def _create_again(client: Any, name: str) -> None:
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
    )


@pytest.mark.usefixtures("stage")
def test_services_that_take_no_time_are_listed(
    database: Database, dependencies: Dependencies, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = database.get(Organization, ZAGREB.id, ZAGREB.id)
    assert listed is not None
    remove_closed_services()
    dry_run = run(dependencies, dry_run=True)
    assert dry_run.services == len(listed.closed_service_ids) > 0
    assert not dry_run.is_empty
    assert run(dependencies).services == dry_run.services
    assert database.get(Organization, ZAGREB.id, ZAGREB.id) == listed
    assert run(dependencies) == UpgradeReport()
    print_report(dry_run)
    assert f"services that take no time: {dry_run.services}\n" in capsys.readouterr().out
