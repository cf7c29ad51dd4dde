from datetime import UTC, date, datetime, timedelta, tzinfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.time_zones import ZoneInfo
from chalicelib.core.timestamps import (
    MAX_TIMESTAMP,
    Span,
    day_span,
    format_timestamp,
    local_date,
    parse_milliseconds,
    parse_span,
    parse_timestamp,
    rounded_minutes,
)

AUGUST = 1_754_090_486
HOUR = 3600

# Since 2012, no zone has an offset with seconds, and no zone repeats a date. The upper bound is the
# last complete day.
timestamps = st.integers(1_325_376_000, MAX_TIMESTAMP - 2 * 86_400)
zones = st.timezone_keys(allow_prefix=False).map(ZoneInfo)


@pytest.mark.parametrize(
    ("timestamp", "zone", "text"),
    [
        (AUGUST, "Europe/Zagreb", "2025-08-02T01:21:26.000+02:00"),
        (AUGUST, "UTC", "2025-08-01T23:21:26.000+00:00"),
        (AUGUST, "Asia/Kolkata", "2025-08-02T04:51:26.000+05:30"),
        (AUGUST, "Asia/Kathmandu", "2025-08-02T05:06:26.000+05:45"),
        (AUGUST, "America/St_Johns", "2025-08-01T20:51:26.000-02:30"),
        (AUGUST, "Pacific/Kiritimati", "2025-08-02T13:21:26.000+14:00"),
        (1_767_225_600, "Europe/Zagreb", "2026-01-01T01:00:00.000+01:00"),
        (1_774_745_999, "Europe/Zagreb", "2026-03-29T01:59:59.000+01:00"),
        (1_774_746_000, "Europe/Zagreb", "2026-03-29T03:00:00.000+02:00"),
        (1_792_889_999, "Europe/Zagreb", "2026-10-25T02:59:59.000+02:00"),
        (1_792_890_000, "Europe/Zagreb", "2026-10-25T02:00:00.000+01:00"),
        (0, "UTC", "1970-01-01T00:00:00.000+00:00"),
        (MAX_TIMESTAMP, "UTC", "2286-11-20T17:46:38.000+00:00"),
    ],
)
def test_timestamp_is_formatted_with_the_offset_of_the_zone(
    timestamp: int, zone: str, text: str
) -> None:
    assert format_timestamp(timestamp, ZoneInfo(zone)) == text


@pytest.mark.parametrize("zone", [UTC, ZoneInfo("UTC"), ZoneInfo("Etc/GMT")])
def test_utc_is_formatted_as_an_offset_not_as_z(zone: tzinfo) -> None:
    assert format_timestamp(AUGUST, zone).endswith(".000+00:00")


@pytest.mark.parametrize(
    "text",
    [
        "2025-08-02T01:21:26.000+02:00",
        "2025-08-02T01:21:26+02:00",
        "2025-08-02T01:21:26+0200",
        "2025-08-01T23:21:26Z",
        "2025-08-01T23:21:26.000Z",
        "2025-08-01t23:21:26z",
        "2025-08-01 23:21:26Z",
        "2025-08-01T23:21:26+00:00",
        "2025-08-01T23:21:26-00:00",
        "2025-08-02T05:06:26+05:45",
        "2025-08-01T20:51:26-0230",
        "2025-08-01T23:21:26,5Z",
        "2025-08-01T23:21:26.9Z",
        "2025-08-01T23:21:26.999999999Z",
    ],
)
def test_iso_8601_date_times_are_parsed(text: str) -> None:
    assert parse_timestamp(text) == AUGUST


def test_seconds_are_optional() -> None:
    assert parse_timestamp("2025-08-01T23:21Z") == AUGUST - 26


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "1754090486",
        "2025-08-02",
        "2025-08-02T01:21:26",
        "2025-08-02T01:21:26.000",
        "2025-08-02T01:21:26 +02:00",
        "2025-08-02T01:21:26+02",
        "2025-08-02T01:21:26+2:00",
        "2025-08-02T01:21:26+24:00",
        "2025-08-02T01:21:26 CEST",
        "2025-08-02T01:21:26Z ",
        "2025-08-02T01:21:26Z\n",
        "2025-08-02T01:21:26.Z",
        "2025-08-02T01:21:26.0123456789Z",
        "2025-08-02T01Z",
        "2025-8-2T01:21:26Z",
        "25-08-02T01:21:26Z",
        "+2025-08-02T01:21:26Z",
        "20250802T012126Z",
        "2025-W31-6T01:21:26Z",
        "2025-02-29T01:21:26Z",
        "2025-13-01T01:21:26Z",
        "2025-08-00T01:21:26Z",
        "2025-08-02T25:21:26Z",
        "2025-08-02T01:60:26Z",
        "2025-08-02T01:21:60Z",
        "0000-01-01T00:00:00Z",
        "\u0662\u0660\u0662\u0665-08-02T01:21:26Z",
        "2025-08-02T01:21:26\u221202:00",
    ],
)
def test_invalid_date_time_is_rejected(text: str) -> None:
    for parse in (parse_timestamp, parse_milliseconds):
        with pytest.raises(ValueError):  # noqa: PT011 - only the type matters
            parse(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T01:00:00.5+01:00", 500),
        ("1970-01-01T00:00:01,0019Z", 1001),
        ("1970-01-01T00:00:01.987654321Z", 1987),
        ("1969-12-31T23:59:59.250Z", -750),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ],
)
def test_milliseconds_are_parsed_in_every_year(text: str, milliseconds: int) -> None:
    assert parse_milliseconds(text) == milliseconds


@pytest.mark.parametrize(
    ("text", "timestamp"),
    [
        ("1970-01-01T00:00:01Z", 1),
        ("1969-12-31T23:59:59Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00+14:00", 0),
        ("2286-11-20T17:46:38Z", MAX_TIMESTAMP),
        ("2286-11-20T17:46:39Z", MAX_TIMESTAMP),
        ("9999-12-31T23:59:59Z", MAX_TIMESTAMP),
        ("9999-12-31T23:59:59-14:00", MAX_TIMESTAMP),
    ],
)
def test_date_times_outside_the_sort_key_range_are_clamped(text: str, timestamp: int) -> None:
    assert parse_timestamp(text) == timestamp


@settings(max_examples=200, deadline=None)
@given(timestamps, zones)
def test_formatted_timestamp_round_trips(timestamp: int, zone: ZoneInfo) -> None:
    assert parse_timestamp(format_timestamp(timestamp, zone)) == timestamp


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        ("Europe/Zagreb", "2026-03-02", "2026-03-01T23:00:00Z", 24),
        ("Europe/Zagreb", "2026-03-29", "2026-03-28T23:00:00Z", 23),
        ("Europe/Zagreb", "2026-10-25", "2026-10-24T22:00:00Z", 25),
        ("Asia/Kathmandu", "2026-03-02", "2026-03-01T18:15:00Z", 24),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", 24.5),
        ("Pacific/Kiritimati", "2026-03-02", "2026-03-01T10:00:00Z", 24),
        # Midnight does not exist: the day starts at 01:00.
        ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z", 23),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", 23),
        # Clocks go back at midnight: the day before repeats one hour.
        ("America/Sao_Paulo", "2019-02-16", "2019-02-16T02:00:00Z", 25),
        ("America/Sao_Paulo", "2019-02-17", "2019-02-17T03:00:00Z", 24),
        # Midnight occurs twice: the day starts at the first one.
        ("America/Havana", "2025-11-02", "2025-11-02T04:00:00Z", 25),
        # Samoa skipped Friday, 30 December 2011.
        ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", 24),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", 0),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", 24),
    ],
)
def test_date_spans_its_local_day_in_the_zone(
    zone: str, day: str, start: str, hours: float
) -> None:
    start_timestamp = parse_timestamp(start)
    assert parse_span(day, ZoneInfo(zone)) == Span(
        start_timestamp, start_timestamp + int(hours * HOUR)
    )


@settings(max_examples=200, deadline=None)
@given(timestamps, zones)
def test_timestamp_is_inside_the_span_of_its_local_date(timestamp: int, zone: ZoneInfo) -> None:
    assert timestamp in parse_span(local_date(timestamp, zone), zone)


@settings(max_examples=100, deadline=None)
@given(st.dates(date(2012, 1, 1), date(2200, 1, 1)), zones)
def test_consecutive_days_have_no_gap(day: date, zone: ZoneInfo) -> None:
    next_day = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    assert day_span(day, zone).end == day_span(next_day.date(), zone).start


def test_date_time_spans_one_second() -> None:
    span = parse_span("2025-08-02T01:21:26+02:00", ZoneInfo("Asia/Kolkata"))
    assert span == Span(AUGUST, AUGUST + 1)


@pytest.mark.parametrize(
    "text", ["", "2025-02-29", "2025-8-2", "2025-08", "today", "2025-08-02T01:21:26"]
)
def test_text_that_is_not_a_date_or_date_time_is_rejected(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - only the type matters
        parse_span(text, UTC)


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2300-01-01", "9999-12-30"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_days_outside_the_sort_key_range_are_empty(day: str, zone: str) -> None:
    span = parse_span(day, ZoneInfo(zone))
    assert span.start == span.end or span.end <= 11 * HOUR


@pytest.mark.parametrize(
    ("timestamp", "inside"), [(99, False), (100, True), (199, True), (200, False)]
)
def test_span_includes_its_start_and_excludes_its_end(timestamp: int, inside: bool) -> None:
    assert (timestamp in Span(100, 200)) is inside


@pytest.mark.parametrize(
    ("timestamp", "zone", "day"),
    [
        ("2026-03-02T22:59:59Z", "Europe/Zagreb", "2026-03-02"),
        ("2026-03-02T23:00:00Z", "Europe/Zagreb", "2026-03-03"),
        ("2026-03-02T18:29:59Z", "Asia/Kolkata", "2026-03-02"),
        ("2026-03-02T18:30:00Z", "Asia/Kolkata", "2026-03-03"),
        ("2026-03-28T23:30:00Z", "Europe/Zagreb", "2026-03-29"),
        ("2026-10-24T22:30:00Z", "Europe/Zagreb", "2026-10-25"),
        ("2026-03-02T05:00:00Z", "America/Los_Angeles", "2026-03-01"),
    ],
)
def test_local_date_is_the_date_in_the_zone(timestamp: str, zone: str, day: str) -> None:
    assert local_date(parse_timestamp(timestamp), ZoneInfo(zone)) == day


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 0), (1, 0), (29, 0), (30, 1), (89, 1), (90, 2), (3599, 60), (10 * 90, 15), (-30, 0)],
)
def test_minutes_are_rounded_half_up(seconds: int, minutes: int) -> None:
    assert rounded_minutes(seconds) == minutes


@pytest.mark.parametrize("offset", ["+02:60", "+30:00", "-99:99"])
def test_invalid_offset_is_rejected(offset: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        parse_timestamp(f"2026-03-02T09:00:00{offset}")


def test_last_day_of_the_calendar_is_a_valid_date() -> None:
    assert parse_span("9999-12-31", UTC) == Span(MAX_TIMESTAMP, MAX_TIMESTAMP + 1)
