"""The JSON:API resource and the route of admin revisions. Contract section 11."""

from chalicelib.admin_revisions import repository as _repository  # noqa: F401 - declares the items
from chalicelib.admin_revisions.model import ADMIN_REVISIONS_KIND, AdminAction, AdminRevision
from chalicelib.admin_revisions.operations import VIEW_ADMIN_REVISION
from chalicelib.core.dependencies import Dependencies
from chalicelib.core.permissions import ADMINS
from chalicelib.http.includes import IncludedResources
from chalicelib.http.registration import Registration
from chalicelib.http.routing import Route
from chalicelib.http.views import ResourceViews
from chalicelib.jsonapi import example_values as example
from chalicelib.jsonapi.resource import Attribute, Filter, FilterKind, Kind, Relationship, Resource
from chalicelib.revisions.api import RevisionList
from chalicelib.revisions.operations import Revisions

_CREATOR = "Person who made the change. Null: an operator, with an admin command."
_PERSON = "The person who was changed, or to whom the record belongs. Null: it belongs to nobody."


def _example() -> AdminRevision:
    return AdminRevision(
        id=33,
        organization_id=example.ORGANIZATION,
        subject_type="people",
        subject_id=example.PERSON,
        person_id=example.PERSON,
        creator_id=example.PERSON,
        token_id=41,
        action=AdminAction.UPDATED,
        created_at=example.NOW,
        before={"role": "member"},
        after={"role": "admin"},
    )


ADMIN_REVISIONS: Resource[AdminRevision] = Resource(
    type="admin_revisions",
    singular="admin_revision",
    description="A change of a token, pairing code, person, service, webhook or organization.",
    entity=AdminRevision,
    view=VIEW_ADMIN_REVISION,
    example=_example,
    id=lambda revision: revision.id,
    attributes=(
        Attribute(
            "subject_type",
            Kind.TEXT,
            lambda revision: revision.subject_type,
            "Type of the record that was changed: people, api_tokens, pairings, services, webhooks "
            "or organizations.",
        ),
        Attribute(
            "subject_id", Kind.NUMERIC_ID, lambda revision: revision.subject_id, "Id of the record."
        ),
        Attribute(
            "person_id",
            Kind.NUMERIC_ID,
            lambda revision: revision.person_id,
            _PERSON,
            nullable=True,
        ),
        Attribute(
            "creator_id",
            Kind.NUMERIC_ID,
            lambda revision: revision.creator_id or None,
            f"Id. {_CREATOR}",
            nullable=True,
        ),
        Attribute(
            "token_id",
            Kind.NUMERIC_ID,
            lambda revision: revision.token_id,
            "Id of the API token that the change was made with. Null: an admin command.",
            nullable=True,
        ),
        Attribute(
            "act",
            Kind.TEXT,
            lambda revision: revision.action.value,
            "Kind of change: created, updated, deleted; of webhooks also tested and replayed; of "
            "organizations also imported: an operator imported time.",
        ),
        Attribute(
            "created_at",
            Kind.TIMESTAMP,
            lambda revision: revision.created_at,
            "Time of the change.",
        ),
        Attribute(
            "before",
            Kind.OBJECT,
            lambda revision: revision.before,
            "Changed values by name, before the change. After a creation, all are null.",
        ),
        Attribute(
            "after",
            Kind.OBJECT,
            lambda revision: revision.after,
            "The same values after the change. After a deletion, all are null.",
        ),
    ),
    relationships=(
        Relationship(
            "organization",
            "organizations",
            lambda revision: revision.organization_id,
            "Organization of the record.",
            always=True,
        ),
        Relationship("person", "people", lambda revision: revision.person_id, _PERSON, always=True),
        Relationship(
            "creator", "people", lambda revision: revision.creator_id or None, _CREATOR, always=True
        ),
    ),
    includes=("creator", "organization", "person"),
    filters=(
        Filter(
            "subject_type",
            FilterKind.TEXT,
            "Type of the record, such as `people`.",
            lambda revision: revision.subject_type,
        ),
        Filter(
            "subject_id", FilterKind.ID, "Id of the record.", lambda revision: revision.subject_id
        ),
        Filter("person_id", FilterKind.ID, _PERSON, lambda revision: revision.person_id),
        Filter(
            "creator_id",
            FilterKind.ID,
            "Id of the person who made the change.",
            lambda revision: revision.creator_id,
        ),
        Filter(
            "token_id",
            FilterKind.ID,
            "Id of the API token that the change was made with.",
            lambda revision: revision.token_id,
        ),
        Filter(
            "created_at",
            FilterKind.TIME,
            "Time of the change.",
            lambda revision: revision.created_at,
        ),
    ),
    sorts=("created_at",),
    descending=True,
    cursor_only=True,
)


def admin_revision_routes(
    dependencies: Dependencies, included: IncludedResources
) -> tuple[Route, ...]:
    """The routes of admin revisions."""
    reader = RevisionList(
        Revisions(dependencies), ADMIN_REVISIONS, ADMIN_REVISIONS_KIND, "subject_id", AdminRevision
    )
    return (ResourceViews(included, ADMIN_REVISIONS).cursor_list(reader, ADMINS),)


ADMIN_REVISIONS_REGISTRATION = Registration(
    ADMIN_REVISIONS, admin_revision_routes, is_personal=True
)
