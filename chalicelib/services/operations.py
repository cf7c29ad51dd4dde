"""Create, show, list, update, archive and restore services. Contract section 10."""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility
from chalicelib.core.record_operations import RecordOperations
from chalicelib.core.unit_of_work import Result
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.services.model import Service
from chalicelib.services.rules import decide_change, decide_creation

VIEW_SERVICE: ViewPolicy[Service] = ViewPolicy(Visibility.EVERYONE, lambda _: None)


class Services:
    """Operations on services.

    What decides whether a service takes time is in force for starts on existing time entries within
    60 seconds. Decision 0022.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        self._records = RecordOperations(
            dependencies, Service, VIEW_SERVICE, decide_creation, decide_change
        )

    def show(self, caller: Caller, service_id: int) -> Service:
        """A service. One call. Raises ``RecordNotFound``."""
        return self._records.show(caller, service_id)

    def read(self, caller: Caller, ids: frozenset[int] | None) -> Sequence[Service]:
        """The services with these ids; None: all. One call, or one for each MB.

        Raises ``QueryTooBroad`` if all services are more than 5 MB.
        """
        return self._records.read(caller, ids)

    def create(
        self, caller: Caller, values: Mapping[str, Any], options: WriteOptions = NO_OPTIONS
    ) -> Result[Service]:
        """Create a service. One call, or two with a key."""
        organization_id = caller.organization.id

        def build(service_id: int) -> Service:
            return Service(id=service_id, organization_id=organization_id, **values)

        return self._records.create(caller, build, options)

    def update(
        self,
        caller: Caller,
        service_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Service]:
        """Change a service. Two calls; one if nothing changes. Raises ``RecordNotFound``."""
        return self._records.update(caller, service_id, values, options)

    def archive(
        self, caller: Caller, service_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[Service]:
        """Archive a service. Two calls; one if already archived. Raises ``RecordNotFound``."""
        return self._records.update(caller, service_id, _archived, options)

    def restore(
        self, caller: Caller, service_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[Service]:
        """Restore an archived service. Two calls. Raises ``RecordNotFound``."""
        return self._records.update(caller, service_id, {"archived_at": None}, options)


def _archived(service: Service, now: int) -> Mapping[str, Any]:
    return {"archived_at": now if service.archived_at is None else service.archived_at}
