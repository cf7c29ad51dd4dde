"""What the commands share: ``--help`` and ``--version``."""

import argparse
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"


@cache
def version() -> str:
    """Return the version of this checkout, such as ``0.2.0``."""
    project = tomllib.loads(_PROJECT.read_text())["project"]
    return str(project["version"])


def new_parser(program: str, description: str, **options: Any) -> argparse.ArgumentParser:
    """Return a parser with ``--help`` and ``--version``.

    :param program: how people call the command, such as ``stint-ops``.
    :param options: further arguments of ``argparse.ArgumentParser``.
    """
    parser = argparse.ArgumentParser(prog=program, description=description, **options)
    parser.add_argument("--version", action="version", version=f"stint {version()}")
    return parser
