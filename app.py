"""stint, put together: what AWS Lambda loads. The rooms are described in ``chalicelib``."""

import gc
import logging
import os

# What is made while Lambda initialises is there to stay: looking for garbage among it takes a
# twentieth of a cold start. docs/decisions/0018-cold-start.md
gc.disable()

from chalicelib.core.dependencies import real_toolbox
from chalicelib.core.settings import read_settings
from chalicelib.dynamodb.connection import connect
from chalicelib.dynamodb.database import Store
from chalicelib.handlers.auto_stop import blueprint as sweep_blueprint
from chalicelib.handlers.counter_rollup import blueprint as rollup_blueprint
from chalicelib.handlers.event_fanout import blueprint as fan_out_blueprint
from chalicelib.handlers.webhook_delivery import blueprint as delivery_blueprint
from chalicelib.http.application import create_app

settings = read_settings(os.environ)
logging.getLogger("stint").setLevel(settings.log_level)
tools = real_toolbox(Store(connect(settings)), settings)
app = create_app(settings, tools)
for blueprint in (sweep_blueprint, rollup_blueprint, fan_out_blueprint, delivery_blueprint):
    app.register_blueprint(blueprint)

# Nor is it looked through again while requests wait.
gc.freeze()
gc.enable()
