"""Every resource by its type, with the record that it shows."""

from typing import Any

from chalicelib.api_tokens.api import API_TOKENS
from chalicelib.deliveries.rules import Attempt
from chalicelib.domain.directory import ApiToken, Membership, Organization, Person, Service
from chalicelib.domain.timers import TimeEntry, Timer
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.organizations.api import ORGANIZATION_MEMBERSHIPS, ORGANIZATIONS
from chalicelib.people.api import PEOPLE, USERS
from chalicelib.services.api import SERVICES
from chalicelib.time_entries.api import TIME_ENTRIES, TIME_ENTRY_REVISIONS
from chalicelib.time_entries.rules import Revision
from chalicelib.timers.api import TIMERS
from chalicelib.webhooks.api import WEBHOOK_DELIVERIES, WEBHOOKS
from chalicelib.webhooks.model import Webhook

RECORDS: dict[str, type[Any]] = {
    TIMERS.type: Timer,
    TIME_ENTRIES.type: TimeEntry,
    TIME_ENTRY_REVISIONS.type: Revision,
    ORGANIZATIONS.type: Organization,
    ORGANIZATION_MEMBERSHIPS.type: Membership,
    PEOPLE.type: Person,
    USERS.type: Person,
    SERVICES.type: Service,
    API_TOKENS.type: ApiToken,
    WEBHOOKS.type: Webhook,
    WEBHOOK_DELIVERIES.type: Attempt,
}

RESOURCES: dict[str, AnyResource] = {
    resource.type: resource
    for resource in (
        TIMERS,
        TIME_ENTRIES,
        TIME_ENTRY_REVISIONS,
        ORGANIZATIONS,
        ORGANIZATION_MEMBERSHIPS,
        PEOPLE,
        USERS,
        SERVICES,
        API_TOKENS,
        WEBHOOKS,
        WEBHOOK_DELIVERIES,
    )
}
