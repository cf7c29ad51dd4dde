"""Webhooks over HTTP: admins only."""

from chalicelib.domain.policies import ADMINS
from chalicelib.http.routes import Route
from chalicelib.http.views import Verb, Views
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

_ROTATE = Verb("rotate_secret", "Give a webhook another secret, told once.", ROTATION)
_TEST = Verb("test", "Post an event to a webhook in which nothing happened.")
_REPLAY = Verb("replay", "Post events to a webhook again.", REPLAY)


def webhook_routes(tools: Toolbox) -> tuple[Route, ...]:
    """Webhooks, and the log of deliveries to them."""
    views = Views(tools, WEBHOOKS)
    verbs = Webhooks(tools)
    return (
        views.list(directory_list(tools, WEBHOOKS), ADMINS),
        views.show(verbs.show, ADMINS),
        views.create(CREATION, verbs.create, ADMINS),
        views.update(CHANGES, verbs.change, ADMINS),
        views.delete(delete_record(tools, WEBHOOKS), ADMINS),
        views.perform(
            _ROTATE, lambda caller, id_, values, _: verbs.rotate(caller, id_, values), ADMINS
        ),
        views.perform(_TEST, lambda caller, id_, *_: verbs.try_it(caller, id_), ADMINS),
        views.perform(
            _REPLAY, lambda caller, id_, values, _: verbs.replay(caller, id_, values), ADMINS
        ),
        Views(tools, WEBHOOK_DELIVERIES).list(DeliveryLog(tools), ADMINS),
    )
