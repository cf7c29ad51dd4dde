"""Combines the parts for ``chalice package --merge-template``."""

import json
from pathlib import Path

from pynamodb.connection import Connection

from chalicelib.core.dependencies import build_dependencies
from chalicelib.core.settings import Settings
from chalicelib.dynamodb.database import Database
from chalicelib.http.application import create_app
from chalicelib.registry import TABLES
from infra.stack.alarms import alarms
from infra.stack.api import api, outputs
from infra.stack.dashboard import dashboard
from infra.stack.full_alarms import full_alarms
from infra.stack.functions import functions
from infra.stack.intrinsics import Json
from infra.stack.live import live, live_outputs
from infra.stack.parameters import CONDITIONS, PARAMETERS, RULES
from infra.stack.queues import queues
from infra.stack.streams import stream_failures
from infra.stack.tables import tables
from infra.stack.waf import waf

ROOT = Path(__file__).parents[2]


def api_stage() -> str:
    """Return API Gateway's only stage, the first part of its paths, from Chalice's configuration.

    It is not a stage of stint such as dev or prod, each of which is a stack.
    """
    stage: str = json.loads((ROOT / ".chalice" / "config.json").read_text())["api_gateway_stage"]
    return stage


def merge_template() -> Json:
    """Return everything that Chalice does not create."""
    stage = api_stage()
    return {
        "Description": "stint: a serverless API for time tracking",
        "Parameters": PARAMETERS,
        "Conditions": CONDITIONS,
        "Rules": RULES,
        "Resources": {
            **tables(TABLES),
            **queues(),
            **functions(stage),
            **stream_failures(),
            **api(_paths()),
            **live(),
            **waf(),
            **alarms(stage),
            **full_alarms(TABLES),
            **dashboard(stage, TABLES),
        },
        "Outputs": {**outputs(stage), **live_outputs()},
    }


def _paths() -> list[str]:
    # The routes are known without a connection to the database.
    return sorted(create_app(Settings(), build_dependencies(Database(Connection()))).routes)
