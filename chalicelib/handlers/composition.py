"""What a handler outside of the API needs, wired from the environment at its first event."""

import logging
import os
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.core.dependencies import Toolbox, real_toolbox
from chalicelib.core.settings import Settings, read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store

if TYPE_CHECKING:
    from chalicelib.deliveries.operations import DeliveryTools
    from chalicelib.events.fanout import FanOutTools


@cache
def settings() -> Settings:
    """The environment, read once a process."""
    found = read_settings(os.environ)
    logging.getLogger("stint").setLevel(found.log_level)
    return found


@cache
def toolbox() -> Toolbox:
    """The real thing, once a process."""
    return real_toolbox(Store(connect(settings())), settings())


@cache
def fan_out_tools() -> "FanOutTools":
    """What the fan-out needs. Imported here, since the API and the sweep never fan out."""
    from chalicelib.services.outside import fan_out_tools as wire  # noqa: PLC0415

    return wire(toolbox())


@cache
def delivery_tools() -> "DeliveryTools":
    """What the delivery worker needs."""
    from chalicelib.services.outside import delivery_tools as wire  # noqa: PLC0415

    return wire(toolbox())
