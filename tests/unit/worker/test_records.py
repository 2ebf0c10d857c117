"""Files of a job directory."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from studio_ext.worker import records


def test_only_one_creates_a_claim(tmp_path: Path) -> None:
    won: list[int] = []
    barrier = threading.Barrier(8)

    def claim(number: int) -> None:
        barrier.wait()
        if records.create_exclusively(tmp_path / "claim.json", {"number": number}):
            won.append(number)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert records.read(tmp_path / "claim.json") == {"number": won[0]}


def test_finish_uses_what_was_reserved(tmp_path: Path) -> None:
    files = records.AttemptFiles(tmp_path, 1)
    files.directory.mkdir(parents=True)
    files.reserve()
    reserved = files.spare(files.exit)
    inode = reserved.stat().st_ino
    assert reserved.stat().st_blocks * 512 >= 200_000
    files.finish(files.exit, {"reason": "Completed"})
    assert files.exit.stat().st_ino == inode
    assert files.exit.read_bytes() == b'{"reason": "Completed"}\n'
    files.drop_spares()
    assert [path.name for path in files.directory.iterdir()] == ["exit.json"]


def test_read_says_none_for_anything_odd(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    assert records.read(path) is None
    for content in (b"", b"{", b"[1]", b"\xff\xfe", b'{"a": 1} x'):
        path.write_bytes(content)
        assert records.read(path) is None


def test_write_replaces_or_leaves_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nb.ipynb"
    records.write(path, b"one")

    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", fail)
    with pytest.raises(OSError, match="No space"):
        records.write(path, b"two")
    monkeypatch.undo()
    assert [each.name for each in tmp_path.iterdir()] == ["nb.ipynb"]
    assert path.read_bytes() == b"one"


def test_a_record_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = records.AttemptFiles(tmp_path, 1)
    files.directory.mkdir(parents=True)
    whole = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: whole(fd, data[:5]))
    files.finish(files.exit, {"reason": "Completed"})
    assert records.read(files.exit) == {"reason": "Completed"}


def test_events_are_read_once_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    assert records.read_events(path) == ([], 0)
    path.write_bytes(b'{"event": "start"}\nnot json\n[1]\n{"event": "ce')
    events, offset = records.read_events(path)
    assert events == [{"event": "start"}]
    with path.open("ab") as file:
        file.write(b'll"}\n')
    assert records.read_events(path, offset)[0] == [{"event": "cell"}]


def test_encode_survives_lone_surrogates() -> None:
    assert json.loads(records.encode({"x": "a\ud800b"})) == {"x": "a?b"}
