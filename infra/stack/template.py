"""The parts together: what ``chalice package --merge-template`` merges into its own template."""

import json
from pathlib import Path

from pynamodb.connection import Connection

from chalicelib.http.application import create_app
from chalicelib.services.toolbox import real_toolbox
from chalicelib.settings import Settings
from chalicelib.store.models import TABLES
from chalicelib.store.store import Store
from infra.stack.alarms import alarms
from infra.stack.api import api, outputs
from infra.stack.dashboard import dashboard
from infra.stack.functions import functions
from infra.stack.intrinsics import Json
from infra.stack.parameters import CONDITIONS, PARAMETERS, RULES
from infra.stack.queues import queues
from infra.stack.streams import stream_failures
from infra.stack.tables import tables

ROOT = Path(__file__).parents[2]


def api_stage() -> str:
    """The one stage of the API, which is the first part of its paths: as Chalice is configured.

    Not to be mixed up with a stage of ours (dev, prod), which is a stack of its own.
    """
    stage: str = json.loads((ROOT / ".chalice" / "config.json").read_text())["api_gateway_stage"]
    return stage


def merge_template() -> Json:
    """Everything that Chalice does not know."""
    stage = api_stage()
    return {
        "Description": "stint: a serverless timers API",
        "Parameters": PARAMETERS,
        "Conditions": CONDITIONS,
        "Rules": RULES,
        "Resources": {
            **tables(TABLES),
            **queues(),
            **functions(stage),
            **stream_failures(),
            **api(_paths()),
            **alarms(stage, TABLES),
            **dashboard(stage, TABLES),
        },
        "Outputs": outputs(stage),
    }


def _paths() -> list[str]:
    # An application that is connected to nothing knows its routes all the same.
    return sorted(create_app(Settings(), real_toolbox(Store(Connection()))).routes)
