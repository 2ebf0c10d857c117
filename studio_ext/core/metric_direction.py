"""Which values of a metric are better, as far as its name tells."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

_LOWER_WORDS = """
    loss losses error err errors rmse rmsle mae mse msle mape smape mad nll bce ce perplexity ppl logloss mlogloss
    deviance divergence kl fid wer cer brier regret cost hamming latency fpr fnr aic bic bpb
"""
_HIGHER_WORDS = """
    accuracy acc auc auroc roc auprc f1 fbeta r2 precision recall ap map ndcg mrr bleu rouge meteor iou dice jaccard
    score reward return kappa mcc correlation pearson spearman psnr ssim throughput tpr tnr sensitivity specificity
    hits top1 top5 em
"""
_LOWER, _HIGHER = frozenset(_LOWER_WORDS.split()), frozenset(_HIGHER_WORDS.split())
_OPPOSITE = {"lower": "higher", "higher": "lower"}
_WORD = re.compile(r"[A-Z]+(?![a-z])\d*|[A-Z]?[a-z]+\d*|\d+")
_PAIRS = {("log", "likelihood"): "higher", ("explained", "variance"): "higher"}


@lru_cache(maxsize=1 << 15)
def better(name: str) -> str | None:
    """``lower``, ``higher``, or None where the name does not tell.

    The last word counts: ``val_accuracy_loss`` is a loss. ``neg_mean_squared_error`` is what scikit-learn calls a score
    of which more is better.
    """
    words = [each.lower() for each in _WORD.findall(name)]
    direction = next((found for found in map(_of_word, reversed(words)) if found), None)
    for pair, found in _PAIRS.items():
        if pair in itertools.pairwise(words):
            direction = found
    is_negative = not {"neg", "negative"}.isdisjoint(words)
    return _OPPOSITE.get(direction or "") if is_negative else direction


def _of_word(word: str) -> str | None:
    if word in _LOWER or word.endswith(("loss", "error", "rmse")):  # also where words are run together: valloss
        return "lower"
    return "higher" if word in _HIGHER or word.endswith("accuracy") else None
