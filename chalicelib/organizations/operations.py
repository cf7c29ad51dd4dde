"""The caller and the caller's organization, as lists of one record. Contract section 10."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.errors import RecordNotFound, TimersRunning
from chalicelib.core.permissions import Caller, ViewPolicy, Visibility
from chalicelib.core.record_operations import new_author, recorded
from chalicelib.core.unit_of_work import Attempt, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import changed
from chalicelib.organizations.model import Membership, Organization
from chalicelib.organizations.periods import closes_more, decide_closing
from chalicelib.people.model import Person
from chalicelib.timers.lists import running_timers_in_period

Record = TypeVar("Record", Organization, Membership, Person)

VIEW_ORGANIZATION: ViewPolicy[Organization] = ViewPolicy(Visibility.EVERYONE, lambda _: None)
VIEW_MEMBERSHIP: ViewPolicy[Membership] = ViewPolicy(
    Visibility.OWNER, lambda membership: membership.id
)


class CurrentUser:
    """Operations on the caller and the caller's organization.

    The parameter ``ids`` is ignored: the lists have one record each.
    """

    def __init__(self, dependencies: Dependencies) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database

    def organizations(
        self, caller: Caller, ids: frozenset[int] | None = None
    ) -> Sequence[Organization]:
        """The caller's organization, with its present settings. One call."""
        del ids
        organization_id = caller.organization.id
        organization = self._database.get(Organization, organization_id, organization_id)
        return [] if organization is None else [organization]

    def users(self, caller: Caller, ids: frozenset[int] | None = None) -> Sequence[Person]:
        """The caller, as a person. One call."""
        del ids
        person = self._database.get(Person, caller.organization.id, caller.person_id)
        return [] if person is None else [person]

    def memberships(
        self, caller: Caller, ids: frozenset[int] | None = None
    ) -> Sequence[Membership]:
        """The caller's membership. No call."""
        del ids
        return [Membership(caller.person_id, caller.organization.id, caller.role)]

    def update_organization(
        self,
        caller: Caller,
        organization_id: int,
        values: Mapping[str, Any],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Organization]:
        """Change the caller's organization. Two calls.

        To close a period, one more for each MB of running timers and for each 100 of them, and one
        if a timer is in the way. Raises ``RecordNotFound``, ``InvalidAttribute``,
        ``TimersRunning``.
        """
        own_id = caller.organization.id

        def decide(attempt: Attempt) -> Decision[Organization]:
            organization = attempt.loaded.get(Organization, organization_id)
            if organization is None:
                raise RecordNotFound
            attempt.require_match(organization)
            after = decide_closing(organization, replace(organization, **values), attempt.now)
            if closes_more(organization, after):
                self._require_no_running(after)
            # The outcome is stored with an idempotency key; the list is long, and nobody sees it.
            outcome = replace(after, closed_service_ids=())
            # Of two closings at the same time, each revision has the true value before it.
            decision = Decision(outcome, records=changed(organization, after, "closed_until"))
            author = new_author(self._dependencies, caller, attempt.now)
            return recorded(author, organization, decision)

        load = Load(own_id, ((Organization, own_id),))
        return commit_with_retry(self._dependencies, options, decide, load)

    def _require_no_running(self, organization: Organization) -> None:
        timers = running_timers_in_period(self._database, organization)
        if timers:
            raise TimersRunning(str(organization.closed_until), [timer.id for timer in timers])


def find_by_id(
    read: Callable[[Caller], Sequence[Record]],
) -> Callable[[Caller, int], Record]:
    """Return a function that finds a record by its id in the list that ``read`` returns.

    The function raises ``RecordNotFound``.
    """

    def find(caller: Caller, record_id: int) -> Record:
        for record in read(caller):
            if record.id == record_id:
                return record
        raise RecordNotFound

    return find
