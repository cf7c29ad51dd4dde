"""A sample request for each route. An admin has the permission to send all of them."""

from dataclasses import dataclass
from typing import Any

from chalicelib.http.routing import Route
from tests.support.api import Answer, Api
from tests.support.fixtures import (
    DESIGN,
    OTHER_MEMBER,
    OTHER_MEMBERS_ENTRY,
    OTHER_MEMBERS_SECOND_ENTRY,
    WEBHOOK,
    ZAGREB,
    token_id,
)


@dataclass(frozen=True)
class Sample:
    """A request to a route: the id in its path, the attributes of its document, and its query.

    If the record belongs to a person, it belongs to ``OTHER_MEMBER``.
    """

    record_id: int = 0
    attributes: dict[str, Any] | None = None
    query: str = ""


TIMER = 1_000
"""A placeholder for the id of the running timer of ``OTHER_MEMBER``."""

SAMPLES: dict[str, Sample] = {
    "list_timers": Sample(),
    "start_timer": Sample(attributes={"service_id": DESIGN}),
    "show_timer": Sample(TIMER),
    "stop_timer": Sample(TIMER),
    "stop_time_entry": Sample(OTHER_MEMBERS_ENTRY),
    "list_time_entries": Sample(),
    "show_time_entry": Sample(OTHER_MEMBERS_ENTRY),
    "create_time_entry": Sample(attributes={"service_id": DESIGN, "time": 30}),
    "update_time_entry": Sample(OTHER_MEMBERS_ENTRY, {"time": 45}),
    "delete_time_entry": Sample(OTHER_MEMBERS_SECOND_ENTRY),
    "list_time_entry_revisions": Sample(query=f"?filter[time_entry_id]={OTHER_MEMBERS_ENTRY}"),
    "list_organizations": Sample(),
    "show_organization": Sample(ZAGREB.id),
    "update_organization": Sample(ZAGREB.id, {"name": "Renamed"}),
    "list_organization_memberships": Sample(),
    "show_organization_membership": Sample(OTHER_MEMBER),
    "list_users": Sample(),
    "show_user": Sample(OTHER_MEMBER),
    "list_people": Sample(),
    "show_person": Sample(OTHER_MEMBER),
    "create_person": Sample(
        attributes={"first_name": "New", "last_name": "Person", "email": "new@example.com"}
    ),
    "update_person": Sample(OTHER_MEMBER, {"nickname": "Renamed"}),
    "archive_person": Sample(OTHER_MEMBER),
    "deactivate_person": Sample(OTHER_MEMBER),
    "restore_person": Sample(OTHER_MEMBER),
    "activate_person": Sample(OTHER_MEMBER),
    "list_services": Sample(),
    "show_service": Sample(DESIGN),
    "create_service": Sample(attributes={"name": "New"}),
    "update_service": Sample(DESIGN, {"name": "Renamed"}),
    "archive_service": Sample(DESIGN),
    "restore_service": Sample(DESIGN),
    "list_api_tokens": Sample(),
    "show_api_token": Sample(token_id(OTHER_MEMBER)),
    "create_api_token": Sample(attributes={"name": "New"}),
    "update_api_token": Sample(token_id(OTHER_MEMBER), {"name": "Renamed"}),
    "delete_api_token": Sample(token_id(OTHER_MEMBER)),
    "list_webhooks": Sample(),
    "show_webhook": Sample(WEBHOOK),
    "create_webhook": Sample(attributes={"name": "New", "url": "https://hooks.example.com/"}),
    "update_webhook": Sample(WEBHOOK, {"name": "Renamed"}),
    "delete_webhook": Sample(WEBHOOK),
    "rotate_secret_webhook": Sample(WEBHOOK),
    "test_webhook": Sample(WEBHOOK),
    "replay_webhook": Sample(WEBHOOK, {"dead_letters": True}),
    "list_webhook_deliveries": Sample(),
}


def send_sample(api: Api, route: Route, method: str, timer_id: str) -> Answer:
    """Send the sample request of a route."""
    sample = SAMPLES[route.name]
    record_id = timer_id if sample.record_id == TIMER else str(sample.record_id)
    path = route.path.replace("{id}", record_id) + sample.query
    if sample.attributes is None:
        return api.send(method, path)
    data = {"type": route.document.type, "attributes": sample.attributes}
    return api.write(method, path, {"data": data})
