"""GET /timers in page mode: contract section 6."""

import pytest
from pynamodb.connection import Connection

from tests.support.api import Api
from tests.support.clock import DAY, HOUR, MINUTE, FakeClock
from tests.support.fixtures import (
    ADMIN,
    ADMINS_ENTRY,
    ADMINS_SECOND_ENTRY,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    STRANGER,
)
from tests.support.rollups import roll_up_all


@pytest.fixture
def week(admin: Api, member: Api, clock: FakeClock, connection: Connection) -> dict[str, str]:
    """The ids of three sessions of the admin and two of the member, by name.

    "a3" and "m2" are running.

    a1 Mon 09:00-10:00 on 364, m1 Mon 09:30-09:45, a2 Mon 10:00-10:30 on 366,
    a3 Tue 09:00- on 364, m2 Tue 09:01-
    """
    ids = {"a1": admin.start(time_entry_id=ADMINS_ENTRY).data["id"]}
    clock.advance(30 * MINUTE)
    ids["m1"] = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    clock.advance(15 * MINUTE)
    member.stop(ids["m1"])
    clock.advance(15 * MINUTE)
    ids["a2"] = admin.start(time_entry_id=ADMINS_SECOND_ENTRY).data["id"]
    clock.advance(30 * MINUTE)
    admin.stop(ids["a2"])
    clock.advance(22 * HOUR + 30 * MINUTE)
    ids["a3"] = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(MINUTE)
    ids["m2"] = member.start(time_entry_id=MEMBERS_ENTRY).data["id"]
    roll_up_all(connection)
    return ids


def names(week: dict[str, str], ids: list[str]) -> str:
    by_id = {id_: name for name, id_ in week.items()}
    return " ".join(by_id[id_] for id_ in ids)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "a1 m1 a2 a3 m2"),
        ("sort=started_at", "a1 m1 a2 a3 m2"),
        ("sort=-started_at", "m2 a3 a2 m1 a1"),
        ("sort=stopped_at", "m1 a1 a2 a3 m2"),
        ("sort=-stopped_at", "m2 a3 a2 a1 m1"),
        (f"filter[person_id]={MEMBER}", "m1 m2"),
        (f"filter[person_id]={MEMBER}&sort=-stopped_at", "m2 m1"),
        (f"filter[person_id]={MEMBER},{ADMIN}", "a1 m1 a2 a3 m2"),
        (f"filter[person_id][]={MEMBER}&filter[person_id][]={OTHER_MEMBER}", "m1 m2"),
        (f"filter[person_id][eq][0]={MEMBER}", "m1 m2"),
        (f"filter%5Bperson_id%5D%5Beq%5D={MEMBER}", "m1 m2"),
        (f"filter[person_id]={OTHER_MEMBER}", ""),
        (f"filter[person_id]={STRANGER}", ""),
        (f"filter[time_entry_id]={ADMINS_ENTRY}", "a1 a3"),
        (f"filter[time_entry_id]={ADMINS_ENTRY},{MEMBERS_ENTRY}&sort=stopped_at", "m1 a1 a3 m2"),
        (f"filter[time_entry_id]={ADMINS_ENTRY}&filter[person_id]={MEMBER}", ""),
        ("filter[started_at]=2026-03-02", "a1 m1 a2"),
        ("filter[started_at]=2026-03-03", "a3 m2"),
        ("filter[started_at]=2026-03-03T09:01:00%2B01:00", "m2"),
        ("filter[started_at]=2026-03-03T09:01:00+01:00", "m2"),
        ("filter[started_at]=2026-03-03T08:01:00Z", "m2"),
        ("filter[started_at]=null", ""),
        ("filter[stopped_at]=", "a3 m2"),
        ("filter[stopped_at][eq]=null&sort=-stopped_at", "m2 a3"),
        ("filter[stopped_at]=2026-03-02&sort=stopped_at", "m1 a1 a2"),
        ("filter[stopped_at]=2026-03-02T10:00:00%2B01:00", "a1"),
        (f"filter[stopped_at]=&filter[person_id]={ADMIN}", "a3"),
        (f"filter[person_id][not_eq]={ADMIN}", "m1 m2"),
        (f"filter[time_entry_id][none_of]={ADMINS_ENTRY},{MEMBERS_ENTRY}", "a2"),
        ("filter[started_at][gt]=2026-03-02", "a3 m2"),
        ("filter[started_at][gt_eq]=2026-03-02T10:00:00%2B01:00", "a2 a3 m2"),
        ("filter[started_at][lt]=2026-03-02T10:00:00%2B01:00", "a1 m1"),
        ("filter[stopped_at][lt_eq]=2026-03-02T10:00:00%2B01:00&sort=stopped_at", "m1 a1"),
        ("filter[stopped_at][gt]=2026-03-01", "a1 m1 a2"),
        ("filter[stopped_at][not_eq]=null", "a1 m1 a2"),
        ("filter[stopped_at][not_eq]=2026-03-02T10:00:00%2B01:00", "m1 a2"),
        (
            f"filter[$op]=and&filter[0][person_id][eq][]={ADMIN}"
            "&filter[1][started_at][gt]=2026-03-02T09:00:00%2B01:00",
            "a2 a3",
        ),
        ("something_else=1&utm_source=mail", "a1 m1 a2 a3 m2"),
    ],
)
def test_list_applies_filter_and_sort(
    admin: Api, week: dict[str, str], query: str, expected: str
) -> None:
    response = admin.get(f"/timers?{query}")
    assert response.status == 200
    assert names(week, response.ids) == expected
    assert response.meta["total_count"] == len(expected.split())


def test_member_lists_only_own_timers(member: Api, week: dict[str, str]) -> None:
    assert names(week, member.get("/timers").ids) == "m1 m2"
    assert names(week, member.get(f"/timers?filter[person_id]={MEMBER},{ADMIN}").ids) == "m1 m2"
    assert member.get(f"/timers?filter[person_id]={ADMIN}").ids == []
    assert member.get(f"/timers?filter[time_entry_id]={ADMINS_ENTRY}").ids == []


def test_timers_of_another_organization_are_not_listed(stranger: Api, week: dict[str, str]) -> None:
    assert week
    for query in ("", f"?filter[person_id]={ADMIN}", f"?filter[time_entry_id]={ADMINS_ENTRY}"):
        assert stranger.get(f"/timers{query}").meta["total_count"] == 0


def test_next_links_lead_through_all_pages(admin: Api, week: dict[str, str]) -> None:
    timer_ids: list[str] = []
    path = "/timers?page[size]=2&sort=-started_at&filter[person_id]=8779%2C8784"
    while True:
        response = admin.get(path)
        timer_ids += response.ids
        links = response.document["links"]
        if "next" not in links:
            break
        path = links["next"].removeprefix("http://stint.test/api/v2")
    assert names(week, timer_ids) == "m2 a3 a2 m1 a1"
    assert response.meta == {
        "current_page": 3,
        "total_pages": 3,
        "total_count": 5,
        "page_size": 2,
        "max_page_size": 200,
    }
    base = "http://stint.test/api/v2/timers?filter%5Bperson_id%5D=8779%2C8784"
    assert links["prev"] == f"{base}&page%5Bnumber%5D=2&page%5Bsize%5D=2&sort=-started_at"
    assert links["last"] == f"{base}&page%5Bnumber%5D=3&page%5Bsize%5D=2&sort=-started_at"


def test_page_and_per_page_are_aliases(admin: Api, week: dict[str, str]) -> None:
    response = admin.get("/timers?page=2&per_page=2")
    assert names(week, response.ids) == "a2 a3"
    assert response.document["links"]["first"].endswith("?page%5Bnumber%5D=1&page%5Bsize%5D=2")


def test_page_past_the_end_is_empty(admin: Api, week: dict[str, str]) -> None:
    assert week
    response = admin.get("/timers?page[number]=9&page[size]=2")
    assert (response.status, response.ids) == (200, [])
    assert response.meta["current_page"] == 9
    assert "page%5Bnumber%5D=3&" in response.document["links"]["prev"]
    assert "next" not in response.document["links"]


def test_empty_list_has_no_pages(admin: Api) -> None:
    response = admin.get("/timers")
    assert response.data == []
    assert (response.meta["total_pages"], response.meta["total_count"]) == (0, 0)
    assert sorted(response.document["links"]) == ["first", "last"]


def test_page_size_is_limited_to_200(admin: Api) -> None:
    assert admin.get("/timers?page[size]=1000").meta["page_size"] == 200


def test_trailing_slash_is_accepted(admin: Api, week: dict[str, str]) -> None:
    response = admin.get("/timers/?page[size]=1")
    assert len(response.ids) == 1
    assert response.document["links"]["first"].startswith("http://stint.test/api/v2/timers?")
    assert admin.get(f"/timers/{week['a1']}/").status == 200


def test_list_includes_each_related_record_once(admin: Api, week: dict[str, str]) -> None:
    assert week
    response = admin.get("/timers?include=time_entry.service,time_entry.person,organization")
    identifiers = [(record["type"], record["id"]) for record in response.document["included"]]
    assert len(identifiers) == len(set(identifiers))
    assert {type_ for type_, _ in identifiers} == {
        "organizations",
        "time_entries",
        "services",
        "people",
    }
    for timer in response.data:
        entry = timer["relationships"]["time_entry"]["data"]
        assert (entry["type"], entry["id"]) in identifiers


def test_task_and_project_can_be_included_and_are_null(admin: Api, week: dict[str, str]) -> None:
    response = admin.get(f"/timers/{week['a1']}?include=time_entry.task,time_entry.project")
    (entry,) = response.document["included"]
    assert entry["relationships"]["task"] == {"data": None}
    assert entry["relationships"]["project"] == {"data": None}
    assert entry["relationships"]["service"] == {"meta": {"included": False}}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-28", "last"),
        ("2026-03-29", "first late"),
        ("2026-03-30", "next"),
    ],
)
def test_day_filter_uses_the_organizations_23_hour_day(
    admin: Api, clock: FakeClock, day: str, expected: str
) -> None:
    # Zagreb loses an hour on 2026-03-29: that day starts at 23:00Z and ends 23 hours later.
    start_times = {
        "last": 1_774_738_799,  # 2026-03-28T23:59:59+01:00
        "first": 1_774_738_800,  # 2026-03-29T00:00:00+01:00
        "late": 1_774_821_599,  # 2026-03-29T23:59:59+02:00
        "next": 1_774_821_600,  # 2026-03-30T00:00:00+02:00
    }
    ids = {}
    for name, timestamp in start_times.items():
        clock.timestamp = timestamp
        ids[name] = admin.start(time_entry_id=ADMINS_ENTRY).data["id"]
    clock.advance(DAY)
    assert names(ids, admin.get(f"/timers?filter[started_at]={day}").ids) == expected


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter[budget_id]=1", "unsupported_filter"),
        ("filter=1", "unsupported_filter"),
        ("filter[person_id", "invalid_parameter"),
        ("filter[person_id][like]=1", "unsupported_filter_operation"),
        ("filter[person_id][eq][x]=1", "unsupported_filter_operation"),
        ("filter[person_id]=abc", "unsupported_filter_value_type"),
        ("filter[person_id]=", "unsupported_filter_value_type"),
        ("filter[person_id]=1,,2", "unsupported_filter_value_type"),
        ("filter[person_id]=-1", "unsupported_filter_value_type"),
        ("filter[person_id]=" + ",".join(["1"] * 21), "unsupported_filter_value_type"),
        ("filter[started_at]=yesterday", "unsupported_filter_value_type"),
        ("filter[$op]=or", "unsupported_filter_operation"),
        ("filter[stopped_at][gt]=null", "unsupported_filter_value_type"),
        ("filter[started_at]=2026-02-30", "unsupported_filter_value_type"),
        ("filter[started_at]=2026-03-02T09:00:00", "unsupported_filter_value_type"),
        ("sort=name", "sort_param_unsupported"),
        ("sort=started_at,stopped_at", "sort_param_unsupported"),
        ("include=budget", "unsupported_include"),
        ("include=time_entry.budget", "unsupported_include"),
        ("page[number]=0", "invalid_parameter"),
        ("page[number]=one", "invalid_parameter"),
        ("page[number]=" + "9" * 99, "invalid_parameter"),
        ("page[size]=-1", "invalid_parameter"),
        ("page[limit]=5", "invalid_parameter"),
        ("per_page=", "invalid_parameter"),
        ("fields=id", "invalid_parameter"),
    ],
)
def test_invalid_parameter_is_rejected_by_name(admin: Api, query: str, code: str) -> None:
    response = admin.get(f"/timers?{query}")
    assert (response.status, response.error["code"]) == (400, code)
    assert response.error["source"] == {"parameter": query.partition("=")[0]}
