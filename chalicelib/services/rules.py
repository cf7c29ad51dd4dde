"""Rules of services: pure decisions. Decision 0022."""

from collections.abc import Iterable

from chalicelib.core.reasons import Reason, refused_id
from chalicelib.core.write_set import (
    AddToSet,
    CreateRecord,
    RecordWrite,
    RemoveFromSet,
    UpdateRecord,
    changed,
)
from chalicelib.organizations.model import Organization
from chalicelib.services.model import Service

TIME_FIELDS = ("time_tracking_enabled", "archived_at", "deleted_at")
"""The fields that decide whether a service takes time."""

_LIST = "closed_service_ids"

_DETAILS = {
    Reason.UNKNOWN: "This service does not exist. Use one of `GET /services`.",
    Reason.ARCHIVED: "This service is archived. Restore it, or use another one.",
    Reason.TIME_TRACKING_DISABLED: "This service does not allow time tracking. Use another one.",
}


def refusal_reason(service: Service | None) -> Reason:
    """Return why a service takes no time. None: it does not exist."""
    if service is None or service.deleted_at is not None:
        return Reason.UNKNOWN
    return Reason.TIME_TRACKING_DISABLED if service.archived_at is None else Reason.ARCHIVED


def require_open(service: Service | None) -> Service:
    """Return a service that takes time. Raises ``InvalidAttribute``, with the reason."""
    if service is None or not service.takes_time:
        reason = refusal_reason(service)
        raise refused_id("service", reason, _DETAILS[reason])
    return service


def closed_service_ids(services: Iterable[Service]) -> tuple[int, ...]:
    """Return the sorted ids of the services that take no time, as their organization lists them."""
    return tuple(sorted(service.id for service in services if not service.takes_time))


def decide_creation(service: Service) -> tuple[RecordWrite, ...]:
    """Return the writes that create a service."""
    created = CreateRecord(service)
    return (created,) if service.takes_time else (created, list_closed(*_scope(service)))


def decide_change(before: Service, after: Service) -> tuple[RecordWrite, ...]:
    """Return the writes that change a service, and the list of its organization where necessary."""
    if all(getattr(before, name) == getattr(after, name) for name in TIME_FIELDS):
        return changed(before, after)
    # Two concurrent changes, such as archiving and enabling, must not miss each other.
    updates: tuple[UpdateRecord, ...] = changed(before, after, *TIME_FIELDS)
    if before.takes_time == after.takes_time:
        return updates
    return (*updates, (list_open if after.takes_time else list_closed)(*_scope(after)))


def list_closed(organization_id: int, *service_ids: int) -> AddToSet:
    """Return the write that adds services to the organization's list of closed ones."""
    return AddToSet(Organization, organization_id, organization_id, _LIST, service_ids)


def list_open(organization_id: int, *service_ids: int) -> RemoveFromSet:
    """Return the write that removes services from the organization's list of closed ones."""
    return RemoveFromSet(Organization, organization_id, organization_id, _LIST, service_ids)


def _scope(service: Service) -> tuple[int, int]:
    return service.organization_id, service.id
