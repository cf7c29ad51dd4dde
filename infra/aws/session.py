"""Who deploys, where to: the credentials and the region that botocore finds."""

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
    """An account in a region. ``partition`` is ``aws``, or that of another world such as China."""

    session: botocore.session.Session
    region: str
    account: str
    partition: str

    def client(self, service: str) -> Any:
        """A client of a service."""
        return self.session.create_client(service, region_name=self.region)


def connect() -> Aws:
    """The account of the environment's credentials. Exits with advice where there is none."""
    session = botocore.session.Session()
    region = os.environ.get("AWS_REGION") or session.get_config_variable("region")
    if not region:
        sys.exit("No AWS region. Say where: export AWS_REGION=eu-central-1")
    try:
        asked: Any = session.create_client("sts", region_name=region)
        identity = asked.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        sys.exit(
            f"AWS does not know who you are: {error}\n"
            "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    return Aws(session, region, identity["Account"], identity["Arn"].split(":")[1])


def stack_name(stage: str) -> str:
    """A stage's stack, whose name begins those of its tables. Exits where it cannot be a name."""
    if not _STAGE.fullmatch(stage):
        sys.exit("Name a stage: STAGE=prod. Lower-case letters, digits and dashes, at most 30.")
    return f"stint-{stage}"
