"""Groups, periods, ranges of dates and sums of reports. Contract section 10a."""

import pytest

from chalicelib.core.errors import InvalidParameter, QueryTooBroad
from chalicelib.core.timestamps import FIRST_DATE, LAST_DATE, rounded_minutes
from chalicelib.reports.model import Sum, SumKey
from chalicelib.reports.rules import (
    Group,
    ReportRow,
    Totals,
    months,
    period_of,
    read_groups,
    report_dates,
)

TODAY = "2026-03-02"


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("", ()),
        ("person", (Group.PERSON,)),
        ("month, person", (Group.MONTH, Group.PERSON)),
        ("person,person", (Group.PERSON,)),
        (",service,", (Group.SERVICE,)),
    ],
)
def test_one_or_two_groups_are_parsed(text: str, groups: tuple[Group, ...]) -> None:
    assert read_groups(text) == groups


@pytest.mark.parametrize("text", ["project", "person,colour", "person,service,day", "PERSON"])
def test_error_of_a_group_names_all_groups(text: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        read_groups(text)
    assert caught.value.source == {"parameter": "group"}
    assert all(group.value in caught.value.detail for group in Group)


def test_two_periods_cannot_be_combined() -> None:
    with pytest.raises(InvalidParameter, match="only one of these groups: date, day, week"):
        read_groups("month,week")


@pytest.mark.parametrize(
    ("group", "day", "first"),
    [
        (Group.DATE, "2026-03-08", "2026-03-08"),
        (Group.DAY, "2026-03-08", "2026-03-08"),
        (Group.WEEK, "2026-03-08", "2026-03-02"),
        (Group.WEEK, "2026-03-09", "2026-03-09"),
        (Group.WEEK, "2027-01-01", "2026-12-28"),
        (Group.MONTH, "2026-03-31", "2026-03-01"),
        (Group.QUARTER, "2026-03-31", "2026-01-01"),
        (Group.QUARTER, "2026-12-31", "2026-10-01"),
        (Group.YEAR, "2026-12-31", "2026-01-01"),
        (Group.WEEK, "0001-01-01", "0001-01-01"),
    ],
)
def test_period_is_named_by_its_first_date(group: Group, day: str, first: str) -> None:
    assert period_of((Group.PERSON, group), day) == first


def test_other_groups_have_no_period() -> None:
    assert period_of((Group.PERSON, Group.SERVICE), TODAY) is None


@pytest.mark.parametrize(
    ("first", "last", "dates"),
    [
        (FIRST_DATE, LAST_DATE, ("2026-03-01", "2026-03-31")),
        ("2026-01-15", LAST_DATE, ("2026-01-15", "2026-03-31")),
        ("2026-05-15", LAST_DATE, ("2026-05-15", "2026-05-31")),
        ("2024-01-01", "2024-12-31", ("2024-01-01", "2024-12-31")),
        ("2026-03-02", "2026-03-02", ("2026-03-02", "2026-03-02")),
        ("2026-03-03", "2026-03-02", None),
        ("~", LAST_DATE, None),
        (FIRST_DATE, "", None),
        (FIRST_DATE, "2024-12-31", ("2024-01-01", "2024-12-31")),
        (FIRST_DATE, "0001-01-07", ("0001-01-01", "0001-01-07")),
        ("9999-12-01", LAST_DATE, ("9999-12-01", "9999-12-31")),
    ],
)
def test_range_of_a_report(first: str, last: str, dates: tuple[str, str] | None) -> None:
    assert report_dates(first, last, TODAY) == dates


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2025-01-01", "2026-01-02"),
        ("2020-01-01", LAST_DATE),
    ],
)
def test_range_of_more_than_366_days_is_too_broad(first: str, last: str) -> None:
    with pytest.raises(QueryTooBroad, match="at most 366 days") as caught:
        report_dates(first, last, TODAY)
    assert caught.value.source == {"parameter": "filter[after]"}


def test_range_is_split_at_the_ends_of_months() -> None:
    assert list(months("2025-12-30", "2026-02-03")) == [
        ("2025-12-30", "2025-12-31"),
        ("2026-01-01", "2026-01-31"),
        ("2026-02-01", "2026-02-03"),
    ]
    assert list(months("9999-12-31", LAST_DATE)) == [("9999-12-31", LAST_DATE)]
    assert list(months("2026-02-03", "2026-02-02")) == []


def rows(groups: tuple[Group, ...], sums: dict[SumKey, Sum]) -> dict[str, ReportRow]:
    totals = Totals(2149, groups)
    totals.add(sums)
    return {row.id: row for row in totals.rows()}


def test_sums_of_a_row_are_added() -> None:
    found = rows(
        (Group.PERSON, Group.MONTH),
        {
            SumKey("2026-03-02", 1): Sum(1, 1, 60, 60),
            SumKey("2026-03-03", 1): Sum(2, 0, 7, 0),
            SumKey("2026-04-01", 1): Sum(1, 1, 1, 1),
            SumKey("2026-03-02", 2): Sum(1, 1, 5, 5),
        },
    )
    assert {id_: row.sum for id_, row in found.items()} == {
        "person-1,month-2026-03-01": Sum(3, 1, 67, 60),
        "person-1,month-2026-04-01": Sum(1, 1, 1, 1),
        "person-2,month-2026-03-01": Sum(1, 1, 5, 5),
    }


def test_id_of_a_row_says_what_it_is_of() -> None:
    sums = {SumKey("2026-03-02", None, 5, False): Sum(1, 0, 60, 0)}
    assert list(rows((Group.ORGANIZATION,), sums)) == ["organization-2149"]
    assert list(rows((Group.BILLABLE, Group.SERVICE), sums)) == ["billable-false,service-5"]


def test_client_time_is_that_of_billable_entries() -> None:
    sums = {
        SumKey("2026-03-02", 1, None, True): Sum(1, 1, 60, 30),
        SumKey("2026-03-02", 1, None, False): Sum(1, 0, 5, 0),
    }
    (row,) = rows((Group.PERSON,), sums).values()
    assert (row.sum.seconds, row.client_seconds) == (65, 60)


def test_days_without_entries_make_no_row() -> None:
    assert rows((Group.PERSON,), {SumKey("2026-03-02", 1): Sum()}) == {}


def test_rows_need_not_add_up_to_the_total() -> None:
    """The example in docs/api/reports.md."""
    sums = {SumKey("2026-03-02", person): Sum(1, 1, 90, 90) for person in (1, 2, 3)}
    (total,) = rows((Group.ORGANIZATION,), sums).values()
    by_person = rows((Group.PERSON,), sums).values()
    assert [rounded_minutes(row.sum.seconds) for row in by_person] == [2, 2, 2]
    assert rounded_minutes(total.sum.seconds) == 5
