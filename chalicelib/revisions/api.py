"""The JSON:API resources and the routes of revisions. Contract section 4a."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from chalicelib.core.dependencies import Dependencies
from chalicelib.core.lists import CursorPage, TimeFilter
from chalicelib.core.permissions import OWN, Caller
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.conditions import Condition, Conditions, IdFilter, MatchesNothing
from chalicelib.jsonapi.in_memory_list import ReadPosition, matcher
from chalicelib.jsonapi.parameters import ListQuery
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.revisions.model import (
    ALWAYS,
    Revision,
    RevisionAction,
    RevisionQuery,
    RevisionSubject,
)
from chalicelib.revisions.operations import VIEW_REVISION, Revisions

_TIMER_ID: Attribute[Revision] = Attribute(
    "timer_id", Kind.NUMERIC_ID, lambda revision: revision.subject_id, "Id of the timer."
)
_TIME_ENTRY_ID: Attribute[Revision] = Attribute(
    "time_entry_id",
    Kind.NUMERIC_ID,
    lambda revision: revision.time_entry_id,
    "Id of the time entry; of a timer, the one before the change.",
)

_ATTRIBUTES: tuple[Attribute[Revision], ...] = (
    Attribute(
        "person_id",
        Kind.NUMERIC_ID,
        lambda revision: revision.person_id,
        "Id of the person whose time it was before the change.",
    ),
    Attribute(
        "creator_id",
        Kind.NUMERIC_ID,
        lambda revision: revision.creator_id or None,
        "Id of the person who made the change. Null: an operator, with an admin command.",
        nullable=True,
    ),
    Attribute(
        "token_id",
        Kind.NUMERIC_ID,
        lambda revision: revision.token_id,
        "Id of the API token that the change was made with. Null: it was not recorded, or it was "
        "an admin command.",
        nullable=True,
    ),
    Attribute(
        "act",
        Kind.TEXT,
        lambda revision: revision.action.value,
        "Kind of change: updated or deleted.",
    ),
    Attribute(
        "created_at", Kind.TIMESTAMP, lambda revision: revision.created_at, "Time of the change."
    ),
    Attribute(
        "before",
        Kind.OBJECT,
        lambda revision: revision.before,
        "Changed values by name, before the change. Durations are in minutes.",
    ),
    Attribute(
        "after",
        Kind.OBJECT,
        lambda revision: revision.after,
        "The same values after the change. After a deletion, all are null.",
    ),
)

_RELATIONSHIPS: tuple[Relationship[Revision], ...] = (
    Relationship(
        "organization",
        "organizations",
        lambda revision: revision.organization_id,
        "Organization of the person.",
        always=True,
    ),
    Relationship(
        "person",
        "people",
        lambda revision: revision.person_id,
        "Person whose time it was before the change.",
        always=True,
    ),
    Relationship(
        "creator",
        "people",
        lambda revision: revision.creator_id or None,
        "Person who made the change. Null: an operator, with an admin command.",
        always=True,
    ),
)

_TIMER_FILTER: Filter[Revision] = Filter(
    "timer_id", FilterKind.ID, "Id of the timer.", lambda revision: revision.subject_id
)

_FILTERS: tuple[Filter[Revision], ...] = (
    Filter(
        "time_entry_id",
        FilterKind.ID,
        "Id of the time entry; of a timer, the one before the change.",
        lambda revision: revision.time_entry_id,
    ),
    Filter(
        "person_id",
        FilterKind.ID,
        "Id of the person whose time it was before the change.",
        lambda revision: revision.person_id,
    ),
    Filter(
        "creator_id",
        FilterKind.ID,
        "Id of the person who made the change.",
        lambda revision: revision.creator_id,
    ),
    Filter(
        "created_at",
        FilterKind.TIME,
        "Time of the change.",
        lambda revision: revision.created_at,
    ),
)


def _example_timer_revision() -> Revision:
    return Revision(
        id=32,
        organization_id=example.ORGANIZATION,
        subject=RevisionSubject.TIMER,
        subject_id=example.TIMER,
        time_entry_id=example.TIME_ENTRY,
        person_id=example.PERSON,
        creator_id=example.PERSON,
        token_id=41,
        action=RevisionAction.UPDATED,
        created_at=example.NOW + 2 * example.HOUR,
        before={"stopped_at": example.NOW + 2 * example.HOUR},
        after={"stopped_at": example.NOW + example.HOUR},
    )


def _example_entry_revision() -> Revision:
    return replace(
        _example_timer_revision(),
        id=31,
        subject=RevisionSubject.TIME_ENTRY,
        subject_id=example.TIME_ENTRY,
        created_at=example.NOW,
        before={"time": 60},
        after={"time": 45},
    )


def _resource(subject: str, **declared: Any) -> Resource[Revision]:
    return Resource(
        type=f"{subject}_revisions",
        singular=f"{subject}_revision",
        entity=Revision,
        view=VIEW_REVISION,
        id=lambda revision: revision.id,
        relationships=_RELATIONSHIPS,
        includes=("creator", "organization", "person"),
        sorts=("created_at",),
        descending=True,
        cursor_only=True,
        **declared,
    )


TIMER_REVISIONS = _resource(
    "timer",
    description="A manual change of a timer.",
    example=_example_timer_revision,
    attributes=(_TIMER_ID, _TIME_ENTRY_ID, *_ATTRIBUTES),
    filters=(_TIMER_FILTER, *_FILTERS),
)

TIME_ENTRY_REVISIONS = _resource(
    "time_entry",
    description="A manual change of a time entry.",
    example=_example_entry_revision,
    attributes=(_TIME_ENTRY_ID, *_ATTRIBUTES),
    filters=(
        Filter(
            "timer_id",
            FilterKind.ALWAYS_EMPTY,
            "Matches nothing: the revisions of timers are in `timer_revisions`.",
        ),
        *_FILTERS,
    ),
)


class RevisionList(Struct, frozen=True):
    """Reads lists of revisions: see :class:`~chalicelib.jsonapi.in_memory_list.CursorReader`.

    :param subject: the kind of the revisions in the keys.
    :param subject_filter: the name of the filter of the subject's ids.
    :param entity: the class of the revisions.
    """

    revisions: Revisions
    resource: Resource[Any]
    subject: str
    subject_filter: str
    entity: type[Any] = Revision

    def cursor_page(
        self, caller: Caller, query: ListQuery, position: ReadPosition
    ) -> tuple[CursorPage[Any], str]:
        """A cursor page, and the list's description."""
        conditions = query.conditions
        created_at = conditions.time("created_at")
        revision_query = RevisionQuery(
            organization_id=caller.organization.id,
            subject=self.subject,
            subject_ids=frozenset()
            if _is_empty(conditions)
            else conditions.ids(self.subject_filter),
            person_ids=conditions.ids("person_id"),
            created_in=ALWAYS if created_at is None else created_at.span or ALWAYS,
            predicate=self._predicate(conditions),
            descending=query.descending,
            page_size=query.page.size,
            entity=self.entity,
        )
        description = conditions.description()
        return self.revisions.cursor_page(caller, revision_query, description, position)

    def _predicate(self, conditions: Conditions) -> Callable[[Any], bool] | None:
        """The check of each row; None: the partitions and the range of times express it all."""
        served = all(
            self._is_served(name, condition)
            for name, filter_conditions in conditions.by_name.items()
            for condition in filter_conditions
        )
        return None if served else matcher(self.resource, conditions)

    def _is_served(self, name: str, condition: Condition) -> bool:
        if isinstance(condition, IdFilter):
            return name in (self.subject_filter, "person_id") and not condition.negated
        return isinstance(condition, TimeFilter)


def _is_empty(conditions: Conditions) -> bool:
    # Every revision has a time: a filter for none matches nothing.
    created_at = conditions.time("created_at")
    return (created_at is not None and created_at.span is None) or any(
        isinstance(condition, MatchesNothing)
        for filter_conditions in conditions.by_name.values()
        for condition in filter_conditions
    )


def timer_revision_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """The routes of the revisions of timers."""
    reader = RevisionList(
        Revisions(dependencies), TIMER_REVISIONS, RevisionSubject.TIMER, "timer_id"
    )
    return (ResourceViews(included, TIMER_REVISIONS).cursor_list(reader, OWN),)


def time_entry_revision_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """The routes of the revisions of time entries."""
    reader = RevisionList(
        Revisions(dependencies),
        TIME_ENTRY_REVISIONS,
        RevisionSubject.TIME_ENTRY,
        "time_entry_id",
    )
    return (ResourceViews(included, TIME_ENTRY_REVISIONS).cursor_list(reader, OWN),)


TIMER_REVISIONS_REGISTRATION = Registration(
    TIMER_REVISIONS, timer_revision_routes, is_personal=True
)
TIME_ENTRY_REVISIONS_REGISTRATION = Registration(
    TIME_ENTRY_REVISIONS, time_entry_revision_routes, is_personal=True
)
