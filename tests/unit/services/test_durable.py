from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

import pytest

from studio_ext.services import durable
from studio_ext.services.durable import sync_tree


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of what was synced."""
    names: list[str] = []
    whole = os.fsync

    def note(descriptor: int) -> None:
        names.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        whole(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "sync", lambda: names.append("everything"))
    return names


def test_everything_in_it_and_its_own_name(tmp_path: Path, synced: list[str]) -> None:
    folder = tmp_path / "job"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "file").touch()
    (tmp_path / "outside").mkdir()
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "broken").symlink_to("missing")
    sync_tree(folder)
    assert sorted(synced) == sorted([tmp_path.name, "job", "a", "b", "file"])


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder with more in it than is synced one by one."""
    for number in range(durable.MANY + 1):
        (tmp_path / str(number)).touch()
    return tmp_path


class Library:
    """The C library, with a ``syncfs`` that does nothing but say so."""

    def __init__(self, names: list[str], error: int = 0) -> None:
        def syncfs(descriptor: int) -> int:
            names.append(f"file system of {Path(f'/proc/self/fd/{descriptor}').readlink()}")
            ctypes.set_errno(error)
            return -1 if error else 0

        self.syncfs = syncfs


def test_many_files(many: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library(synced))
    sync_tree(many)
    assert synced == [f"file system of {many}"]


def test_many_files_really(many: Path, synced: list[str]) -> None:
    sync_tree(many)
    assert synced == []


def test_many_files_where_file_systems_cannot_be_told_apart(
    many: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    sync_tree(many)
    assert synced == ["everything"]


def test_a_file_system_that_fails_is_said(many: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library(synced, errno.ENOSPC))
    with pytest.raises(OSError, match="No space left"):
        sync_tree(many)


def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        sync_tree(tmp_path)
