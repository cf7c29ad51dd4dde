"""The generators, compilers and linters, as ``make check-clients`` installs them."""

import os
import subprocess
from pathlib import Path

from infra.stack.template import ROOT

CACHE = ROOT / ".cache"
PYTHON = CACHE / "generators-venv" / "bin"
NODE_MODULES = CACHE / "generators-npm" / "node_modules"
PROGRAMS = Path(__file__).with_name("programs")
SECONDS = 240
"""The limit of one command: processors of CI may be busy."""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command in a folder; return its output. Fails the test if the command fails."""
    result = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def npm_tool(name: str) -> Path:
    """Return the path of a command of an npm package."""
    return NODE_MODULES / ".bin" / name


def openapi_generator(description: Path, generator: str, folder: Path, **properties: str) -> None:
    """Generate a client with openapi-generator, without tests and documentation.

    :param properties: additional properties of the generator.
    """
    parts = "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"
    run(
        *(PYTHON / "openapi-generator-cli", "generate"),
        *("--input-spec", description, "--generator-name", generator, "--output", folder),
        *("--global-property", parts),
        *("--additional-properties", ",".join(f"{k}={v}" for k, v in properties.items())),
        cwd=folder.parent,
    )


def model_by_openapi_generator(description: Path, generator: str, model: str, folder: Path) -> str:
    """Return the source of one model in a language."""
    run(
        *(PYTHON / "openapi-generator-cli", "generate"),
        *("--input-spec", description, "--generator-name", generator, "--output", folder),
        *("--global-property", f"models={model},modelTests=false,modelDocs=false"),
        cwd=folder.parent,
    )
    files = [file for file in folder.rglob("*") if file.is_file() and not _is_own(file, folder)]
    return "\n".join(file.read_text() for file in files)


def _is_own(file: Path, folder: Path) -> bool:
    return ".openapi-generator" in str(file.relative_to(folder))
