"""The link that logs a device in with a pairing code, and its QR code for the terminal."""

import io
import os
from urllib.parse import urlencode, urlsplit

import botocore.session
import click
from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.stacks import Stack
from infra.stack.api import APP_URL
from tools.admin.output import line

_QUIET_MODULES = 2
"""The margin of the QR code. The standard asks for 4; cameras need less on a dark terminal."""


def check_addresses(app: str | None, api: str | None) -> None:
    """Raises ``UsageError`` if one of them is no address of the pocket client or of an API."""
    for option, url in (("--app", app), ("--api", api)):
        if url is not None and not _is_address(url):
            raise click.UsageError(f"{option}: use an address such as https://app.example.com/.")


def served_app(stack: str) -> str | None:
    """Return the address of the pocket client that a stack serves.

    None if it serves none, and if the credentials may not read the stack.
    """
    session = botocore.session.Session()
    client = session.create_client("cloudformation", region_name=os.environ.get("AWS_REGION"))
    try:
        return Stack(client, stack).outputs().get(APP_URL)
    except (BotoCoreError, ClientError):
        return None


def pairing_link(app: str, code: str, api: str | None = None) -> str:
    """Return the link to the pocket client that redeems a code.

    The code is in the fragment, which browsers send to no server.

    :param app: the address of the pocket client.
    :param api: the address of the API, such as ``https://api.example.com/api/v2``; None: it is on
        the origin of the pocket client.
    """
    parameters = {"pair": code} if api is None else {"pair": code, "api": api}
    return f"{app}#{urlencode(parameters)}"


def print_qr_code(link: str) -> None:
    """Print a link on stdout as a QR code of half blocks."""
    import segno  # noqa: PLC0415 - only one command needs it

    text = io.StringIO()
    segno.make(link, micro=False).terminal(out=text, compact=True, border=_QUIET_MODULES)
    for row in text.getvalue().splitlines():
        line(row)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = not (parts.query or parts.fragment or parts.username)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and is_plain
