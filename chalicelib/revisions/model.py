"""Revisions of timers and time entries, and queries of revisions. Contract section 4a."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct

from chalicelib.core.timestamps import MAX_TIMESTAMP, SECONDS_PER_DAY, Span

REVISION_RETENTION_SECONDS = 10 * 366 * SECONDS_PER_DAY
"""Ten years: longer than anyone asks about times that were paid and invoiced."""

ALWAYS = Span(0, MAX_TIMESTAMP + 1)

Values = Mapping[str, str | int | None]
"""Values of a record by their public names. Timestamps have names that end with ``_at``."""


class RevisionSubject(StrEnum):
    """What was changed: the JSON:API type of the record."""

    TIMER = "timers"
    TIME_ENTRY = "time_entries"


class RevisionAction(StrEnum):
    """The kind of a manual change."""

    UPDATED = "updated"
    DELETED = "deleted"


class Revision(Struct, frozen=True):
    """A manual change of a timer or a time entry. Ids increase with time.

    :param subject_id: the id of the timer or the time entry.
    :param time_entry_id: the time entry, or the one of the timer before the change.
    :param person_id: whose time it was before the change.
    :param creator_id: the person who made the change; 0: an operator, with an admin command.
    :param token_id: the id of the API token of the request; None: an admin command.
    :param created_at: the timestamp of the change.
    :param before: the changed values before the change.
    :param after: the same values after the change; after a deletion, all are None.
    """

    nullable: ClassVar[frozenset[str]] = frozenset({"token_id"})

    id: int
    organization_id: int
    subject: RevisionSubject
    subject_id: int
    time_entry_id: int
    person_id: int
    creator_id: int
    token_id: int | None
    action: RevisionAction
    created_at: int
    before: Values
    after: Values


class ManualEdit(Struct, frozen=True):
    """Who edits a record, with which API token, when, and the id of the revision.

    ``token_id`` is None for an admin command.
    """

    person_id: int
    token_id: int | None
    now: int
    revision_id: int


class RevisedRecord(Struct, frozen=True):
    """The record that an edit changes. ``person_id``: whose time it is before the change."""

    organization_id: int
    subject: RevisionSubject
    id: int
    time_entry_id: int
    person_id: int


class RevisionQuery(Struct, frozen=True):
    """Conditions, order and page size of a list of revisions. A condition of None matches all.

    :param entity: the class of the revisions; ``subject`` is their kind in the keys.
    :param subject_ids: ids of timers or time entries.
    :param person_ids: the people whose time was changed.
    :param created_in: the time of the change.
    :param predicate: returns whether a revision matches the other conditions.
    """

    organization_id: int
    subject: str
    subject_ids: frozenset[int] | None = None
    person_ids: frozenset[int] | None = None
    created_in: Span = ALWAYS
    predicate: Callable[[Any], bool] | None = None
    descending: bool = True
    page_size: int = 30
    entity: type[Any] = Revision

    @property
    def is_empty(self) -> bool:
        """Whether no revision can match."""
        span = self.created_in
        return frozenset() in (self.subject_ids, self.person_ids) or span.start >= span.end

    @property
    def is_filtered(self) -> bool:
        """Whether the rows of the query's partitions must be checked one by one."""
        return self.predicate is not None or None not in (self.subject_ids, self.person_ids)

    def matches(self, revision: Any) -> bool:
        """Whether a revision of this organization and subject matches."""
        return (
            (self.subject_ids is None or revision.subject_id in self.subject_ids)
            and (self.person_ids is None or revision.person_id in self.person_ids)
            and revision.created_at in self.created_in
            and (self.predicate is None or self.predicate(revision))
        )
