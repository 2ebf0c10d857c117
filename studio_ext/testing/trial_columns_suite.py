"""What the columns of every trial index promise, as tests.

Subclass :class:`TrialColumnsSuite` and give it a fixture ``columns`` of class scope: the columns of an experiment with
the trials that :func:`sample_trials` lists. Rows may have any order.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind, Summary, parse_key
from studio_ext.ports.trial_index import TrialColumns
from studio_ext.testing.memory_columns import MemoryTrial

STRANGE = 'val loss `(é)` = "x" % \''
"""A name with what names may hold."""


def sample_trials() -> list[MemoryTrial]:
    """Trials in which every case that columns distinguish occurs."""
    return [
        MemoryTrial(
            "a" * 32,
            name="ResNet one",
            started=1_700_000_000.0,
            ended=1_700_000_090.5,
            params={"lr": "0.1", "mixed": "3", "same": "x", "text": "Alpha"},
            metrics={"rmse": [3.0, 1.0, 2.0], "acc": [0.5]},
            tags={"stage": "dev", "studio.tag.team": "red hats", "mlflow.source.name": "hidden word"},
            notebook="work/train.ipynb",
            commit="c0ffee",
            dirty=True,
            user="ada",
            job="job1",
        ),
        MemoryTrial(
            "b" * 32,
            name="resnet two",
            status="FAILED",
            started=1_700_000_100.0,
            ended=1_700_000_200.0,
            params={"lr": "0.10", "mixed": "three", "same": "x", "text": "alpha", STRANGE: "1"},
            metrics={"rmse": [math.nan], "acc": [0.5, 0.25], STRANGE: [7.0]},
            tags={"stage": "prod"},
            parent="a" * 32,
            dirty=False,
        ),
        MemoryTrial(
            "c" * 32,
            name="plain",
            status="RUNNING",
            started=1_700_000_300.0,
            params={"lr": "1e-3", "mixed": "nan", "text": "beta"},
            metrics={"rmse": [math.inf, -5.0], "rmse.min": [9.0]},
            parent="0" * 32,
        ),
        MemoryTrial("d" * 32, name="empty", status="SCHEDULED"),
        MemoryTrial("e" * 32, name="gone", status="KILLED", started=1.0, ended=2.0, params={"lr": "5"}, deleted=True),
    ]


def key(text: str) -> Key:
    """A key that is right."""
    found = parse_key(text)
    assert found is not None
    return found


class TrialColumnsSuite:
    """See the module."""

    @pytest.fixture(scope="class")
    @classmethod
    def ids(cls, columns: TrialColumns) -> list[str]:
        """First letters of the ids, by row."""
        return [each[0] for each in columns.run_ids(np.arange(columns.size))]

    @pytest.fixture(scope="class")
    @classmethod
    def lit(cls, columns: TrialColumns, ids: list[str]) -> Lit:
        """Reads masks as letters."""
        return Lit(columns, ids)

    def test_rows(self, columns: TrialColumns, ids: list[str]) -> None:
        assert set("abcd") <= set(ids) <= set("abcde") and len(ids) == columns.size
        active = columns.active()
        assert active.dtype == bool
        assert {each for each, is_active in zip(ids, active, strict=True) if is_active} == set("abcd")
        wanted = [each * 32 for each in reversed(ids)]
        assert columns.rows_of(wanted).tolist() == list(reversed(range(len(ids))))
        # None of these is there, whatever begins as they do.
        wrong = ["f" * 32, "' or 1=1", "", "a" * 33, "a" * 32 + "\0", "ä" * 32]
        assert columns.rows_of([*wrong, "b" * 32]).tolist() == [-1] * len(wrong) + [ids.index("b")]
        assert columns.rows_of([]).tolist() == []
        assert columns.run_ids(np.array([], dtype=np.int64)) == []
        assert columns.revision >= 0 and columns.generation

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("params.lr", {"a": 0.1, "b": 0.1, "c": 0.001}),
            ("params.mixed", {"a": 3.0}),
            ("params.text", {}),
            ("metrics.rmse", {"a": 2.0, "c": -5.0}),
            ("metrics.rmse.min", {"a": 1.0, "c": -5.0}),
            ("metrics.rmse.max", {"a": 3.0, "c": math.inf}),
            ("metrics.acc.max", {"a": 0.5, "b": 0.5}),
            ("metrics.`rmse.min`", {"c": 9.0}),
            ("started", {"a": 1_700_000_000.0, "b": 1_700_000_100.0, "c": 1_700_000_300.0}),
            ("ended", {"a": 1_700_000_090.5, "b": 1_700_000_200.0}),
            ("duration", {"a": 90.5, "b": 100.0}),
            ("name", {}),
            ("metrics.never", {}),
            ("params.never", {}),
        ],
    )
    def test_numbers(self, columns: TrialColumns, lit: Lit, text: str, expected: dict[str, float]) -> None:
        numbers = columns.numbers(key(text))
        assert numbers.dtype == np.float64 and len(numbers) == columns.size
        found = {each: float(numbers[row]) for each, row in lit.rows.items()}
        assert {each: value for each, value in found.items() if not math.isnan(value)} == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("params.lr", "abc"),
            ("params.mixed", "abc"),
            ("params.same", "ab"),
            ("metrics.rmse", "abc"),
            ("metrics.acc", "ab"),
            ("metrics.rmse.min", "abc"),
            ("metrics.`rmse.min`", "c"),
            ("tags.stage", "ab"),
            ("started", "abc"),
            ("ended", "ab"),
            ("duration", "ab"),
            ("notebook", "a"),
            ("dirty", "ab"),
            ("parent", "bc"),
            ("status", "abcd"),
            ("run_id", "abcd"),
            ("params.never", ""),
            ("tags.never", ""),
            ("metrics.never.max", ""),
        ],
    )
    def test_present(self, columns: TrialColumns, lit: Lit, text: str, expected: str) -> None:
        assert lit(columns.present(key(text))) == expected

    def test_names_with_any_character(self, columns: TrialColumns, lit: Lit) -> None:
        for kind in (Kind.parameter, Kind.metric):
            strange = Key(kind, STRANGE)
            assert lit(columns.present(strange)) == "b"
            assert strange in columns.keys([])
        assert lit(columns.equals(Key(Kind.parameter, STRANGE), "1")) == "b"

    def test_equals(self, columns: TrialColumns, lit: Lit) -> None:
        assert lit(columns.equals(key("params.lr"), "0.10")) == "b"
        assert lit(columns.equals(key("params.text"), "alpha")) == "b"
        assert lit(columns.equals(key("params.text"), "alph")) == ""
        assert lit(columns.equals(key("params.never"), "")) == ""
        assert lit(columns.equals(key("status"), "FINISHED")) == "a"
        assert lit(columns.equals(key("dirty"), "true")) == "a"
        assert lit(columns.equals(key("dirty"), "false")) == "b"
        assert lit(columns.equals(key("parent"), "a" * 32)) == "b"
        assert lit(columns.equals(key("job"), "job1")) == "a"
        assert lit(columns.equals(key("run_id"), "c" * 32)) == "c"

    def test_contains(self, columns: TrialColumns, lit: Lit) -> None:
        assert lit(columns.contains(key("name"), "RESNET")) == "ab"
        assert lit(columns.contains(key("name"), "")) == "abcd"
        assert lit(columns.contains(key("params.text"), "lph")) == "ab"
        assert lit(columns.contains(key("notebook"), "%")) == ""
        assert lit(columns.contains(key("notebook"), "_")) == ""
        assert lit(columns.contains(key("params.never"), "")) == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("resnet", "ab"),
            ("TRAIN.ipynb", "a"),
            ("c0ffee", "a"),
            ("ada", "a"),
            ("cccccc", "c"),
            ("beta", "c"),
            ("prod", "b"),
            ("red hats", "a"),
            ("hidden word", ""),
            ("%", ""),
            ('" or "', ""),
            ("1e-3", "c"),
        ],
    )
    def test_mentions(self, columns: TrialColumns, lit: Lit, text: str, expected: str) -> None:
        assert lit(columns.mentions(text)) == expected

    def test_ranks(self, columns: TrialColumns, lit: Lit) -> None:
        ranks = columns.ranks(key("params.text"))
        assert len(ranks) == columns.size
        a, b, c, d = (int(ranks[lit.rows[each]]) for each in "abcd")
        assert d == -1 and 0 <= a < b < c, "Alpha, alpha, beta"
        same = columns.ranks(key("params.same"))
        assert same[lit.rows["a"]] == same[lit.rows["b"]] >= 0
        assert (columns.ranks(key("params.never")) == -1).all()

    def test_texts(self, columns: TrialColumns, lit: Lit) -> None:
        rows = np.array([lit.rows[each] for each in "dacb"])
        assert columns.texts(key("params.lr"), rows) == [None, "0.1", "1e-3", "0.10"]
        assert columns.texts(key("name"), rows) == ["empty", "ResNet one", "plain", "resnet two"]
        assert columns.texts(key("status"), rows) == ["SCHEDULED", "FINISHED", "RUNNING", "FAILED"]
        assert columns.texts(key("dirty"), rows) == [None, "true", None, "false"]
        assert columns.texts(key("parent"), rows) == [None, None, "0" * 32, "a" * 32]
        assert columns.texts(key("tags.`mlflow.source.name`"), rows) == [None, "hidden word", None, None]
        assert columns.texts(key("params.never"), rows) == [None] * 4

    def test_parents(self, columns: TrialColumns, lit: Lit) -> None:
        parents = columns.parents()
        assert len(parents) == columns.size
        found = {each: int(parents[row]) for each, row in lit.rows.items()}
        assert found == {"a": -1, "b": lit.rows["a"], "c": -1, "d": -1}

    def test_keys(self, columns: TrialColumns) -> None:
        texts = [each.text for each in columns.keys([]) if each.name != STRANGE]
        assert texts == [
            *("params.lr", "params.mixed", "params.same", "params.text"),
            *("metrics.acc", "metrics.rmse", "metrics.`rmse.min`"),
            *("tags.stage", "tags.studio.tag.team"),
        ]
        assert all(each.summary is Summary.last for each in columns.keys([]))
        assert [each.text for each in columns.keys([Kind.metric, Kind.tag], "S")] == [
            *("metrics.rmse", "metrics.`rmse.min`", Key(Kind.metric, STRANGE).text, "tags.stage"),
            "tags.studio.tag.team",
        ]
        assert columns.keys(text="no such name") == []

    def test_facts(self, columns: TrialColumns) -> None:
        rate = columns.facts(key("params.lr"))
        assert rate is not None and rate.numeric and not rate.constant and 3 <= rate.count <= 4
        assert rate.minimum == pytest.approx(0.001)
        mixed = columns.facts(key("params.mixed"))
        assert mixed is not None and not mixed.numeric
        same = columns.facts(key("params.same"))
        assert same is not None and same.constant and not same.numeric and same.minimum is None
        error = columns.facts(key("metrics.rmse"))
        assert error is not None and error.numeric and (error.count, error.minimum, error.maximum) == (3, -5.0, 2.0)
        assert columns.facts(key("metrics.never")) is None

    def test_top_texts(self, columns: TrialColumns) -> None:
        assert columns.top_texts(key("params.text"), "", 10) == ["Alpha", "alpha", "beta"]
        assert columns.top_texts(key("params.text"), "AL", 10) == ["Alpha", "alpha"]
        assert columns.top_texts(key("params.text"), "", 1) == ["Alpha"]
        assert columns.top_texts(key("params.never"), "", 10) == []

    def test_every_attribute_answers(self, columns: TrialColumns) -> None:
        for name, is_number in ATTRIBUTES.items():
            each = key(name)
            assert len(columns.present(each)) == len(columns.numbers(each)) == columns.size
            if not is_number:
                assert len(columns.ranks(each)) == len(columns.equals(each, "x")) == columns.size


class Lit:
    """Reads masks as the first letters of the ids of active trials, in alphabetical order."""

    def __init__(self, columns: TrialColumns, ids: list[str]) -> None:
        active = columns.active()
        self.rows = {each: row for row, each in enumerate(ids) if active[row]}
        self._size = columns.size

    def __call__(self, mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> str:
        assert mask.dtype == bool and len(mask) == self._size
        return "".join(sorted(each for each, row in self.rows.items() if mask[row]))
