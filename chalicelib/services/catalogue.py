"""Services and organizations: what is made of the values that a request gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.errors import RecordNotFound
from chalicelib.core.unit_of_work import Answer, Decision, settle
from chalicelib.domain.directory import Caller, Membership, Organization, Person, Service
from chalicelib.domain.records import changed


def new_service(tools: Toolbox) -> Callable[[Caller, Mapping[str, Any]], Service]:
    """Makes a service of what was given."""

    def make(caller: Caller, values: Mapping[str, Any]) -> Service:
        return Service(id=tools.ids.draw(), organization_id=caller.organization.id, **values)

    return make


def archived(tools: Toolbox) -> Callable[[Service], Mapping[str, Any]]:
    """What archives a service; one that is archived stays as it is."""

    def archive(service: Service) -> Mapping[str, Any]:
        kept = service.archived_at
        return {"archived_at": tools.now() if kept is None else kept}

    return archive


def restored(service: Service) -> Mapping[str, Any]:
    """What takes the archiving of a service back."""
    del service
    return {"archived_at": None}


class Self:
    """The caller, and where they belong: each a list of one."""

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools

    def organizations(
        self, caller: Caller, ids: frozenset[int] | None = None
    ) -> Sequence[Organization]:
        """The caller's organization, read anew: settings may have changed. One call."""
        del ids
        organization_id = caller.organization.id
        found = self._tools.store.look(organization_id, [(Organization, organization_id)])
        organization = found.record(Organization, organization_id)
        return [] if organization is None else [organization]

    def users(self, caller: Caller, ids: frozenset[int] | None = None) -> Sequence[Person]:
        """The caller. One call."""
        del ids
        wanted = [(Person, caller.person_id)]
        found = self._tools.store.look(caller.organization.id, wanted)
        person = found.record(Person, caller.person_id)
        return [] if person is None else [person]

    def memberships(
        self, caller: Caller, ids: frozenset[int] | None = None
    ) -> Sequence[Membership]:
        """Where the caller belongs. No call."""
        del ids
        return [Membership(caller.person_id, caller.organization.id, caller.role)]

    def change_organization(
        self, caller: Caller, organization_id: int, values: Mapping[str, Any]
    ) -> Answer[Organization]:
        """Change the caller's organization. Two calls. Raises ``RecordNotFound``."""

        def decide() -> Decision[Organization]:
            organization = only(self.organizations)(caller, organization_id)
            after = replace(organization, **values)
            return Decision(after, records=changed(organization, after))

        return settle(self._tools, None, decide)


def only(read: Callable[[Caller], Sequence[Any]]) -> Callable[[Caller, int], Any]:
    """Finds a record by its id in a short list. Raises ``RecordNotFound``."""

    def show(caller: Caller, record_id: int) -> Any:
        for record in read(caller):
            if record.id == record_id:
                return record
        raise RecordNotFound

    return show
