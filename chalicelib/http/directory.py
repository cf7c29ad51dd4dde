"""Who works here, and on what, over HTTP. Contract section 10."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.api_tokens import api as api_tokens
from chalicelib.api_tokens.operations import ApiTokens
from chalicelib.core.dependencies import Toolbox
from chalicelib.core.idempotency import RequestKey
from chalicelib.core.permissions import ADMINS, EVERYBODY, OWN, OWN_OF_SEEN
from chalicelib.core.record_operations import (
    change_record,
    create_record,
    directory_list,
    show_record,
)
from chalicelib.core.unit_of_work import Answer
from chalicelib.domain.directory import Caller
from chalicelib.http.routing import Route, Told
from chalicelib.http.views import Verb, Views
from chalicelib.jsonapi.in_memory_list import SmallList
from chalicelib.jsonapi.resource import Kind
from chalicelib.organizations import api as organizations
from chalicelib.people import api as people
from chalicelib.people.operations import People
from chalicelib.services import api as services
from chalicelib.services.catalogue import Self, archived, new_service, only, restored

Perform = Callable[[Caller, int, Mapping[str, Any], RequestKey | None], Answer[Any]]

_ARCHIVE = Verb("archive", "Archive a service. New timers and time entries cannot use it.")
_RESTORE = Verb("restore", "Restore an archived service.")
_CREATE_TOKEN = Verb(
    "create",
    "Create an API token.",
    tells=(Told("token", Kind.TEXT, "The token. Only this response contains it."),),
)

_EVERYBODY_ANYWHERE = replace(EVERYBODY, organization_needed=False)
_OWN_ANYWHERE = replace(OWN, organization_needed=False)
_ADMINS_ANYWHERE = replace(ADMINS, organization_needed=False)


def self_routes(tools: Toolbox) -> tuple[Route, ...]:
    """Who and where the caller is: what a client asks first, before it knows an organization."""
    own = Self(tools)
    organization = Views(tools, organizations.ORGANIZATIONS)
    membership = Views(tools, organizations.ORGANIZATION_MEMBERSHIPS)
    user = Views(tools, people.USERS)
    return (
        organization.list(
            SmallList(organizations.ORGANIZATIONS, own.organizations), _EVERYBODY_ANYWHERE
        ),
        organization.show(only(own.organizations), _EVERYBODY_ANYWHERE),
        organization.update(organizations.CHANGES, own.change_organization, _ADMINS_ANYWHERE),
        membership.list(
            SmallList(organizations.ORGANIZATION_MEMBERSHIPS, own.memberships), _OWN_ANYWHERE
        ),
        membership.show(only(own.memberships), _OWN_ANYWHERE),
        user.list(SmallList(people.USERS, own.users), _OWN_ANYWHERE),
        user.show(only(own.users), _OWN_ANYWHERE),
    )


def people_routes(tools: Toolbox) -> tuple[Route, ...]:
    """People. To deactivate and to archive is the same here, as are activating and restoring."""
    views = Views(tools, people.PEOPLE)
    verbs = People(tools)
    deactivate, restore = _simply(verbs.deactivate), _simply(verbs.restore)
    leave = "Deactivate a person: stop their timer, prevent new ones, revoke their tokens."
    back = "Restore a deactivated person. The person needs new tokens."
    return (
        views.list(directory_list(tools, people.PEOPLE), EVERYBODY),
        views.show(show_record(tools, people.PEOPLE), EVERYBODY),
        views.create(people.CREATION, verbs.add, ADMINS),
        views.update(people.CHANGES, verbs.change, OWN_OF_SEEN),
        *(views.perform(Verb(it, leave), deactivate, ADMINS) for it in ("archive", "deactivate")),
        *(views.perform(Verb(it, back), restore, ADMINS) for it in ("restore", "activate")),
    )


def service_routes(tools: Toolbox) -> tuple[Route, ...]:
    """Services."""
    declared = services.SERVICES
    views = Views(tools, declared)
    archive = _simply(change_record(tools, declared, archived(tools)), {})
    restore = _simply(change_record(tools, declared, restored), {})
    return (
        views.list(directory_list(tools, declared), EVERYBODY),
        views.show(show_record(tools, declared), EVERYBODY),
        views.create(services.CREATION, create_record(tools, new_service(tools)), ADMINS),
        views.update(services.CHANGES, change_record(tools, declared), ADMINS),
        views.perform(_ARCHIVE, archive, ADMINS),
        views.perform(_RESTORE, restore, ADMINS),
    )


def token_routes(tools: Toolbox) -> tuple[Route, ...]:
    """API tokens."""
    views = Views(tools, api_tokens.API_TOKENS)
    verbs = ApiTokens(tools)
    return (
        views.list(SmallList(api_tokens.API_TOKENS, verbs.read), OWN),
        views.show(verbs.show, OWN),
        views.create(api_tokens.CREATION, verbs.create, OWN, verb=_CREATE_TOKEN),
        views.update(api_tokens.CHANGES, verbs.change, OWN),
        views.delete(verbs.revoke, OWN),
    )


def _simply(act: Callable[..., Answer[Any]], *values: Any) -> Perform:
    """An act on a record that takes nothing else."""

    def perform(
        caller: Caller, record_id: int, given: Mapping[str, Any], key: RequestKey | None
    ) -> Answer[Any]:
        del given, key
        return act(caller, record_id, *values)

    return perform
