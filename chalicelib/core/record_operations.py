"""Operations that most resources of the directory share: show, list, create, update, delete.

A resource with its own rules has its own operations class, which commits in the same way.
"""

from collections.abc import Callable, Mapping, Sequence
from types import NoneType
from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from chalicelib.admin_revisions.rules import Author, record_change
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import Caller, ViewPolicy, require_view
from chalicelib.core.unit_of_work import Attempt, Decision, Load, Result, commit_with_retry
from chalicelib.core.write_options import NO_OPTIONS, WriteOptions
from chalicelib.core.write_set import CreateRecord, DeleteRecord, RecordWrite, changed

Outcome = TypeVar("Outcome")
Record = TypeVar("Record")


def _create(record: Any) -> tuple[RecordWrite, ...]:
    return (CreateRecord(record),)


class RecordOperations(Generic[Record]):
    """Operations on the records of one entity.

    :param view: the policy for who sees them.
    :param decide_creation: returns what the creation of a record writes.
    :param decide_change: returns what a change writes, for the record before and after it.
    """

    def __init__(
        self,
        dependencies: Dependencies,
        entity: type[Record],
        view: ViewPolicy[Record],
        decide_creation: Callable[[Record], tuple[RecordWrite, ...]] = _create,
        decide_change: Callable[[Record, Record], tuple[RecordWrite, ...]] = changed,
    ) -> None:
        self._dependencies = dependencies
        self._database = dependencies.database
        self._entity = entity
        self._view = view
        self._decide_creation = decide_creation
        self._decide_change = decide_change

    def show(self, caller: Caller, record_id: int) -> Record:
        """A record that the caller may see. One call. Raises ``RecordNotFound``."""
        record = self._database.get(self._entity, caller.organization.id, record_id)
        return require_view(caller, self._view, record)

    def read(self, caller: Caller, ids: frozenset[int] | None) -> Sequence[Record]:
        """The records with these ids; None: all of the organization. One call, or one for each MB.

        Raises ``QueryTooBroad`` if all records are more than 5 MB.
        """
        organization_id = caller.organization.id
        if ids is None:
            return self._database.directory(self._entity, organization_id)
        loaded = self._database.get_many(organization_id, [(self._entity, id_) for id_ in ids])
        return list(loaded.records.values())

    def create(
        self,
        caller: Caller,
        build: Callable[[int], Record],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Record]:
        """Create the record that ``build`` returns for a new id. One call, or two with a key."""

        def decide(attempt: Attempt) -> Decision[Record]:
            record = build(self._dependencies.ids.generate())
            decision = Decision(record, records=self._decide_creation(record))
            return recorded(new_author(self._dependencies, caller, attempt.now), None, decision)

        return commit_with_retry(self._dependencies, options, decide)

    def update(
        self,
        caller: Caller,
        record_id: int,
        values: Mapping[str, Any] | Callable[[Record, int], Mapping[str, Any]],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Record]:
        """Set values of a record. Two calls; one if nothing changes.

        ``values`` may be a function of the record and the present timestamp. Other requests may
        change other values at the same time. Raises ``RecordNotFound``.
        """

        def decide(record: Any, now: int) -> Decision[Record]:
            changes = values(record, now) if callable(values) else values
            after = replace(record, **changes)
            return Decision(after, records=self._decide_change(record, after))

        return self.commit(caller, record_id, decide, options)

    def delete(
        self, caller: Caller, record_id: int, options: WriteOptions = NO_OPTIONS
    ) -> Result[None]:
        """Delete a record. Two calls. Raises ``RecordNotFound``."""

        def decide(record: Record, now: int) -> Decision[None]:
            del record, now
            write = DeleteRecord(self._entity, caller.organization.id, record_id)
            return Decision(None, records=(write,))

        return self.commit(caller, record_id, decide, options)

    def commit(
        self,
        caller: Caller,
        record_id: int,
        decide: Callable[[Record, int], Decision[Outcome]],
        options: WriteOptions = NO_OPTIONS,
    ) -> Result[Outcome]:
        """Load the record that a request names, decide, and commit. Raises ``RecordNotFound``.

        ``decide`` gets the record and the present timestamp. If it decides on the record after a
        change, or on none, the change is recorded. Two calls; one if nothing is written.
        """

        done: list[Decision[Outcome]] = []

        def decide_on_record(attempt: Attempt) -> Decision[Outcome]:
            if done:
                return done[0]
            record = require_view(caller, self._view, attempt.loaded.get(self._entity, record_id))
            decision = decide(attempt.require_match(record), attempt.now)
            if isinstance(decision.outcome, (self._entity, NoneType)):
                author = new_author(self._dependencies, caller, attempt.now)
                return recorded(author, record, decision)
            if decision.is_done:
                done.append(decision)
            return decision

        load = Load(caller.organization.id, ((self._entity, record_id),))
        return commit_with_retry(self._dependencies, options, decide_on_record, load)


def new_author(dependencies: Dependencies, caller: Caller, now: int) -> Author:
    """The author of a change that is made now, with a new id for its admin revision."""
    return Author(caller, dependencies.ids.generate(), now)


def recorded(author: Author, before: Any, decision: Decision[Outcome]) -> Decision[Outcome]:
    """Add an admin revision to a decision whose outcome is the record after the change.

    :param before: the record before the change; None: it is created.
    """
    if not decision.writes:
        return decision
    revision = record_change(author, before, decision.outcome)
    return replace(decision, records=(*decision.records, *revision))
