"""Lines are read once each, whole, and only from files that are ours to read."""

from __future__ import annotations

import os
from pathlib import Path, PurePath

import pytest

from studio_ext.services import line_tail
from studio_ext.services.line_tail import LineTail


@pytest.fixture
def tail(tmp_path: Path) -> LineTail:
    return LineTail(tmp_path, PurePath("a", "b.jsonl"))


def append(tail: LineTail, data: bytes) -> None:
    path = tail.root / tail.path
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(data)


def test_no_file_has_no_lines(tail: LineTail) -> None:
    assert tail.read() == [] and tail.size() == 0


def test_each_line_comes_once_and_half_a_line_waits(tail: LineTail) -> None:
    append(tail, b"one\ntwo\nthr")
    assert tail.read() == [b"one", b"two"]
    assert tail.read() == []
    append(tail, b"ee\n\n")
    assert tail.read() == [b"three", b""]
    assert tail.size() == tail.position


def test_long_files_come_in_pieces(tail: LineTail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_tail, "CHUNK", 100)
    lines = [b"x" * length for length in (10, 90, 99, 250, 0, 30, 5)]
    append(tail, b"\n".join(lines) + b"\n")
    found: list[bytes] = []
    while part := tail.read():
        found += part
    assert found == lines


def test_a_line_without_end_is_given_up(tail: LineTail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_tail, "CHUNK", 100)
    monkeypatch.setattr(line_tail, "MAX_LINE", 1000)
    append(tail, b"x" * 5000)
    assert tail.read() == [] and tail.broken
    append(tail, b"\nmore\n")
    assert tail.read() == []


def test_another_file_of_the_name_is_read_from_its_beginning(tail: LineTail) -> None:
    append(tail, b"first, and long enough\n")
    assert len(tail.read()) == 1
    (tail.root / tail.path).unlink()
    append(tail, b"second\nthird\n")
    assert tail.read() == [b"second", b"third"]


def test_links_and_pipes_are_not_read(tail: LineTail, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret\n")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.jsonl").symlink_to(tmp_path / "secret")
    assert tail.read() == []
    (tmp_path / "a" / "b.jsonl").unlink()
    os.mkfifo(tmp_path / "a" / "b.jsonl")
    assert tail.read() == []
