"""AWS account, credentials and region of a deployment, as botocore finds them."""

import os
import re
import sys
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.exceptions import BotoCoreError, ClientError

_STAGE = re.compile(r"[a-z][a-z0-9-]{0,29}")


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
    """Return the account of the environment's credentials. Exits with advice if there is none."""
    session = botocore.session.Session()
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        sys.exit("No AWS region. Set one: export AWS_REGION=eu-central-1")
    try:
        sts: Any = session.create_client("sts", region_name=region)
        identity = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"AWS did not accept the credentials: {error}\n"
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return Aws(session, region, identity["Account"], identity["Arn"].split(":")[1])


def stack_name(stage: str) -> str:
    """Return the name of a stage's stack, which is the prefix of its tables' names.

    Exits if the stage is not valid as a name.
    """
    if not _STAGE.fullmatch(stage):
        sys.exit("Name a stage: STAGE=prod. Lower-case letters, digits and dashes, at most 30.")
    return f"stint-{stage}"
