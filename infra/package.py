"""Builds what is deployed: ``make package``, or ``python -m infra.package FOLDER``.

``chalice package`` does the work, on a copy of the sources, so that nothing that lies about in the
checkout gets in; its template is merged with ours (``infra.stack``), its archive refined
(``infra.archive``). The folder then holds ``sam.json`` and ``deployment.zip``. They belong to no
stage: one package is deployed to all.
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
from infra.stack.template import ROOT, api_stage, merge_template

TEMPLATE = "sam.json"
ARCHIVE = "deployment.zip"
DEFAULT_FOLDER = ROOT / "dist"

_SOURCES = ("app.py", "requirements.txt", "chalicelib", ".chalice")
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "deployed", "deployments", "venv")
_MEGABYTE = 1_000_000


def build(folder: Path, *, with_dependencies: bool = True) -> None:
    """Build the package into a folder.

    Without dependencies nothing is downloaded: the template is the same, the archive of no use.
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
    """A file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _copy_sources(target: Path) -> None:
    target.mkdir()
    for name in _SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=_LEFT_BEHIND)
        else:
            shutil.copy(source, target / name)


def _chalice_package(sources: Path, merged: Path, built: Path) -> None:
    command = [str(Path(sys.executable).with_name("chalice")), "--project-dir", str(sources)]
    command += ["package", "--stage", api_stage(), "--merge-template", str(merged), str(built)]
    # Chalice wants a region to know how AWS calls its services there; the template names none.
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(  # noqa: S603
        command, env=environment, check=False, capture_output=True, text=True
    )
    # Where a dependency has no wheel for Lambda, Chalice says so and goes on without it.
    if done.returncode or "Could not install dependencies" in done.stdout + done.stderr:
        sys.exit(f"chalice package failed:\n{done.stdout}{done.stderr}")


def main(arguments: list[str]) -> None:
    """Build, and say what was built."""
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    print("Packaging (dependencies are fetched as wheels for Lambda) ...", flush=True)
    build(folder)
    archive = folder / ARCHIVE
    template = json.loads((folder / TEMPLATE).read_text())
    runtime = template["Resources"]["APIHandler"]["Properties"]["Runtime"]
    print(f"  {archive}  {archive.stat().st_size / _MEGABYTE:.1f} MB, {runtime}")
    print(f"  sha256 {digest(archive)}")
    print(f"  {folder / TEMPLATE}  {len(template['Resources'])} resources")


if __name__ == "__main__":
    main(sys.argv[1:])
