"""How long a log gets."""

from __future__ import annotations

import os
from pathlib import Path

from studio_ext.worker import records
from studio_ext.worker.clock import Clock
from studio_ext.worker.log_limit import LogGuard
from studio_ext.worker.reporter import Reporter


def reporter(tmp_path: Path, limit: int) -> tuple[Reporter, Path]:
    files = records.AttemptFiles(tmp_path, 1)
    files.directory.mkdir(parents=True)
    return Reporter(files, Clock(), limit), files.log


def test_what_goes_beyond_the_limit_is_left_out_and_said_once(tmp_path: Path) -> None:
    tell, log = reporter(tmp_path, 2048)
    for _ in range(1000):
        tell.log("0123456789\n")
    tell.cell(1, "more")
    lines = log.read_text().splitlines()
    assert len("".join(lines[:-2])) + len(lines) - 2 <= 2048
    assert lines[-1] == "--- The log has reached 2 KiB: the rest of the output is left out here ---"
    assert set(lines[:-2]) == {"0123456789"}
    assert "0123456789".startswith(lines[-2])


def test_the_last_character_is_whole(tmp_path: Path) -> None:
    tell, log = reporter(tmp_path, 5)
    tell.log("ééé")
    assert log.read_text("utf-8").splitlines()[0] == "éé"


def test_exactly_the_limit_is_written(tmp_path: Path) -> None:
    tell, log = reporter(tmp_path, 4)
    tell.log("abc\n")
    assert log.read_text() == "abc\n"


def test_raw_output_is_cut_back_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    ours, theirs = records.open_append(path), records.open_append(path)
    guard = LogGuard(ours, 1600)
    os.write(theirs, b"x" * 1700)
    guard.look()
    assert path.stat().st_size == 1700, "a sixteenth more is allowed"
    sizes = []
    for _ in range(3):
        os.write(theirs, b"y" * 5000)
        guard.look()
        sizes.append(path.stat().st_size)
    assert len(set(sizes)) == 1
    text = path.read_text()
    assert text[:1700] == "x" * 1700
    assert text.endswith("\n--- The log has reached 1.66 KiB: the rest is left out ---\n")
    os.write(theirs, b"z")
    assert path.read_text().endswith("---\nz"), "no hole is left where the cut was"
