"""Wires what the functions behind the streams need: queues, secrets, receivers."""

from chalicelib.clients.http_client import Poster
from chalicelib.clients.intercom import HOSTS, Intercom
from chalicelib.clients.secrets_manager import Secrets
from chalicelib.clients.sqs import Queue
from chalicelib.core.dependencies import Toolbox
from chalicelib.deliveries.operations import DeliveryTools
from chalicelib.events.fanout import FanOutTools


def fan_out_tools(tools: Toolbox) -> FanOutTools:
    """For the fan-out."""
    settings = tools.settings
    return FanOutTools(
        store=tools.store,
        deliveries=Queue(settings.deliveries_url, settings.region),
        failed_records=Queue(settings.failed_records_url, settings.region),
        intercom_person=settings.intercom_person if settings.intercom_token else None,
    )


def delivery_tools(tools: Toolbox) -> DeliveryTools:
    """For the delivery worker. Raises :class:`KeyError` for an unknown region of Intercom's."""
    settings = tools.settings
    secrets = Secrets(settings.region)
    intercom = None
    if settings.intercom_token:
        url = HOSTS[settings.intercom_region]
        intercom = Intercom(Poster(), secrets, settings.intercom_token, url)
    return DeliveryTools(
        tools=tools,
        deliveries=Queue(settings.deliveries_url, settings.region),
        dead_letters=Queue(settings.dead_letters_url, settings.region),
        poster=Poster(local=settings.local_receivers),
        secrets=secrets,
        webhook_key=settings.webhook_key,
        intercom=intercom,
    )
