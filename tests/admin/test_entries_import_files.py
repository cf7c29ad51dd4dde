"""Export files: encodings, separators, dates, times, durations, and the nights of clock changes."""

from datetime import date, datetime, time
from pathlib import Path

import pytest

from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import parse_timestamp
from tests.support.clock import MONDAY_NINE
from tools.admin.csvfile import BadFile
from tools.admin.history import cells
from tools.admin.history.cells import DateOrder, UnknownDateOrder
from tools.admin.history.formats import ANY_CSV, FORMATS, TOGGL, Field
from tools.admin.history.local_times import resolve_span
from tools.admin.history.names import normalized, split_name
from tools.admin.history.rows import History, HistoryRow, Reading, read_history
from tools.admin.history.table import read_table

EXPORTS = Path(__file__).parent / "exports"
ZAGREB_ZONE = ZoneInfo("Europe/Zagreb")
TEXT = "User,Start date,Duration,Description\nŽeljka Đurić,2025-03-04,1:00,Café\n"


def history_of(content: str, form: str = "toggl", order: DateOrder | None = None) -> History:
    chosen = FORMATS[form]
    reading = Reading(chosen, ZAGREB_ZONE, MONDAY_NINE, chosen.service_from, order)
    return read_history(read_table(content.encode(), chosen), reading)


def problems_of(content: str, form: str = "toggl") -> str:
    with pytest.raises(BadFile) as caught:
        history_of(content, form)
    return "\n".join(caught.value.problems)


@pytest.mark.parametrize(
    ("encoding", "option"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("utf-16", None),
        ("cp1250", "cp1250"),
        ("utf-16-le", "utf-16-le"),
    ],
)
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(encoding: str, option: str | None, separator: str) -> None:
    content = TEXT.replace(",", separator).encode(encoding)
    table = read_table(content, TOGGL, option)
    (record,) = table.records
    assert record.get(Field.PERSON) == "Željka Đurić"
    assert record.get(Field.NOTE) == "Café"


def test_other_encodings_are_read_as_windows_and_named() -> None:
    table = read_table("User,Duration\nJürgen,1:00\n".encode("cp1252"), TOGGL)
    assert table.encoding == "cp1252"
    assert table.records[0].get(Field.PERSON) == "Jürgen"
    with pytest.raises(BadFile, match="1 problems") as caught:
        read_table(b"User\n\x81\n", TOGGL)
    assert "--encoding" in caught.value.problems[0]


def test_separator_line_of_excel_and_empty_cells_at_the_end_are_ignored() -> None:
    table = read_table(b"sep=;\nUser;Duration\nAna;1:00;;\n", TOGGL)
    assert table.records[0].get(Field.PERSON) == "Ana"
    with pytest.raises(BadFile) as caught:
        read_table(b"User,Duration\nAna,1:00,more\n", TOGGL)
    assert caught.value.problems == ["line 2: has 3 cells, but line 1 has 2"]


def test_unknown_columns_are_named_and_mapped_ones_are_required() -> None:
    form = ANY_CSV.with_columns([("Employee", Field.PERSON), ("Hours", Field.DURATION)])
    table = read_table(b"employee,HOURS,Mood\nAna,1\n", form)
    assert table.ignored == ("Mood",)
    assert table.records[0].get(Field.DURATION) == "1"
    with pytest.raises(BadFile) as caught:
        read_table(b"Employee\nAna\n", form)
    assert caught.value.problems == ["line 1: column hours of --map is missing"]


@pytest.mark.parametrize(
    ("texts", "order"),
    [
        (["03/04/2024", "13/04/2024"], DateOrder.DMY),
        (["03.04.2024", "31.12.2024"], DateOrder.DMY),
        (["03-04-2024", "12-31-2024"], DateOrder.MDY),
        (["03/03/2024", "", "text"], DateOrder.DMY),
    ],
)
def test_all_dates_together_show_their_order(texts: list[str], order: DateOrder) -> None:
    assert cells.find_date_order(texts) is order


@pytest.mark.parametrize("texts", [["03/04/2024"], ["13/04/2024", "04/13/2024"]])
def test_dates_that_show_no_order_are_refused(texts: list[str]) -> None:
    with pytest.raises(UnknownDateOrder):
        cells.find_date_order(texts)


def test_refusal_of_ambiguous_dates_names_the_option() -> None:
    content = "User,Start date,Duration\nAna,03/04/2024,1:00\n"
    assert "--date-order dmy, mdy or ymd" in problems_of(content)
    assert history_of(content, order=DateOrder.MDY).rows[0].date == "2024-03-04"
    assert history_of(content, order=DateOrder.DMY).rows[0].date == "2024-04-03"


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2024-03-04", DateOrder.DMY, date(2024, 3, 4)),
        ("2024/3/4", DateOrder.MDY, date(2024, 3, 4)),
        ("04. 03. 2024.", DateOrder.DMY, date(2024, 3, 4)),
        ("3/4/24", DateOrder.MDY, date(2024, 3, 4)),
        ("24-03-04", DateOrder.YMD, date(2024, 3, 4)),
    ],
)
def test_dates(text: str, order: DateOrder, expected: date) -> None:
    assert cells.parse_date(text, order) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10:23 AM", time(10, 23)),
        ("12:00 am", time(0)),
        ("12:05 p.m.", time(12, 5)),
        ("11:59:59 PM", time(23, 59, 59)),
        ("22:23:00", time(22, 23)),
        ("9.05", time(9, 5)),
    ],
)
def test_times_of_day(text: str, expected: time) -> None:
    assert cells.parse_time(text) == expected


@pytest.mark.parametrize("text", ["24:00", "13:00 PM", "0:10 AM", "9", "10:60"])
def test_invalid_times_of_day(text: str) -> None:
    with pytest.raises(ValueError, match="Use a time of day"):
        cells.parse_time(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("01:30:29", 5429),
        ("100:00:00", 360_000),
        ("1:30", 5400),
        ("20,0", 72_000),
        ("20.0", 72_000),
        ("0,01", 36),
        ("1.005", 3618),
        ("0.333333", 1200),
        ("2", 7200),
        ("1h 30m", 5400),
        ("45 min", 2700),
    ],
)
def test_durations(text: str, seconds: int) -> None:
    assert cells.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["-1:00", "1:75", "abc", "1.5.5", "h"])
def test_invalid_durations(text: str) -> None:
    with pytest.raises(ValueError, match="Use a duration"):
        cells.parse_duration(text)


def test_names_are_compared_without_case_accents_and_spaces() -> None:
    assert normalized(" ŽELJKA  Đurić") == normalized("zeljka duric")
    assert split_name("Ana Marija Horvat") == ("Ana", "Marija Horvat")
    assert split_name("Ana") == ("Ana", "Ana")


def zagreb(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "stop", "seconds", "expected", "warnings"),
    [
        # Clocks go back at 03:00: the hour from 02:00 comes twice.
        ("2025-10-26T02:30", "2025-10-26T02:30", 3600, ("00:30", "01:30"), 2),
        ("2025-10-26T02:30", "2025-10-26T02:45", 900, ("00:30", "00:45"), 2),
        ("2025-10-26T02:30", "2025-10-26T02:45", None, ("00:30", "00:45"), 2),
        ("2025-10-26T02:45", "2025-10-26T02:15", None, ("00:45", "01:15"), 2),
        ("2025-10-26T01:30", "2025-10-26T03:30", 10_800, ("23:30", "02:30"), 0),
        ("2025-10-26T02:15", "2025-10-26T03:15", 3600, ("01:15", "02:15"), 1),
        # Clocks go forward at 02:00: the hour from 02:00 is skipped.
        ("2025-03-30T01:30", "2025-03-30T03:30", 3600, ("00:30", "01:30"), 0),
        ("2025-03-30T02:30", "2025-03-30T04:00", None, ("01:30", "02:00"), 1),
        # A duration that start and end contradict.
        ("2025-10-20T09:00", "2025-10-20T10:00", 7200, ("07:00", "08:00"), 1),
    ],
)
def test_local_times_in_nights_of_clock_changes(
    start: str, stop: str, seconds: int | None, expected: tuple[str, str], warnings: int
) -> None:
    span = resolve_span(zagreb(start), zagreb(stop), ZAGREB_ZONE, seconds)
    shown = tuple(
        datetime.fromtimestamp(timestamp, ZoneInfo("UTC")).strftime("%H:%M")
        for timestamp in (span.start, span.stop)
    )
    assert (shown, len(span.warnings)) == (expected, warnings)


HEADER = "User,Start date,Start time,End date,End time,Duration\n"


def one_row(content: str, form: str = "toggl") -> HistoryRow:
    (row,) = history_of(content, form).rows
    return row


def test_session_across_midnight_is_one_row() -> None:
    row = one_row(f"{HEADER}Ana,2025-10-20,23:15:00,2025-10-21,01:45:00,02:30:00\n")
    assert row.span == (
        parse_timestamp("2025-10-20T23:15:00+02:00"),
        parse_timestamp("2025-10-21T01:45:00+02:00"),
    )
    assert (row.date, row.minutes) == ("2025-10-20", 150)


def test_earlier_end_is_on_the_next_day_only_if_the_file_has_one_date() -> None:
    one_date = "Date,First Name,Started at,Ended at,Hours\n2025-10-20,Ana,11:00pm,1:00am,2\n"
    row = one_row(one_date, "harvest")
    assert row.span is not None
    assert row.seconds == 7200
    content = f"{HEADER}Ana,2025-10-20,23:15:00,2025-10-20,01:45:00,\n"
    assert problems_of(content) == "line 2: ends before it starts"


def test_minutes_of_a_named_column() -> None:
    form = ANY_CSV.with_columns(
        [("Who", Field.PERSON), ("Day", Field.DATE), ("Min", Field.MINUTES)]
    )
    table = read_table(b"Who,Day,Min\nAna,2025-01-13,90\n", form)
    (row,) = read_history(table, Reading(form, ZAGREB_ZONE, MONDAY_NINE, form.service_from)).rows
    assert (row.minutes, row.span) == (90, None)


def test_start_without_end_uses_the_duration_or_is_skipped() -> None:
    assert one_row(f"{HEADER}Ana,2025-10-20,09:00:00,,,0:30:00\n").seconds == 1800
    assert "a start and no end" in one_row(f"{HEADER}Ana,2025-10-20,09:00:00,,,\n").skipped


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (",2025-10-20,,,,1:00", "line 2: has no person"),
        ("Ana,,,,,1:00", "line 2: has no date"),
        ("Ana,2025-02-30,,,,1:00", "There is no such date"),
        ("Ana,2026-03-03,,,,1:00", "is in the future"),
        ("Ana,2026-03-02,08:00,2026-03-02,10:00,", "ends in the future"),
        ("Ana,1999-12-31,,,,1:00", "is before 2000-01-01"),
        ("Ana,2025-01-01,09:00,2025-02-03,09:00,", "lasts more than 31 days"),
        ("Ana,2025-01-01,,,,745:00", "lasts more than 31 days"),
        ("Ana,2025-01-01,25:00,2025-01-01,9:00,", "start_time: '25:00': Use a time of day"),
    ],
)
def test_rows_that_no_import_may_bring(line: str, problem: str) -> None:
    assert problem in problems_of(f"{HEADER}{line}\n")


def test_all_problems_of_a_file_are_named() -> None:
    problems = problems_of(f"{HEADER}Ana,,,,,1:00\nAna,2025-01-01,,,,x\n")
    assert [line.partition(":")[0] for line in problems.splitlines()] == ["line 2", "line 3"]
    assert "no column has a person" in problems_of("Start date,Duration\n2025-01-01,1:00\n")
    long_note = "x" * 2001
    content = f"User,Start date,Duration,Description\nAna,2025-01-01,1:00,{long_note}\n"
    assert "note: Use at most 2000 characters." in problems_of(content)


def digests(content: str, form: str = "toggl", order: DateOrder | None = None) -> list[str]:
    return [row.digest for row in history_of(content, form, order).rows]


def test_keys_of_rows_are_the_same_in_every_export_of_the_same_time() -> None:
    first = "User,Start date,Duration,Tags\nAna,2025-10-13,1:00,\nAna,2025-10-13,1:00,a\n"
    longer = (
        "Duration;User;Start date\n0:30;Ana;10/12/2025\n1,0;ANA;10/13/2025\n1.0;Ana;10/13/2025\n"
    )
    assert digests(longer)[1:] == digests(first)
    assert len(set(digests(longer))) == 3


def test_ids_of_a_product_are_the_keys_of_its_rows() -> None:
    header = "id,date,duration_seconds,person,service\n"
    before = digests(f"{header}7,2025-10-13,60,Ana,Design\n8,2025-10-13,60,Ana,Design\n", "stint")
    after = digests(f"{header}8,2025-10-13,90,Ana,Other\n", "stint")
    assert after == before[1:]
