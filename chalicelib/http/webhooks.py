"""Webhooks over HTTP: admins only."""

from chalicelib.domain.policies import ADMINS
from chalicelib.http.routes import Route, Told
from chalicelib.http.views import Verb, Views
from chalicelib.jsonapi.resource import Kind
from chalicelib.resources.webhooks import (
    CHANGES,
    CREATION,
    REPLAY,
    ROTATION,
    WEBHOOK_DELIVERIES,
    WEBHOOKS,
)
from chalicelib.services.records import delete_record, directory_list
from chalicelib.services.toolbox import Toolbox
from chalicelib.services.webhooks import DeliveryLog, Webhooks

_SECRET = Told("secret", Kind.TEXT, "What its deliveries are signed with; told once.")
_CREATE = Verb("create", "Create a webhook.", tells=(_SECRET,))
_ROTATE = Verb(
    "rotate_secret", "Give a webhook another secret, told once.", ROTATION, tells=(_SECRET,)
)
_TEST = Verb(
    "test",
    "Post an event to a webhook in which nothing happened.",
    tells=(Told("event_id", Kind.TEXT, "The id of that event."),),
)
_REPLAY = Verb(
    "replay",
    "Post events to a webhook again.",
    REPLAY,
    tells=(Told("events", Kind.INTEGER, "How many."),),
)


def webhook_routes(tools: Toolbox) -> tuple[Route, ...]:
    """Webhooks, and the log of deliveries to them."""
    views = Views(tools, WEBHOOKS)
    verbs = Webhooks(tools)
    return (
        views.list(directory_list(tools, WEBHOOKS), ADMINS),
        views.show(verbs.show, ADMINS),
        views.create(CREATION, verbs.create, ADMINS, verb=_CREATE),
        views.update(CHANGES, verbs.change, ADMINS),
        views.perform(
            _ROTATE, lambda caller, id_, values, _: verbs.rotate(caller, id_, values), ADMINS
        ),
        views.perform(_TEST, lambda caller, id_, *_: verbs.try_it(caller, id_), ADMINS),
        views.perform(
            _REPLAY, lambda caller, id_, values, _: verbs.replay(caller, id_, values), ADMINS
        ),
        views.delete(delete_record(tools, WEBHOOKS), ADMINS),
        Views(tools, WEBHOOK_DELIVERIES).list(DeliveryLog(tools), ADMINS),
    )
