"""Fetches packages from npm: a fixed version, held to its checksum."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def unpacked(package: str, sha256: str, folder: Path) -> Iterator[Path]:
    """A package's files, in a folder below ``folder`` that goes when this ends.

    ``package`` is its name and version; ``sha256`` what its archive must have.
    """
    npm = need("npm", f"it fetches {package}; install Node.js")
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [npm, "pack", package, "--silent"]
        subprocess.run(command, cwd=scratch, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        (archive,) = Path(scratch).glob("*.tgz")
        _check(archive, sha256)
        with tarfile.open(archive) as files:
            files.extractall(Path(scratch) / "unpacked", filter="data")
        yield Path(scratch) / "unpacked"


def need(program: str, reason: str) -> str:
    """Where a program is. Ends this one, with a reason, where it is missing."""
    path = shutil.which(program)
    if path is None:
        sys.exit(f"{program} is missing: {reason}.")
    return path


def _check(archive: Path, sha256: str) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != sha256:
        sys.exit(f"{archive.name} is not what was expected: its SHA-256 is {digest}")
