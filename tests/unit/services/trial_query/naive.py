"""The filter language once more, in plain Python over one trial at a time: slow, and easy to see through."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from studio_ext.core.trial_filter import And, Condition, Flag, Mention, Moment, Node, Not, Number, Or
from studio_ext.core.trial_keys import Key, Kind, Summary, parse_number
from studio_ext.testing.memory_columns import MemoryTrial

NOW = 1_700_001_000.0


def value(trial: MemoryTrial, key: Key) -> float | str | bool | None:
    """What a trial has in a column."""
    match key.kind:
        case Kind.parameter:
            return trial.params.get(key.name)
        case Kind.tag:
            return trial.tags.get(key.name)
        case Kind.metric:
            values = trial.metrics.get(key.name)
            if not values:
                return None
            numbers = [each for each in values if each == each]
            if key.summary is Summary.last or not numbers:
                return values[-1] if key.summary is Summary.last else math.nan
            return min(numbers) if key.summary is Summary.minimum else max(numbers)
    if key.name == "duration":
        if trial.started is None:
            return None
        if trial.ended is not None:
            return trial.ended - trial.started
        return max(NOW - trial.started, 0.0) if trial.status == "RUNNING" else None
    found: float | str | bool | None = getattr(trial, key.name)
    return found


def matches(node: Node | None, trial: MemoryTrial) -> bool:
    """Whether a filter matches a trial."""
    match node:
        case None:
            return True
        case Not():
            return not matches(node.node, trial)
        case And():
            return all(matches(each, trial) for each in node.nodes)
        case Or():
            return any(matches(each, trial) for each in node.nodes)
        case Mention():
            texts = [trial.name, trial.notebook, trial.commit, trial.user, trial.run_id, *trial.params.values()]
            texts += [text for name, text in trial.tags.items() if not name.startswith(("mlflow.", "studio."))]
            return any(node.text.lower() in each.lower() for each in texts if each is not None)
    return holds(node, value(trial, node.key))


def holds(node: Condition, found: float | str | bool | None) -> bool:
    match str(node.operator):
        case "is present":
            return found is not None
        case "is missing":
            return found is None
        case "~":
            return isinstance(found, str) and str(node.values[0].text).lower() in found.lower()
        case "!~":
            return not (isinstance(found, str) and str(node.values[0].text).lower() in found.lower())
        case "=" | "in":
            return any(equal(each, found) for each in node.values)
        case "!=" | "not in":
            return not any(equal(each, found) for each in node.values)
    number = parse_number(found) if isinstance(found, str) else found
    if number is None or number != number:
        return False
    match node.values[0]:
        case Moment() as moment:
            first, last = moment.span(NOW)
            first, last = (first, math.nextafter(last, -math.inf) if last > first else last)
        case Number() as plain:
            first = last = plain.number
        case _:
            raise AssertionError("only numbers are compared")
    return {"<": number < first, "<=": number <= last, ">": number > last, ">=": number >= first}[node.operator]


def equal(wanted: Any, found: float | str | bool | None) -> bool:
    if found is None:
        return False
    match wanted:
        case Flag():
            return str(found).lower() == str(wanted.flag).lower() and str(found) not in ("tRUE", "fALSE")
        case Moment():
            first, last = wanted.span(NOW)
            return isinstance(found, float) and (first <= found < last or found == first)
        case Number():
            number = parse_number(found) if isinstance(found, str) else found
            if number is None:
                return False
            return number == wanted.number or (number != number and wanted.number != wanted.number)
    return bool(found == wanted.text)


TEXTS = ["0.1", "0.10", "1e-1", "7", "-5", "inf", "-inf", "nan", "NaN", "007", "dev", "Dev", "true", "True", "", "é b"]
NUMBERS = [0.1, 7.0, -5.0, 0.0, -0.0, math.inf, -math.inf, math.nan, 1e300, -1e300]
STATUSES = ["RUNNING", "FINISHED", "FAILED", "KILLED", "SCHEDULED"]
TIMES = [None, 1_700_000_000.0, 1_700_000_000.5, 1_699_900_000.0, 0.0]


def recorded(names: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(names), values, max_size=len(names))


@st.composite
def experiments(draw: st.DrawFn, size: int = 8) -> list[MemoryTrial]:
    """Trials with few different values, so that much is equal."""
    trials = []
    for number in range(draw(st.integers(0, size))):
        parents = [None, "nowhere", *(f"run{each}" for each in range(size))]
        trials.append(
            MemoryTrial(
                run_id=f"run{number}",
                name=draw(st.sampled_from(TEXTS)),
                status=draw(st.sampled_from(STATUSES)),
                started=draw(st.sampled_from(TIMES)),
                ended=draw(st.sampled_from(TIMES)),
                params=draw(recorded("ab", st.sampled_from(TEXTS))),
                metrics=draw(recorded("xy", st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=3))),
                tags=draw(recorded("t", st.sampled_from(TEXTS))),
                notebook=draw(st.sampled_from([None, "dev.ipynb"])),
                dirty=draw(st.sampled_from([None, True, False])),
                parent=draw(st.sampled_from(parents)),
                deleted=draw(st.sampled_from([False, False, False, True])),
            )
        )
    return trials


_COMPARED = st.sampled_from(["<", "<=", ">", ">="])
_EQUAL = st.sampled_from(["=", "!="])
_ANYTHING = st.sampled_from(["params.a", "params.b", "params.c", "tags.t"])
_METRIC = st.sampled_from(["metrics.x", "metrics.y.min", "metrics.x.max", "metrics.z"])
_PLAIN = st.sampled_from(["0.1", "7", "-5", "inf", "-inf", "nan", "0", "1e300"])
_TEXT = st.sampled_from([f'"{each}"' for each in TEXTS])
_MOMENT = st.sampled_from(["-1000s", "-1001s", "-2d", "1700000000", "2023-11-14", '"2023-11-14T22:13:20Z"', "today"])
_joined = " ".join

CONDITIONS = st.one_of(
    st.tuples(_ANYTHING, _EQUAL, st.one_of(_PLAIN, _TEXT, st.sampled_from(["dev", "TRUE", "false"]))).map(_joined),
    st.tuples(_ANYTHING, _COMPARED, _PLAIN).map(_joined),
    st.tuples(st.one_of(_ANYTHING, st.just("name")), st.sampled_from(["~", "!~"]), _TEXT).map(_joined),
    st.tuples(_METRIC, st.one_of(_EQUAL, _COMPARED), _PLAIN).map(_joined),
    st.tuples(st.sampled_from(["started", "ended"]), st.one_of(_EQUAL, _COMPARED), _MOMENT).map(_joined),
    st.tuples(st.just("duration"), st.one_of(_EQUAL, _COMPARED), st.sampled_from(["0", "5m", "1000", "0.5"])).map(
        _joined
    ),
    st.tuples(st.just("name"), _EQUAL, _TEXT).map(_joined),
    st.tuples(st.just("status"), _EQUAL, st.sampled_from(["running", "completed", "killed"])).map(_joined),
    st.tuples(st.just("dirty"), _EQUAL, st.sampled_from(["true", "false"])).map(_joined),
    st.tuples(
        st.one_of(_ANYTHING, _METRIC, st.sampled_from(["name", "started", "duration", "dirty", "parent"])),
        st.sampled_from(["is present", "is missing"]),
    ).map(_joined),
    st.tuples(
        _ANYTHING, st.sampled_from(["in", "not in"]), st.lists(st.one_of(_PLAIN, _TEXT), min_size=1, max_size=3)
    ).map(lambda each: f"{each[0]} {each[1]} ({', '.join(each[2])})"),
    _TEXT,
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map(lambda each: f"not ({each})"),
        inner.map(lambda each: f"({each})"),
    ),
    max_leaves=5,
)
KEYS = st.sampled_from(
    [
        *("params.a", "params.b", "params.c", "tags.t", "metrics.x", "metrics.x.min", "metrics.y.max", "metrics.z"),
        *("name", "status", "started", "ended", "duration", "notebook", "dirty", "run_id", "parent"),
    ]
)
