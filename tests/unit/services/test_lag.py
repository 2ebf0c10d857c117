"""How far the tracking store is behind, told from what lies in the journals."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from studio_ext.services.lag import lag_bytes, recording_lag, run_lag_bytes


def journal(home: Path, number: int, calls: bytes, replies: str = "") -> Path:
    attempt = home / "attempts" / str(number)
    attempt.mkdir(parents=True)
    (attempt / "calls.jsonl").write_bytes(calls)
    if replies:
        (attempt / "replies.jsonl").write_text(replies)
    return attempt


def note(position: int) -> str:
    return json.dumps({"i": 1, "pos": position}) + "\n"


def test_what_is_not_applied_is_behind(tmp_path: Path) -> None:
    journal(tmp_path / "r1", 1, b"x" * 100)
    journal(tmp_path / "r1", 2, b"x" * 100, note(10) + note(60))
    journal(tmp_path / "r1", 3, b"x" * 100, note(100))
    assert [lag_bytes(tmp_path / "r1", number) for number in (1, 2, 3, 4)] == [100, 40, 0, 0]
    assert run_lag_bytes(tmp_path, "r1") == 140
    assert run_lag_bytes(tmp_path, "none") == 0


def test_a_whole_workspace(tmp_path: Path) -> None:
    trackers = tmp_path / "trackers"
    journal(trackers / "r1", 1, b"x" * 100)
    journal(trackers / "r2", 1, b"x" * 5, note(5))
    journal(tmp_path / "job", 2, b"x" * 7)
    jobs = [(tmp_path / "job", 2), (tmp_path / "job", 2), (tmp_path / "gone", 1)]
    assert recording_lag(trackers, jobs).model_dump() == {"journals": 2, "bytes": 107}
    assert recording_lag(tmp_path / "none", ()).model_dump() == {"journals": 0, "bytes": 0}


@pytest.mark.parametrize(
    "replies", ['{"i": 1, "pos": 40}', "rubbish\n", '{"pos": "x"}\n', "[]\n", note(40) + '{"i": 2, "po', "\n\n"]
)
def test_notes_that_are_half_or_rubbish(tmp_path: Path, replies: str) -> None:
    journal(tmp_path, 1, b"x" * 100, replies)
    assert lag_bytes(tmp_path, 1) == (60 if replies.startswith('{"i": 1') and replies.count("\n") else 100)


def test_what_a_job_lays_in_the_place_of_its_files_is_not_followed(tmp_path: Path) -> None:
    attempt = journal(tmp_path, 1, b"x" * 100, note(100))
    (attempt / "replies.jsonl").unlink()
    (attempt / "replies.jsonl").symlink_to("/dev/zero")
    assert lag_bytes(tmp_path, 1) == 100
    (attempt / "replies.jsonl").unlink()
    os.mkfifo(attempt / "replies.jsonl")
    assert lag_bytes(tmp_path, 1) == 100
