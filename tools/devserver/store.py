"""The file that keeps the local server's data between runs: SQLite.

One row for each item, for each stream record that a handler has still to process, and for each
message of a queue. What one request changes is one transaction, on the disk before the response.
"""

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_APPLICATION = 0x5374696E
_FORMAT = 1
"""Increase it with every change of the tables below."""

_WAIT_SECONDS = 10
# The file has personal data and the key of webhook secrets. Its journal gets the same mode.
_OWNER_ONLY = 0o600
_SCHEMA = f"""
BEGIN;
CREATE TABLE items (
    table_name TEXT, partition_key TEXT, sort_key TEXT, attributes TEXT NOT NULL,
    PRIMARY KEY (table_name, partition_key, sort_key)
) WITHOUT ROWID;
CREATE TABLE stream_records (
    number INTEGER PRIMARY KEY, table_name TEXT NOT NULL, record TEXT NOT NULL
);
CREATE TABLE messages (
    queue TEXT, id TEXT, body TEXT NOT NULL, visible_at REAL NOT NULL, PRIMARY KEY (queue, id)
) WITHOUT ROWID;
CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {_FORMAT};
COMMIT;
"""

Row = tuple[str, str, str, str | None]
"""An item: table, partition key, sort key, attributes; the last is None if it is deleted."""


class StoreError(Exception):
    """The file cannot be used. The text says why, and what to do."""


class Store:
    """The file. Several threads may use it, one at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file; create it if it is missing. Raises :class:`StoreError`."""
        self.path = path
        self._lock = threading.Lock()
        self._is_together = False
        try:
            _create(path)
            self._database = sqlite3.connect(
                path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False
            )
            # A committed transaction survives the end of the process, and of the machine.
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            if not self._database.execute("SELECT name FROM sqlite_master").fetchone():
                self._database.executescript(_SCHEMA)
            (result,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        except OSError as error:
            raise StoreError(f"Cannot open {path}: {error.strerror}. {_ADVICE}") from error
        except sqlite3.Error as error:
            raise _store_error(path, error) from error
        if result != "ok":
            raise StoreError(_damage(path, result.splitlines()[-1]))
        check_format(self._database, path)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def save(
        self,
        rows: Iterable[Row] = (),
        records: Iterable[tuple[int, str, Any]] = (),
        messages: tuple[str, dict[str, tuple[str, float]]] | None = None,
    ) -> None:
        """Save what one request changed. Raises ``sqlite3.Error``; nothing is saved then.

        ``records`` are stream records: number, table, record. ``messages`` are all of a queue: its
        name; body and visible time by id.
        """
        with self._transaction():
            for *key, attributes in rows:
                self._save_item(key, attributes)
            self._database.executemany(
                "INSERT INTO stream_records VALUES (?, ?, ?)",
                ((number, table, json.dumps(record)) for number, table, record in records),
            )
            if messages is not None:
                self._save_messages(*messages)

    def items(self, table: str) -> Iterator[dict[str, Any]]:
        """Yield the attributes of all items of a table."""
        rows = self._database.execute("SELECT attributes FROM items WHERE table_name = ?", (table,))
        for (attributes,) in rows:
            yield json.loads(attributes)

    def records(self, table: str) -> list[tuple[int, Any]]:
        """Return the stream records of a table that no handler has processed, in order."""
        rows = self._database.execute(
            "SELECT number, record FROM stream_records WHERE table_name = ? ORDER BY number",
            (table,),
        )
        return [(number, json.loads(record)) for number, record in rows]

    def delete_records(self, numbers: Iterable[int]) -> None:
        """Delete stream records that were processed. Raises ``sqlite3.Error``."""
        with self._transaction():
            self._database.executemany(
                "DELETE FROM stream_records WHERE number = ?", [(number,) for number in numbers]
            )

    def messages(self) -> list[tuple[str, str, str, float]]:
        """Return the messages of all queues: queue, id, body, visible time."""
        return self._database.execute("SELECT queue, id, body, visible_at FROM messages").fetchall()

    def secret(self, name: str, new_value: str) -> str:
        """Return a secret; at the first call, save a new one."""
        self._database.execute("INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, new_value))
        rows = self._database.execute("SELECT value FROM secrets WHERE name = ?", (name,))
        value: str = rows.fetchone()[0]
        return value

    @contextmanager
    def together(self) -> Iterator[None]:
        """Save everything of this context in one transaction. One thread only.

        Raises ``sqlite3.Error`` at the end if it cannot be saved.
        """
        with self._transaction():
            self._is_together = True
            try:
                yield
            finally:
                self._is_together = False

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._is_together:
            yield
            return
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                # SQLite has ended the transaction itself after some errors.
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                raise

    def _save_item(self, key: Sequence[str | None], attributes: str | None) -> None:
        if attributes is None:
            self._database.execute(
                "DELETE FROM items WHERE table_name = ? AND partition_key = ? AND sort_key = ?", key
            )
        else:
            self._database.execute(
                "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)", (*key, attributes)
            )

    def _save_messages(self, queue: str, messages: dict[str, tuple[str, float]]) -> None:
        rows = self._database.execute("SELECT id FROM messages WHERE queue = ?", (queue,))
        saved = {message_id for (message_id,) in rows}
        self._database.executemany(
            "DELETE FROM messages WHERE queue = ? AND id = ?",
            [(queue, message_id) for message_id in saved - messages.keys()],
        )
        self._database.executemany(
            "INSERT INTO messages VALUES (?, ?, ?, ?)",
            [(queue, each, *messages[each]) for each in messages.keys() - saved],
        )


_ADVICE = "Free space or change the folder's permissions, or choose another: STINT_DATA=folder"


def _store_error(path: Path, error: sqlite3.Error) -> StoreError:
    """Return the error of a file that SQLite cannot open, read or write."""
    # Its subclass is for what is not in the file: permissions, space, locks.
    is_damaged = isinstance(error, sqlite3.DatabaseError) and not isinstance(
        error, sqlite3.OperationalError
    )
    return StoreError(
        _damage(path, error) if is_damaged else f"Cannot open {path}: {error}. {_ADVICE}"
    )


def _damage(path: Path, problem: object) -> str:
    return (
        f"{path} is damaged: {problem}. Restore a backup (make restore FILE=...), or start over "
        "(make run FRESH=1). Both move the file into the backups."
    )


def check_format(database: sqlite3.Connection, path: Path) -> None:
    """Raise :class:`StoreError` if this version cannot read a file."""
    try:
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        raise StoreError(f"Cannot read {path}: {error}. {_ADVICE}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path} is not a file of stint's local server: {error}.") from error
    if application != _APPLICATION:
        raise StoreError(f"{path} is not a file of stint's local server.")
    if version != _FORMAT:
        raise StoreError(
            f"{path} has format {version}, and this version of stint reads format {_FORMAT}. Use "
            "the version that wrote it, or start over: make run FRESH=1"
        )


def _create(path: Path) -> None:
    """Create an empty file that only its owner can read, if there is none. SQLite fills it."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY))


def has_items(path: Path) -> bool:
    """Whether a file has items of tables. Raises :class:`StoreError`."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            check_format(database, path)
            return database.execute("SELECT 1 FROM items LIMIT 1").fetchone() is not None
    except sqlite3.Error as error:
        raise StoreError(f"Cannot read {path}: {error}.") from error


def copy_database(source: Path, target: Path) -> None:
    """Copy a file consistently, also while a server writes to it. Raises :class:`StoreError`."""
    if not source.is_file():
        raise StoreError(f"{source} {'is not a file' if source.exists() else 'does not exist'}.")
    try:
        _create(target)
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            check_format(original, source)
            original.backup(copy)
            # One file, without a journal beside it.
            copy.execute("PRAGMA journal_mode = DELETE")
            (result,) = copy.execute("PRAGMA integrity_check").fetchone()
    except StoreError:
        target.unlink()
        raise
    except OSError as error:
        raise StoreError(
            f"Cannot write {target}: {error.strerror}. Use a folder that exists and is writable."
        ) from error
    except sqlite3.Error as error:
        target.unlink(missing_ok=True)
        raise StoreError(f"Cannot copy {source} to {target}: {error}.") from error
    if result != "ok":
        target.unlink()
        raise StoreError(f"{source} is corrupt: {result}.")
