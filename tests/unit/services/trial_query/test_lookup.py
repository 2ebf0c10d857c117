"""Filters as they are typed, columns, and whole trials."""

from __future__ import annotations

import math

import pytest

from studio_ext.contract.errors import InvalidRequest, NotFound, Unavailable
from studio_ext.contract.trial_table import FilterCondition, FilterQuery
from studio_ext.ports.trial_index import TrialColumns
from studio_ext.services.trial_query.lookup import MAX_COLUMNS, check, column_page
from studio_ext.services.trial_query.records import trial_page
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial
from studio_ext.testing.trial_columns_suite import STRANGE, sample_trials


@pytest.fixture
def index() -> MemoryIndex:
    return MemoryIndex(e=MemoryColumns(sample_trials()))


def test_a_filter_is_looked_at(index: MemoryIndex) -> None:
    found = check(index, FilterQuery(experiment="e", filter="params.lr < 0.1 and status = failed", cursor=4))
    assert found.error is None and found.notes == []
    assert found.conditions == [
        FilterCondition(key="params.lr", operator="<", values=["0.1"]),
        FilterCondition(key="status", operator="=", values=["failed"]),
    ]
    assert "params." in [each.text for each in found.completions]
    assert check(index, FilterQuery(filter="'x'")).conditions is None


def test_a_wrong_filter_has_a_place_and_completions(index: MemoryIndex) -> None:
    found = check(index, FilterQuery(experiment="e", filter="rmse < 1", cursor=4))
    assert found.error is not None and (found.error.start, found.error.end) == (0, 4)
    assert found.error.hint == "Did you mean metrics.rmse?"
    assert found.conditions is None
    assert [each.text for each in found.completions] == ["metrics.rmse", "metrics.`rmse.min`"]
    without = check(index, FilterQuery(filter="rmse < 1"))
    assert without.error is not None and "Did you mean" not in without.error.hint and without.completions == []


def test_columns_that_no_trial_has_are_noted(index: MemoryIndex) -> None:
    found = check(index, FilterQuery(experiment="e", filter="not (params.l = 1 or metrics.rmsee.min < 1) and 'x'"))
    assert found.error is None
    assert [(each.message, each.start, each.end, each.hint) for each in found.notes] == [
        ("No trial has params.l.", 5, 13, "Did you mean params.lr?"),
        ("No trial has metrics.rmsee.min.", 21, 38, "Did you mean metrics.`rmse.min`?"),
    ]


def test_conditions_are_written(index: MemoryIndex) -> None:
    conditions = [
        FilterCondition(key="tags.stage", operator="in", values=["dev", "two words"]),
        FilterCondition(key="metrics.rmse", operator="<", values=["1e-3"]),
    ]
    found = check(index, FilterQuery(experiment="e", filter="'unused'", conditions=conditions))
    assert found.filter == 'tags.stage in (dev, "two words") and metrics.rmse < 1e-3'
    assert found.error is None and found.conditions is not None and len(found.conditions) == 2
    empty = check(index, FilterQuery(conditions=[FilterCondition(key="metrics.x", operator="<", values=[""])]))
    assert empty.error is not None and empty.filter[empty.error.start : empty.error.end] == '""'
    with pytest.raises(InvalidRequest):
        check(index, FilterQuery(conditions=[FilterCondition(key="x", operator="=")]))


def test_the_language_is_known_while_the_index_is_built(index: MemoryIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(experiment: str) -> TrialColumns:
        raise Unavailable("It is being built.")

    monkeypatch.setattr(index, "open", away)
    found = check(index, FilterQuery(experiment="e", filter="sta", cursor=3))
    assert [each.text for each in found.completions] == ["status", "started"]
    with pytest.raises(Unavailable):
        column_page(index, "e")


def test_an_experiment_that_is_not_there(index: MemoryIndex) -> None:
    with pytest.raises(NotFound):
        check(index, FilterQuery(experiment="other"))
    with pytest.raises(NotFound):
        column_page(index, "other")


# -- columns


def test_columns(index: MemoryIndex) -> None:
    page = column_page(index, "e")
    assert (page.total, page.trials) == (11, 4)
    found = {each.key: each for each in page.items}
    assert found["metrics.rmse"].better == "lower" and found["metrics.rmse"].minimum == -5.0
    assert found["metrics.acc"].better == "higher" and found["params.lr"].better is None
    assert found["params.same"].constant and not found["params.mixed"].numeric
    assert STRANGE in {each.name for each in page.items}


def test_columns_are_searched_and_paged(index: MemoryIndex) -> None:
    assert [each.key for each in column_page(index, "e", "RMSE").items] == ["metrics.rmse", "metrics.`rmse.min`"]
    assert [each.key for each in column_page(index, "e", "", ["tag"]).items] == ["tags.stage", "tags.studio.tag.team"]
    second = column_page(index, "e", offset=1, limit=2)
    assert [each.key for each in second.items] == ["params.mixed", "params.same"] and second.total == 11
    assert column_page(index, "e", offset=11).items == []
    many = {f"m{each:05}": [1.0] for each in range(2 * MAX_COLUMNS)}
    index.experiments["many"] = MemoryColumns([MemoryTrial("a", metrics=many)])
    assert len(column_page(index, "many", limit=10**9).items) == MAX_COLUMNS
    index.experiments["many"] = MemoryColumns([MemoryTrial("a", params={"z": "1"}, metrics={**many, "rmse": [1.0]})])
    first = column_page(index, "many", limit=3)
    assert [each.key for each in first.items] == ["params.z", "metrics.rmse", "metrics.m00000"]
    for wrong in ({"kinds": ["column"]}, {"offset": -1}, {"limit": 0}):
        with pytest.raises(InvalidRequest):
            column_page(index, "e", **wrong)  # type: ignore[arg-type]


# -- whole trials


def test_whole_trials(index: MemoryIndex) -> None:
    page = trial_page(TrialTables(index), "e", limit=10)
    assert [each.name for each in page.items] == ["plain", "resnet two", "ResNet one", "empty"]
    one = page.items[2]
    assert (one.run_id, one.experiment, one.status) == ("a" * 32, "e", "FINISHED")
    assert (one.started, one.ended, one.dirty) == (1_700_000_000.0, 1_700_000_090.5, True)
    assert (one.notebook, one.commit, one.user, one.job_id) == ("work/train.ipynb", "c0ffee", "ada", "job1")
    assert one.parameters == {"lr": "0.1", "mixed": "3", "same": "x", "text": "Alpha"}
    assert one.metrics == {"rmse": 2.0, "acc": 0.5} and one.tags == {"stage": "dev", "studio.tag.team": "red hats"}
    two = page.items[1]
    assert two.metrics["rmse"] is None and two.parent_run_id == "a" * 32 and two.dirty is False
    assert page.items[3].parameters == {} and page.items[3].started is None
    assert page.model_validate_json(page.model_dump_json()) == page


def test_whole_trials_come_in_pages_of_one_order(index: MemoryIndex) -> None:
    tables = TrialTables(index)
    first = trial_page(tables, "e", limit=3, sort="name", descending=False)
    assert first.next_cursor is not None and first.total == 4
    more = [*sample_trials(), MemoryTrial("f" * 32, name="aaa")]
    index.experiments["e"] = MemoryColumns(more, revision=2)
    second = trial_page(tables, "e", limit=3, sort="name", descending=False, cursor=first.next_cursor)
    assert [each.name for each in [*first.items, *second.items]] == ["empty", "plain", "ResNet one", "resnet two"]
    assert second.next_cursor is None
    forgotten = trial_page(TrialTables(index), "e", limit=3, sort="name", descending=False, cursor=first.next_cursor)
    assert [each.name for each in forgotten.items] == ["ResNet one", "resnet two"], "from the order of now"


@pytest.mark.parametrize("cursor", ["", "x", "-1:", "1", ":", "\u0663:", "9" * 5000 + ":", "1:" + "x" * 200])
def test_cursors_come_from_the_list(index: MemoryIndex, cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        trial_page(TrialTables(index), "e", limit=3, cursor=cursor)


def test_a_page_of_whole_trials_says_what_is_wrong(index: MemoryIndex) -> None:
    with pytest.raises(InvalidRequest, match="no column"):
        trial_page(TrialTables(index), "e", limit=3, sort="loss")
    with pytest.raises(InvalidRequest, match="filter"):
        trial_page(TrialTables(index), "e", limit=3, filter="(")
    assert math.isfinite(trial_page(TrialTables(index), "e", limit=3).total)
