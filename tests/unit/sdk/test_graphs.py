"""Tables and curves, compared with scikit-learn."""

from __future__ import annotations

import json
import random
from datetime import date

import pytest

from studio_ext.contract.errors import InvalidRequest
from studio_ext.sdk.graphs import confusion_matrix, precision_recall, roc_curve, table

RANDOM = random.Random(7)
TRUE = [RANDOM.randint(0, 1) for _ in range(300)]
SCORES = [round(RANDOM.random() * 0.6 + 0.4 * label, 2) for label in TRUE]  # rounded: there are ties


def test_roc_curve_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    graph = roc_curve("roc", TRUE, SCORES)
    false, true, _ = metrics.roc_curve(TRUE, SCORES)
    assert graph["falsePositiveRate"] == pytest.approx(list(false))
    assert graph["truePositiveRate"] == pytest.approx(list(true))
    assert graph["areaUnderCurve"] == pytest.approx(metrics.roc_auc_score(TRUE, SCORES))


def test_precision_recall_is_that_of_scikit_learn() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    graph = precision_recall("pr", TRUE, SCORES)
    precision, recall, _ = metrics.precision_recall_curve(TRUE, SCORES)
    assert graph["precision"] == pytest.approx(list(precision))
    assert graph["recall"] == pytest.approx(list(recall))
    assert graph["averagePrecisionScore"] == pytest.approx(metrics.average_precision_score(TRUE, SCORES))
    assert graph["noSkill"] == pytest.approx(sum(TRUE) / len(TRUE))


def test_a_positive_label_that_is_a_text() -> None:
    words = ["spam" if label else "ham" for label in TRUE]
    assert precision_recall("pr", words, SCORES, "spam") == precision_recall("pr", TRUE, SCORES)
    with pytest.raises(InvalidRequest, match="positive_label"):
        precision_recall("pr", words, SCORES)


def test_confusion_matrix() -> None:
    graph = confusion_matrix("m", ["a", "b", "b", "c"], ["a", "b", "a", "b"])
    assert graph["labels"] == ["a", "b", "c"]
    assert graph["confusionMatrix"] == [[1, 0, 0], [1, 1, 0], [0, 1, 0]]


def test_a_table_says_the_type_of_each_column() -> None:
    numpy = pytest.importorskip("numpy")
    graph = table(
        "t",
        {
            "s": ["x", None],
            "i": numpy.array([1, 2]),
            "f": [1.5, float("nan")],
            "b": [True, False],
            "d": [date(2024, 1, 2), date(2024, 1, 3)],
        },
    )
    types = {field["name"]: field["type"] for field in graph["fields"]}
    assert types == {"s": "string", "i": "integer", "f": "number", "b": "boolean", "d": "string"}
    assert graph["data"]["f"] == [1.5, None]
    assert json.loads(json.dumps(graph, allow_nan=False)) == graph


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: table("t", {"a": [1], "b": [1, 2]}),
        lambda: confusion_matrix("m", [1], [1, 2]),
        lambda: confusion_matrix("m", [], []),
        lambda: roc_curve("r", [1, 1], [0.1, 0.2]),
        lambda: roc_curve("r", [0, 1], [0.1, float("nan")]),
        lambda: roc_curve("r", [0, 1, 2], [0.1, 0.2, 0.3]),
        lambda: precision_recall("p", [0, 0], [0.1, 0.2]),
    ],
)
def test_what_cannot_be_drawn_is_said(wrong: object) -> None:
    with pytest.raises(InvalidRequest):
        wrong()  # type: ignore[operator]
