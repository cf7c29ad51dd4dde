"""Selects the tables that a command works on, and says which they are before it reads or writes.

The commands ``stint-ops`` and ``stint-admin`` take the same options, and read the same environment:
STINT_TABLE_PREFIX, DYNAMODB_ENDPOINT, and AWS's own variables for region, profile and credentials.
"""

import os
import sys
from dataclasses import dataclass

import botocore.session

from chalicelib.core.settings import Settings, read_settings
from infra.aws.credentials import (
    STAGE_NAME,
    caller_identity,
    configured_region,
    endpoint_problem,
    is_aws,
    use_profile,
)
from tools.data_folder import data_folder
from tools.environment import allow_any_credentials

_NO_TABLES = (
    "Select the tables: --stage prod for those that `make deploy STAGE=prod` created, or "
    "--endpoint http://127.0.0.1:8001 for a DynamoDB-compatible server. Without an option, the "
    "tables are those of the local server; it does not run. Start it: make run"
)


class SelectionError(ValueError):
    """The options and the environment select no tables that a command can reach."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The options of a command. None: the environment decides."""

    stage: str | None = None
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class SelectedStage:
    """The tables of a stage. ``place`` describes where they are."""

    settings: Settings
    place: str
    on_aws: bool


def select_stage(selection: Selection) -> SelectedStage:
    """Return the tables that options and environment select, and print where they are to stderr.

    Sets AWS_REGION and AWS_PROFILE of this process, so that every client of it uses them. Raises
    :class:`SelectionError`, and :class:`CredentialsError` if AWS does not accept the credentials.
    """
    endpoint = selection.endpoint or os.environ.get("DYNAMODB_ENDPOINT") or None
    selected_prefix = os.environ.get("STINT_TABLE_PREFIX") or None
    problem = None if endpoint is None else endpoint_problem(endpoint)
    if problem is not None:
        name = "--endpoint" if selection.endpoint else "DYNAMODB_ENDPOINT"
        raise SelectionError(f"{name} {problem}.")
    local = None
    if selection.stage is endpoint is selected_prefix is None:
        local = _local_server()
    endpoint, prefix = local or (endpoint, _table_prefix(selection.stage, selected_prefix))
    if selection.profile is not None:
        use_profile(selection.profile, os.environ)
    on_aws = endpoint is None or is_aws(endpoint)
    session = botocore.session.Session()
    region = selection.region or configured_region(session, os.environ)
    if region is not None:
        os.environ["AWS_REGION"] = region
    elif on_aws:
        raise SelectionError("No AWS region. Set --region, such as eu-central-1, or AWS_REGION.")
    selected = {"STINT_TABLE_PREFIX": prefix or "", "DYNAMODB_ENDPOINT": endpoint or ""}
    settings = read_settings({**os.environ, **selected})
    allow_any_credentials(settings)
    place = f"{settings.table_prefix}-* at {endpoint or settings.region}"
    if on_aws:
        identity = caller_identity(session, settings.region)
        account = "unknown, because AWS STS does not respond" if identity is None else identity[0]
        place += f" (account {account})"
    print(f"{place}:", file=sys.stderr, flush=True)
    return SelectedStage(settings, place, on_aws)


def _table_prefix(stage: str | None, selected: str | None) -> str | None:
    if stage is None:
        return selected
    if not STAGE_NAME.fullmatch(stage):
        raise SelectionError(
            "--stage: a letter, then lower-case letters, digits and dashes; at most 30 characters."
        )
    return f"stint-{stage}"


def _local_server() -> tuple[str, str]:
    """Return the endpoint and the table prefix of the local server that runs."""
    folder = data_folder(os.environ)
    running = None if folder is None else folder.endpoint()
    if running is None:
        raise SelectionError(_NO_TABLES)
    return running
