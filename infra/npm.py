"""Download npm packages at a fixed version, verified by checksum."""

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
    """Yield the folder of a package's files; it is deleted at the end of the context.

    ``package`` is a name and a version; ``sha256`` is the expected hash of its archive; ``folder``
    is where the temporary folder is created.
    """
    npm = need("npm", f"it downloads {package}; install Node.js")
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
    """Return the path of a program; exit with the reason if it is missing."""
    path = shutil.which(program)
    if path is None:
        sys.exit(f"{program} is missing: {reason}.")
    return path


def _check(archive: Path, sha256: str) -> None:
    actual_sha256 = hashlib.sha256(archive.read_bytes()).hexdigest()
    if actual_sha256 != sha256:
        sys.exit(f"{archive.name} has an unexpected SHA-256: {actual_sha256}")
