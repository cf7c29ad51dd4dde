"""Checks URLs of webhook receivers: https, and only public addresses, in any notation.

A customer writes the URL, but the request is sent from inside AWS, where private addresses lead to
metadata services and databases. Pure: does not resolve host names.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from msgspec import Struct

MAX_URL_LENGTH = 2000
"""Characters."""

_HTTPS_PORT = 443
_HTTP_PORT = 80
_FIRST_UNPRIVILEGED_PORT = 1024

# ASCII without spaces and backslashes.
_PRINTABLE = re.compile(r"[!-\[\]-~]+")
_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, including Teredo
        "2002::/16",  # 6to4: contains any IPv4 address
        "3fff::/20",  # documentation
    )
)
# The public range. All mapped or translated IPv4 addresses are outside: ::/96, ::ffff:0:0/96,
# 64:ff9b::/96, 64:ff9b:1::/48.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class InvalidReceiverUrl(ValueError):
    """The URL is not allowed. The message is for the customer."""


class Target(Struct, frozen=True):
    """The parts of a URL. ``host`` is a name or an address; ``path`` includes the query."""

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = _HTTPS_PORT if self.is_secure else _HTTP_PORT
        return host if self.port == default else f"{host}:{self.port}"


def read_url(url: str, *, local: bool = False) -> Target:
    """Check and split the URL of a receiver. Raises :class:`InvalidReceiverUrl`.

    ``local``, for development: also allow http, any port and any address.
    """
    if len(url) > MAX_URL_LENGTH or not _PRINTABLE.fullmatch(url):
        detail = f"The URL must have at most {MAX_URL_LENGTH} ASCII characters and no spaces."
        raise InvalidReceiverUrl(detail)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise InvalidReceiverUrl("The URL must be valid.") from error
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise InvalidReceiverUrl("The URL must begin with https://.")
    if "@" in parts.netloc:
        raise InvalidReceiverUrl("The URL must not contain a user name or a password.")
    if parts.fragment or "#" in url:
        raise InvalidReceiverUrl("The URL must not have a fragment.")
    is_secure = parts.scheme == "https"
    if port is None:
        port = _HTTPS_PORT if is_secure else _HTTP_PORT
    if not local and port != _HTTPS_PORT and port < _FIRST_UNPRIVILEGED_PORT:
        raise InvalidReceiverUrl(
            f"The URL must use port {_HTTPS_PORT} or a port from {_FIRST_UNPRIVILEGED_PORT}."
        )
    host = _host(parts.netloc, parts.hostname or "", local)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_secure, host, port, path)


def is_public(address: str) -> bool:
    """Whether a resolved address is public."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or ip.is_reserved or ip.is_unspecified:
        return False
    if any(ip.version == network.version and ip in network for network in _NOT_PUBLIC):
        return False
    return isinstance(ip, ipaddress.IPv4Address) or ip in _GLOBAL_UNICAST


def _host(netloc: str, hostname: str, local: bool) -> str:
    host = hostname.lower().removesuffix(".")
    if netloc.startswith("["):
        address = host
    elif _NUMERIC.fullmatch(host.rpartition(".")[2]):
        # Resolvers read a host that ends in a number as an address: 2130706433, 0x7f.1, 127.1.
        address = host
    else:
        if not _HOST_NAME.fullmatch(host) or not (local or "." in host):
            raise InvalidReceiverUrl("The URL must contain a host name, such as hooks.example.com.")
        return host
    try:
        normalized = str(ipaddress.ip_address(address))
    except ValueError as error:
        detail = "The URL must contain a host name or an IP address in its usual form."
        raise InvalidReceiverUrl(detail) from error
    if not (local or is_public(normalized)):
        raise InvalidReceiverUrl("The URL must not point to a private network.")
    return normalized
