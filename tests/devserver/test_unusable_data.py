"""A data folder that cannot be used: every command says what is wrong and what to do."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.devserver.test_data_folder import filled
from tests.support.kept_server import run_module
from tests.support.local_server import free_port
from tools.data_folder import DataFolder, DataFolderError
from tools.devserver.backup import back_up, main, restore
from tools.devserver.store import Store, StoreError


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    other = DataFolder(tmp_path / "other")
    filled(other)
    return back_up(other, tmp_path / "mine.sqlite")


def lock(folder: DataFolder) -> None:
    with folder.locked():
        pass


@pytest.mark.parametrize("below", ["", "more"])
def test_file_in_place_of_the_folder_is_named(folder: DataFolder, backup: Path, below: str) -> None:
    folder.path.write_text("notes")
    inside = DataFolder(folder.path / below)
    message = f"Cannot use {inside.path}: {folder.path} is a file, not a folder. Move it, choose"
    for use in (
        lambda: lock(inside),
        lambda: restore(inside, backup),
        lambda: back_up(inside, None),
    ):
        with pytest.raises(DataFolderError) as raised:
            use()
        assert message in str(raised.value)


def test_file_in_place_of_the_backups_is_named(folder: DataFolder, backup: Path) -> None:
    filled(folder)
    folder.backups.write_text("notes")
    for use in (
        lambda: back_up(folder, None),
        lambda: restore(folder, backup),
        lambda: folder.set_aside(folder.database),
    ):
        with pytest.raises(DataFolderError, match=r"backups is a file, not a folder\. Move it"):
            use()
    assert folder.database.exists()


def test_folder_in_place_of_the_lock_is_named(folder: DataFolder) -> None:
    (folder.path / "lock").mkdir(parents=True)
    with pytest.raises(DataFolderError, match=r"lock is a folder, not a file\. Move it"):
        lock(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_is_read_only_is_named(folder: DataFolder) -> None:
    filled(folder)
    folder.path.chmod(0o500)
    for use in (lambda: lock(folder), lambda: back_up(folder, None)):
        with pytest.raises(DataFolderError, match=r"Permission denied\. Change its permissions"):
            use()


def without_a_header(file: Path) -> None:
    file.write_bytes(b"not a database" * 1_000)


def cut_off(file: Path) -> None:
    with file.open("rb+") as opened:
        opened.truncate(file.stat().st_size // 2)


def with_an_overwritten_page(file: Path) -> None:
    with file.open("rb+") as opened:
        opened.seek(4_096)
        opened.write(b"\xff" * 8_192)


@pytest.mark.parametrize("damage", [without_a_header, cut_off, with_an_overwritten_page])
def test_damaged_database_can_be_replaced_by_a_backup(
    folder: DataFolder, backup: Path, damage: Callable[[Path], None]
) -> None:
    filled(folder)
    damage(folder.database)
    with pytest.raises(StoreError, match=r"is damaged: .*\(make restore FILE=\.\.\.\), or start"):
        Store(folder.database)
    with pytest.raises(StoreError):
        back_up(folder, None)
    (moved,) = restore(folder, backup)
    assert moved.parent == folder.backups
    Store(folder.database).close()


def test_server_does_not_start_with_a_damaged_database(folder: DataFolder) -> None:
    filled(folder)
    with_an_overwritten_page(folder.database)
    result = run_module(folder.path, "tools.devserver", PORT=str(free_port()))
    assert result.returncode == 1
    assert "stint.sqlite is damaged: " in result.stderr
    assert "Traceback" not in result.stderr


def test_database_that_cannot_be_written_is_not_called_damaged(folder: DataFolder) -> None:
    folder.path.mkdir()
    with closing(Store(folder.database)):
        pass
    with (
        closing(sqlite3.connect(folder.database, isolation_level=None)) as other,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("tools.devserver.store._WAIT_SECONDS", 0)
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreError, match=r"Cannot open .*: database is locked\. Free space or"):
            Store(folder.database)


def run(monkeypatch: pytest.MonkeyPatch, folder: Path | str, *arguments: object) -> str:
    """Run a command that fails; return its message."""
    monkeypatch.setenv("STINT_DATA", str(folder))
    with pytest.raises(SystemExit) as raised:
        main([str(argument) for argument in arguments])
    assert isinstance(raised.value.code, str), raised.value.code
    assert "Errno" not in raised.value.code
    return raised.value.code


def test_commands_without_data_say_what_to_do(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "There are no data in" in run(monkeypatch, folder.path, "backup")
    assert not folder.path.exists()
    folder.path.mkdir()
    assert "or create some: make run" in run(monkeypatch, folder.path, "backup")
    assert "none stores no data. Choose a folder" in run(monkeypatch, "none", "backup")
    folder.path.rmdir()
    folder.path.write_text("notes")
    assert "is a file, not a folder" in run(monkeypatch, folder.path, "backup")
    assert "is a file, not a folder" in run(monkeypatch, folder.path, "restore", tmp_path / "a")


def test_restore_without_a_file_lists_the_backups(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "make restore FILE=... There is none in" in run(monkeypatch, folder.path, "restore")
    filled(folder)
    made = back_up(folder, None)
    listed = run(monkeypatch, folder.path, "restore")
    assert listed.splitlines() == [
        "Name a backup: make restore FILE=... The latest ones:",
        f"  {os.path.relpath(made)}",
    ]


def test_unusable_files_are_named(
    folder: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(folder)
    missing = tmp_path / "missing" / "mine.sqlite"
    assert run(monkeypatch, folder.path, "backup", missing) == (
        f"Cannot write {missing}: No such file or directory. "
        "Use a folder that exists and is writable."
    )
    assert run(monkeypatch, folder.path, "restore", tmp_path) == f"{tmp_path} is not a file."
    assert run(monkeypatch, folder.path, "restore", missing) == f"{missing} does not exist."
    shutil.rmtree(folder.backups, ignore_errors=True)
    assert folder.database.exists()
