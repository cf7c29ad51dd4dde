"""The options that select the tables of a stage. Every command of this folder has them."""

import argparse

from tools.stage import SelectedStage, Selection, select_stage

# Without defaults, so that `stint-ops --stage prod upgrade` works as `stint-ops upgrade --stage
# prod` does: the parser of a command does not overwrite what was given before its name.
STAGE_OPTIONS = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
"""A parent of the parsers of all commands."""

_group = STAGE_OPTIONS.add_argument_group(
    "the stage", "Defaults: STINT_TABLE_PREFIX, DYNAMODB_ENDPOINT and the AWS environment."
)
_group.add_argument("--stage", help="a stage on AWS, as in `make deploy STAGE=prod`")
_group.add_argument("--region", help="the AWS region; default: AWS_REGION, or the profile's")
_group.add_argument("--profile", help="the AWS profile; default: AWS_PROFILE")
_group.add_argument("--endpoint", help="a DynamoDB-compatible server to use instead of AWS's")


def selected_stage(options: argparse.Namespace) -> SelectedStage:
    """Return the stage that the options of a command select, and print where its tables are.

    Raises ``SelectionError`` and ``CredentialsError``.
    """
    names = ("stage", "region", "profile", "endpoint")
    return select_stage(Selection(**{name: getattr(options, name, None) for name in names}))
