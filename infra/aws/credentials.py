"""Region, profile and account of a command. All commands for operators resolve them here.

The order is that of AWS's own command line: an option, ``AWS_REGION``, ``AWS_DEFAULT_REGION``, the
profile's region; for credentials, a profile that an option names comes before keys in the
environment.
"""

import re
from collections.abc import MutableMapping
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - that of botocore
    CredentialRetrievalError,
    HTTPClientError,
    LoginError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

STAGE_NAME = re.compile(r"[a-z][a-z0-9-]{0,29}")
"""The names that a stage can have. They are part of the names of all its resources."""

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_SELECT = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
_SIGNED_OUT = (SSOError, LoginError, TokenRetrievalError, CredentialRetrievalError)
_EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
)
_INVALID = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
        "AuthFailure",
        "IncompleteSignature",
        # S3's code, and that of a request without a signature.
        "InvalidAccessKeyId",
        "MissingAuthenticationToken",
    }
)
# Short, because an account whose STS is not reachable may still have reachable tables.
_CONFIG = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})


class Identity(NamedTuple):
    """The account of the credentials. ``partition`` is ``aws``, or another such as ``aws-cn``."""

    account: str
    partition: str


class CredentialsError(Exception):
    """There are no valid credentials. Its text is one line that says what to do."""


def use_profile(name: str, environment: MutableMapping[str, str]) -> None:
    """Use the credentials of a profile, not those that the environment has."""
    environment["AWS_PROFILE"] = name
    for key in _KEYS:
        environment.pop(key, None)


def configured_region(
    session: botocore.session.Session, environment: MutableMapping[str, str]
) -> str | None:
    """Return the region of the environment or of the profile; None if neither has one.

    Raises :class:`CredentialsError` if the profile does not exist.
    """
    try:
        # Raises for an unknown profile also if the environment has a region.
        of_profile: str | None = session.get_scoped_config().get("region")
    except BotoCoreError as error:
        raise CredentialsError(describe_credentials(error) or one_line(error)) from error
    return (
        environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or of_profile or None
    )


def caller_identity(session: botocore.session.Session, region: str) -> Identity | None:
    """Return the account of the credentials; None if AWS STS cannot be reached.

    Raises :class:`CredentialsError` if AWS does not accept the credentials, or there are none.
    """
    try:
        sts: Any = session.create_client("sts", region_name=region, config=_CONFIG)
        caller = sts.get_caller_identity()
    except (HTTPClientError, ConnectionError):
        return None
    except (BotoCoreError, ClientError, ValueError) as error:
        reason = describe_credentials(error)
        raise CredentialsError(
            reason or f"AWS did not accept the credentials: {one_line(error)}. {_SELECT}"
        ) from error
    return Identity(caller["Account"], caller["Arn"].split(":")[1])


def describe_credentials(error: BaseException) -> str:
    """Return one line about an error of credentials, with what to do; empty for other errors."""
    if isinstance(error, ProfileNotFound):
        name = error.kwargs["profile"]
        return (
            f"There is no AWS profile {name!r}. Select one that `aws configure list-profiles` "
            "shows."
        )
    if isinstance(error, NoCredentialsError):
        return f"There are no AWS credentials. {_SELECT}"
    if isinstance(error, PartialCredentialsError):
        return f"The AWS credentials are incomplete: {one_line(error)}. {_SELECT}"
    if isinstance(error, _SIGNED_OUT):
        return f"The AWS session is not valid: {one_line(error)}"
    return _describe_refusal(error) if isinstance(error, ClientError) else ""


def _describe_refusal(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code in _EXPIRED:
        return "The AWS credentials have expired. Sign in again, such as with `aws sso login`."
    if code in _INVALID:
        return f"AWS does not accept these credentials ({code}). {_SELECT}"
    return ""


def one_line(error: BaseException) -> str:
    """Return the text of an error without line breaks and without a full stop at its end."""
    return " ".join(str(error).split()).rstrip(".")


def is_aws(endpoint: str) -> bool:
    """Whether a URL is an endpoint of AWS, in any partition: also dual-stack, VPC, FIPS."""
    url = endpoint if "//" in endpoint else f"//{endpoint}"
    try:
        host = urlsplit(url.strip()).hostname or ""
    except ValueError:
        return False
    host = host.rstrip(".")
    return any(host == suffix or host.endswith(f".{suffix}") for suffix in _aws_domains())


def endpoint_problem(endpoint: str) -> str | None:
    """Return why a text is no address of a DynamoDB-compatible server; None if it is one."""
    try:
        parts = urlsplit(endpoint)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if is_address:
        return None
    return f"must be an address such as http://127.0.0.1:8001, not {endpoint!r}"


@cache
def _aws_domains() -> set[str]:
    loader = botocore.session.Session().get_component("data_loader")
    partitions = loader.load_data("partitions")["partitions"]
    return {
        partition["outputs"][name].lower()
        for partition in partitions
        for name in ("dnsSuffix", "dualStackDnsSuffix")
    }
