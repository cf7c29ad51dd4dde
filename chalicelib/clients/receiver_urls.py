"""Who may be posted to: public receivers, over TLS. Nothing inside a network, by whatever spelling.

A webhook's URL is written by a customer and fetched by our machines, which may reach what nobody
outside may: metadata services, databases, each other. Pure: resolving names is not done here.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from chalicelib.dataclass import dataclass

LONGEST_URL = 2000
"""Characters."""

_HTTPS_PORT = 443
_HTTP_PORT = 80
_FIRST_FREE_PORT = 1024
_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # ASCII without blanks, and without the backslash
_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4: any IPv4 address may hide in it
        "3fff::/20",  # documentation
    )
)
# What is handed out to the public. Everything that maps or translates IPv4 addresses lies outside:
# ::/96, ::ffff:0:0/96, 64:ff9b::/96, 64:ff9b:1::/48.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")


class BadUrl(ValueError):
    """Nothing is posted there; the message says why, to the customer."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart. ``host`` is a name or an address; ``path`` has the query with it."""

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        default = _HTTPS_PORT if self.is_secure else _HTTP_PORT
        return host if self.port == default else f"{host}:{self.port}"


def read_url(url: str, *, local: bool = False) -> Target:
    """Take a receiver's URL apart. Raises :class:`BadUrl` for one that nothing is posted to.

    ``local``, for development: plain HTTP, any port and any address will do as well.
    """
    if len(url) > LONGEST_URL or not _PRINTABLE.fullmatch(url):
        detail = f"The URL must have at most {LONGEST_URL} ASCII characters and no spaces."
        raise BadUrl(detail)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise BadUrl("The URL must be valid.") from error
    if parts.scheme != "https" and not (local and parts.scheme == "http"):
        raise BadUrl("The URL must begin with https://.")
    if "@" in parts.netloc:
        raise BadUrl("The URL must not contain a user name or a password.")
    if parts.fragment or "#" in url:
        raise BadUrl("The URL must not have a fragment.")
    is_secure = parts.scheme == "https"
    if port is None:
        port = _HTTPS_PORT if is_secure else _HTTP_PORT
    if not local and port != _HTTPS_PORT and port < _FIRST_FREE_PORT:
        raise BadUrl(f"The URL must use port {_HTTPS_PORT} or a port from {_FIRST_FREE_PORT}.")
    host = _host(parts.netloc, parts.hostname or "", local)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(is_secure, host, port, path)


def is_public(address: str) -> bool:
    """Whether an address, as resolving a name gives it, is one that anybody may reach."""
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
        # Whatever ends in a number is an address to somebody's resolver: 2130706433, 0x7f.1, 127.1.
        address = host
    else:
        if not _NAME.fullmatch(host) or not (local or "." in host):
            raise BadUrl("The URL must contain a host name, such as hooks.example.com.")
        return host
    try:
        spelled = str(ipaddress.ip_address(address))
    except ValueError as error:
        detail = "The URL must contain a host name or an IP address in its usual form."
        raise BadUrl(detail) from error
    if not (local or is_public(spelled)):
        raise BadUrl("The URL must not point to a private network.")
    return spelled
