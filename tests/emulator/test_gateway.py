"""Check 4: the deployed API through API Gateway, with the functions' own IAM policies."""

import pytest

from tests.contract import source
from tests.contract.source import assert_matches
from tests.emulator.stage import GatewayClient, Stage
from tests.support.fixtures import (
    ADMIN,
    MEMBER,
    MEMBERS_ENTRY,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    Fixtures,
)

pytestmark = pytest.mark.emulator


def caller(stage: Stage, records: Fixtures, person: int = ADMIN) -> GatewayClient:
    """Send a person's requests with the headers of the source document."""
    return stage.client({**source.BROWSER_HEADERS, **records.headers(person)})


def test_request_without_a_token_is_refused_by_the_deployed_function(live: Stage) -> None:
    response = live.client().send("GET", "/timers")
    assert response.status == 401
    assert response.error["code"] == "invalid_auth_token"


def test_list_of_the_source_document(live: Stage, records: Fixtures) -> None:
    admin = caller(live, records)
    admin.post("/timers", source.START_ON_TIME_ENTRY)
    member = caller(live, records, MEMBER).start(time_entry_id=MEMBERS_ENTRY)
    url = live.outputs()["BaseUrl"]
    expected = source.listing(url, source.timer(ADMIN), source.timer(MEMBER))
    assert_matches(admin.get("/timers"), 200, expected)
    assert_matches(admin.get(f"/timers/{member.data['id']}"), 200, source.single(MEMBER))


def test_starts_of_the_source_document(live: Stage, records: Fixtures) -> None:
    admin = caller(live, records)
    for document in (source.START_ON_TIME_ENTRY, source.START_ON_SERVICE, source.START_ON_BOTH):
        started = admin.post("/timers", document)
        assert_matches(started, 201, source.single(ADMIN))
        admin.stop(started.data["id"])
    assert_matches(admin.post("/timers", source.START_ON_BLANK), 422, source.INVALID)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_stop_of_the_source_document(live: Stage, records: Fixtures, method: str) -> None:
    other = caller(live, records, OTHER_MEMBER)
    started = other.start(time_entry_id=OTHER_MEMBERS_ENTRY)
    stopped = caller(live, records).send(method, f"/timers/{started.data['id']}/stop")
    expected = {"data": source.timer(OTHER_MEMBER, stopped_at="a timestamp"), "meta": {}}
    expected["data"]["attributes"]["stopped_at"] = stopped.attributes["stopped_at"]
    assert_matches(stopped, 200, expected)
