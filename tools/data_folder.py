"""The folder in which the local server keeps its data between runs: ``.data/``.

One server at a time holds the folder's lock. The operating system releases it when the process
ends, also after ``kill -9``. The file ``endpoint`` says where commands reach the tables meanwhile.
"""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

VARIABLE = "STINT_DATA"
IN_MEMORY = "none"
"""The value of the variable for a server that keeps nothing."""

OWNER_ONLY = 0o700
"""The mode of folders with personal data and secrets."""

_DEFAULT = Path(__file__).parents[1] / ".data"
_LOCK_ATTEMPTS = 10
_LOCK_WAIT_SECONDS = 0.1


class DataFolderError(Exception):
    """The folder cannot be used. The text says why, and what to do."""


class DataFolder:
    """The names of the folder's files."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / "stint.sqlite"
        self.dynamodb_local = path / "dynamodb-local"
        self.backups = path / "backups"
        self._endpoint = path / "endpoint"
        self._lock = path / "lock"

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Create and lock the folder; yield the lock's file descriptor.

        Raises :class:`DataFolderError` if another process has the lock, or the folder is not
        writable.
        """
        try:
            self.path.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise DataFolderError(self.problem(error)) from error
        try:
            if not _lock(descriptor, _LOCK_ATTEMPTS):
                raise DataFolderError(
                    f"A local server already uses {self.path}. Stop it, or choose another folder "
                    f"({VARIABLE}=folder)."
                )
            # That of a server which was killed.
            self._endpoint.unlink(missing_ok=True)
            yield descriptor
        finally:
            os.close(descriptor)

    def problem(self, error: OSError) -> str:
        """Return what is wrong with the folder, and what to do."""
        ways_out = (
            f"choose another folder ({VARIABLE}=folder), or keep nothing ({VARIABLE}={IN_MEMORY})."
        )
        file = Path(error.filename or self.path)
        if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
            # The path ends at the first thing of the wrong kind.
            found = next(path for path in (file, *file.parents) if path.exists())
            kinds = "folder, not a file" if found.is_dir() else "file, not a folder"
            return f"Cannot use {self.path}: {found} is a {kinds}. Move it, {ways_out}"
        return f"Cannot use {file}: {error.strerror}. Change its permissions, {ways_out}"

    def create_backups(self) -> None:
        """Create the folder of the backups. Raises :class:`DataFolderError`."""
        try:
            self.backups.mkdir(OWNER_ONLY, parents=True, exist_ok=True)
        except OSError as error:
            raise DataFolderError(self.problem(error)) from error

    @contextmanager
    def announced(self, endpoint: str, table_prefix: str) -> Iterator[None]:
        """Let commands find the tables, until the context ends."""
        lines = {"DYNAMODB_ENDPOINT": endpoint, "STINT_TABLE_PREFIX": table_prefix}
        self._endpoint.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        try:
            yield
        finally:
            self._endpoint.unlink(missing_ok=True)

    def endpoint(self) -> tuple[str, str] | None:
        """Return the endpoint and the table prefix of the server that runs, or None."""
        with suppress(OSError):
            lines = self._endpoint.read_text().splitlines()
            if self.is_used():
                values = dict(line.split("=", 1) for line in lines)
                return values["DYNAMODB_ENDPOINT"], values["STINT_TABLE_PREFIX"]
        return None

    def is_used(self) -> bool:
        """Whether a server has the lock."""
        try:
            descriptor = os.open(self._lock, os.O_RDWR)
        except OSError:
            return False
        try:
            return not _lock(descriptor, 1)
        finally:
            os.close(descriptor)

    def set_aside(self, *files: Path) -> list[Path]:
        """Move these of the folder's files into the backups; return the new paths of those it had.

        The caller has the lock. Raises :class:`DataFolderError` if the database is read meanwhile,
        or if the folder is not writable.
        """
        name = f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
        moved = []
        for file in files:
            if file.exists():
                self.create_backups()
                target = self.backups / f"{name}{file.suffix}"
                if file == self.database:
                    _empty_journal(file)
                file.rename(target)
                moved.append(target)
                # Those of a file that SQLite cannot read. It finds them by the name of the file.
                for suffix in ("-wal", "-shm"):
                    if Path(f"{file}{suffix}").exists():
                        Path(f"{file}{suffix}").rename(f"{target}{suffix}")
        return moved


def data_folder(environment: Mapping[str, str]) -> DataFolder | None:
    """Return the folder that the environment selects; None: data are in memory only."""
    name = environment.get(VARIABLE)
    if name == IN_MEMORY:
        return None
    return DataFolder(Path(name) if name else _DEFAULT)


def _empty_journal(database: Path) -> None:
    """Write a database's journal into its file: two files cannot be renamed at once."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError as error:
        raise DataFolderError(f"Cannot move {database}: {error}. Nothing was moved.") from error
    except sqlite3.DatabaseError:
        # Not a database, or corrupt: it is moved as it is.
        return
    if is_busy:
        raise DataFolderError(f"Another process reads {database}. Wait until it ends.")


def _lock(descriptor: int, attempts: int) -> bool:
    for attempt in range(attempts):
        if attempt:
            time.sleep(_LOCK_WAIT_SECONDS)
        # Another command may look whether the folder is used.
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    return False
