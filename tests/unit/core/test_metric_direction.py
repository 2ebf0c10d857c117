"""Which way of a metric is better, by its name."""

from __future__ import annotations

import pytest

from studio_ext.core.metric_direction import better


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rmse", "lower"), ("val_loss", "lower"), ("valLoss", "lower"), ("training_mean_absolute_error", "lower"),
        ("accuracy", "higher"), ("val/acc", "higher"), ("test-f1", "higher"), ("roc_auc", "higher"), ("r2", "higher"),
        ("r2_score", "higher"), ("val_accuracy_loss", "lower"), ("neg_mean_squared_error", "higher"),
        ("log_likelihood", "higher"), ("negative_log_likelihood", "lower"), ("explained_variance", "higher"),
        ("NDCG@10", "higher"), ("valloss", "lower"), ("testaccuracy", "higher"),
        ("RMSE", "lower"), ("eval.perplexity", "lower"),
        ("epoch", None), ("depth", None), ("", None), ("lr", None), ("glossary", None), ("🚀", None),
    ],
)  # fmt: skip
def test_which_way_of_a_metric_is_better(name: str, expected: str | None) -> None:
    assert better(name) == expected
