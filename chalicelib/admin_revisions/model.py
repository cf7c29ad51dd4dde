"""Admin revisions: changes of everything but timers and time entries. Contract section 11."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct

ADMIN_REVISIONS_KIND = "admin"
"""The kind of admin revisions in the keys of the table of revisions."""

AdminValues = Mapping[str, Any]
"""Values of a record by their public names: texts, numbers, booleans, and lists of texts."""


class AdminAction(StrEnum):
    """What was done to the record."""

    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    TESTED = "tested"
    """A test event was sent to a webhook."""
    REPLAYED = "replayed"
    """Events were sent to a webhook again."""
    IMPORTED = "imported"
    """An operator imported time into the organization."""


class AdminRevision(Struct, frozen=True):
    """A change of a token, a person, a service, a webhook or an organization.

    :param subject_type: the JSON:API type of the record.
    :param subject_id: its id.
    :param person_id: the person who it is, or to whom it belongs; None: it belongs to no person.
    :param creator_id: the person who made the change; 0: an operator, with an admin command.
    :param token_id: the id of the API token of the request; None: an admin command.
    :param created_at: the timestamp of the change.
    :param before: the changed values before the change; None if the record was created.
    :param after: the same values after the change; None if the record was deleted.
    """

    nullable: ClassVar[frozenset[str]] = frozenset({"person_id", "token_id"})

    id: int
    organization_id: int
    subject_type: str
    subject_id: int
    person_id: int | None
    creator_id: int
    token_id: int | None
    action: AdminAction
    created_at: int
    before: AdminValues
    after: AdminValues
