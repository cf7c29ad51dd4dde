"""``include`` and ``fields``: contract section 2."""

from datetime import UTC

import pytest

from chalicelib.core.errors import InvalidParameter, UnsupportedInclude
from chalicelib.core.time_zones import ZoneInfo
from chalicelib.jsonapi.parameters import Parameters, read_view_options
from chalicelib.timers.api import TIMERS


def test_default_view_includes_nothing_and_shows_all_fields() -> None:
    view = read_view_options(TIMERS, [], UTC)
    assert (view.include, view.fields) == (frozenset(), {})


def test_view_uses_the_passed_time_zone() -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    assert read_view_options(TIMERS, [], zone).zone is zone


@pytest.mark.parametrize(
    ("parameters", "paths"),
    [
        ([("include", "")], set()),
        ([("include", " , ")], set()),
        ([("include", "time_entry")], {"time_entry"}),
        ([("include", "organization")], {"organization"}),
        ([("include", "time_entry.service")], {"time_entry", "time_entry.service"}),
        ([("include", "time_entry.task")], {"time_entry", "time_entry.task"}),
        ([("include", "time_entry.project")], {"time_entry", "time_entry.project"}),
        (
            [("include", "time_entry.person, organization")],
            {"time_entry", "time_entry.person", "organization"},
        ),
        (
            [("include", "organization"), ("include", "time_entry,time_entry")],
            {"organization", "time_entry"},
        ),
    ],
)
def test_dotted_include_path_includes_its_prefixes(parameters: Parameters, paths: set[str]) -> None:
    assert read_view_options(TIMERS, parameters, UTC).include == paths


@pytest.mark.parametrize(
    "value",
    [
        "person",
        "time_entries",
        "Time_entry",
        "time_entry.",
        ".time_entry",
        "time_entry..service",
        "time_entry.organization",
        "time_entry.service.organization",
        "service",
        "time_entry,nobody",
    ],
)
def test_unknown_include_path_is_rejected(value: str) -> None:
    with pytest.raises(UnsupportedInclude) as raised:
        read_view_options(TIMERS, [("include", value)], UTC)
    assert (raised.value.code, raised.value.source) == (
        "unsupported_include",
        {"parameter": "include"},
    )


def test_include_error_names_the_unknown_path() -> None:
    with pytest.raises(UnsupportedInclude, match="'nobody'"):
        read_view_options(TIMERS, [("include", "time_entry,nobody,organization")], UTC)


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ([("fields[timers]", "started_at")], {"timers": {"started_at"}}),
        ([("fields[timers]", "started_at, total_time")], {"timers": {"started_at", "total_time"}}),
        (
            [("fields[timers]", "started_at"), ("fields[timers]", "total_time")],
            {"timers": {"started_at", "total_time"}},
        ),
        ([("fields[time-entries]", "note")], {"time_entries": {"note"}}),
        (
            [("fields[time-entries]", "note"), ("fields[time_entries]", "date")],
            {"time_entries": {"note", "date"}},
        ),
        ([("fields[boats]", "sail")], {"boats": {"sail"}}),
    ],
)
def test_fields_are_read_per_type(parameters: Parameters, fields: dict[str, set[str]]) -> None:
    assert read_view_options(TIMERS, parameters, UTC).fields == fields


@pytest.mark.parametrize(
    "name", ["fields", "fields[timers][]", "fields[timers][x]", "fields[timers", "fields[[timers]]"]
)
def test_fields_parameter_without_exactly_one_type_is_rejected(name: str) -> None:
    with pytest.raises(InvalidParameter) as raised:
        read_view_options(TIMERS, [(name, "started_at")], UTC)
    assert (raised.value.code, raised.value.source) == ("invalid_parameter", {"parameter": name})
