"""Deployment archive: only the files Lambda needs, compiled, and byte for byte reproducible."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from infra.trim_botocore import slim

CALLED_SERVICES = frozenset({"apigatewaymanagementapi", "dynamodb", "secretsmanager", "sqs"})
"""AWS services whose botocore data files the application needs.

    The data of the other services, about 400, makes up nine tenths of the dependencies.
"""

TASK_ROOT = "/var/task"
"""The folder into which Lambda unpacks the archive."""

_BOTOCORE_DATA = PurePosixPath("botocore/data")
# The earliest date that the zip format can store.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644
_UNIX = 3


def refine(archive: Path) -> None:
    """Rewrite a package in place: without unneeded files, with bytecode, reproducible."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(root)
        refine_folder(root)
        _pack(root, archive)


def refine_folder(root: Path) -> None:
    """Do the same with an unpacked package."""
    _prune(root)
    slim(root, CALLED_SERVICES)
    compile_for_lambda(root)


def is_needed(path: PurePosixPath) -> bool:
    """Return whether Lambda ever reads a file of the package."""
    if "__pycache__" in path.parts or path.suffix == ".pyi":
        # These caches depend on the Python version, paths and time of the machine that packages.
        return False
    if _BOTOCORE_DATA not in path.parents:
        return True
    below = path.relative_to(_BOTOCORE_DATA)
    # The folder also has a few files about endpoints and defaults; all of them are needed.
    return len(below.parts) == 1 or below.parts[0] in CALLED_SERVICES


def _prune(root: Path) -> None:
    for path in list(_files(root)):
        if not is_needed(PurePosixPath(path.relative_to(root))):
            path.unlink()


def compile_for_lambda(root: Path) -> None:
    """Put the bytecode of every module next to its source."""
    # Lambda's disk is read-only: a module without bytecode is compiled at every cold start. The
    # bytecode holds a hash that Python never checks, because a zip stores no reliable dates. The
    # compiler runs in its own process, without site-packages and with a fixed hash seed, so that
    # the bytes do not depend on this environment.
    command = [sys.executable, "-S", "-s", "-m", "compileall", "-q", "-f", "-j", "1"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", TASK_ROOT]
    environment = {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")}
    subprocess.run([*command, str(root)], check=True, env=environment)  # noqa: S603


def _pack(root: Path, archive: Path) -> None:
    packed = archive.with_suffix(".part")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for path in sorted(_files(root)):
            # Not ZipInfo.from_file: it copies dates and permissions from this machine.
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE << 16
            target.writestr(entry, path.read_bytes())
    shutil.move(packed, archive)


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
