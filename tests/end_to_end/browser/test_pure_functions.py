"""The app's pure functions, without a server's response: days, time zones and queued actions."""

from typing import Any

from playwright.sync_api import Page

CLOCK = "../shared/clock.js"
WEEK = "week.js"
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


def test_session_over_midnight_counts_its_part_in_each_day(page: Page) -> None:
    midnight, now = 100_000, 110_000
    days = [
        {"date": "1970-01-01", "start": midnight - 86_400, "end": midnight},
        {"date": "1970-01-02", "start": midnight, "end": midnight + 86_400},
    ]

    def seconds(started: int, stopped: int | None) -> list[Any]:
        return [call(page, WEEK, "secondsIn", session(started, stopped), day, now) for day in days]

    def is_shown(started: int, stopped: int | None) -> list[Any]:
        return [call(page, WEEK, "isIn", session(started, stopped), day, now) for day in days]

    assert seconds(midnight - 3600, midnight + 900) == [3600, 900]
    assert seconds(midnight - 3600, None) == [3600, now - midnight]
    assert seconds(midnight + 60, midnight + 90) == [0, 30]
    assert seconds(midnight - 3600, midnight) == [3600, 0]
    assert is_shown(midnight - 3600, midnight + 1) == [True, True]
    assert is_shown(midnight - 3600, None) == [True, True]
    assert is_shown(midnight, midnight) == [False, True]
    assert is_shown(midnight - 3600, midnight) == [True, False]


def test_week_begins_as_in_the_country_and_its_days_follow_clock_changes(page: Page) -> None:
    assert call(page, WEEK, "firstWeekday", "de-DE") == 1
    assert call(page, WEEK, "firstWeekday", "en-GB") == 1
    assert call(page, WEEK, "firstWeekday", "en-US") == 7
    # 29 March 2026 is a Sunday, the day of the clock change in Zagreb.
    week = call(page, WEEK, "weekOf", "2026-03-29", 1)
    assert (week[0], week[6]) == ("2026-03-23", "2026-03-29")
    assert call(page, WEEK, "weekOf", "2026-03-29", 7)[0] == "2026-03-29"
    assert call(page, WEEK, "weekOf", "2026-01-01", 1)[0] == "2025-12-29"

    def hours(date: str, zone: str) -> float:
        days = call(page, WEEK, "daysOf", call(page, WEEK, "weekOf", date, 1), zone)
        assert [day["end"] for day in days[:-1]] == [day["start"] for day in days[1:]]
        (day,) = [day for day in days if day["date"] == date]
        duration: float = (day["end"] - day["start"]) / _HOUR
        return duration

    assert hours("2026-03-29", "Europe/Zagreb") == 23
    assert hours("2026-10-25", "Europe/Zagreb") == 25
    assert hours("2026-03-29", "Asia/Kolkata") == 24
    # In Santiago and Beirut, the clock changes at midnight.
    assert hours("2026-09-06", "America/Santiago") == 23
    assert hours("2026-03-29", "Asia/Beirut") == 23
    assert hours("2026-04-05", "Australia/Lord_Howe") == 24.5


def test_date_that_is_half_typed_is_none(page: Page) -> None:
    dates = ["1970-01-01", "2024-02-29", "2026-11-27", "2099-12-31"]
    others = ["0002-01-05", "0202-01-05", "1969-12-31", "2100-01-01", "2026-02-31", "2026-13-01"]
    others += ["2026-1-1"]
    assert [one for one in dates + others if call(page, WEEK, "isDate", one)] == dates


def test_new_session_is_proposed_after_the_last_one_of_the_day(page: Page) -> None:
    zone = "Europe/Zagreb"
    # The day has 23 hours, so nine o'clock is eight hours after midnight.
    (day,) = call(page, WEEK, "daysOf", ["2026-03-29"], zone)
    nine = parse_local(page, "2026-03-29T09:00")
    assert nine - day["start"] == 8 * _HOUR

    def proposed(sessions: list[Any], now: int = day["end"]) -> tuple[Any, Any]:
        times = call(page, WEEK, "proposeTimes", day, sessions, now, zone)
        return times["started"], times["stopped"]

    assert proposed([]) == (nine, nine + _HOUR)
    assert proposed([session(nine, nine + 90)]) == (nine + 90, nine + 60 * _MINUTE + 60)
    # Not into the future, a later session, or the next day.
    assert proposed([], nine + 10 * _MINUTE + 7) == (nine, nine + 10 * _MINUTE)
    assert proposed([], nine - _HOUR) == (None, None)
    running = session(nine + _HOUR, None)
    assert proposed([session(nine, nine + _HOUR - 600), running]) == (
        nine + _HOUR - 600,
        nine + _HOUR,
    )
    late = session(nine, day["end"] - 600)
    assert proposed([late]) == (day["end"] - 600, day["end"])
    # One that began on the day before is in the way.
    assert proposed([session(day["start"] - 60, nine + 600)])[0] == nine + 600


def test_booked_time_counts_beyond_the_sessions_of_its_entry(page: Page) -> None:
    service = {"id": "1", "name": "Design"}

    def entry(entry_id: str, minutes: int, method: int, updated: int = 1) -> dict[str, Any]:
        values = {"date": "2026-03-02", "note": "", "service": service}
        return {"id": entry_id, "minutes": minutes, "method": method, "updated": updated, **values}

    timers = [
        session(100, 700, entry=entry("4", 60, 4, updated=2)),
        session(800, 900, entry=entry("4", 60, 4, updated=2)),
        session(1000, None, entry=entry("2", 0, 2)),
        # 1 minute is these 40 seconds, rounded: nothing was booked.
        session(900, 940, entry=entry("5", 1, 4)),
    ]
    listed = [entry("1", 30, 1), entry("4", 1, 4), entry("5", 1, 4)]
    newest = """async ([week, listed, timers]) => {
      const { src } = document.querySelector("script[type=module]");
      const { newestEntries, bookedEntries } = await import(new URL(week, src));
      return bookedEntries(newestEntries(listed, timers), timers);
    }"""
    booked = page.evaluate(newest, [WEEK, listed, timers])
    assert [(one["id"], one["booked"], one["hasSessions"]) for one in booked] == [
        ("1", 1800, False),
        ("4", 2900, True),
    ]
    day = {"date": "2026-03-02", "start": 0, "end": 86_400}
    assert call(page, WEEK, "secondsOfDay", day, timers[:2], booked, 1000) == 1800 + 3600


def test_day_is_known_only_if_it_was_loaded_after_its_end(page: Page) -> None:
    day = {"date": "2026-03-02", "start": 1000, "end": 2000}

    def known(since: int | None, **week: int) -> Any:
        weeks = {"2026-03-02": week} if week else {}
        # undefined, as before the first load.
        function = """async ([module, day, since, weeks]) => {
          const { src } = document.querySelector("script[type=module]");
          const { isKnown } = await import(new URL(module, src));
          return isKnown(day, since ?? undefined, weeks);
        }"""
        return page.evaluate(function, [WEEK, day, since, weeks])

    assert known(1000)
    assert not known(1001)
    assert not known(None)
    assert known(None, **{"from": 1000, "to": 8000, "loadedAt": 2000})
    assert not known(None, **{"from": 1000, "to": 8000, "loadedAt": 1999})
    assert not known(None, **{"from": 2000, "to": 9000, "loadedAt": 9999})


def test_week_that_was_loaded_now_is_kept_although_a_clock_was_ahead(page: Page) -> None:
    weeks = {f"2026-01-{day:02}": {"loadedAt": 1000 + day} for day in range(10, 22)}
    kept = call(page, "history.js", "withWeek", weeks, "2026-03-02", {"loadedAt": 500})
    # The one that was loaded first makes way.
    assert set(kept) == {*weeks, "2026-03-02"} - {"2026-01-10"}
    kept = call(page, "history.js", "withWeek", weeks, "2026-01-10", {"loadedAt": 500})
    assert kept == weeks | {"2026-01-10": {"loadedAt": 500}}


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


def test_start_has_only_the_note_that_no_edit_precedes(page: Page) -> None:
    start = {"kind": "start", "key": "a"}
    edit = {"kind": "edit", "key": "b", "start": "a"}
    note = {"kind": "note", "key": "c", "start": "a"}
    other = note | {"key": "d", "start": "x"}
    assert call(page, "day.js", "noteOfStart", start, [other, note, edit]) == note
    assert call(page, "day.js", "noteOfStart", start, [edit, note | {"after": "b"}]) is None
    # A later note may be on the time entry of the edit, too.
    assert call(page, "day.js", "noteOfStart", start, [edit, note]) is None


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


def test_every_kind_of_tap_is_described_while_it_is_not_stored(page: Page) -> None:
    booked = {
        "service": {"id": "1", "name": "Design"},
        "date": "2026-03-02",
        "minutes": 45,
        "note": "Old",
    }

    def described(kind: str, **action: Any) -> Any:
        return call(page, "problems.js", "describe", {"kind": kind, "key": "k"} | action)

    # A note on a start that is not sent yet has no session.
    assert described("note", start="a", note="Chapter 3") == "Note: Chapter 3"
    new = booked | {"changes": {"minutes": 90}}
    assert described("book", **new) == "Change: Design, 2 March 2026, 1 h 30 min, Old"
    new["changes"] = {"minutes": None, "note": "New"}
    assert described("book", **new) == "Change: Design, 2 March 2026, New"
    assert described("unbook", **booked) == "Delete: Design, 2 March 2026, 45 min, Old"
    assert described("start", service=booked["service"], at=0).startswith("Start: Design, ")
    edited = described("edit", session=session(0, 60), changes={"stopped": 120})
    assert edited.startswith("Change: Design, ")
