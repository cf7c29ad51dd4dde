"""AWS account, credentials and region of a deployment, as botocore finds them."""

import argparse
import os
import sys
from dataclasses import dataclass
from typing import Any

import botocore.session

from infra.aws.credentials import (
    STAGE_NAME,
    CredentialsError,
    caller_identity,
    configured_region,
    use_profile,
)
from infra.aws.errors import StackError
from infra.command_line import new_parser


@dataclass(frozen=True, slots=True)
class Aws:
    """An account in a region. ``partition`` is ``aws``, or another one such as ``aws-cn``."""

    session: botocore.session.Session
    region: str
    account: str
    partition: str

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return self.session.create_client(service, region_name=self.region)


def account_parser(program: str, description: str) -> argparse.ArgumentParser:
    """Return the parser of a command for a stage in an AWS account. See :func:`new_parser`."""
    parser = new_parser(program, description, allow_abbrev=False)
    parser.add_argument("--region", help="the AWS region; the default is the environment's")
    parser.add_argument("--profile", help="the AWS profile; the default is the environment's")
    # Read by infra.aws.errors.run, which also prints errors of this parser's command.
    parser.add_argument("--debug", action="store_true", help="print the traceback of an error")
    parser.add_argument("stage", metavar="STAGE", nargs="?", default="", help="such as prod")
    return parser


def use_account(options: argparse.Namespace) -> None:
    """Use the region and the profile of the options of :func:`account_parser`.

    Sets AWS_REGION and AWS_PROFILE of this process, so that every client of it uses them.
    """
    if options.profile is not None:
        use_profile(options.profile, os.environ)
    if options.region is not None:
        os.environ["AWS_REGION"] = options.region


def connect() -> Aws:
    """Return the account of the environment's credentials. Exits if there is no region.

    Raises StackError for credentials that AWS does not accept.
    """
    session = botocore.session.Session()
    try:
        region = configured_region(session, os.environ)
        if region is None:
            sys.exit("No AWS region. Set one: export AWS_REGION=eu-central-1")
        identity = caller_identity(session, region)
    except CredentialsError as error:
        raise StackError(str(error)) from error
    if identity is None:
        raise StackError(f"AWS STS does not respond in {region}. Check the region and the network.")
    return Aws(session, region, identity.account, identity.partition)


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack, which is the prefix of its tables' names.

    Exits if the stage is not valid as a name.
    """
    if not STAGE_NAME.fullmatch(stage):
        sys.exit("Name a stage: STAGE=prod. Lower-case letters, digits and dashes, at most 30.")
    return f"stint-{stage}"
