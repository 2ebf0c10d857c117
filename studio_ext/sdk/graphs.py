"""Tables and curves as JSON documents, from plain sequences: the formats that people's tools for them read.

Each has ``type``, ``version`` and ``title``. Curves are computed as scikit-learn does, without needing it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from studio_ext.contract.errors import InvalidRequest


def table(title: str, values: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """A table by columns. Raises ``InvalidRequest`` when they differ in length."""
    columns = {str(name): [_plain(value) for value in column] for name, column in values.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise InvalidRequest.field("values", "the columns of a table must be equally long")
    fields = [{"name": name, "type": _type(column)} for name, column in columns.items()]
    return {"type": "Table", "version": 0, "title": title, "fields": fields, "data": columns}


def confusion_matrix(title: str, y_true: Sequence[Any], y_pred: Sequence[Any]) -> dict[str, Any]:
    """How often each label (row) was taken for each (column)."""
    true, predicted = _equally_long(y_true, y_pred)
    labels = _sorted({*true, *predicted})
    place = {label: number for number, label in enumerate(labels)}
    matrix = [[0] * len(labels) for _ in labels]
    for was, seen in zip(true, predicted, strict=True):
        matrix[place[was]][place[seen]] += 1
    return {"type": "ConfusionMatrix", "version": 0, "title": title, "confusionMatrix": matrix, "labels": labels}


def roc_curve(title: str, y_true: Sequence[Any], y_score: Sequence[float]) -> dict[str, Any]:
    """True against false positives over all thresholds, and the area below. Points on a straight line are left out."""
    hits, falses = _cumulated(*_binary(y_true, y_score, None))
    positives, negatives = hits[-1], falses[-1]
    if not positives or not negatives:
        raise InvalidRequest.field("y_true", "both classes must occur")
    points = [(0, 0), *zip(falses, hits, strict=True)]
    bends = [
        point
        for number, point in enumerate(points)
        if number in (0, len(points) - 1) or not _straight(points[number - 1], point, points[number + 1])
    ]
    x, y = [each[0] / negatives for each in bends], [each[1] / positives for each in bends]
    area = math.fsum((x[n] - x[n - 1]) * (y[n] + y[n - 1]) / 2 for n in range(1, len(x)))
    return {
        "type": "ROCCurve",
        "version": 0,
        "title": title,
        "falsePositiveRate": x,
        "truePositiveRate": y,
        "areaUnderCurve": area,
    }


def precision_recall(
    title: str,
    y_true: Sequence[Any],
    predicted_probabilities: Sequence[float],
    positive_label: Any = None,
    no_skill: float | None = None,
) -> dict[str, Any]:
    """Precision against recall over all thresholds, and the average precision.

    ``no_skill`` None: the share of positives.
    """
    true, scores = _binary(y_true, predicted_probabilities, positive_label)
    hits, falses = _cumulated(true, scores)
    positives = hits[-1]
    if not positives:
        raise InvalidRequest.field("y_true", "there are no positives")
    precision = [hit / (hit + miss) for hit, miss in zip(hits, falses, strict=True)]
    recall = [hit / positives for hit in hits]
    steps = zip(precision, recall, [0.0, *recall[:-1]], strict=True)
    return {
        "type": "PrecisionRecallCurve",
        "version": 0,
        "title": title,
        "precision": [*reversed(precision), 1.0],
        "recall": [*reversed(recall), 0.0],
        "averagePrecisionScore": math.fsum(value * (here - before) for value, here, before in steps),
        "noSkill": positives / len(true) if no_skill is None else no_skill,
    }


def _cumulated(true: list[bool], scores: list[float]) -> tuple[list[int], list[int]]:
    """True and false positives at each threshold, from the highest down; equal scores share one."""
    order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
    hits, falses, hit, false = [], [], 0, 0
    for position, number in enumerate(order):
        hit += true[number]
        false += not true[number]
        if position + 1 == len(order) or scores[order[position + 1]] != scores[number]:
            hits.append(hit)
            falses.append(false)
    return hits, falses


def _straight(before: tuple[int, int], here: tuple[int, int], after: tuple[int, int]) -> bool:
    """Whether the steps to a point and from it are equal, as in scikit-learn."""
    return all(after[axis] - here[axis] == here[axis] - before[axis] for axis in (0, 1))


def _binary(y_true: Sequence[Any], y_score: Sequence[float], positive: Any) -> tuple[list[bool], list[float]]:
    true, given = _equally_long(y_true, y_score)
    labels = set(true)
    if len(labels) > 2:
        raise InvalidRequest.field("y_true", f"a curve needs two classes, there are {len(labels)}")
    if positive is None:
        if not any(labels <= pair for pair in ({0, 1}, {-1, 1}, {True, False})):
            raise InvalidRequest.field("positive_label", "must be named when the classes are not 0 and 1")
        positive = 1
    try:
        scores = [float(value) for value in given]
    except (TypeError, ValueError):  # what is not finite has become null
        raise InvalidRequest.field("y_score", "all scores must be finite numbers") from None
    return [label == positive for label in true], scores


def _equally_long(first: Sequence[Any], second: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    one, other = [_plain(value) for value in first], [_plain(value) for value in second]
    if len(one) != len(other):
        raise InvalidRequest.field("y_true", f"there are {len(one)} labels for {len(other)} predictions")
    if not one:
        raise InvalidRequest.field("y_true", "there are no labels")
    return one, other


def _sorted(labels: set[Any]) -> list[Any]:
    try:
        return sorted(labels)
    except TypeError:  # of several kinds
        return sorted(labels, key=str)


def _plain(value: Any) -> Any:
    """A value that JSON knows: a number of numpy is a number, one that is none is null."""
    item = getattr(value, "item", None)
    if callable(item):
        value = item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, bool | int | float | str) or value is None:
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _type(column: list[Any]) -> str:
    kinds = {type(value) for value in column if value is not None}
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"
