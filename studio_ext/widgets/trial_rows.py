"""The rows and columns of a table of trials: sorted, filtered, and without what does not differ."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from studio_ext.contract.experiments import Trial
from studio_ext.core.plain_text import one_line
from studio_ext.widgets.job_state import NAME, cut, number

CELL = 200
"""Characters of a cell that are shown at most."""
MOST_COLUMNS = 60
RUNNING = ("RUNNING", "SCHEDULED")

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")

Value = float | str | None


@dataclass(frozen=True)
class Column:
    """A column: what it is called, of which kind, and its value of a trial (None: it has none)."""

    key: str
    label: str
    kind: str
    """``text``, ``number``, ``status``, ``time`` (seconds since the epoch) or ``duration`` (seconds)."""
    value: Callable[[Trial], Value]


FIXED = (
    Column("name", "trial", "text", lambda trial: one_line(trial.name)),
    Column("status", "status", "status", lambda trial: trial.status),
    Column("started", "started", "time", lambda trial: trial.started),
    Column(
        "duration",
        "duration",
        "duration",
        lambda trial: trial.ended - trial.started if trial.started is not None and trial.ended is not None else None,
    ),
)


def columns_of(trials: Iterable[Trial]) -> list[Column]:
    """The fixed columns, then one for each metric and each parameter, in the order in which they are first seen."""
    metrics: dict[str, None] = {}
    parameters: dict[str, None] = {}
    for trial in trials:
        metrics.update(dict.fromkeys(trial.metrics))
        parameters.update(dict.fromkeys(trial.parameters))
    return [
        *FIXED,
        *(Column(f"metrics.{name}", one_line(name), "number", _metric(name)) for name in metrics),
        *(Column(f"params.{name}", one_line(name), "text", _parameter(name)) for name in parameters),
    ]


def _metric(name: str) -> Callable[[Trial], Value]:
    # The wire has no NaN: None stands for it where the metric is there.
    return lambda trial: (
        (math.nan if (value := trial.metrics[name]) is None else value) if name in trial.metrics else None
    )


def _parameter(name: str) -> Callable[[Trial], Value]:
    def value(trial: Trial) -> Value:
        text = trial.parameters.get(name)
        return float(text) if text is not None and len(text) < 40 and _NUMBER.fullmatch(text) else text

    return value


def differing(columns: Sequence[Column], trials: Sequence[Trial]) -> list[Column]:
    """The columns whose values are not the same for all trials; the trial's name is always one."""
    return [each for each in columns if each.key == "name" or _differs(each, trials)]


def _differs(column: Column, trials: Sequence[Trial]) -> bool:
    first = repr(column.value(trials[0])) if trials else ""
    return any(repr(column.value(trial)) != first for trial in trials)


def matching(trials: Iterable[Trial], text: str) -> list[Trial]:
    """Trials in whose name, id, status, parameters or metrics' names each word of ``text`` is found.

    A word ``key=value`` asks for a parameter of just this value, ``key<number`` and ``key>number`` compare a metric or
    a parameter.
    """
    tests = [_test(word) for word in text.split()]
    return [trial for trial in trials if all(test(trial) for test in tests)]


def _test(word: str) -> Callable[[Trial], bool]:
    match = re.fullmatch(r"([^<>=]+)(=|<=|>=|<|>)([^<>=]+)", word)
    if match is None:
        wanted = word.lower()
        return lambda trial: any(wanted in text for text in _texts(trial))
    key, sign, given = match.groups()
    limit = float(given) if _NUMBER.fullmatch(given) else None

    def holds(trial: Trial) -> bool:
        for found in (_metric(key)(trial), _parameter(key)(trial)):
            if isinstance(found, float) and limit is not None:
                return _compare(found, sign, limit)
            if found is not None and sign == "=":
                return str(found) == given
        return False

    return holds


def _compare(value: float, sign: str, limit: float) -> bool:
    if "=" in sign and value == limit:
        return True
    return value < limit if "<" in sign else value > limit if ">" in sign else False


def _texts(trial: Trial) -> Iterable[str]:
    yield trial.name.lower()
    yield trial.run_id
    yield trial.status.lower()
    for key, value in trial.parameters.items():
        yield f"{key}={value}".lower()
    for key in trial.metrics:
        yield key.lower()


def ordered(trials: Sequence[Trial], column: Column | None, *, descending: bool) -> list[Trial]:
    """Sorted by a column: numbers before texts, what is no number and what is not there last, either way."""
    if column is None:
        return list(trials)
    numbers, texts, rest = [], [], []
    for trial in trials:
        value = column.value(trial)
        if isinstance(value, str):
            texts.append((value.lower(), trial))
        elif value is None or math.isnan(value):
            rest.append(trial)
        else:
            numbers.append((value, trial))
    numbers.sort(key=lambda pair: pair[0], reverse=descending)
    texts.sort(key=lambda pair: pair[0], reverse=descending)
    return [*(trial for _, trial in numbers), *(trial for _, trial in texts), *rest]


def cells(trial: Trial, columns: Sequence[Column]) -> list[Value]:
    """The values of a trial for the front end: bounded texts, numbers, and words for what JSON lacks."""
    return [_cell(column.value(trial)) for column in columns]


def _cell(value: Value) -> Value:
    return cut(one_line(value[: 4 * CELL]), CELL) if isinstance(value, str) else number(value)


def header(column: Column) -> dict[str, str]:
    """A column for the front end."""
    return {"key": column.key, "label": cut(column.label, NAME), "kind": column.kind}
