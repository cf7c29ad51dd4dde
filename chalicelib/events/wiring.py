"""What a handler outside of the API needs, wired from the environment at its first event."""

import logging
import os
from functools import cache

from chalicelib.services.toolbox import Toolbox, real_toolbox
from chalicelib.settings import read_settings
from chalicelib.store.connection import connect
from chalicelib.store.store import Store


@cache
def toolbox() -> Toolbox:
    """The real thing, once a process."""
    settings = read_settings(os.environ)
    logging.getLogger("stint").setLevel(settings.log_level)
    return real_toolbox(Store(connect(settings)))
