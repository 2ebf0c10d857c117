"""Files of an experiment are read while they are written, and after whoever wrote them was killed."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from studio_ext.adapters.trial_index import layout, reading, words, writing
from studio_ext.adapters.trial_index.columns import FileColumns
from studio_ext.adapters.trial_index.layout import CELLS, Header, Part
from studio_ext.adapters.trial_index.reading import ExperimentFiles
from studio_ext.adapters.trial_index.writing import ExperimentWriter
from studio_ext.core.trial_keys import Key, Kind

STRANGE = 'a/b "é" `\n\0😀'


def ids(count: int, first: int = 0) -> list[str]:
    return [f"{number:032x}" for number in range(first, first + count)]


def add(writer: ExperimentWriter, count: int, *, commit: bool = True) -> None:
    """Rows whose cells say their number."""
    first = writer.add_rows(ids(count, writer.rows))
    rows = range(first, first + count)
    writer.put(writer.stream("metric", "m"), rows, words.words_of_numbers([float(row) for row in rows]))
    cells = writer.cells_of_texts("parameter", STRANGE, [f"text {row} é" for row in rows])
    writer.put(writer.stream("parameter", STRANGE), rows, cells)
    if commit:
        writer.commit()


def columns(files: ExperimentFiles) -> FileColumns:
    return FileColumns(files, files.snapshot(), "g")


def check(now: FileColumns) -> None:
    numbers = now.numbers(Key(Kind.metric, "m"))
    assert numbers.tolist() == [float(row) for row in range(now.size)]
    rows = np.arange(now.size)
    assert now.texts(Key(Kind.parameter, STRANGE), rows) == [f"text {row} é" for row in rows]
    assert now.run_ids(rows) == ids(now.size)


def test_grows_over_many_blocks(tmp_path: Path) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 3)
    files = ExperimentFiles(tmp_path / "e")
    old = columns(files)
    for count in (1, CELLS, 3 * CELLS + 7):
        add(writer, count)
        check(columns(files))
    assert old.size == 3 and old.numbers(Key(Kind.metric, "m")).tolist() == [0.0, 1.0, 2.0]
    assert columns(files).rows_of(ids(1, CELLS)).tolist() == [CELLS]
    assert files.snapshot() is files.snapshot(), "nothing is read again"
    again = ExperimentWriter(tmp_path / "e")
    add(again, 5)
    check(columns(files))


def test_nothing_that_is_not_committed_is_seen(tmp_path: Path) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 3)
    files = ExperimentFiles(tmp_path / "e")
    add(writer, 4, commit=False)
    assert columns(files).size == 3
    assert not ExperimentWriter(tmp_path / "e").commit(), "there is nothing to write"
    writer.commit()
    check(columns(files))
    assert columns(files).size == 7


@pytest.mark.parametrize("step", range(1, 9))
def test_a_writer_that_is_killed_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Whatever was written last: what comes next makes it whole."""
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 700)
    files = ExperimentFiles(tmp_path / "e")
    check(columns(files))
    add(writer, 600, commit=False)
    writes = 0
    real = os.pwrite

    def pwrite(file: int, data: bytes, offset: int) -> int:
        nonlocal writes
        writes += 1
        if writes >= step:
            raise SystemExit
        return real(file, data, offset)

    monkeypatch.setattr(writing.os, "pwrite", pwrite)
    with pytest.raises(SystemExit):
        writer.commit()
    monkeypatch.undo()
    check(columns(files))
    assert columns(files).size == 700
    again = ExperimentWriter(tmp_path / "e")
    assert again.rows == 700
    revision = columns(files).revision
    add(again, 600)
    check(columns(files))
    assert columns(files).size == 1300 and columns(files).revision > revision
    check(columns(ExperimentFiles(tmp_path / "e")))


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 10)
    add(writer, 600, commit=False)

    def full(file: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.os, "pwrite", full)
    with pytest.raises(OSError, match="No space"):
        writer.commit()
    monkeypatch.undo()
    writer.commit()
    check(columns(ExperimentFiles(tmp_path / "e")))


def test_is_read_by_others_while_it_is_written(tmp_path: Path) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 1)
    wrong: list[BaseException] = []
    stopped = threading.Event()

    def read() -> None:
        files = ExperimentFiles(tmp_path / "e")
        try:
            while not stopped.is_set():
                check(columns(files))
        except BaseException as error:
            wrong.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for each in readers:
        each.start()
    for _ in range(40):
        add(writer, 37)
    stopped.set()
    for each in readers:
        each.join()
    assert not wrong
    check(columns(ExperimentFiles(tmp_path / "e")))


def test_reads_again_what_was_read_in_the_middle_of_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 3)
    stream = writer.stream("metric", "late")
    writer.put(stream, [0], words.words_of_numbers([1.0]))
    add(writer, CELLS)
    writer.put(stream, [CELLS], words.words_of_numbers([2.0]))  # its second block
    files = ExperimentFiles(tmp_path / "e")
    late = Key(Kind.metric, "late")
    real, seen = os.pwrite, []

    def pwrite(file: int, data: bytes, offset: int) -> int:
        if data.startswith(b"trials"):  # all is written but the header
            seen.append(columns(files).numbers(late)[CELLS])
        return real(file, data, offset)

    monkeypatch.setattr(writing.os, "pwrite", pwrite)
    writer.commit()
    assert len(seen) == 1 and np.isnan(seen[0])
    assert columns(files).numbers(late)[[0, CELLS]].tolist() == [1.0, 2.0]


def test_a_header_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 3)
    header = tmp_path / "e" / layout.HEADER
    whole = header.read_bytes()
    monkeypatch.setattr(reading, "_PATIENCE", 0.0)
    for torn in (b"", whole[:20], whole[:-1] + bytes([whole[-1] ^ 1]), b"trials00" + whole[8:]):
        assert Header.unpack(torn) is None
        header.write_bytes(torn)
        with pytest.raises(ValueError, match="cannot be read"):
            ExperimentFiles(tmp_path / "e").snapshot()
        with pytest.raises(ValueError, match="cannot be read"):
            ExperimentWriter(tmp_path / "e")


@pytest.mark.parametrize("name", [layout.CATALOGUE, layout.STREAMS, layout.BLOCKS, layout.ARENA])
def test_a_file_that_is_too_short(tmp_path: Path, name: str) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 3)
    os.truncate(tmp_path / "e" / name, 7)
    with pytest.raises(ValueError, match=r"shorter|greater"):
        ExperimentFiles(tmp_path / "e").snapshot()


def test_columns_without_values_take_no_room(tmp_path: Path) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 100 * CELLS)
    before = (tmp_path / "e" / layout.ARENA).stat().st_size
    for number in range(50):
        stream = writer.stream("metric", f"rare {number}")
        writer.put(stream, [50 * CELLS + number], words.words_of_numbers([1.0]))
    writer.commit()
    assert (tmp_path / "e" / layout.ARENA).stat().st_size - before == 50 * layout.BLOCK
    now = columns(ExperimentFiles(tmp_path / "e"))
    numbers = now.numbers(Key(Kind.metric, "rare 7"))
    assert np.flatnonzero(~np.isnan(numbers)).tolist() == [50 * CELLS + 7]


def test_a_text_that_is_set_again_changes_nothing(tmp_path: Path) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, 3)
    cells = writer.cells_of_texts("parameter", STRANGE, ["text 1 é"])
    assert not writer.put(writer.stream("parameter", STRANGE), [1], cells)
    assert not writer.commit()
    heap = writer.find("parameter", STRANGE, Part.heap)
    assert heap is not None and heap.texts == 3 == len(writer.texts(heap))


def test_of_equal_rows_the_last_counts(tmp_path: Path) -> None:
    writer = ExperimentWriter(tmp_path / "e")
    add(writer, CELLS + 2)
    stream = writer.stream("metric", "m")
    writer.put(stream, [CELLS, 1, CELLS, 1], words.words_of_numbers([1.0, 2.0, 3.0, 4.0]))
    found = writer.get(stream, np.array([1, CELLS, 0])).view(np.float64)
    assert found.tolist() == [4.0, 3.0, 0.0]
