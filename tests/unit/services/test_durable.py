from __future__ import annotations

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


def test_many_files(tmp_path: Path, synced: list[str]) -> None:
    for number in range(durable.MANY + 1):
        (tmp_path / str(number)).touch()
    sync_tree(tmp_path)
    assert synced == ["everything"]


def test_a_disk_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        sync_tree(tmp_path)
