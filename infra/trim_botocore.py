"""Reduce botocore's data files to what stint needs, for faster cold starts.

Each new client reads the endpoints of all services and the description of its own service; each
new connection reads the certificates of all authorities. docs/decisions/0018.
"""

import gzip
import json
import re
import ssl
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

AWS_ROOTS = "aws-roots.pem"
"""File in the archive's root: the certificate authorities of AWS's own endpoints."""

_AUTHORITIES = ("Amazon", "Starfield Technologies, Inc.", "DigiCert Inc")
# Amazon's own roots, and the root that older clients trust.
_NEEDED_ROOTS = {
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
}
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
_DOCUMENTATION = "documentation"


def slim(root: Path, services: Collection[str]) -> None:
    """Rewrite botocore's data in an unpacked package; ``services`` are the AWS services it calls.

    Does nothing for a package without botocore.
    """
    if not (root / "botocore").is_dir():
        return
    data = root / "botocore" / "data"
    _slim_endpoints(data / "endpoints.json", services)
    for name in services:
        for path in (data / name).rglob("*.json.gz"):
            _slim_description(path)
    (root / AWS_ROOTS).write_bytes(aws_roots((root / "botocore" / "cacert.pem").read_bytes()))


def aws_roots(bundle: bytes) -> bytes:
    """Return the certificates of AWS's authorities. Raises :class:`ValueError` if one is
    missing."""
    names = {}
    for certificate in _CERTIFICATE.findall(bundle):
        subject = _subject(certificate.decode())
        if subject.get("organizationName") in _AUTHORITIES:
            names[certificate] = subject.get("commonName")
    missing = _NEEDED_ROOTS - set(names.values())
    if missing:
        raise ValueError(f"botocore's certificates lack {', '.join(sorted(missing))}")
    return b"".join(names)


def without_documentation(described: Any) -> Any:
    """Return a service description without documentation, most of its size."""
    match described:
        case dict():
            return {
                name: without_documentation(value)
                for name, value in described.items()
                # A member named `documentation` is an object; real documentation is text.
                if not (name == _DOCUMENTATION and isinstance(value, str))
            }
        case list():
            return [without_documentation(value) for value in described]
        case _:
            return described


def _slim_endpoints(path: Path, services: Collection[str]) -> None:
    endpoints = json.loads(path.read_text())
    for partition in endpoints["partitions"]:
        known: dict[str, Any] = partition["services"]
        partition["services"] = {name: known[name] for name in known if name in services}
    path.write_text(_compact(endpoints))


def _slim_description(path: Path) -> None:
    described = without_documentation(json.loads(gzip.decompress(path.read_bytes())))
    path.unlink()
    # botocore reads both formats; the archive is compressed as a whole.
    path.with_suffix("").write_text(_compact(described))


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _subject(certificate: str) -> dict[str, str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=certificate)
    (loaded,) = context.get_ca_certs()
    names: Iterable[Any] = loaded["subject"]
    return {str(name): str(value) for ((name, value),) in names}
