"""Compare the services that each organization lists as closed with the services, and repair lists.

Safe while the API is in use. A repair requires the state of the service that it depends on, so it
never undoes a concurrent change. Organizations of version 0.2.0 have no list: a repair fills it.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from pynamodb.connection import Connection

from chalicelib.core.write_set import ConcurrentModification, RequireRecord
from chalicelib.dynamodb.database import Database
from chalicelib.dynamodb.items import directory_prefix, from_item
from chalicelib.dynamodb.tables import DirectoryModel
from chalicelib.organizations.model import Organization
from chalicelib.services.model import Service
from chalicelib.services.rules import TIME_FIELDS, closed_service_ids, list_closed, list_open
from tools.ops.patience import patient
from tools.ops.snapshot import scan

_CHUNK = 99
"""Services of one transaction: DynamoDB's limit is 100 items, and one is the organization."""


@dataclass(frozen=True, slots=True)
class WrongService:
    """A service that its organization does not list correctly; ``service`` is None if missing."""

    organization_id: int
    service_id: int
    is_listed: bool
    service: Service | None

    def __str__(self) -> str:
        name = f"organization {self.organization_id}: service {self.service_id}"
        if not self.is_listed:
            return f"{name} takes no time, and is not in closed_service_ids"
        state = "does not exist" if self.service is None else "takes time"
        return f"{name} {state}, but is in closed_service_ids"


def find_wrong_services(connection: Connection) -> list[WrongService]:
    """Return the services that their organizations do not list correctly.

    A list that changes meanwhile is not reported.
    """
    organizations: dict[int, Organization] = {}
    services: dict[int, list[Service]] = defaultdict(list)
    for raw in scan(connection, DirectoryModel):
        if raw["record_key"]["S"].startswith(directory_prefix(Organization)):
            organization = from_item(Organization, raw)
            organizations[organization.id] = organization
        elif raw["record_key"]["S"].startswith(directory_prefix(Service)):
            service = from_item(Service, raw)
            services[service.organization_id].append(service)
    database = Database(connection)
    wrong: list[WrongService] = []
    for organization_id, organization in sorted(organizations.items()):
        suspects = _listed(organization) ^ set(closed_service_ids(services[organization_id]))
        if suspects:
            wrong += _confirmed(database, organization_id, sorted(suspects))
    return wrong


def repair(database: Database, wrong: Iterable[WrongService]) -> int:
    """Repair the lists; return how many services were skipped, because they changed meanwhile."""
    by_write: dict[tuple[int, bool], list[WrongService]] = defaultdict(list)
    for service in wrong:
        by_write[service.organization_id, service.is_listed].append(service)
    skipped = 0
    for (organization_id, is_listed), group in by_write.items():
        write = list_open if is_listed else list_closed
        for chunk in _chunks(group):
            update = write(organization_id, *(service.service_id for service in chunk))
            try:
                writes = [update, *map(_unchanged, chunk)]
                patient(partial(database.commit, writes, secrets.token_hex(16)))
            except ConcurrentModification:
                skipped += len(chunk)
    return skipped


def _confirmed(
    database: Database, organization_id: int, service_ids: Sequence[int]
) -> Iterator[WrongService]:
    read = partial(database.get, Organization, organization_id, organization_id)
    ids = [(Service, id_) for id_ in service_ids]
    # A change of a service writes both: what the list says before and after the read is true.
    before = _listed(patient(read))
    loaded = patient(partial(database.get_many, organization_id, ids))
    after = _listed(patient(read))
    for service_id in service_ids:
        service = loaded.get(Service, service_id)
        is_closed = service is not None and not service.takes_time
        is_listed = service_id in after
        if (service_id in before) == is_listed != is_closed:
            yield WrongService(organization_id, service_id, is_listed, service)


def _listed(organization: Organization | None) -> set[int]:
    return set() if organization is None else set(organization.closed_service_ids)


def _unchanged(wrong: WrongService) -> RequireRecord:
    """Require that a service still takes time, or not, as when it was read."""
    expected = (
        # Every record has an id: the service still does not exist.
        {"id": None}
        if wrong.service is None
        else {name: getattr(wrong.service, name) for name in TIME_FIELDS}
    )
    return RequireRecord(Service, wrong.organization_id, wrong.service_id, expected)


def _chunks(services: Iterable[WrongService]) -> Iterator[list[WrongService]]:
    remaining = iter(services)
    while chunk := list(islice(remaining, _CHUNK)):
        yield chunk
