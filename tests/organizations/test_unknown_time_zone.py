"""A stored time zone that the time zone data no longer has: requests work, and correct it."""

import pytest
from chalice.app import Chalice
from msgspec.structs import replace

from chalicelib.people.model import Person
from chalicelib.timers.model import Timer
from tests.support.api import Api
from tests.support.clock import DAY, MONDAY_NINE, FakeClock
from tests.support.event_services import EventServices
from tests.support.fixtures import ADMIN, DESIGN, MEMBER, ZAGREB, Fixtures, put_all
from tests.support.stream_records import stream_record

UNKNOWN = "America/Nowhere"
ORGANIZATION = f"/organizations/{ZAGREB.id}"


@pytest.fixture
def _unknown_zones(fixtures: Fixtures) -> None:
    people = fixtures.database.get_many(ZAGREB.id, [(Person, ADMIN), (Person, MEMBER)])
    put_all(
        replace(ZAGREB, time_zone=UNKNOWN, auto_stop_at_time="19:00"),
        *(
            replace(people.require(Person, id_), time_zone="Europe/Nowhere")
            for id_ in (ADMIN, MEMBER)
        ),
    )


@pytest.mark.usefixtures("_unknown_zones")
def test_requests_use_utc_and_show_the_stored_name(admin: Api, clock: FakeClock) -> None:
    assert admin.get(ORGANIZATION).attributes["time_zone"] == UNKNOWN
    assert admin.get(f"/people/{MEMBER}").attributes["time_zone"] == "Europe/Nowhere"
    # Half past midnight in Zagreb: in UTC it is the day before.
    clock.timestamp += 14.5 * 3600 + DAY
    started = admin.start(service_id=DESIGN)
    assert started.attributes["started_at"] == "2026-03-03T22:30:00.000+00:00"
    entry = admin.get(f"/timers/{started.data['id']}?include=time_entry").document["included"][0]
    assert entry["attributes"]["date"] == "2026-03-03"
    for path in ("/timers", "/time_entries", "/timers?filter[started_at]=2026-03-03"):
        assert len(admin.get(path).data) >= 1, path


@pytest.mark.usefixtures("_unknown_zones")
def test_zones_can_be_corrected(admin: Api, app: Chalice, fixtures: Fixtures) -> None:
    for path, type_ in ((ORGANIZATION, "organizations"), (f"/people/{MEMBER}", "people")):
        refused = admin.patch(path, {"data": {"attributes": {"time_zone": UNKNOWN}}})
        assert (refused.status, refused.error["source"]) == (
            422,
            {"pointer": "data/attributes/time_zone"},
        )
        # Another value can be changed, and keeps the stored name.
        other = {"organizations": "name", "people": "nickname"}[type_]
        before = admin.get(path).attributes["time_zone"]
        kept = admin.patch(path, {"data": {"attributes": {other: "Another"}}})
        assert (kept.status, kept.attributes["time_zone"]) == (200, before)
        corrected = admin.patch(path, {"data": {"attributes": {"time_zone": "Europe/Lisbon"}}})
        assert (corrected.status, corrected.attributes["time_zone"]) == (200, "Europe/Lisbon")
    later = Api(app, fixtures.headers(MEMBER))
    assert later.start(service_id=DESIGN).status == 201


@pytest.mark.usefixtures("_unknown_zones")
def test_events_use_utc(event_services: EventServices) -> None:
    webhook = event_services.create_webhook("http://127.0.0.1:1/hook")
    timer = Timer(16, ZAGREB.id, MEMBER, 364, MONDAY_NINE, MONDAY_NINE + DAY)
    report = event_services.fan_out(stream_record(None, timer))
    assert (report.unreadable, report.failed) == (0, ())
    (delivery,) = event_services.queued()
    assert delivery.webhook_id == webhook.id
    assert "2026-03-02T08:00:00.000+00:00" in delivery.body
