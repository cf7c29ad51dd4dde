"""The methods of the client, against the local server."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from stint_client import ApiError, Client, Login, UnexpectedResponse
from stint_client.generated.api.api_tokens import list_api_tokens
from stint_client.generated.api.timers import list_timers
from stint_client.generated.models import ApiTokenInclude, ApiTokenList, TimerList
from stint_client.models import Person, Service
from stint_client.results import Listing, Result
from tests.scripted_server import PAGE_META, Answer, ScriptedServer

LONG_ID = "912345678901234"
DESIGN, DEVELOPMENT = "1294", "1296"


def token_owners(admin: Client) -> set[str]:
    """Return the ids of the people that have a token. The server forgets a token within 60 s."""
    response = list_api_tokens.sync(
        client=admin.api, include=[ApiTokenInclude.PERSON], pagesize=200
    )
    assert isinstance(response, ApiTokenList)
    return {record.id for record in response.included or () if isinstance(record, Person)}


def ago(minutes: int) -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=minutes)


def test_start_switch_and_stop(client: Client) -> None:
    assert client.timers.running() is None
    first = client.timers.start(service_id=DESIGN, note="Drafts", started_at=ago(30))
    assert first.related("time_entry").attributes.note == "Drafts"  # type: ignore[union-attr]
    running = client.timers.running()
    assert isinstance(running, Result)
    assert running.data.id == first.data.id
    service = running.related("time_entry", "service")
    assert service is not None
    assert service.attributes.name == "Design"

    second = client.timers.start(service_id=DEVELOPMENT)
    assert second.meta["stopped_timer_ids"] == [first.data.id]
    stopped = client.timers.stop()
    assert stopped.data.id == second.data.id
    assert client.timers.stop().meta["already_stopped"] is True
    assert client.timers.running() is None
    assert client.timers.get(first.data.id).data.attributes.total_time == 30


def test_a_repeat_with_the_same_key_does_nothing_twice(client: Client) -> None:
    first = client.timers.start(service_id=DESIGN, idempotency_key="once")
    again = client.timers.start(service_id=DESIGN, idempotency_key="once")
    assert again.data.id == first.data.id
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert len(list(client.timers.list())) == 1


def test_edit_and_delete_a_timer(client: Client) -> None:
    over = client.timers.start(service_id=DESIGN, started_at=ago(90), stopped_at=ago(60))
    edited = client.timers.edit(over.data.id, started_at=ago(75))
    assert edited.data.attributes.total_time == 15
    with pytest.raises(ApiError) as raised:
        client.timers.start(service_id=DESIGN, started_at=ago(70), stopped_at=ago(65))
    assert raised.value.code == "overlaps_session"
    assert raised.value.meta["conflicting_timer_id"] == over.data.id
    client.timers.delete(over.data.id)
    with pytest.raises(ApiError) as raised:
        client.timers.get(over.data.id)
    assert (raised.value.status, raised.value.code) == (404, "record_not_found")


def test_stop_one_timer_at_a_time_of_the_past(client: Client) -> None:
    started = client.timers.start(service_id=DESIGN, started_at=ago(50))
    stopped = client.timers.stop(started.data.id, stopped_at=ago(10))
    assert stopped.data.attributes.total_time == 40
    with pytest.raises(TypeError):
        client.timers.stop(if_match="*")


def test_list_timers_of_a_period(client: Client) -> None:
    sessions = [(300, 290), (200, 190), (100, 90)]
    ids = [
        client.timers.start(service_id=DESIGN, started_at=ago(start), stopped_at=ago(stop)).data.id
        for start, stop in sessions
    ]
    found = client.timers.list(started_after=ago(250), started_before=ago(50))
    assert [each.id for each in found] == ids[1:]
    assert [each.id for each in client.timers.list(sort="-started_at")] == ids[::-1]


def test_time_entries(client: Client) -> None:
    created = client.time_entries.create(
        service_id=DESIGN, time=30, date=date(2026, 10, 31), note="Call"
    )
    entry = created.data
    assert (entry.attributes.time, entry.attributes.date) == (30, date(2026, 10, 31))
    edited = client.time_entries.edit(entry.id, note=None, time=45)
    assert (edited.data.attributes.note, edited.data.attributes.time) == (None, 45)
    assert edited.data.attributes.date == date(2026, 10, 31)
    october = client.time_entries.list(after=date(2026, 10, 1), before=date(2026, 10, 31))
    assert [each.id for each in october] == [entry.id]
    assert client.time_entries.list(before=date(2026, 10, 30)).first() is None
    client.time_entries.delete(entry.id)
    with pytest.raises(ApiError, match="404"):
        client.time_entries.get(entry.id)


def test_stop_the_timer_of_an_entry(client: Client) -> None:
    entry = client.time_entries.create(service_id=DESIGN).data
    started = client.timers.start(time_entry_id=entry.id)
    assert client.time_entries.stop(entry.id).data.id == started.data.id


def test_if_match_protects_what_somebody_else_changed(client: Client) -> None:
    entry = client.time_entries.create(service_id=DESIGN, time=60).data
    seen = client.time_entries.get(entry.id)
    assert seen.etag
    client.time_entries.edit(entry.id, note="First", if_match=seen.etag)
    with pytest.raises(ApiError) as raised:
        client.time_entries.edit(entry.id, time=0, if_match=seen.etag)
    assert (raised.value.status, raised.value.code) == (412, "precondition_failed")
    with pytest.raises(ApiError, match="412"):
        client.time_entries.delete(entry.id, if_match=seen.etag)
    assert client.time_entries.get(entry.id).data.attributes.time == 60


class CountingTransport(httpx.HTTPTransport):
    """Remembers the cursors of the pages that were requested."""

    def __init__(self) -> None:
        super().__init__()
        self.cursors: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.cursors.append(request.url.params.get("page[after]", "none"))
        return super().handle_request(request)


def test_pages_are_read_when_they_are_needed(client: Client, login: Login) -> None:
    ids = {client.time_entries.create(service_id=DESIGN, time=i).data.id for i in range(7)}
    transport = CountingTransport()
    with Client(login.base_url, login.token, 2149, transport=transport) as counted:
        entries = counted.time_entries.list(page_size=3)
        assert transport.cursors == []
        assert entries.first() is not None
        assert transport.cursors == [""]
        read = [entry.id for entry in entries]
        assert len(read) == 7
        assert set(read) == ids
        assert len(transport.cursors) == 4
        assert len(set(transport.cursors)) == 3
        assert [len(page) for page in entries.pages()] == [3, 3, 1]
        last = list(entries)[-1]
        service = entries.related(last, "service")
        assert service is not None
        assert service.id == DESIGN
        assert entries.related(last, "person") is None


def test_an_endless_list_is_an_error(script: ScriptedServer) -> None:
    link = f"{script.url}/services?page%5Bafter%5D=same"
    page = {"data": [], "links": {"first": link, "next": link}, "meta": PAGE_META}
    script.answers = [Answer(200, page)]
    with (
        Client(script.url, "token", 2149) as client,
        pytest.raises(UnexpectedResponse, match="no new cursor"),
    ):
        list(client.services.list())
    assert len(script.requests) == 2


def test_the_token_does_not_follow_a_link_to_another_server(script: ScriptedServer) -> None:
    links = {"first": "x", "next": "http://127.0.0.1:9/elsewhere?page%5Bafter%5D=c2"}
    script.answers = [
        Answer(200, {"data": [], "links": links, "meta": PAGE_META}),
        Answer(200, {"data": [], "links": {"first": "x"}, "meta": PAGE_META}),
    ]
    with Client(script.url, "token", 2149) as client:
        assert list(client.services.list()) == []
    assert "page%5Bafter%5D=c2" in script.requests[1].path


def test_services_and_people(client: Client, service: Callable[[str], Service]) -> None:
    created = service("Uređenje")
    names = [each.attributes.name for each in client.services.list(page_size=1)]
    assert {"Design", "Development", "Uređenje"} <= set(names)
    assert client.services.get(created.id).data.attributes.name == "Uređenje"
    assert [each.id for each in client.services.list(query="Uređenje")] == [created.id]
    people = client.people.list(page_size=2)
    assert isinstance(people, Listing)
    assert {"8779", "8784", LONG_ID} <= {person.id for person in people}


def test_ids_of_15_and_more_digits(admin: Client) -> None:
    person = admin.people.get(LONG_ID).data
    assert person.id == LONG_ID
    (timer,) = admin.timers.list(person_id=LONG_ID)
    assert timer.attributes.person_id == int(LONG_ID)
    created = admin.time_entries.create(service_id=DESIGN, person_id=LONG_ID).data
    assert 15 <= len(created.id) <= 16
    assert admin.time_entries.get(created.id).data.id == created.id
    admin.time_entries.delete(created.id)


def test_me_and_memberships(url: str, client: Client, login: Login) -> None:
    assert client.me().id == login.person_id
    with Client(url, login.token, None) as without_organization:
        memberships = without_organization.organizations.memberships()
        (membership,) = memberships
        organization = memberships.related(membership, "organization")
    assert organization is not None
    assert organization.id == "2149"


def test_a_document_that_cannot_be_read_is_an_error(script: ScriptedServer) -> None:
    script.answers = [Answer(200, {"data": [{"id": "1"}], "links": {}})]
    with (
        Client(script.url, "token", 2149) as client,
        pytest.raises(UnexpectedResponse, match="Install a newer one"),
    ):
        list(client.services.list())


def test_log_out_revokes_the_token(admin: Client, client: Client, login: Login) -> None:
    assert login.person_id in token_owners(admin)
    client.log_out()
    assert login.person_id not in token_owners(admin)


def test_generated_functions_raise_the_same_errors(client: Client) -> None:
    page = list_timers.sync(client=client.api, pagesize=1)
    assert isinstance(page, TimerList)
    with pytest.raises(ApiError) as raised:
        list_timers.sync(client=client.api, pageafter="wrong")
    assert raised.value.code == "keyset_invalid_cursor"
    assert raised.value.errors[0].parameter == "page[after]"
