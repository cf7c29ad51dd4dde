"""The dependencies of the handlers (not of the API), built at the first event."""

import os
from functools import cache

from chalicelib.core.dependencies import Dependencies, build_dependencies
from chalicelib.core.settings import Settings, read_settings, set_log_levels
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.registry import models


@cache
def settings() -> Settings:
    """The settings, read from the environment once per process."""
    from_environment = read_settings(os.environ)
    set_log_levels(from_environment.log_level)
    return from_environment


@cache
def dependencies() -> Dependencies:
    """The real dependencies, built once per process."""
    database = Database(connect(settings(), models()))
    return build_dependencies(database, settings())
