"""AWS account, credentials and region of a deployment, as botocore finds them."""

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
)
from infra.aws.errors import StackError


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
