"""From runs as a store gives them to cells of columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from studio_ext.adapters.trial_index import words
from studio_ext.adapters.trial_index.layout import Part
from studio_ext.adapters.trial_index.records import (
    LIVE,
    UNUSED_TAGS,
    Batch,
    RunRow,
    attributes,
    fingerprint,
    is_shown,
    joined,
)
from studio_ext.adapters.trial_index.run_map import RunMap, fits
from studio_ext.adapters.trial_index.words import Words
from studio_ext.adapters.trial_index.writing import FINGERPRINTS, ExperimentWriter
from studio_ext.core.trial_keys import Kind

FLAGS = ("flag", "deleted")
"""Column that says which trials are deleted (1) or not in the store any more (2)."""

T = TypeVar("T")
Cells = dict[tuple[int, str], tuple[list[int], list[T]]]
"""Rows and values of columns, by experiment and name."""


class Ingest:
    """Writes batches into the columns of their experiments."""

    def __init__(self, runs: RunMap, writer: Callable[[int], ExperimentWriter], number: Callable[[str], int]) -> None:
        """``writer``: of the experiment with a number; ``number``: of the experiment with an id."""
        self._runs = runs
        self._writer = writer
        self._number = number
        self.live: dict[str, None] = {}
        """Runs that go on, the last ones begun last."""
        self.touched: set[int] = set()
        """Experiments in which something was set."""

    def __call__(self, batch: Batch) -> None:
        """Runs that are not known get rows; values of others that are not known are left out."""
        runs = [each for each in batch.runs if fits(each.id)]
        new = self._add(runs)
        places = self._places(batch, runs)
        self._put_runs(runs, batch.tags, new, places)
        self._put_texts(Kind.parameter, _by_column(batch.params, places))
        self._put_metrics(batch, places)

    def mark_gone(self, numbers: Iterable[int]) -> None:
        """Note that runs are not in the store any more."""
        groups: dict[int, list[int]] = defaultdict(list)
        gone = set(numbers)
        live = list(self.live)
        for run_id, number in zip(live, self._runs.find(live).tolist(), strict=True):
            if number in gone:
                del self.live[run_id]
        for number in gone:
            self._runs.fingerprints[number] = 0  # should it come back
            groups[int(self._runs.experiments[number])].append(int(self._runs.rows[number]))
        for experiment, rows in groups.items():
            self._put_flags(experiment, np.array(rows), np.full(len(rows), 2.0))

    # -- rows

    def _add(self, runs: list[RunRow]) -> set[str]:
        known = self._runs.find([each.id for each in runs])
        groups: dict[int, dict[str, None]] = defaultdict(dict)
        for run, number in zip(runs, known.tolist(), strict=True):
            if number < 0:
                groups[self._number(run.experiment)][run.id] = None
        for experiment, ids in groups.items():
            writer = self._writer(experiment)
            first = writer.add_rows(list(ids))
            writer.header.active += len(ids)
            self._runs.add(list(ids), experiment, first)
            self.touched.add(experiment)
        return {run_id for ids in groups.values() for run_id in ids}

    def _places(self, batch: Batch, runs: list[RunRow]) -> dict[str, tuple[int, int]]:
        ids = {each.id for each in runs}
        if not runs:
            ids.update(each[0] for rows in (batch.params, batch.metrics, batch.extremes) for each in rows)
        wanted = list(ids)
        numbers = self._runs.find(wanted)
        experiments, rows_ = self._runs.experiments, self._runs.rows
        return {
            run_id: (int(experiments[number]), int(rows_[number]))
            for run_id, number in zip(wanted, numbers.tolist(), strict=True)
            if number >= 0
        }

    # -- attributes and tags

    def _put_runs(
        self,
        runs: list[RunRow],
        tags: list[tuple[str, str, str | None]],
        new: set[str],
        places: dict[str, tuple[int, int]],
    ) -> None:
        tags_of: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        for run_id, key, value in tags:
            tags_of[run_id].append((key, value))
        groups: dict[int, list[RunRow]] = defaultdict(list)
        numbers = self._runs.find([each.id for each in runs])
        for run, number in zip(runs, numbers.tolist(), strict=True):
            if run.status in LIVE and not run.deleted:
                self.live.setdefault(run.id)
            else:
                self.live.pop(run.id, None)
            mark = fingerprint(run, joined(tags_of.get(run.id, [])))
            if self._runs.fingerprints[number] != mark:
                self._runs.fingerprints[number] = mark
                groups[places[run.id][0]].append(run)
        for experiment, members in groups.items():
            self._put_members(experiment, members, tags_of, new, places)
            self._put_fingerprints(experiment, members, places)

    def _put_members(
        self,
        experiment: int,
        members: list[RunRow],
        tags_of: dict[str, list[tuple[str, str | None]]],
        new: set[str],
        places: dict[str, tuple[int, int]],
    ) -> None:
        rows = [places[each.id][1] for each in members]
        found: dict[str, list[str | None]] = defaultdict(list)
        cells: Cells[str] = defaultdict(lambda: ([], []))
        for run, row in zip(members, rows, strict=True):
            tags = {key: value or "" for key, value in tags_of.get(run.id, ())}
            for name, text in attributes(run, tags).items():
                found[name].append(text)
            for key, value in tags.items():
                if key not in UNUSED_TAGS:
                    tagged, texts = cells[experiment, key]
                    tagged.append(row)
                    texts.append(value)
        writer = self._writer(experiment)
        for name, column in found.items():
            self._put(experiment, writer, (Kind.attribute, name), rows, column)
        for name in ("started", "ended"):
            times = [getattr(each, name) for each in members]
            seconds = words.words_of_numbers([0.0 if each is None else each / 1000 for each in times])
            seconds[[each is None for each in times]] = words.MISSING_WORD
            if writer.put(writer.stream(Kind.attribute, name), rows, seconds):
                self.touched.add(experiment)
            latest = max((each / 1000 for each in times if each is not None), default=0.0)
            writer.header.updated = max(writer.header.updated, latest)
        self._put_flags(experiment, np.array(rows), np.array([1.0 if each.deleted else 0.0 for each in members]))
        self._clear_tags(experiment, [row for run, row in zip(members, rows, strict=True) if run.id not in new], cells)
        self._put_texts(Kind.tag, cells)

    def _put_fingerprints(self, experiment: int, members: list[RunRow], places: dict[str, tuple[int, int]]) -> None:
        writer = self._writer(experiment)
        marks = self._runs.fingerprints[self._runs.find([each.id for each in members])]
        rows = [places[each.id][1] for each in members]
        if writer.put(writer.stream(*FINGERPRINTS), rows, marks.astype(np.uint64)):
            self.touched.add(experiment)

    def _clear_tags(self, experiment: int, rows: list[int], cells: Cells[str]) -> None:
        """Of runs that had tags before: those that they have no more."""
        if not rows:
            return
        writer = self._writer(experiment)
        for name in writer.names(Kind.tag):
            kept = set(cells[experiment, name][0]) if (experiment, name) in cells else set()
            gone = [row for row in rows if row not in kept]
            if gone and writer.put(writer.stream(Kind.tag, name), gone, words.missing(len(gone))):
                self.touched.add(experiment)

    def _put_flags(self, experiment: int, rows: NDArray[np.int64], flags: NDArray[np.float64]) -> None:
        writer = self._writer(experiment)
        stream = writer.stream(*FLAGS)
        before = writer.get(stream, rows) != words.MISSING_WORD
        cells = words.words_of_numbers(flags)
        cells[flags == 0] = words.MISSING_WORD
        if writer.put(stream, rows, cells):
            writer.header.active += int(before.sum()) - int((flags != 0).sum())
            self.touched.add(experiment)

    # -- values

    def _put_texts(self, kind: Kind, cells: Cells[str]) -> None:
        for (experiment, name), (rows, texts) in cells.items():
            self._put(experiment, self._writer(experiment), (kind, name), rows, texts)

    def _put(
        self,
        experiment: int,
        writer: ExperimentWriter,
        column: tuple[Kind, str],
        rows: Sequence[int],
        texts: Sequence[str | None],
    ) -> None:
        cells = writer.cells_of_texts(*column, texts)
        if writer.put(writer.stream(*column), rows, cells):
            self.touched.add(experiment)

    def _put_metrics(self, batch: Batch, places: dict[str, tuple[int, int]]) -> None:
        extremes = _by_column(((*each[:2], each[2:]) for each in batch.extremes), places)
        known = {} if batch.are_all else {each: self._bounds(each, found[0]) for each, found in extremes.items()}
        for (experiment, name), (rows, numbers) in _by_column(batch.metrics, places).items():
            if is_shown(name):
                writer = self._writer(experiment)
                if writer.put(writer.stream(Kind.metric, name), rows, words.words_of_numbers(numbers)):
                    self.touched.add(experiment)
        for column, (rows, pairs) in extremes.items():
            if not is_shown(column[1]):
                continue
            bounds = [words.words_of_numbers(each).view(np.float64) for each in zip(*pairs, strict=True)]
            if column in known:
                bounds = [
                    fold(*pair)
                    for fold, pair in zip((np.fmin, np.fmax), zip(bounds, known[column], strict=True), strict=True)
                ]
            self._put_bounds(column, rows, bounds)

    def _bounds(self, column: tuple[int, str], rows: list[int]) -> list[NDArray[np.float64]]:
        """Smallest and largest values that are known; NaN where none is."""
        writer, at = self._writer(column[0]), np.array(rows)
        last = self._cells(writer, column[1], Part.last, at)
        found = []
        for part in (Part.minimum, Part.maximum):
            cells = self._cells(writer, column[1], part, at)
            found.append(np.where(cells == words.MISSING_WORD, last, cells).view(np.float64))
        return found

    def _put_bounds(self, column: tuple[int, str], rows: list[int], bounds: list[NDArray[np.float64]]) -> None:
        """Where one is the last value, it is not kept."""
        experiment, name = column
        writer, at = self._writer(experiment), np.array(rows)
        last = self._cells(writer, name, Part.last, at).view(np.float64)
        for part, numbers in zip((Part.minimum, Part.maximum), bounds, strict=True):
            cells = words.words_of_numbers(numbers)
            cells[np.isnan(numbers) | (numbers == last)] = words.MISSING_WORD
            if writer.find(Kind.metric, name, part) is None and (cells == words.MISSING_WORD).all():
                continue
            if writer.put(writer.stream(Kind.metric, name, part), at, cells):
                self.touched.add(experiment)

    @staticmethod
    def _cells(writer: ExperimentWriter, name: str, part: Part, rows: NDArray[np.int64]) -> Words:
        stream = writer.find(Kind.metric, name, part)
        return words.missing(len(rows)) if stream is None else writer.get(stream, rows)


def _by_column(values: Iterable[tuple[str, str, T]], places: Mapping[str, tuple[int, int]]) -> Cells[T]:
    """Values of runs (run, name, value) by column; those of runs that are not known are left out."""
    found: dict[int, dict[str, tuple[list[int], list[T]]]] = {}
    for run_id, name, value in values:
        place = places.get(run_id)
        if place is None:
            continue
        try:
            rows, members = found[place[0]][name]
        except KeyError:
            rows, members = found.setdefault(place[0], {}).setdefault(name, ([], []))
        rows.append(place[1])
        members.append(value)
    return {(experiment, name): each for experiment, columns in found.items() for name, each in columns.items()}
