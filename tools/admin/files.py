"""New files with personal data."""

import os
from collections.abc import Iterable
from pathlib import Path

import click

from tools.admin import output

STDOUT = "-"
_OWNER_ONLY = 0o600

output_option = click.option(
    "--output",
    "target",
    type=click.Path(dir_okay=False, allow_dash=True),
    default=STDOUT,
    show_default="stdout",
    help="A new file; it must not exist. Only its owner can read it.",
)


def write_output(target: str, pieces: Iterable[str]) -> None:
    """Write to the target of ``output_option``: stdout, or a new file."""
    if target != STDOUT:
        write_new_file(Path(target), pieces)
        return
    for piece in pieces:
        output.raw(piece)


def require_new_file(path: Path) -> None:
    """Raise ``ClickException`` if a file exists."""
    if path.exists():
        raise click.ClickException(f"{path} already exists; nothing was written")


def write_new_file(path: Path, pieces: Iterable[str]) -> None:
    """Write a new file, completely or not at all. Raises ``ClickException`` if it exists."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    require_new_file(path)
    try:
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        unfinished.rename(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    output.say(f"written to {path}")
