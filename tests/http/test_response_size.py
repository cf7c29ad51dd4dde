"""A page of a list that exceeds Lambda's limit is an error that says what to do."""

import json

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import QueryTooBroad
from chalicelib.http.list_pages import MAX_RESPONSE_BYTES, require_response_size
from chalicelib.people.model import Person
from chalicelib.time_entries.model import TimeEntry
from tests.support.api import Api
from tests.support.fixtures import MEMBER, MEMBERS_ENTRY, ZAGREB, Fixtures, put_all

COUNT = 200
EMOJI = "\U0001f600"


@pytest.fixture
def _long_texts(fixtures: Fixtures) -> None:
    """200 entries of 200 people, with the longest texts that the API accepts."""
    person = fixtures.database.get(Person, ZAGREB.id, MEMBER)
    entry = fixtures.database.get(TimeEntry, ZAGREB.id, MEMBERS_ENTRY)
    assert person is not None
    assert entry is not None
    name = EMOJI * 255
    for number in range(COUNT):
        put_all(
            replace(
                person,
                id=10_000 + number,
                first_name=name,
                last_name=name,
                title=name,
                nickname=name,
            ),
            replace(entry, id=20_000 + number, person_id=10_000 + number, note=EMOJI * 2_000),
        )


@pytest.mark.usefixtures("_long_texts")
def test_page_that_lambda_cannot_return_is_rejected(admin: Api) -> None:
    path = f"/time_entries?filter[date]=2026-03-02&include=person&page[size]={COUNT}"
    response = admin.get(path)
    assert (response.status, response.error["code"]) == (400, "query_too_broad")
    assert response.error["source"] == {"parameter": "page[size]"}
    assert "smaller `page[size]`" in response.error["detail"]
    smaller = admin.get(path.replace(f"={COUNT}", "=100"))
    assert (smaller.status, len(smaller.data)) == (200, 100)
    # By cursor, a page ends after 1 MB of the index.
    by_cursor = admin.get(f"{path}&page[after]=")
    assert by_cursor.status == 200
    assert "next" in by_cursor.document["links"]
    for page in (smaller, by_cursor):
        assert len(json.dumps({"body": page.body.decode()})) < 6 * 1024 * 1024


@pytest.mark.usefixtures("_long_texts")
def test_longest_notes_alone_fit_into_a_page(admin: Api) -> None:
    response = admin.get(f"/time_entries?filter[date]=2026-03-02&page[size]={COUNT}")
    assert (response.status, len(response.data)) == (200, COUNT)


@pytest.mark.parametrize("character", ["a", '"', "\u0001", "é", EMOJI])
def test_size_is_that_of_the_encoded_response(character: str) -> None:
    encoded = len(json.dumps(character)) - 2
    require_response_size(character * (MAX_RESPONSE_BYTES // encoded - 2))
    with pytest.raises(QueryTooBroad):
        require_response_size(character * (MAX_RESPONSE_BYTES // encoded + 1))
