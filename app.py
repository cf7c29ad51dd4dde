"""The Chalice app that AWS Lambda loads: composition only. ``chalicelib`` lists the packages."""

import gc
import os

# Objects that are created during initialization live as long as the process. Garbage collection
# among them takes 5 % of a cold start. docs/decisions/0018-cold-start.md
gc.disable()

from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import read_settings, set_log_levels
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Database
from chalicelib.handlers import (
    auto_stop,
    counter_rollup,
    event_fanout,
    live_connect,
    webhook_delivery,
)
from chalicelib.http.application import create_app
from chalicelib.registry import models

settings = read_settings(os.environ)
set_log_levels(settings.log_level)
database = Database(connect(settings, models()))
app = create_app(settings, build_dependencies(database, settings))
# Chalice may still change its support of WebSockets, and packages them only with this word.
app.experimental_feature_flags.add("WEBSOCKETS")
for handler in (auto_stop, counter_rollup, event_fanout, live_connect, webhook_delivery):
    app.register_blueprint(handler.blueprint)

# Exclude these objects from garbage collection during requests, too.
gc.freeze()
gc.enable()
