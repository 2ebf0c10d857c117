"""Files below a directory that somebody else writes to."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from studio_ext.worker import inside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "file").write_text("own")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").write_text("secret")
    return root


def test_files_and_folders(root: Path) -> None:
    assert inside.read(root, "a/b/file", 3) == b"own"
    assert inside.names(root, "a") == ["b"]
    assert inside.names(root, "") == ["a"]
    assert inside.look(root, "a/b/file").st_size == 3
    assert inside.look(root, "").st_ino == root.stat().st_ino
    made = inside.open_file(root, "a/new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    assert os.get_blocking(made) and not os.get_inheritable(made)
    os.close(made)
    assert (root / "a" / "new").stat().st_mode & 0o777 == 0o640 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_the_root_may_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root)
    assert inside.read(tmp_path / "link", "a/b/file", 3) == b"own"


@pytest.mark.parametrize("place", ["a", "a/b", "a/b/file"])
def test_no_link_on_the_way_is_followed(root: Path, tmp_path: Path, place: str) -> None:
    path = root / place
    path.rename(root / "moved")
    for target in (tmp_path / "outside", root / "moved"):  # also not one that stays inside
        path.symlink_to(target)
        for call in (
            lambda: inside.read(root, "a/b/file", 9),
            lambda: inside.open_file(root, "a/b/file", os.O_WRONLY | os.O_CREAT),
            lambda: inside.names(root, f"{place}"),
        ):
            with pytest.raises(FileNotFoundError):
                call()
        path.unlink()
    assert (tmp_path / "outside" / "file").read_text() == "secret"


@pytest.mark.timeout(10)
def test_what_is_no_regular_file(root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero", "a"):
        for flags in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
            with pytest.raises(inside.NotOurs):
                inside.open_file(root, name, flags)
    with pytest.raises(inside.NotOurs):
        inside.names(root, "pipe")


@pytest.mark.parametrize("path", ["..", "../outside/file", "a/../../outside/file", "/etc/passwd", "a/b/file\0", ""])
def test_paths_that_are_none(root: Path, path: str) -> None:
    with pytest.raises(FileNotFoundError):
        inside.read(root, path, 9)


def test_no_more_than_one_asked_for(root: Path) -> None:
    with pytest.raises(OSError, match="More than 2 bytes") as error:
        inside.read(root, "a/b/file", 2)
    assert error.value.errno == errno.EFBIG


def test_nothing_stays_open(root: Path) -> None:
    (root / "link").symlink_to("a")

    def opened() -> int:
        return len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before = opened()
    for path in ("a/b/file", "a/b/none", "link/b/file", "a", "a/b/file/x"):
        for call in (inside.look, inside.names, lambda *where: inside.read(*where, 9)):
            try:
                call(root, path)
            except OSError:
                continue
    assert opened() == before
