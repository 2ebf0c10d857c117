"""What is kept of a series is what was added, whoever adds, and whoever is killed while doing so."""

from __future__ import annotations

import errno
import json
import math
import os
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from studio_ext.adapters.series import column_files, open_histories
from studio_ext.adapters.series import columns as module
from studio_ext.adapters.series.column import Column, Gone
from studio_ext.adapters.series.columns import LONG, Columns
from studio_ext.adapters.series.sources import Mark, Piece
from studio_ext.core.workspace import Workspace

KEY = ("run", "loss")


def piece(first: int, count: int, *, mark: Mark = (1,), done: bool = True, whole: bool = False) -> Piece:
    steps = np.arange(first, first + count)
    return Piece(*KEY, steps, steps.astype(float), steps * 0.5, mark, done, whole)


def made(folder: Path) -> Columns:
    return Columns(folder, "sqlite:///x")


def values(column: Column) -> list[float]:
    return [float(each) for each in column.rows["value"]]


def files(folder: Path) -> list[Path]:
    return sorted(each for each in folder.rglob("*") if each.is_file())


def opened() -> int:
    """Files that this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_short_series_is_in_memory(tmp_path: Path) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, 3))
    columns.add(*KEY, piece(3, 200, mark=(2,)))
    column, is_loaded = columns.get(*KEY)
    assert not is_loaded and files(tmp_path) == [] and column.path is None
    assert values(column) == [step * 0.5 for step in range(203)]
    assert (column.mark, column.is_done, column.last) == ((2,), True, 101.0)


def test_a_long_series_is_in_a_file_and_grows_there(tmp_path: Path) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1, mark=(1, "a"), done=False))
    columns.add(*KEY, piece(LONG + 1, 10, mark=(2, "b")))
    (file,) = files(tmp_path)
    other, is_loaded = made(tmp_path).get(*KEY)
    mine, _ = columns.get(*KEY)
    for column in (mine, other):
        assert values(column) == [step * 0.5 for step in range(LONG + 11)]
        assert (column.mark, column.is_done, column.path) == ((2, "b"), True, file)
    assert is_loaded and mine.memory < 10_000


def test_order_and_numbers_are_known_without_reading_again(tmp_path: Path) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(10, LONG + 1))
    column, _ = columns.get(*KEY)
    assert column.steps_grow and column.times_grow and column.not_finite == 0
    back = Piece(*KEY, np.array([3]), np.array([1e9]), np.array([math.nan]), (2,), True)
    columns.add(*KEY, back)
    for each in (columns.get(*KEY)[0], made(tmp_path).get(*KEY)[0]):
        assert not each.steps_grow and each.times_grow
        assert each.not_finite == 1 and math.isnan(each.last)


def test_who_was_killed_before_the_header_was_written_has_added_nothing(tmp_path: Path) -> None:
    made(tmp_path).add(*KEY, piece(0, LONG + 1))
    (file,) = files(tmp_path)
    with file.open("ab") as opened:
        opened.write(b"\xff" * 1000)
    columns = made(tmp_path)
    column, _ = columns.get(*KEY)
    assert column.count == LONG + 1
    columns.add(*KEY, piece(LONG + 1, 2, mark=(2,)))
    assert values(made(tmp_path).get(*KEY)[0])[-3:] == [LONG * 0.5, (LONG + 1) * 0.5, (LONG + 2) * 0.5]


def header_of(found: dict[str, object]) -> bytes:
    text = json.dumps(found).encode()
    return (b"%08x " % zlib.crc32(text) + text).ljust(512)


@pytest.mark.parametrize("damage", ["short", "empty", "no header", "torn header", "other version"])
def test_a_damaged_file_is_thrown_away(tmp_path: Path, damage: str) -> None:
    made(tmp_path).add(*KEY, piece(0, LONG + 1))
    (file,) = files(tmp_path)
    content = file.read_bytes()
    text = content[:512].rstrip().partition(b" ")[2]
    other = header_of({**json.loads(text), "version": 99})
    file.write_bytes(
        {
            "short": content[:-1],
            "empty": b"",
            "no header": b"\xff" * len(content),
            "torn header": content[:512].replace(b'steps_grow": true', b'steps_grow": null') + content[512:],
            "other version": other + content[512:],
        }[damage]
    )
    column, is_loaded = made(tmp_path).get(*KEY)
    assert (column.count, is_loaded) == (0, False) and files(tmp_path) == []


@pytest.mark.parametrize("lost", ["nothing", "a byte", "what was added"])
def test_after_the_power_was_cut_a_file_counts_if_the_disk_has_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1))
    columns.add(*KEY, piece(LONG + 1, 200, mark=(2,)))
    (file,) = files(tmp_path)
    content = bytearray(file.read_bytes())
    if lost == "a byte":
        content[1_000] ^= 1
    elif lost == "what was added":
        content[-200 * 24 :] = bytes(200 * 24)
    file.write_bytes(content)
    monkeypatch.setattr(column_files, "_boot", lambda: "the next one")
    column, is_loaded = made(tmp_path).get(*KEY)
    assert is_loaded == (lost == "nothing") == (files(tmp_path) != [])
    assert values(column) == ([step * 0.5 for step in range(LONG + 201)] if is_loaded else [])


def test_a_file_grows_from_boot_to_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        monkeypatch.setattr(column_files, "_boot", lambda number=number: f"boot {number}")
        columns = made(tmp_path)
        column, is_loaded = columns.get(*KEY)
        assert is_loaded == (number > 0) and column.count == number * (LONG + 1)
        columns.add(*KEY, piece(column.count, LONG + 1, mark=(number,)))
    assert values(made(tmp_path).get(*KEY)[0]) == [step * 0.5 for step in range(4 * (LONG + 1))]


@pytest.mark.parametrize("boot", ["the next one", ""])
def test_a_file_of_another_boot_does_not_count_where_changes_are_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, boot: str
) -> None:
    made(tmp_path).add(*KEY, piece(0, LONG + 1))
    assert Columns(tmp_path, "sqlite:///x", across_boots=False).get(*KEY)[1]
    monkeypatch.setattr(column_files, "_boot", lambda: boot)
    assert not Columns(tmp_path, "sqlite:///x", across_boots=False).get(*KEY)[1]
    assert files(tmp_path) == []


def test_two_servers_add_what_each_has_read(tmp_path: Path) -> None:
    one, other = made(tmp_path), made(tmp_path)
    one.add(*KEY, piece(0, LONG + 1))
    other.get(*KEY)
    one.add(*KEY, piece(LONG + 1, 5, mark=(2,)))
    other.add(*KEY, piece(LONG + 1, 5, mark=(2,)))
    column, _ = other.get(*KEY)
    assert column.count == LONG + 6 and column.mark == (2,) and not column.is_done
    other.add(*KEY, piece(LONG + 6, 1, mark=(3,)))
    assert values(made(tmp_path).get(*KEY)[0]) == [step * 0.5 for step in range(LONG + 7)]


def test_while_another_process_adds_it_stays_in_memory(tmp_path: Path) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1))
    (file,) = files(tmp_path)
    with column_files._opened(file):
        columns.add(*KEY, piece(LONG + 1, 1, mark=(2,)))
    column, _ = columns.get(*KEY)
    assert values(column)[-2:] == [LONG * 0.5, (LONG + 1) * 0.5]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_where_nothing_can_be_written_it_stays_in_memory(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1))
    assert columns.get(*KEY)[0].count == LONG + 1
    tmp_path.chmod(0o700)


def test_where_a_file_is_in_the_way_it_stays_in_memory(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_text("in the way")
    columns = made(folder)
    columns.add(*KEY, piece(0, LONG + 1))
    columns.add(*KEY, piece(LONG + 1, 1))
    assert columns.get(*KEY)[0].count == LONG + 2


def test_a_whole_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1))
    columns.add(*KEY, piece(7, 2, mark=(2,), whole=True))
    column, _ = columns.get(*KEY)
    assert values(column) == [3.5, 4.0] and column.path is None and column.steps_grow


def test_memory_and_disk_are_bounded(tmp_path: Path) -> None:
    columns = Columns(tmp_path, "x", memory=30_000, disk=2 * 24 * LONG + 50_000)
    for number in range(20):
        columns.add("run", f"short{number}", piece(0, 100))
    columns.make_room({("run", "short0")})
    assert columns.get("run", "short0")[0].count == 100
    assert columns.get("run", "short1")[0].count == 0 and columns.get("run", "short19")[0].count == 100

    for number in range(4):
        columns.add("run", f"long{number}", piece(0, LONG + 1))
        path = columns._path("run", f"long{number}")
        os.utime(path, (number, number))
    left = tmp_path / path.parent.parent.name / "run" / f".{path.name}.1.2"
    left.write_bytes(b"half made")
    os.utime(left, (1, 1))
    columns._tidied = -1e9
    columns.make_room(set())
    assert [each.name for each in files(tmp_path)] == sorted(
        columns._path("run", f"long{number}").name for number in (2, 3)
    )


def test_what_is_asked_for_goes_to_files_where_it_is_too_much(tmp_path: Path) -> None:
    columns = Columns(tmp_path, "x", memory=50_000)
    keys = [("run", f"m{number}") for number in range(20)]
    for key in keys:
        columns.add(*key, piece(0, 1_000))
    columns.add("run", "short", piece(0, 10))
    columns.make_room({*keys, ("run", "short")})
    assert sum(each.memory for each in columns._kept.values()) <= 50_000
    assert 18 <= len(files(tmp_path)) <= 20 and columns.get("run", "short")[0].path is None
    for key in keys:
        columns.add(*key, piece(1_000, 5, mark=(2,)))
        assert values(columns.get(*key)[0]) == [step * 0.5 for step in range(1_005)]


def test_a_short_series_that_is_in_a_file_is_read_at_once_when_somebody_asks(tmp_path: Path) -> None:
    kept = made(tmp_path)
    kept.dated = 1.0
    kept.add(*KEY, piece(0, 1_000))
    assert kept.put_away([KEY])
    (file,) = files(tmp_path)
    before = file.stat()
    # For nobody: it stays where it is, and is not written again.
    assert kept.get(*KEY)[0].path == file and kept.put_away([KEY])
    assert (file.stat().st_ino, file.stat().st_mtime) == (before.st_ino, before.st_mtime) == (before.st_ino, 1.0)
    columns = made(tmp_path)
    column, is_loaded = columns.get(*KEY)
    assert is_loaded and column.path is None and column.mark == (1,)
    assert file.stat().st_mtime > 1.0
    # Not again within ten minutes: it is the tenth part of what reading it costs.
    lately = time.time() - 60
    os.utime(file, (lately, lately))
    made(tmp_path).get(*KEY)
    assert file.stat().st_mtime == pytest.approx(lately)
    file.unlink()
    columns.add(*KEY, piece(1_000, 5, mark=(2,)))
    column, _ = columns.get(*KEY)
    assert values(column) == [step * 0.5 for step in range(1_005)] and column.mark == (2,)


def test_what_is_read_from_files_has_room_in_memory_and_is_not_written_again(tmp_path: Path) -> None:
    keys = [("run", f"m{number}") for number in range(20)]
    kept = Columns(tmp_path, "x")
    kept.dated = 1.0
    for key in keys:
        kept.add(*key, piece(0, 1_000))
    kept.put_away(keys)
    before = [each.stat().st_ino for each in files(tmp_path)]
    columns = Columns(tmp_path, "x", memory=100_000)
    for _ in range(2):
        for key in keys:
            assert values(columns.get(*key)[0])[-1] == 499.5
        assert 0 < sum(each.held.nbytes for each in columns._kept.values()) <= 50_000
        columns.make_room(set(keys))
    assert [each.stat().st_ino for each in files(tmp_path)] == before


def test_a_file_that_gets_shorter_while_it_is_read_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = made(tmp_path)
    kept.dated = 1.0
    kept.add(*KEY, piece(0, 1_000))
    kept.put_away([KEY])
    read = os.pread
    monkeypatch.setattr(os, "pread", lambda file, size, place: read(file, size, place)[:-24])
    column, is_loaded = made(tmp_path).get(*KEY)
    assert not is_loaded and column.count == 0


def test_rows_that_do_not_count_yet_are_no_reason_to_read_a_history_again(tmp_path: Path) -> None:
    """Whoever appends to a file was killed, or has not said yet that there is more."""
    kept = made(tmp_path)
    kept.dated = 1.0
    kept.add(*KEY, piece(0, LONG - 1))
    kept.put_away([KEY])
    (file,) = files(tmp_path)
    with file.open("ab") as end:
        end.write(b"x" * 24 * 3)
    column, is_loaded = made(tmp_path).get(*KEY)
    assert is_loaded and column.path is None and values(column) == [step * 0.5 for step in range(LONG - 1)]


def test_files_that_are_asked_for_are_not_thrown_away(tmp_path: Path) -> None:
    columns = Columns(tmp_path, "x", disk=1_000)
    for number in range(3):
        columns.add("run", str(number), piece(0, LONG + 1))
    columns._tidied = -1e9
    columns.make_room({("run", "1")})
    assert files(tmp_path) == [columns.get("run", "1")[0].path]


def test_where_a_file_is_in_the_way_no_room_is_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    columns = Columns(tmp_path / "file", "x", memory=100)
    columns.add(*KEY, piece(0, 1_000))
    columns.make_room({KEY})
    assert values(columns.get(*KEY)[0]) == [step * 0.5 for step in range(1_000)]


def test_no_file_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONG", 10)
    columns = made(tmp_path)
    before = opened()
    for number in range(100):
        columns.add("run", str(number), piece(0, 11))
        columns.add("run", str(number), piece(11, 5, mark=(2,)))
    assert [values(columns.get("run", str(number))[0])[-1] for number in range(100)] == [7.5] * 100
    assert len(files(tmp_path)) == 100 and opened() == before


@pytest.mark.parametrize("step", ["rows", "header"])
def test_where_no_more_can_be_written_all_stays_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1))
    write = column_files._write

    def full(file: int, data: bytes, place: int) -> None:
        if (place == 0) == (step == "header"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(file, data, place)

    monkeypatch.setattr(column_files, "_write", full)
    more = Piece(*KEY, np.array([1, 2]), np.array([9e9, 9e9]), np.array([math.nan, 4.0]), (2,), True)
    columns.add(*KEY, more)
    column, _ = columns.get(*KEY)
    assert column.path is None and (column.count, column.mark) == (LONG + 3, (2,))
    assert (column.not_finite, column.last, column.steps_grow) == (1, 4.0, False)
    assert values(column)[-1] == 4.0 and len(values(column)) == LONG + 3
    other, _ = made(tmp_path).get(*KEY)
    assert (other.count, other.mark, other.not_finite, other.steps_grow) == (LONG + 1, (1,), 0, True)


@pytest.mark.parametrize("is_before", [True, False])
def test_a_file_that_is_thrown_away_while_values_are_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_before: bool
) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1))
    (file,) = files(tmp_path)
    write = column_files._write

    def slow(to: int, data: bytes, place: int) -> None:
        if (place == 0) != is_before:
            file.unlink(missing_ok=True)
        write(to, data, place)

    monkeypatch.setattr(column_files, "_write", slow)
    columns.add(*KEY, piece(LONG + 1, 3, mark=(2,)))
    column, _ = columns.get(*KEY)
    assert (column.mark, column.is_done, values(column)) == ((), False, [])
    columns.add(*KEY, piece(0, 4, mark=(3,)))
    assert values(columns.get(*KEY)[0]) == [0.0, 0.5, 1.0, 1.5]


def test_a_file_that_was_made_anew_is_another_one(tmp_path: Path) -> None:
    one, other = made(tmp_path), made(tmp_path)
    one.add(*KEY, piece(0, LONG + 1))
    column, _ = one.get(*KEY)
    other.drop(*KEY)
    with pytest.raises(Gone):
        _ = column.rows
    other.add(*KEY, piece(7, LONG + 9))
    with pytest.raises(Gone):
        _ = column.rows
    one.forget(*KEY)
    found, is_loaded = one.get(*KEY)
    assert is_loaded and values(found) == [step * 0.5 for step in range(7, LONG + 16)]


def test_who_adds_to_a_file_that_was_made_anew_goes_on_with_that(tmp_path: Path) -> None:
    one, other = made(tmp_path), made(tmp_path)
    one.add(*KEY, piece(0, LONG + 5))
    other.get(*KEY)
    one.drop(*KEY)
    one.add(*KEY, piece(0, LONG + 1, mark=(9,)))
    other.add(*KEY, piece(LONG + 5, 2, mark=(2,)))
    column, _ = other.get(*KEY)
    assert (column.count, column.mark, column.is_done) == (LONG + 1, (9,), False)
    other.add(*KEY, piece(LONG + 1, 6, mark=(10,)))
    assert values(made(tmp_path).get(*KEY)[0]) == [step * 0.5 for step in range(LONG + 7)]


def test_a_mark_that_is_too_long_for_a_file_stays_in_memory(tmp_path: Path) -> None:
    columns = made(tmp_path)
    columns.add(*KEY, piece(0, LONG + 1, mark=("n", "x" * 600)))
    assert files(tmp_path) == [] and columns.get(*KEY)[0].count == LONG + 1
    columns.add(*KEY, piece(LONG + 1, 1))
    columns.add(*KEY, piece(LONG + 2, 1, mark=("n", "x" * 600)))
    assert values(columns.get(*KEY)[0])[-1] == (LONG + 2) * 0.5
    assert values(made(tmp_path).get(*KEY)[0])[-1] == (LONG + 1) * 0.5


def test_names_that_are_no_names_of_files(tmp_path: Path) -> None:
    columns = made(tmp_path / "cache")
    for run_id, metric in (("../../run", "a/b"), ("..", "."), ("run", "\0"), ("run", "x" * 250)):
        columns.add(run_id, metric, piece(0, LONG + 1))
        assert columns.get(run_id, metric)[0].path is not None
    assert all(each.is_relative_to(tmp_path / "cache") for each in files(tmp_path)) and len(files(tmp_path)) == 4


def test_files_of_another_boot_count_for_sqlite_only(tmp_path: Path) -> None:
    uris = {
        f"sqlite:///{tmp_path}/mlflow.db": True,
        "postgresql://someone@127.0.0.1:9/mlflow": False,
        "http://127.0.0.1:9": False,
    }
    for uri, counts in uris.items():
        assert open_histories(Workspace(tmp_path, uri), lambda: ())._columns._across_boots == counts
