"""The folder of kept data: what is moved aside, backed up and restored, and who can read it."""

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tools.data_folder import DataFolder, DataFolderError
from tools.devserver.backup import back_up, restore
from tools.devserver.store import Store, StoreError

ITEM = ("stint-local-timers", "1", "2", "{}")


def filled(folder: DataFolder) -> None:
    folder.path.mkdir(parents=True, exist_ok=True)
    with closing(Store(folder.database)) as store:
        store.save([ITEM])


def count_items(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        (count,) = database.execute("SELECT count(*) FROM items").fetchone()
    return int(count)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


def with_dynamodb_local(folder: DataFolder) -> Path:
    folder.dynamodb_local.mkdir(parents=True)
    file = folder.dynamodb_local / "shared-local-instance.db"
    file.write_bytes(b"all timers")
    return file


def test_restore_leaves_the_file_of_dynamodb_local(folder: DataFolder, tmp_path: Path) -> None:
    filled(folder)
    backup = back_up(folder, tmp_path / "mine.sqlite")
    file = with_dynamodb_local(folder)
    (replaced,) = restore(folder, backup)
    assert count_items(replaced) == 1
    assert file.read_bytes() == b"all timers"


def test_every_moved_file_is_named(folder: DataFolder) -> None:
    filled(folder)
    with_dynamodb_local(folder)
    moved = folder.set_aside(folder.database, folder.dynamodb_local)
    assert sorted(moved) == sorted(folder.backups.iterdir())
    assert len(moved) == 2
    assert folder.set_aside(folder.database, folder.dynamodb_local) == []


@pytest.mark.parametrize("has_empty_database", [True, False])
def test_backup_without_the_items_is_refused(
    folder: DataFolder, tmp_path: Path, has_empty_database: bool
) -> None:
    with_dynamodb_local(folder)
    if has_empty_database:
        Store(folder.database).close()
    with pytest.raises(DataFolderError, match="make backup does not copy"):
        back_up(folder, tmp_path / "mine.sqlite")
    assert not (tmp_path / "mine.sqlite").exists()


def test_backup_says_that_it_lacks_the_file_of_dynamodb_local(
    folder: DataFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(folder)
    with_dynamodb_local(folder)
    assert count_items(back_up(folder, None)) == 1
    assert f"Not in the backup: {folder.dynamodb_local}" in capsys.readouterr().err


def test_data_moved_by_a_killed_command_have_their_journal(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At no moment is the database without the transactions in its journal."""
    folder.path.mkdir()
    other = DataFolder(tmp_path / "killed")
    filled(other)
    with closing(Store(other.database)) as store:
        store.save([("stint-local-timers", "1", "3", "{}")])
        for suffix in ("", "-wal"):
            shutil.copy(f"{other.database}{suffix}", f"{folder.database}{suffix}")
    rename = Path.rename
    renamed: list[Path] = []

    def killed_after_the_first(path: Path, target: Path) -> Path:
        if renamed:
            raise KeyboardInterrupt
        renamed.append(target)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed_after_the_first)
    with suppress(KeyboardInterrupt):
        folder.set_aside(folder.database)
    (database,) = folder.path.rglob("*.sqlite")
    assert count_items(database) == 2


def test_file_that_is_no_database_is_moved_as_it_is(folder: DataFolder) -> None:
    folder.path.mkdir()
    folder.database.write_bytes(b"not a database" * 1_000)
    (moved,) = folder.set_aside(folder.database)
    assert moved.read_bytes() == b"not a database" * 1_000


def test_no_journal_stays_beside_the_next_database(folder: DataFolder) -> None:
    filled(folder)
    # As a reader, such as a backup, that has not closed the file.
    with closing(Store(folder.database)) as reader:
        assert list(reader.items(ITEM[0])) == [{}]
        (moved,) = folder.set_aside(folder.database)
    assert count_items(moved) == 1
    assert list(folder.path.glob("stint.sqlite*")) == []


def test_unusable_backup_leaves_no_file(folder: DataFolder, tmp_path: Path) -> None:
    folder.path.mkdir()
    folder.database.write_bytes(b"not a database" * 1_000)
    with pytest.raises(StoreError, match="is not a file of stint's local server"):
        back_up(folder, tmp_path / "mine.sqlite")
    assert not (tmp_path / "mine.sqlite").exists()


def test_only_the_owner_reads_what_is_kept(folder: DataFolder, tmp_path: Path) -> None:
    """Also in a folder that exists already, and in a backup elsewhere: they have secrets."""
    with folder.locked():
        filled(folder)
    assert folder.path.stat().st_mode & 0o777 == 0o700
    existing = DataFolder(tmp_path / "existing")
    existing.path.mkdir(mode=0o755)
    filled(existing)
    for kept in (folder, existing):
        backup = back_up(kept, None)
        assert kept.backups.stat().st_mode & 0o777 == 0o700
        restore(kept, backup)
        for file in (kept.database, backup, *kept.backups.iterdir()):
            assert file.stat().st_mode & 0o777 == 0o600, file
