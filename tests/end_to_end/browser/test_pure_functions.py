"""The app's pure functions, without a server's response: days, time zones and queued actions."""

from typing import Any

from playwright.sync_api import Page

CLOCK = "../shared/clock.js"
_MINUTE = 60
_HOUR = 60 * _MINUTE


def call(page: Page, module: str, function: str, *arguments: Any) -> Any:
    """Call an exported function of one of the app's modules."""
    return page.evaluate(
        """async ([module, name, parameters]) => {
          const { src } = document.querySelector("script[type=module]");
          return (await import(new URL(module, src)))[name](...parameters);
        }""",
        [module, function, arguments],
    )


def parse_local(page: Page, text: str, zone: str = "Europe/Zagreb") -> int:
    timestamp: int = call(page, CLOCK, "parseLocalMinute", text, zone)
    return timestamp


def test_form_times_follow_clock_changes(page: Page) -> None:
    # On 30 March 2025, 02:00 in Zagreb was followed by 03:00; on 26 October, 03:00 by 02:00.
    spring = 1743296400
    assert parse_local(page, "2025-03-30T01:59") == spring - _MINUTE
    assert parse_local(page, "2025-03-30T03:00") == spring
    assert parse_local(page, "2025-03-30T02:30") == spring + 30 * _MINUTE
    autumn = 1761436800
    assert parse_local(page, "2025-10-26T01:59") == autumn - _MINUTE
    assert parse_local(page, "2025-10-26T02:30") == autumn + 30 * _MINUTE
    assert parse_local(page, "2025-10-26T03:00") == autumn + 2 * _HOUR
    assert call(page, CLOCK, "localMinute", autumn, "Europe/Zagreb") == "2025-10-26T02:00"


def test_days_begin_at_midnight_of_the_time_zone(page: Page) -> None:
    noon = parse_local(page, "2025-10-26T12:00")
    midnight = parse_local(page, "2025-10-26T00:00")
    # This day has 25 hours, and the day of the other clock change 23.
    assert noon - midnight == 13 * _HOUR
    assert call(page, CLOCK, "startOfDay", noon, "Europe/Zagreb") == midnight
    assert call(page, CLOCK, "startOfDay", noon, "Europe/Zagreb", 1) == midnight - 24 * _HOUR
    kolkata = call(page, CLOCK, "startOfDay", noon, "Asia/Kolkata")
    assert kolkata == parse_local(page, "2025-10-26T00:00", "Asia/Kolkata")


def session(started: int, stopped: int | None, **others: Any) -> dict[str, Any]:
    service = {"id": "1", "name": "Design"}
    return {"id": str(started), "service": service, "started": started, "stopped": stopped} | others


def test_only_the_part_of_today_counts(page: Page) -> None:
    midnight, now = 100_000, 110_000

    def seconds(started: int, stopped: int | None) -> Any:
        return call(page, "day.js", "secondsOf", session(started, stopped), now, midnight)

    def is_shown(started: int, stopped: int | None) -> Any:
        return call(page, "day.js", "reachesInto", session(started, stopped), midnight)

    assert seconds(midnight - 3600, midnight + 900) == 900
    assert seconds(midnight - 3600, None) == now - midnight
    assert seconds(midnight + 60, midnight + 90) == 30
    assert seconds(midnight - 3600, midnight) == 0
    assert is_shown(midnight - 3600, midnight + 1)
    assert is_shown(midnight - 3600, None)
    assert is_shown(midnight, midnight)
    assert not is_shown(midnight - 3600, midnight)


def test_queued_actions_change_the_sessions(page: Page) -> None:
    design, editing = {"id": "1", "name": "Design"}, {"id": "2", "name": "Editing"}
    edited = {"stopped": 150, "service": editing}
    actions: list[dict[str, Any]] = [
        {"kind": "start", "key": "a", "service": editing, "at": 200},
        {"kind": "stop", "key": "b", "start": "a", "at": 260},
        {"kind": "add", "key": "c", "service": design, "started": 20, "stopped": 50},
        {"kind": "edit", "key": "d", "timer": "100", "changes": edited},
        {"kind": "edit", "key": "e", "start": "c", "changes": {"started": 10}},
        {"kind": "delete", "key": "f", "timer": "300"},
    ]
    timers = [session(100, None), session(300, 400), {"id": "5", "deleted": True}]
    sessions = call(page, "day.js", "applyActions", timers, actions)
    assert [
        (one["id"], one["service"]["name"], one["started"], one["stopped"]) for one in sessions
    ] == [("c", "Design", 10, 50), ("100", "Editing", 100, 150), ("a", "Editing", 200, 260)]
    assert all(one["waiting"] for one in sessions)


def test_session_continues_the_latest_time_entry_of_its_service_and_day(page: Page) -> None:
    timers = [
        session(300, 400, entry={"id": "31", "date": "2025-08-02"}),
        session(500, 600, entry={"id": "32", "date": "2025-08-02"}),
        session(700, 800, entry={"id": "33", "date": "2025-08-03"}),
        session(900, 950),
        {"id": "5", "deleted": True},
    ]

    def entry(service_id: str, date: str) -> Any:
        return call(page, "day.js", "knownEntry", timers, {"id": service_id}, date)

    assert entry("1", "2025-08-02") == "32"
    assert entry("1", "2025-08-03") == "33"
    assert entry("1", "2025-08-04") is None
    assert entry("2", "2025-08-02") is None


def test_recent_response_replaces_an_older_list_but_not_a_newer_one(page: Page) -> None:
    now = 1_000
    started = session(900, None, receivedAt=now - 5)
    edited = session(700, 850, receivedAt=now - 5)
    deleted = {"id": "600", "deleted": True, "receivedAt": now - 5}
    stored = [started, edited, deleted]

    def ends(listed: list[dict[str, Any]], at: int = now) -> dict[str, int | None]:
        merged = call(page, "day.js", "mergeLists", stored, listed, at)
        return {one["id"]: one["stopped"] for one in merged if "deleted" not in one}

    def is_unsettled(listed: list[dict[str, Any]], at: int = now) -> bool:
        return bool(call(page, "day.js", "isUnsettled", stored, listed, at))

    older = [session(700, 800), session(600, 650)]
    assert ends(older) == {"900": None, "700": 850}
    assert is_unsettled(older)
    assert ends(older, now + 10) == {"700": 800, "600": 650}
    assert not is_unsettled(older, now + 10)
    same = [session(700, 850), session(900, None)]
    assert ends(same) == {"900": None, "700": 850}
    assert not is_unsettled(same)
    # Another device stopped the timer meanwhile.
    newer = [session(700, 850), session(900, 990)]
    assert ends(newer) == {"900": 990, "700": 850}
    assert not is_unsettled(newer)
