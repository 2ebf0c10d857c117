"""The table: rows, groups, trees, pages of an order that stays."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.trial_table import Extent, SortKey, TableRow, TrialQuery, TrialTablePage
from studio_ext.core.trial_filter import parse
from studio_ext.core.trial_keys import parse_key
from studio_ext.services.trial_query.cells import extent, plain_number
from studio_ext.services.trial_query.results import Results
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial
from studio_ext.testing.trial_columns_suite import sample_trials
from tests.unit.services.trial_query import naive


class Asked:
    """A table of some trials, and an easy way to ask."""

    def __init__(self, trials: list[MemoryTrial], revision: int = 1, generation: str = "g") -> None:
        self.index = MemoryIndex()
        self.now = naive.NOW
        self.tables = TrialTables(self.index, lambda: self.now)
        self.put(trials, revision, generation)

    def put(self, trials: list[MemoryTrial], revision: int, generation: str = "g") -> None:
        self.index.experiments["e"] = MemoryColumns(trials, revision, generation)

    def __call__(self, **query: Any) -> TrialTablePage:
        page = self.tables.page(TrialQuery(experiment="e", **query))
        TrialTablePage.model_validate_json(page.model_dump_json())  # as it would be sent
        return page


def ids(page: TrialTablePage) -> list[str]:
    return [each.id[:1] if not each.is_group else each.id for each in page.rows]


def by(key: str, descending: bool = False) -> list[SortKey]:
    return [SortKey(key=key, descending=descending)]


@pytest.fixture
def asked() -> Asked:
    return Asked(sample_trials())


def test_newest_first_and_without_the_deleted(asked: Asked) -> None:
    page = asked(columns=["params.lr", "metrics.rmse", "metrics.rmse.max", "dirty", "params.mixed", "duration"])
    assert ids(page) == ["c", "b", "a", "d"]
    assert (page.total, page.matched, page.trials, page.is_current, page.index.phase) == (4, 4, 4, True, "ready")
    rows = {each.id[0]: each.values for each in page.rows}
    assert rows["a"] == [0.1, 2.0, 3.0, True, 3, 90.5]
    assert rows["b"] == [0.1, "NaN", "NaN", False, "three", 100.0]
    assert rows["c"] == [0.001, -5.0, "Infinity", None, "nan", naive.NOW - 1_700_000_300]
    assert rows["d"] == [None] * 6
    first = page.rows[2]
    assert (first.name, first.status, first.job_id, first.depth, first.matches) == (
        *("ResNet one", "FINISHED", "job1", 0, True),
    )
    assert page.extents[1] == Extent(minimum=-5, maximum=2, mean=-1.5)
    assert page.extents[2] == Extent(minimum=3, maximum=3, mean=3)
    assert page.extents[3] is None and page.extents[4] == Extent(minimum=3, maximum=3, mean=3)


def test_sorted_and_filtered(asked: Asked) -> None:
    assert ids(asked(sort=by("metrics.rmse"))) == ["c", "a", "b", "d"]
    assert ids(asked(sort=by("metrics.rmse", True))) == ["a", "c", "b", "d"]
    assert ids(asked(sort=by("params.mixed"))) == ["a", "b", "c", "d"], "a number, a text, NaN, nothing"
    assert ids(asked(sort=[*by("params.lr", True), *by("name", True)])) == ["b", "a", "c", "d"]
    page = asked(filter="params.lr = 0.1", sort=by("started"), columns=["metrics.acc"])
    assert (ids(page), page.total, page.matched, page.trials) == (["a", "b"], 2, 2, 4)
    assert page.extents == [Extent(minimum=0.25, maximum=0.5, mean=0.375)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"filter": "params.lr <"}, "filter"),
        ({"sort": [{"key": "nothing"}]}, "sort.0.key"),
        ({"columns": ["name", "metrics."]}, "columns.1"),
        ({"group_by": "x.y"}, "group_by"),
    ],
)
def test_what_is_wrong_is_named(asked: Asked, query: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        asked(**query)
    assert [each.field for each in caught.value.fields] == [field]


def test_an_experiment_that_is_not_there(asked: Asked) -> None:
    with pytest.raises(NotFound):
        asked.tables.page(TrialQuery(experiment="other"))


def test_an_empty_experiment() -> None:
    asked = Asked([])
    for query in ({}, {"tree": True}, {"group_by": "name"}, {"group_by": "started"}, {"filter": "'x'"}):
        page = asked(columns=["metrics.x", "name"], sort=by("metrics.x"), **query)
        assert (page.rows, page.total, page.matched, page.extents) == ([], 0, 0, [None, None])


# -- the order stays


def test_an_order_is_paged_through_while_trials_come_and_change() -> None:
    trials = [MemoryTrial(str(each), started=float(each), metrics={"x": [each]}) for each in range(6)]
    asked = Asked(trials)
    first = asked(sort=by("metrics.x"), limit=2, columns=["metrics.x"])
    assert ids(first) == ["0", "1"]
    trials[0].metrics, trials[4].metrics = {"x": [100]}, {"x": [-100]}
    asked.put([*trials, MemoryTrial("6", metrics={"x": [-200]})], revision=2)
    second = asked(sort=by("metrics.x"), limit=4, columns=["metrics.x"], result=first.result)
    assert ids(second) == ["0", "1", "2", "3"] and second.total == 6
    assert [each.values for each in second.rows[:2]] == [[100.0], [1.0]], "values of now in the order of then"
    assert second.result == first.result and first.is_current and not second.is_current
    assert ids(asked(sort=by("metrics.x"), offset=4, result=first.result)) == ["4", "5"]
    fresh = asked(sort=by("metrics.x"))
    assert ids(fresh) == ["6", "4", "1", "2", "3", "5", "0"] and fresh.is_current


def test_a_result_answers_its_own_query_only(asked: Asked) -> None:
    result = asked(sort=by("name")).result
    for query in (
        {"sort": by("name", True)},
        {"sort": by("name"), "filter": "name ~ net"},
        {"sort": by("name"), "tree": True},
        {"sort": by("name"), "group_by": "name"},
        {},
    ):
        page = asked(result=result, **query)
        assert page.result != result and page.is_current
    assert asked(sort=by("name"), result=result).result == result
    assert asked(sort=by("name"), result="never given out").result == result, "the same query, and nothing changed"


def test_rows_that_were_numbered_anew_are_found_anew(asked: Asked) -> None:
    first = asked(sort=by("name"))
    asked.put(sample_trials()[::-1], revision=1, generation="built anew")
    second = asked(sort=by("name"), result=first.result)
    assert ids(second) == ids(first) and second.result != first.result


def test_results_are_forgotten_in_turn() -> None:
    asked = Asked(sample_trials())
    asked.tables._results = Results(max_results=2)
    kept = {key: asked(sort=by(key)).result for key in ("name", "started", "status")}
    for key in ("status", "started"):
        assert asked(sort=by(key), result=kept[key]).result == kept[key]
    assert asked(sort=by("name"), result=kept["name"]).result != kept["name"]


def test_results_are_bounded_in_bytes() -> None:
    asked = Asked(sample_trials())
    asked.tables._results = Results(max_bytes=1)
    first = asked(sort=by("name")).result
    assert asked(sort=by("name"), result=first).result == first, "the last one stays"
    asked(sort=by("started"))
    assert asked(sort=by("name"), result=first).result != first


def test_what_depends_on_the_time_is_looked_at_again(asked: Asked) -> None:
    text = "started > -400s"
    assert ids(asked(filter=text)) == []
    asked.now = 1_700_000_400.0
    assert ids(asked(filter=text)) == ["c", "b"]


# -- trees


def tree() -> list[MemoryTrial]:
    def trial(run_id: str, parent: str | None = None, **more: Any) -> MemoryTrial:
        return MemoryTrial(run_id, name=run_id, started=ord(run_id[0]), parent=parent, metrics={"x": [1]}, **more)

    return [
        trial("a"), trial("b", "a"), trial("c", "a"), trial("d", "b"), trial("e", "nobody"), trial("f", "g"),
        trial("g", "f"), trial("h", "h"), trial("i", "j"), trial("j", deleted=True),
    ]  # fmt: skip


def drawn(page: TrialTablePage) -> list[str]:
    return [f"{'-' * each.depth}{each.id}{each.children or ''}{'' if each.matches else '?'}" for each in page.rows]


def test_components_stand_below_their_trial() -> None:
    asked = Asked(tree())
    assert drawn(asked(tree=True)) == ["i", "h", "g1", "e", "a3"]
    opened = asked(tree=True, expanded=["a", "g"])
    assert drawn(opened) == ["i", "h", "g1", "-f", "e", "a3", "-c", "-b1"]
    assert [each.id for each in opened.rows if each.is_expanded] == ["g", "a"]
    assert drawn(asked(tree=True, expand_all=True)) == ["i", "h", "g1", "-f", "e", "a3", "-c", "-b1", "--d"]
    assert drawn(asked(tree=True, expand_all=True, expanded=["b"])) == ["i", "h", "g1", "-f", "e", "a3", "-c", "-b1"]
    page = asked(tree=True, expand_all=True, offset=5, limit=2)
    assert (drawn(page), page.total, page.matched) == (["a3", "-c"], 9, 9)


def test_a_tree_is_sorted_and_filtered() -> None:
    asked = Asked(tree())
    everything = asked(tree=True, expand_all=True, sort=by("name"))
    assert drawn(everything) == ["a3", "-b1", "--d", "-c", "e", "f1", "-g", "h", "i"]
    page = asked(tree=True, expand_all=True, filter="name = d or name = e", sort=by("name"))
    assert drawn(page) == ["a1?", "-b1?", "--d", "e"] and (page.matched, page.total) == (2, 4)
    assert drawn(asked(tree=True, filter="name = d")) == ["a1?"]
    assert drawn(asked(tree=True, filter="name = j")) == []


# -- groups


def test_groups() -> None:
    asked = Asked(sample_trials())
    page = asked(group_by="params.lr", columns=["metrics.rmse", "status", "params.same"], expanded=["group:=0.10"])
    assert ids(page) == ["group:=1e-3", "group:=0.10", "b", "a", "group:none"]
    small, tenth, none = (each for each in page.rows if each.is_group)
    assert (small.name, small.children, small.is_expanded, small.values) == ("1e-3", 1, False, [-5.0, "RUNNING", None])
    assert (tenth.children, tenth.is_expanded, tenth.values) == (2, True, [2.0, None, "x"])
    assert tenth.extents == [Extent(minimum=2, maximum=2, mean=2), None, None]
    assert (none.name, none.children, none.values) == ("", 1, [None, "SCHEDULED", None])
    assert [each.depth for each in page.rows] == [0, 0, 1, 1, 0] and page.total == 5 and page.matched == 4


def test_groups_stand_in_the_order_of_what_rows_are_sorted_by() -> None:
    trials = [
        MemoryTrial(f"{group}{value}", params={"g": group, "t": group[::-1]}, metrics={"x": [value]})
        for group, values in {"ab": [1, 9], "ba": [4, 4], "ca": [math.nan]}.items()
        for value in values
    ]
    asked = Asked([*trials, MemoryTrial("none")])

    def groups(**query: Any) -> list[str]:
        return [each.name for each in asked(group_by="params.g", **query).rows]

    assert groups() == ["ab", "ba", "ca", ""]
    assert groups(sort=by("params.g", True)) == ["ca", "ba", "ab", ""]
    assert groups(sort=by("metrics.x")) == ["ba", "ab", "ca", ""], "by their means, 4 and 5"
    assert groups(sort=by("metrics.x", True)) == ["ab", "ba", "ca", ""]
    assert groups(sort=by("params.t")) == ["ba", "ca", "ab", ""], "by their first row"
    inside = asked(group_by="params.g", sort=by("metrics.x", True), expand_all=True)
    assert [each.id for each in inside.rows[:3]] == ["group:=ab", "ab9", "ab1"]
    assert asked(group_by="params.g", filter="metrics.x > 3").total == 2


def test_groups_keep_their_names_while_values_change() -> None:
    trials = [MemoryTrial("a", status="RUNNING"), MemoryTrial("b", status="FINISHED")]
    asked = Asked(trials)
    first = asked(group_by="status")
    assert [each.name for each in first.rows] == ["FINISHED", "RUNNING"]
    asked.put([MemoryTrial("a", status="FINISHED"), trials[1]], revision=2)
    again = asked(group_by="status", result=first.result, expanded=["group:=RUNNING"])
    assert ids(again) == ["group:=FINISHED", "group:=RUNNING", "a"] and not again.is_current
    assert [each.status for each in again.rows if not each.is_group] == ["FINISHED"]


def test_times_that_no_calendar_has() -> None:
    page = Asked([MemoryTrial("a", started=1e300), MemoryTrial("b", started=1.0)])(group_by="started")
    assert [each.children for each in page.rows] == [1, 1] and page.rows[1].name == "1e+300"


def test_times_are_grouped_by_day() -> None:
    noon = 1_700_000_000.0
    trials = [MemoryTrial(str(each), started=noon + each * 86_400.0) for each in (0, 0, 2)]
    for number, each in enumerate(trials):
        each.run_id = str(number)
    page = Asked([*trials, MemoryTrial("3")])(group_by="started")
    assert [(each.name, each.children) for each in page.rows][-1] == ("", 1)
    assert [each.children for each in page.rows] == [2, 1, 1]
    assert all(len(each.name) == len("2023-11-14") for each in page.rows[:2])


@settings(max_examples=100, deadline=None)
@given(naive.experiments(), naive.KEYS, naive.KEYS, naive.FILTERS)
def test_groups_as_in_plain_python(trials: list[MemoryTrial], key: str, column: str, text: str) -> None:
    page = Asked(trials)(group_by=key, columns=[column], filter=text, expand_all=True, limit=500)
    node, parsed = parse(text), parse_key(column)
    assert parsed is not None
    matching = {each.run_id for each in trials if not each.deleted and naive.matches(node, each)}
    found: dict[str, list[str]] = defaultdict(list)
    group = ""
    for row in page.rows:
        group = row.id if row.is_group else group
        if not row.is_group:
            found[group].append(row.id)
    assert sorted(each for members in found.values() for each in members) == sorted(matching)
    assert len(found) == sum(each.is_group for each in page.rows), "no empty group, none twice"
    by_id = {each.run_id: each for each in trials}
    for row in page.rows:
        if row.is_group:
            assert row.children == len(found[row.id])
            assert row.extents == [_extent([by_id[each] for each in found[row.id]], column)]


def _extent(trials: list[MemoryTrial], column: str) -> Extent | None:
    key = parse_key(column)
    assert key is not None
    if column in ("name", "status", "notebook", "dirty", "run_id", "parent"):
        return None
    columns = MemoryColumns(trials)
    values = [naive.value(each, key) for each in trials] if column == "duration" else columns.numbers(key).tolist()
    finite = [each for each in values if isinstance(each, float) and math.isfinite(each)]
    if not finite:
        return None
    mean = pytest.approx(math.fsum(each / len(finite) for each in finite), abs=1e284, rel=1e-9)
    return Extent.model_construct(minimum=min(finite), maximum=max(finite), mean=mean)


@settings(max_examples=100, deadline=None)
@given(naive.experiments(), naive.KEYS, st.booleans(), naive.FILTERS)
def test_trees_as_in_plain_python(trials: list[MemoryTrial], key: str, descending: bool, text: str) -> None:
    asked, node = Asked(trials), parse(text)
    flat = asked(sort=by(key, descending), limit=500)
    page = asked(sort=by(key, descending), filter=text, tree=True, expand_all=True, limit=500)
    matching = {each.run_id for each in trials if not each.deleted and naive.matches(node, each)}
    shown = [each.id for each in page.rows]
    assert len(set(shown)) == len(shown) and matching <= set(shown)
    assert {each.id for each in page.rows if each.matches} == matching and page.matched == len(matching)
    places = {each.id: place for place, each in enumerate(flat.rows)}
    for rows in _siblings(page.rows):
        assert [places[each] for each in rows] == sorted(places[each] for each in rows)


def _siblings(rows: list[TableRow]) -> list[list[str]]:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    way: list[str] = []
    for each in rows:
        del way[each.depth :]
        found[tuple(way)].append(each.id)
        way.append(each.id)
    return list(found.values())


# -- cells


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3), ("-3", -3), ("0", 0), ("0.10", 0.1), ("1e-3", 0.001), ("007", "007"), ("+3", "+3"), ("1_0", "1_0"),
        ("nan", "nan"), ("inf", "inf"), ("1e999", "1e999"), ("", ""), ("12345678901234567890", "12345678901234567890"),
        ("9007199254740993", "9007199254740993"), ("9007199254740992", 2**53), ("9" * 6000, "9" * 6000),
        ("1.0\n", "1.0\n"), ("٣", "٣"),
    ],
)  # fmt: skip
def test_texts_that_are_numbers(text: str, expected: Any) -> None:
    found = plain_number(text)
    assert found == expected and type(found) is type(expected)


@given(st.lists(st.floats(), max_size=50))
def test_extents(values: list[float]) -> None:
    found = extent(np.array(values, dtype=np.float64))
    finite = [each for each in values if math.isfinite(each)]
    if not finite:
        assert found is None
        return
    assert found is not None and (found.minimum, found.maximum) == (min(finite), max(finite))
    assert found.minimum <= found.mean <= found.maximum
    json.dumps(found.model_dump(), allow_nan=False)


def test_extents_over_several_blocks() -> None:
    values = np.arange(100_000, dtype=np.float64)
    values[::3] = np.nan
    values[1] = np.inf
    found = extent(values)
    expected = values[np.isfinite(values)]
    assert found is not None and found.mean == pytest.approx(expected.mean())
    assert (found.minimum, found.maximum) == (2.0, 99998.0)
    huge = extent(np.full(100_000, 1.7e308))
    assert huge is not None and huge.mean == pytest.approx(1.7e308)


def test_which_columns_differ() -> None:
    nan = float("nan")
    trials = [
        MemoryTrial(
            "a", name="one", params={"same": "1", "lr": "0.1", "some": "x"}, metrics={"nan": [nan], "m": [1.0]}
        ),
        MemoryTrial("b", name="two", params={"same": "1", "lr": "0.2"}, metrics={"nan": [nan], "m": [1.0]}),
        MemoryTrial("c", name="two", params={"same": "2", "lr": "0.2"}, metrics={"nan": [1.0], "m": [1.0]}),
    ]
    tables = TrialTables(MemoryIndex(e=MemoryColumns(trials)))
    keys = ["params.same", "params.lr", "params.some", "metrics.nan", "metrics.m", "name", "params.nowhere"]

    def differing(filter: str) -> list[bool]:
        return tables.page(TrialQuery(experiment="e", filter=filter, columns=keys, differences=True, limit=1)).differs

    assert differing("") == [True, True, True, True, False, True, False]
    assert differing('run_id in ("a", "b")') == [False, True, True, False, False, True, False]
    assert differing('name = "two"') == [True, False, False, True, False, False, False]
    assert differing('name = "none"') == [False] * 7
    assert tables.page(TrialQuery(experiment="e", columns=keys)).differs == [], "only where it was asked"
