"""Build the package for deployment: ``make package``, or ``python -m infra.package FOLDER``.

``chalice package`` runs on a copy of the sources, so that no other file of the checkout gets
into the package. Its template is merged with the stack's (``infra.stack``), its archive is
refined (``infra.archive``). The folder then holds ``sam.json`` and ``deployment.zip``. They are
the same for every stage: one package is deployed to all of them.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.archive import refine
from infra.command_line import new_parser
from infra.stack.template import ROOT, api_stage, merge_template

TEMPLATE = "sam.json"
ARCHIVE = "deployment.zip"
DEFAULT_FOLDER = ROOT / "dist"

_SOURCES = ("app.py", "requirements.txt", "chalicelib", ".chalice")
_EXCLUDED = shutil.ignore_patterns("__pycache__", "deployed", "deployments", "venv")
_MEGABYTE = 1_000_000


def build(folder: Path, *, with_dependencies: bool = True) -> None:
    """Build the package into a folder.

    Without dependencies nothing is downloaded: the template is the same, but the archive does not
    run.
    """
    with tempfile.TemporaryDirectory() as scratch:
        sources = Path(scratch) / "sources"
        _copy_sources(sources)
        if not with_dependencies:
            (sources / "requirements.txt").write_text("")
        merged = Path(scratch) / "merge.json"
        merged.write_text(json.dumps(merge_template()))
        built = Path(scratch) / "built"
        _chalice_package(sources, merged, built)
        refine(built / ARCHIVE)
        folder.mkdir(parents=True, exist_ok=True)
        for name in (TEMPLATE, ARCHIVE):
            shutil.move(built / name, folder / name)


def digest(path: Path) -> str:
    """Return a file's SHA-256, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _copy_sources(target: Path) -> None:
    target.mkdir()
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=_EXCLUDED)
        else:
            shutil.copy(source, target / name)


def _chalice_package(sources: Path, merged: Path, built: Path) -> None:
    command = [str(Path(sys.executable).with_name("chalice")), "--project-dir", str(sources)]
    command += ["package", "--stage", api_stage(), "--merge-template", str(merged), str(built)]
    environment = {
        **os.environ,
        # Chalice needs a region for the service names; the template contains none.
        "AWS_DEFAULT_REGION": "us-east-1",
        "PYTHONDONTWRITEBYTECODE": "1",
        # Chalice downloads wheels for Lambda's platform by name and version, without the hashes of
        # the requirements. As constraints, they count there too.
        "PIP_CONSTRAINT": str(sources / "requirements.txt"),
    }
    result = subprocess.run(  # noqa: S603
        command, env=environment, check=False, capture_output=True, text=True
    )
    # If a dependency has no wheel for Lambda, Chalice prints that and continues without it.
    if result.returncode or "Could not install dependencies" in result.stdout + result.stderr:
        sys.exit(f"chalice package failed:\n{result.stdout}{result.stderr}")


def main(arguments: list[str]) -> None:
    """Build the package and print its files."""
    parser = new_parser("infra.package", "Build the deployment package.")
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=DEFAULT_FOLDER,
        help="the default is %(default)s",
    )
    folder = parser.parse_args(arguments).folder
    print("Building the package (downloading dependencies as wheels for Lambda) ...", flush=True)
    build(folder)
    archive = folder / ARCHIVE
    template = json.loads((folder / TEMPLATE).read_text())
    runtime = template["Resources"]["APIHandler"]["Properties"]["Runtime"]
    print(f"  {archive}  {archive.stat().st_size / _MEGABYTE:.1f} MB, {runtime}")
    print(f"  sha256 {digest(archive)}")
    print(f"  {folder / TEMPLATE}  {len(template['Resources'])} resources")


if __name__ == "__main__":
    main(sys.argv[1:])
