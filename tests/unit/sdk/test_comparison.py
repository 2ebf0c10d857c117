"""Trials side by side, for people who write Python."""

from __future__ import annotations

import math
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

import studio_ext as studio
from studio_ext.contract.comparison import ComparedRow, ComparedTrial, Comparison
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.experiments import Trial
from studio_ext.contract.trial_table import IndexPhase, IndexState
from studio_ext.sdk import comparison, connection
from studio_ext.testing.fake_client import FakeClient

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\nnew line"


def trial(run_id: str, experiment: str = "churn", name: str = "", **more: object) -> Trial:
    fields = {"status": "FINISHED", "started": 1000.0, "ended": 1060.0, "tags": {}} | more
    return Trial.model_validate({"run_id": run_id, "experiment": experiment, "name": name or run_id, **fields})


@pytest.fixture
def fake() -> Iterator[FakeClient]:
    client = FakeClient()
    for each in (
        trial("a1", parameters={"lr": "0.1", "depth": "8", "same": "x"}, metrics={"rmse": 4.0}),
        trial("a2", parameters={"lr": "0.10", "depth": "16", "same": "x"}, metrics={"rmse": 2.0}, started=2000.0),
        trial("b1", "prices", HOSTILE, parameters={"lr": "0.1", "note": HOSTILE}, metrics={"rmse": 3.0}),
    ):
        client.add_trial(each)
    before = connection._client
    connection.use(client)
    yield client
    connection._client = before


def test_run_ids_lists_and_objects_name_trials(fake: FakeClient) -> None:
    for given in (("a1", "a2"), (["a1", "a2"],), (SimpleNamespace(run_id="a1"), "a2"), ("a1", ("a2", "a1"))):
        found = studio.compare(*given)
        assert [each.run_id for each in found.trials] == ["a1", "a2"] and len(found) == 2


def test_trials_of_several_experiments(fake: FakeClient) -> None:
    found = studio.compare("a1", "b1", "a2")
    assert {each.run_id: each.experiment for each in found.trials} == {"a1": "churn", "a2": "churn", "b1": "prices"}


def test_trials_that_a_filter_finds(fake: FakeClient) -> None:
    found = studio.compare(experiment="churn", filter="params.lr > 0", sort="-metrics.rmse", limit=5)
    assert [each.run_id for each in found.trials] == ["a1", "a2"]
    assert [each.run_id for each in studio.compare(experiment="churn", limit=1).trials] == ["a2"]


def test_the_frame_has_what_differs_or_everything(fake: FakeClient) -> None:
    frame = studio.compare("a1", "a2").to_frame()
    assert list(frame.columns) == ["a1", "a2"]
    assert frame.loc["params.depth"].tolist() == [8, 16] and frame.loc["metrics.rmse", "a2"] == 2.0
    assert "params.lr" not in frame.index and "params.same" not in frame.index
    assert "params.same" in studio.compare("a1", "a2", only_differences=False).to_frame().index


def test_a_single_trial_shows_all_it_has(fake: FakeClient) -> None:
    assert "params.same" in [row.key for row in studio.compare("a1").rows]


def test_as_text_and_html_the_best_is_marked(fake: FakeClient) -> None:
    found = studio.compare("a1", "a2")
    lines = {line.split()[0]: line.split()[1:] for line in repr(found).splitlines()[1:]}
    assert lines["rmse"] == ["4", "2", "*"] and lines["depth"] == ["8", "16"]
    assert "<strong" in found._repr_html_()


def test_nothing_that_people_named_is_markup(fake: FakeClient) -> None:
    found = studio.compare("a1", "b1")
    assert "<img" not in found._repr_html_() and "&lt;img" in found._repr_html_()
    assert "\x1b" not in repr(found) and len(repr(found).splitlines()) == len(found.rows) + 1


def test_what_no_number_is_and_what_is_missing() -> None:
    made = Comparison(
        trials=[ComparedTrial(run_id=each, experiment="e", name="", status="RUNNING") for each in ("x" * 32, "y" * 32)],
        rows=[
            ComparedRow(
                key="metrics.m", kind="metric", name="m", numeric=True, differs=True, better="lower",
                values=["NaN", "-Infinity"], lows=[None, None], highs=[None, None],
            ),
            ComparedRow(
                key="duration", kind="attribute", name="duration", numeric=True, differs=True, values=[60, None]
            ),
        ],
        total_rows=5, differing_rows=2, missing=["gone"], left_out=3,
        index=IndexState(phase=IndexPhase.ready),
    )  # fmt: skip
    found = comparison.Comparison(made)
    values = found.to_frame().loc["metrics.m"].tolist()
    assert math.isnan(values[0]) and values[1] == -math.inf
    text = repr(found)
    assert "nan" in text and "-inf" in text and "*" not in text and "1 m" in text and "x" * 8 in text
    assert "gone" in text and "3 more trials" in text and "3 more rows" in text


def test_no_trials_and_trials_that_are_the_same() -> None:
    state = IndexState(phase=IndexPhase.ready)
    none = Comparison(trials=[], rows=[], total_rows=0, differing_rows=0, missing=["a"], index=state)
    found = comparison.Comparison(none)
    assert repr(found) == found._repr_html_() == "No trials to compare." and found.to_frame().empty
    same = none.model_copy(
        update={"trials": [ComparedTrial(run_id=each, experiment="e", name=each, status="FINISHED") for each in "ab"]}
    )
    assert "are the same" in repr(comparison.Comparison(same))


def test_what_cannot_be_compared_is_said(fake: FakeClient) -> None:
    with pytest.raises(InvalidRequest, match="no trial is named"):
        studio.compare()
    with pytest.raises(InvalidRequest, match="has no run id"):
        studio.compare(5)
    with pytest.raises(InvalidRequest, match="go with neither"):
        studio.compare("a1", experiment="churn")
    with pytest.raises(InvalidRequest, match="from 1 to 200"):
        studio.compare(experiment="churn", limit=0)
    with pytest.raises(InvalidRequest, match="at most 200"):
        studio.compare([f"r{each}" for each in range(201)])
    with pytest.raises(NotFound):
        studio.compare("a1", "never")
    with pytest.raises(NotFound):
        studio.compare(experiment="never")
    for wrong in ({"experiment": ""}, {"experiment": "churn", "sort": ""}):
        with pytest.raises(InvalidRequest):
            studio.compare(**wrong)
