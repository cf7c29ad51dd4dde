"""Back up and restore what the local server keeps: ``make backup``, ``make restore FILE=...``.

A backup is one SQLite file; the server may run meanwhile. A restore needs a stopped server, and
moves the data that it replaces into the backups. DynamoDB Local's own file is not backed up here.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from infra.command_line import new_parser
from tools.data_folder import IN_MEMORY, VARIABLE, DataFolder, DataFolderError, data_folder
from tools.devserver.store import StoreError, copy_database, has_items

_MAX_LISTED = 10
_WHERE = f"Choose the folder of the data ({VARIABLE}=folder), or create some: make run"


def back_up(folder: DataFolder, file: Path | None) -> Path:
    """Copy the kept data into a new file, by default in the folder's backups; return its path.

    Raises :class:`DataFolderError` if the file exists, or if DynamoDB Local has all the items; and
    ``StoreError``.
    """
    _require_items(folder)
    if file is None:
        folder.create_backups()
        file = folder.backups / f"stint-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.sqlite"
    if file.exists():
        raise DataFolderError(f"{file} exists. Choose another name: make backup FILE=...")
    copy_database(folder.database, file)
    return file


def _require_items(folder: DataFolder) -> None:
    if not folder.dynamodb_local.exists():
        _require_database(folder)
        return
    if not (folder.database.exists() and has_items(folder.database)):
        raise DataFolderError(
            f"The data are in {folder.dynamodb_local} (ENGINE=dynamodb-local), which make backup "
            "does not copy. Stop the server, and copy the whole folder."
        )
    print(f"Not in the backup: {folder.dynamodb_local} (ENGINE=dynamodb-local)", file=sys.stderr)


def _require_database(folder: DataFolder) -> None:
    try:
        folder.database.stat()
    except FileNotFoundError as error:
        raise DataFolderError(f"There are no data in {folder.path}. {_WHERE}") from error
    except OSError as error:
        raise DataFolderError(folder.problem(error)) from error


def restore(folder: DataFolder, file: Path) -> list[Path]:
    """Replace the SQLite database by a backup; return where the replaced data are, if any.

    The file of DynamoDB Local stays.

    Raises :class:`DataFolderError` if a server runs, and ``StoreError`` if the backup is unusable.
    """
    with folder.locked():
        checked = folder.path / "restored.sqlite"
        checked.unlink(missing_ok=True)
        copy_database(file, checked)
        replaced = folder.set_aside(folder.database)
        checked.rename(folder.database)
    return replaced


def main(arguments: list[str] | None = None) -> int:
    """Run the command of the command line; return its exit code."""
    options = _parser().parse_args(arguments)
    folder = data_folder(os.environ)
    if folder is None:
        sys.exit(f"{VARIABLE}={IN_MEMORY} stores no data. Choose a folder: {VARIABLE}=folder")
    try:
        if options.command == "backup":
            print(f"Backed up to {back_up(folder, options.file)}")
            return 0
        if options.file is None:
            sys.exit(_name_a_backup(folder))
        replaced = restore(folder, options.file)
    except (DataFolderError, StoreError) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(folder.problem(error))
    print(f"Restored {options.file}")
    for path in replaced:
        print(f"The replaced data: {path}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("tools.devserver.backup", "Back up or restore the local server's data.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    backup = commands.add_parser("backup", help="copy the data, also while the server runs")
    backup.add_argument("file", nargs="?", type=Path, help="default: a new file in .data/backups")
    restored = commands.add_parser("restore", help="replace the data by a backup")
    restored.add_argument("file", nargs="?", type=Path, help="none: list the backups")
    return parser


def _name_a_backup(folder: DataFolder) -> str:
    backups = sorted(folder.backups.glob("*.sqlite"), key=lambda file: file.stat().st_mtime)
    if not backups:
        return f"Name a backup: make restore FILE=... There is none in {folder.backups}."
    latest = [f"  {os.path.relpath(file)}" for file in backups[-_MAX_LISTED:]]
    return "\n".join(["Name a backup: make restore FILE=... The latest ones:", *latest])


if __name__ == "__main__":
    sys.exit(main())
