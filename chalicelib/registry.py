"""All resources, all tables, and the writer of write sets.

A new resource is one package and one line in :data:`REGISTRY`.
"""

from collections.abc import Iterable, Mapping

from pynamodb.models import Model

from chalicelib.admin_revisions import api as admin_revisions
from chalicelib.api_tokens import api as api_tokens
from chalicelib.api_tokens.repository import CredentialModel
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.write_set import WriteSet
from chalicelib.counters.repository import CounterModel
from chalicelib.deliveries import api as deliveries
from chalicelib.deliveries.repository import DeliveryAttemptModel
from chalicelib.dynamodb.items import declared_models
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.dynamodb.transactions import declare_preparation, declare_writer
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.jsonapi.resource import AnyResource
from chalicelib.live import api as live
from chalicelib.organizations import api as organizations
from chalicelib.pairings import api as pairings
from chalicelib.people import api as people
from chalicelib.reports import api as reports
from chalicelib.revisions import api as revisions
from chalicelib.revisions.repository import RevisionModel
from chalicelib.services import api as services
from chalicelib.time_entries import api as time_entries
from chalicelib.time_entries.repository import TimeEntryModel
from chalicelib.timers import api as timers
from chalicelib.timers.entry_counters import with_entry_counters
from chalicelib.timers.repository import PersonStateModel, TimerModel
from chalicelib.timers.writes import write
from chalicelib.webhooks import api as webhooks

REGISTRY: tuple[Registration, ...] = (
    timers.TIMERS_REGISTRATION,
    time_entries.TIME_ENTRIES_REGISTRATION,
    reports.TIME_ENTRY_REPORTS_REGISTRATION,
    reports.TIME_REPORTS_REGISTRATION,
    revisions.TIMER_REVISIONS_REGISTRATION,
    revisions.TIME_ENTRY_REVISIONS_REGISTRATION,
    admin_revisions.ADMIN_REVISIONS_REGISTRATION,
    organizations.ORGANIZATIONS_REGISTRATION,
    organizations.MEMBERSHIPS_REGISTRATION,
    people.USERS_REGISTRATION,
    people.PEOPLE_REGISTRATION,
    services.SERVICES_REGISTRATION,
    api_tokens.API_TOKENS_REGISTRATION,
    pairings.PAIRINGS_REGISTRATION,
    live.LIVE_TICKETS_REGISTRATION,
    webhooks.WEBHOOKS_REGISTRATION,
    deliveries.DELIVERIES_REGISTRATION,
)

TABLES: tuple[type[Model], ...] = (
    TimerModel,
    TimeEntryModel,
    RevisionModel,
    DirectoryModel,
    CredentialModel,
    PersonStateModel,
    CounterModel,
    DeliveryAttemptModel,
)
"""The model that creates each table. Small resources share the directory table."""

RESOURCES: Mapping[str, AnyResource] = {
    registration.resource.type: registration.resource for registration in REGISTRY
}
"""All resources, by JSON:API type."""

declare_writer(WriteSet, write)
declare_preparation(with_entry_counters)


def models() -> Iterable[type[Model]]:
    """Return all PynamoDB models. They share one connection."""
    return dict.fromkeys((*TABLES, *declared_models()))


def build_routes(
    dependencies: Dependencies, registry: Iterable[Registration] = REGISTRY
) -> tuple[Route, ...]:
    """Build all routes of the API."""
    registrations = tuple(registry)
    resources = {
        registration.resource.type: registration.resource for registration in registrations
    }
    included = IncludedResources(dependencies.database, resources)
    return tuple(
        route
        for registration in registrations
        for route in registration.routes(dependencies, included)
    )
