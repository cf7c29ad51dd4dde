"""What the commands share: ``--help`` and ``--version``."""

import argparse
import math
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


def whole_number(text: str) -> int:
    """Return an argument that is a whole number of 1 or more. Raises ``ArgumentTypeError``."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 or more, such as 10")
    return int(text)


def whole_numbers(text: str) -> tuple[int, ...]:
    """Return an argument with whole numbers and commas. Raises ``ArgumentTypeError``."""
    try:
        return tuple(map(whole_number, text.split(",")))
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} must be whole numbers of 1 or more with commas between them, "
            "such as 1000,10000"
        ) from error


def positive_number(text: str) -> float:
    """Return an argument that is a number above 0. Raises ``ArgumentTypeError``."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0, such as 2.5")
    return number
