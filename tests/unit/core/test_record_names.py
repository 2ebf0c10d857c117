"""Names are refused here exactly where MLflow refuses them."""

from __future__ import annotations

import pytest

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.record_names import checked_name, sound_text

NAMES = ["loss", "train/loss", "a b", "val:loss", "naïve", "x" * 250, "a.b-c_d", "1"]
WRONG = ["", "x" * 251, "🙂", "a\nb", "a\n", "../x", "/x", "a/../b", "a//b", ".", "a,b", "a\0"]


@pytest.mark.parametrize("name", NAMES)
def test_good_names(name: str) -> None:
    assert checked_name(name, "metric_name") == name


@pytest.mark.parametrize("name", [*WRONG, None, 7])
def test_wrong_names(name: object) -> None:
    with pytest.raises(InvalidRequest) as caught:
        checked_name(name, "metric_name")
    assert caught.value.fields[0].field == "metric_name"


def test_half_a_character_becomes_a_question_mark() -> None:
    assert sound_text("a\ud83d") == "a?"
