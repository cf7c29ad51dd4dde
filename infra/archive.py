"""The deployment archive: what Lambda needs of it, compiled, and the same bytes every time."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from infra.slimming import slim

CALLED_SERVICES = frozenset({"dynamodb", "secretsmanager", "sqs"})
"""The AWS services whose description botocore must find. Of the others, 400 or so, none is called:
they make up nine tenths of the dependencies."""

TASK_ROOT = "/var/task"
"""Where Lambda unpacks it."""

_BOTOCORE_DATA = PurePosixPath("botocore/data")
# A zip cannot date a file before this.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644
_UNIX = 3


def refine(archive: Path) -> None:
    """Rewrite a package in place: unneeded data left out, bytecode added, reproducible."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(root)
        refine_folder(root)
        _pack(root, archive)


def refine_folder(root: Path) -> None:
    """The same with an unpacked package."""
    _prune(root)
    slim(root, CALLED_SERVICES)
    compile_for_lambda(root)


def is_needed(path: PurePosixPath) -> bool:
    """Whether a file of the package is ever read in Lambda."""
    if "__pycache__" in path.parts or path.suffix == ".pyi":
        # The caches of whoever packages: of their Python, at their paths, of that moment.
        return False
    if _BOTOCORE_DATA not in path.parents:
        return True
    below = path.relative_to(_BOTOCORE_DATA)
    # Beside the services lie a few files about endpoints and defaults: all of them are needed.
    return len(below.parts) == 1 or below.parts[0] in CALLED_SERVICES


def _prune(root: Path) -> None:
    for path in list(_files(root)):
        if not is_needed(PurePosixPath(path.relative_to(root))):
            path.unlink()


def compile_for_lambda(root: Path) -> None:
    """Put the bytecode of every module beside it."""
    # Lambda's disk is read-only: what is not compiled now is compiled at every cold start. A hash
    # that is never checked, since dates say nothing in a zip. In a process of its own, without
    # site-packages and with a fixed hash seed, so that nothing around leaks into the bytes.
    command = [sys.executable, "-S", "-s", "-m", "compileall", "-q", "-f", "-j", "1"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(root), "-p", TASK_ROOT]
    environment = {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")}
    subprocess.run([*command, str(root)], check=True, env=environment)  # noqa: S603


def _pack(root: Path, archive: Path) -> None:
    packed = archive.with_suffix(".part")
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for path in sorted(_files(root)):
            # Not ZipInfo.from_file: dates and permissions are of this machine.
            entry = zipfile.ZipInfo(path.relative_to(root).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = _UNIX
            entry.external_attr = _REGULAR_FILE << 16
            target.writestr(entry, path.read_bytes())
    shutil.move(packed, archive)


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
