"""Columns of trials that exist in memory only: plain Python, slow and obviously right."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from studio_ext.contract.errors import NotFound
from studio_ext.contract.trial_table import IndexPhase, IndexState
from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind, Summary, is_shown, parse_number
from studio_ext.ports.trial_index import KeyFacts, Mask, Numbers, Rows, TrialColumns

_MENTIONED = ("name", "notebook", "commit", "user", "run_id")


@dataclass
class MemoryTrial:
    """A trial as it was recorded."""

    run_id: str
    name: str = ""
    status: str = "FINISHED"
    started: float | None = None
    ended: float | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Every value of each metric, in order."""
    tags: Mapping[str, str] = field(default_factory=dict)
    notebook: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    user: str | None = None
    job: str | None = None
    parent: str | None = None
    deleted: bool = False


class MemoryColumns:
    """Implements :class:`studio_ext.ports.trial_index.TrialColumns` over a list of trials, which must not change."""

    def __init__(self, trials: Iterable[MemoryTrial] = (), revision: int = 1, generation: str = "memory") -> None:
        self.trials = list(trials)
        self.size = len(self.trials)
        self.revision = revision
        self.generation = generation
        self._rows = {each.run_id: row for row, each in enumerate(self.trials)}
        self._numbers: dict[Key, Numbers] = {}
        self._texts: dict[Key, list[str | None]] = {}
        self._ranks: dict[Key, NDArray[np.int64]] = {}

    def active(self) -> Mask:
        """See the port, as for all others."""
        return np.array([not each.deleted for each in self.trials], dtype=bool)

    def numbers(self, key: Key) -> Numbers:
        """Kept: they are asked for again and again."""
        if key not in self._numbers:
            found = [_number(each, key) for each in self.trials]
            self._numbers[key] = np.array([math.nan if each is None else each for each in found], dtype=np.float64)
        return self._numbers[key]

    def present(self, key: Key) -> Mask:
        """Rows that have a value."""
        if key.kind is Kind.metric:
            return np.array([bool(each.metrics.get(key.name)) for each in self.trials], dtype=bool)
        if _is_number(key):
            return ~np.isnan(self.numbers(key))
        return np.array([each is not None for each in self._column(key)], dtype=bool)

    def equals(self, key: Key, text: str) -> Mask:
        """Rows whose value is this text."""
        return np.array([each == text for each in self._column(key)], dtype=bool)

    def contains(self, key: Key, text: str) -> Mask:
        """Rows whose value holds this text."""
        return np.array([_holds(each, text) for each in self._column(key)], dtype=bool)

    def mentions(self, text: str) -> Mask:
        """Rows that hold this text somewhere."""
        return np.array([any(_holds(each, text) for each in _mentioned(trial)) for trial in self.trials], dtype=bool)

    def ranks(self, key: Key) -> NDArray[np.int64]:
        """Positions in the order of texts."""
        if key not in self._ranks:
            column = self._column(key)
            order = sorted({each for each in column if each is not None}, key=lambda each: (each.lower(), each))
            ranks = {text: rank for rank, text in enumerate(order)}
            found = [-1 if each is None else ranks[each] for each in column]
            self._ranks[key] = np.array(found, dtype=np.int64)
        return self._ranks[key]

    def texts(self, key: Key, rows: Rows) -> list[str | None]:
        """Values of some rows."""
        column = self._column(key)
        return [column[row] for row in rows]

    def parents(self) -> NDArray[np.int64]:
        """Rows of parents."""
        return np.array([self._rows.get(each.parent or "", -1) for each in self.trials], dtype=np.int64)

    def run_ids(self, rows: Rows) -> list[str]:
        """Ids of some rows."""
        return [self.trials[row].run_id for row in rows]

    def rows_of(self, run_ids: Sequence[str]) -> NDArray[np.int64]:
        """Rows of runs."""
        return np.array([self._rows.get(each, -1) for each in run_ids], dtype=np.int64)

    def facts(self, key: Key) -> KeyFacts | None:
        """What is known of a column."""
        count = int(self.present(key).sum())
        if not count:
            return None
        numbers = self.numbers(key)
        finite = numbers[np.isfinite(numbers)]
        if _is_number(key):
            values = {"nan" if math.isnan(each) else each for each in numbers[self.present(key)].tolist()}
            numeric, distinct = True, len(values)
        else:
            texts = {each for each in self._column(key) if each is not None}
            numeric = key.kind is not Kind.attribute and all(parse_number(each) is not None for each in texts)
            distinct = len(texts)
        return KeyFacts(
            key=key,
            count=count,
            numeric=numeric,
            constant=distinct == 1,
            minimum=float(finite.min()) if len(finite) else None,
            maximum=float(finite.max()) if len(finite) else None,
        )

    def keys(self, kinds: Sequence[Kind] = (), text: str = "") -> list[Key]:
        """Columns that occur."""
        names = {
            Kind.parameter: {name for each in self.trials for name in each.params},
            Kind.metric: {name for each in self.trials for name in each.metrics},
            Kind.tag: {name for each in self.trials for name in each.tags if is_shown(name)},
        }
        return [
            Key(kind, name)
            for kind, found in names.items()
            if not kinds or kind in kinds
            for name in sorted(found)
            if _holds(name, text)
        ]

    def top_texts(self, key: Key, text: str, limit: int) -> list[str]:
        """Values to choose from."""
        found = {each for each in self._column(key) if each is not None and _holds(each, text)}
        return sorted(found, key=lambda each: (each.lower(), each))[:limit]

    def _column(self, key: Key) -> list[str | None]:
        if key not in self._texts:
            self._texts[key] = [_text(each, key) for each in self.trials]
        return self._texts[key]


class MemoryIndex:
    """Implements :class:`studio_ext.ports.trial_index.TrialIndex` over columns that tests put in."""

    def __init__(self, **experiments: TrialColumns) -> None:
        self.experiments: dict[str, TrialColumns] = experiments
        self.now = IndexState(phase=IndexPhase.ready)
        """What :meth:`state` says."""

    def open(self, experiment: str) -> TrialColumns:
        """Its columns."""
        if experiment not in self.experiments:
            raise NotFound(f"There is no experiment {experiment!r}.", hint="List the experiments.")
        return self.experiments[experiment]

    def state(self, experiment: str | None = None) -> IndexState:
        """What tests set."""
        return self.now

    def look_at(self, run_ids: Sequence[str]) -> None:
        """Nothing: whoever changes the trials puts in other columns."""

    def catch_up(self, seconds: float = 1.0) -> bool:
        """It always is."""
        return True


def _is_number(key: Key) -> bool:
    return key.kind is Kind.metric or (key.kind is Kind.attribute and ATTRIBUTES[key.name])


def _number(trial: MemoryTrial, key: Key) -> float | None:
    if key.kind is Kind.metric:
        values = trial.metrics.get(key.name)
        if not values or key.summary is Summary.last:
            return values[-1] if values else None
        numbers = [each for each in values if not math.isnan(each)]
        if not numbers:
            return None
        return min(numbers) if key.summary is Summary.minimum else max(numbers)
    if key.kind is Kind.attribute:
        if key.name == "duration":
            return None if trial.started is None or trial.ended is None else trial.ended - trial.started
        return getattr(trial, key.name) if ATTRIBUTES[key.name] else None
    text = _text(trial, key)
    return None if text is None else parse_number(text)


def _text(trial: MemoryTrial, key: Key) -> str | None:
    if key.kind is Kind.parameter:
        return trial.params.get(key.name)
    if key.kind is Kind.tag:
        return trial.tags.get(key.name)
    if _is_number(key):
        return None
    if key.name == "dirty":
        return None if trial.dirty is None else str(trial.dirty).lower()
    found: str | None = getattr(trial, key.name)
    return found


def _mentioned(trial: MemoryTrial) -> list[str | None]:
    texts: list[str | None] = [getattr(trial, name) for name in _MENTIONED]
    texts += trial.params.values()
    return texts + [text for name, text in trial.tags.items() if is_shown(name)]


def _holds(value: str | None, text: str) -> bool:
    return value is not None and text.lower() in value.lower()


__all__ = ["MemoryColumns", "MemoryIndex", "MemoryTrial"]
