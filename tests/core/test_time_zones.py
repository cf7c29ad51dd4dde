"""Time zones come from the pinned tzdata, and a stored name that it lacks does not fail."""

import logging
import os
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest

from chalicelib.core.time_zones import ZoneInfo, zone_names, zone_of
from chalicelib.core.timestamps import format_timestamp, parse_timestamp
from chalicelib.core.validation import time_zone
from chalicelib.organizations.model import Organization
from chalicelib.people.model import Person, Role
from chalicelib.timers.limits import person_zone

ROOT = Path(__file__).parents[2]
VANCOUVER = "America/Vancouver"
# 15 November 2026, an hour before midnight in Vancouver by the law since 2026: UTC-7 all year.
# Databases from before that law say UTC-8.
LATE_EVENING = parse_timestamp("2026-11-15T23:30:00-07:00")

SHOW = f"""
import zoneinfo
{{first}}
from chalicelib.core.timestamps import format_timestamp
from chalicelib.core.validation import time_zone
from chalicelib.organizations.model import Organization
zone = Organization(1, "Studio", "{VANCOUVER}").zone
print(format_timestamp({LATE_EVENING}, zone))
try:
    print(time_zone("Mars/Base"))
except ValueError as error:
    print(error)
"""


@pytest.fixture
def other_database(tmp_path: Path) -> Path:
    """A database of a host in which Vancouver has other rules, with a zone that does not exist."""
    tokyo = resources.files("tzdata.zoneinfo.Asia").joinpath("Tokyo").read_bytes()
    for name in (VANCOUVER, "Mars/Base"):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.write_bytes(tokyo)
    return tmp_path


def test_pinned_data_has_the_law_of_2026() -> None:
    zone = Organization(1, "Studio", VANCOUVER).zone
    assert format_timestamp(LATE_EVENING, zone) == "2026-11-15T23:30:00.000-07:00"


@pytest.mark.parametrize(
    "first",
    ["", f'zoneinfo.ZoneInfo("{VANCOUVER}")', "zoneinfo.available_timezones()"],
    ids=["not read before", "a zone was read before", "the names were read before"],
)
def test_database_of_the_host_changes_nothing(other_database: Path, first: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SHOW.format(first=first)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONTZPATH": str(other_database)},
    )
    assert result.stdout.splitlines() == [
        "2026-11-15T23:30:00.000-07:00",
        "Use an IANA time zone, such as Europe/Zagreb.",
    ]


def test_the_hosts_database_would_decide_otherwise(other_database: Path) -> None:
    """The host's database of these tests is read by a process that does not import stint."""
    script = f'from zoneinfo import ZoneInfo; print(ZoneInfo("{VANCOUVER}").utcoffset(None))'
    script = script.replace("None", "__import__('datetime').datetime(2026, 11, 15)")
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONTZPATH": str(other_database)},
    )
    assert result.stdout.split() == ["9:00:00"]


@pytest.mark.parametrize(
    "name",
    ["America/Nowhere", "Nowhere", "America", "", "/etc/localtime", "../UTC", "a\0b", "\ud800"],
)
def test_unknown_stored_zone_is_utc_with_a_warning(
    caplog: pytest.LogCaptureFixture, name: str
) -> None:
    zone_of.cache_clear()
    with caplog.at_level(logging.WARNING, "stint"):
        organization = Organization(2149, "Studio", name)
        assert organization.zone.key == "UTC"
        assert organization.zone.key == "UTC"
    (record,) = caplog.records
    assert (record.__dict__["organization_id"], record.__dict__["time_zone"]) == (2149, name)


def test_unknown_zone_of_a_person_is_utc() -> None:
    organization = Organization(2149, "Studio", "Europe/Zagreb")
    person = Person(1, 2149, "A", "B", "a@b.example", Role.MEMBER, 0, time_zone="America/Nowhere")
    assert person_zone(organization, person).key == "UTC"


def test_every_accepted_name_has_data() -> None:
    assert {"Europe/Zagreb", "UTC", VANCOUVER} <= zone_names()
    for name in zone_names():
        assert time_zone(name) == name
        assert ZoneInfo(name).key == name
