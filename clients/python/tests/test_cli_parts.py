"""Times, names and addresses as people type them."""

from datetime import date, datetime

import click
import pytest

from stint_client.cli.login import read_address
from stint_client.cli.matching import find_by_name
from stint_client.cli.output import duration
from stint_client.cli.times import last_day, read_local_time

TODAY = date(2026, 11, 27)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9:30", "2026-11-27T09:30:00"),
        ("09:30:15", "2026-11-27T09:30:15"),
        ("today 0:00", "2026-11-27T00:00:00"),
        ("yesterday 23:50", "2026-11-26T23:50:00"),
        ("2026-10-31 9:30", "2026-10-31T09:30:00"),
        ("2026-10-31T09:30", "2026-10-31T09:30:00"),
    ],
)
def test_local_times(text: str, expected: str) -> None:
    time = read_local_time(text, TODAY)
    assert time == datetime.fromisoformat(expected).astimezone()


def test_times_with_an_offset() -> None:
    time = read_local_time("2026-10-31T09:30:00+05:30", TODAY)
    assert time == datetime.fromisoformat("2026-10-31T09:30:00+05:30")
    assert read_local_time("2026-10-31T09:30:00Z", TODAY) is not None


@pytest.mark.parametrize(
    "text", ["", "9", "24:00", "9:60", "2026-02-30 9:00", "noon", "0000-01-01 9:00"]
)
def test_what_is_no_time(text: str) -> None:
    assert read_local_time(text, TODAY) is None


def found(typed: str, *names: str) -> list[str]:
    return list(find_by_name(names, str, typed))


def test_names() -> None:
    names = ("Design", "design", "Design review", "Web design", "Đurđa & Łódź", "Straße")
    assert found("Design", *names) == ["Design"]
    assert found("design", *names) == ["design"]
    assert found("DESIGN", *names) == ["Design", "design"]
    assert found("design r", *names) == ["Design review"]
    assert found("  web   DESIGN ", *names) == ["Web design"]
    assert found("durda", *names) == ["Đurđa & Łódź"]
    assert found("lodz", *names) == ["Đurđa & Łódź"]
    assert found("strasse", *names) == ["Straße"]
    assert found("sign", "Design", "Signage") == ["Signage"]
    assert found("Cafe\u0301", "Café") == ["Café"]
    assert found("sleep", *names) == []
    assert found(" ", *names) == []


@pytest.mark.parametrize(
    ("text", "address", "code"),
    [
        ("https://stint.example", "https://stint.example/api/v2", None),
        ("https://stint.example/api/v2/", "https://stint.example/api/v2", None),
        ("https://x.example/prod/app#pair=ABC", "https://x.example/prod/api/v2", "ABC"),
        ("https://x.example/app/#pair=ABC", "https://x.example/api/v2", "ABC"),
        ("http://127.0.0.1:8000/app", "http://127.0.0.1:8000/api/v2", None),
        (
            "https://x.example/app#pair=A&api=https%3A%2F%2Fx.example%2Fapi%2Fv2",
            "https://x.example/api/v2",
            "A",
        ),
    ],
)
def test_addresses(text: str, address: str, code: str | None) -> None:
    assert read_address(text) == (address, code)


@pytest.mark.parametrize("text", ["", "x.example", "ftp://x.example", "https://", "https://[x"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(click.UsageError):
        read_address(text)


def test_durations_and_months() -> None:
    assert [duration(seconds) for seconds in (0, 29, 30, 3599, 360_000)] == [
        *("0:00", "0:00", "0:01", "1:00", "100:00")
    ]
    assert last_day(date(2028, 2, 1)) == date(2028, 2, 29)
    assert last_day(date(2026, 12, 1)) == date(2026, 12, 31)
