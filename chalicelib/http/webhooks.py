"""Webhooks over HTTP: admins only."""

from chalicelib.core.dependencies import Toolbox
from chalicelib.core.permissions import ADMINS
from chalicelib.core.record_operations import delete_record, directory_list
from chalicelib.http.routing import Route, Told
from chalicelib.http.views import Verb, Views
from chalicelib.jsonapi.resource import Kind
from chalicelib.webhooks.api import (
    CHANGES,
    CREATION,
    REPLAY,
    ROTATION,
    WEBHOOK_DELIVERIES,
    WEBHOOKS,
)
from chalicelib.webhooks.operations import DeliveryLog, Webhooks

_SECRET = Told("secret", Kind.TEXT, "Secret that signs deliveries. Only this response contains it.")
_CREATE = Verb("create", "Create a webhook.", tells=(_SECRET,))
_ROTATE = Verb("rotate_secret", "Create a new secret for a webhook.", ROTATION, tells=(_SECRET,))
_TEST = Verb(
    "test",
    "Send a test event to a webhook.",
    tells=(Told("event_id", Kind.TEXT, "Id of the test event."),),
)
_REPLAY = Verb(
    "replay",
    "Send events to a webhook again.",
    REPLAY,
    tells=(Told("events", Kind.INTEGER, "Number of events that are sent again."),),
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
