"""Histories of many trials, for people who write Python."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from types import SimpleNamespace

import pandas as pd
import pytest

import studio_ext as studio
from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.experiments import Trial
from studio_ext.contract.series import MAX_ANSWERED, MAX_METRICS, SeriesPage, SeriesQuery
from studio_ext.contract.views import MAX_TRIALS
from studio_ext.sdk import connection, metric_histories
from studio_ext.testing.fake_client import FakeClient

COLUMNS = ["trial", "run_id", "metric", "step", "time", "value"]


def trial(run_id: str, **more: object) -> Trial:
    fields = {
        "experiment": "churn",
        "name": f"trial {run_id}",
        "status": "FINISHED",
        "started": 1000.0,
        "ended": 1060.0,
    }
    return Trial.model_validate({"run_id": run_id, **fields, **more})


class Asked(FakeClient):
    """Remembers what it was asked; the first answers are about what was read so far."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[SeriesQuery] = []
        self.turns = 0
        self.said = ""

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        self.asked.append(query)
        page = super().trial_series(query)
        if self.turns:
            self.turns -= 1
            return page.model_copy(update={"series": [], "more": True})
        return page.model_copy(update={"message": self.said})


@pytest.fixture
def fake() -> Iterator[Asked]:
    client = Asked()
    client.add_trial(trial("a1", metrics={"rmse": 4.0, "loss": 1.0}, parameters={"depth": "1"}))
    client.add_trial(trial("a2", metrics={"rmse": None}, parameters={"depth": "2"}, started=2000.0))
    client.add_trial(trial("b1", experiment="prices", metrics={"rmse": 3.0}))
    before = connection._client
    connection.use(client)
    yield client
    connection._client = before


def rows(frame: pd.DataFrame) -> list[tuple[str, str, float]]:
    return list(zip(frame["run_id"], frame["metric"], frame["value"], strict=True))


def test_a_row_for_each_value(fake: Asked) -> None:
    frame = studio.histories("a1", ["b1"], metrics="rmse")
    assert list(frame.columns) == COLUMNS
    assert rows(frame) == [("a1", "rmse", 4.0), ("b1", "rmse", 3.0)]
    assert list(frame["trial"]) == ["trial a1", "trial b1"] and list(frame["step"]) == [0, 0]
    assert frame["time"][0] == pd.Timestamp(1000, unit="s", tz="UTC")
    assert str(frame["step"].dtype) == "int64" and str(frame["value"].dtype) == "float64"
    wide = frame.pivot_table(index="step", columns="trial", values="value")
    assert list(wide.columns) == ["trial a1", "trial b1"]


def test_all_metrics_of_an_experiment(fake: Asked) -> None:
    frame = studio.histories(experiment="churn")
    assert [(run_id, metric) for run_id, metric, _ in rows(frame)] == [("a2", "rmse"), ("a1", "rmse"), ("a1", "loss")]
    assert math.isnan(frame["value"][0])
    some = studio.histories(experiment="churn", filter="params.depth < 2", sort="-metrics.rmse", limit=5)
    assert set(some["run_id"]) == {"a1"}
    assert set(studio.histories(experiment="churn", limit=1)["run_id"]) == {"a2"}


def test_a_trial_is_named_by_what_has_a_run_id(fake: Asked) -> None:
    assert rows(studio.histories(SimpleNamespace(run_id="a1"), "a1", metrics=["loss"])) == [("a1", "loss", 1.0)]


def test_nothing_is_a_frame_too(fake: Asked) -> None:
    fake.create_experiment("empty")
    frame = studio.histories(experiment="empty", metrics="rmse")
    assert list(frame.columns) == COLUMNS and len(frame) == 0 and fake.asked == []
    assert str(frame["time"].dtype).startswith("datetime64")


def test_a_metric_that_no_trial_has(fake: Asked) -> None:
    with pytest.warns(UserWarning, match="No trial has 'rmsee'; there are rmse, loss") as caught:
        frame = studio.histories("a1", metrics=["rmsee", "rmse"])
    assert caught[0].filename == __file__
    assert rows(frame) == [("a1", "rmse", 4.0)]


def test_what_is_wrong_is_said(fake: Asked) -> None:
    with pytest.raises(NotFound):
        studio.histories("a1", "never made")
    with pytest.raises(NotFound):
        studio.histories(experiment="never made")
    with pytest.raises(InvalidRequest, match="no trial is named") as caught:
        studio.histories(metrics="rmse")
    assert "studio.histories(" in caught.value.hint
    with pytest.raises(InvalidRequest, match="neither experiment"):
        studio.histories("a1", experiment="churn")
    for wrong in ({"max_points": 3}, {"max_points": 5001}, {"metrics": ["x" * 5_000]}):
        with pytest.raises(InvalidRequest):
            studio.histories("a1", **wrong)
    with pytest.raises(InvalidRequest):
        studio.histories(7)


def test_long_histories_are_waited_for(fake: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_histories, "_PAUSE_SECONDS", 0.0)
    fake.turns = 3
    assert rows(studio.histories("a1", metrics="rmse", max_points=77)) == [("a1", "rmse", 4.0)]
    # While it is read, nothing large is sent.
    assert [each.max_points for each in fake.asked] == [4, 4, 4, 4, 77]


def test_what_has_to_be_read_again_is_waited_for_again(fake: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial ends between the question whether all was read and the one for the values."""

    def ends(client: Asked, query: SeriesQuery) -> SeriesPage:
        if query.max_points == 77 and not any(each.max_points == 77 for each in client.asked):
            client.turns = 2
        return asked(client, query)

    asked = Asked.trial_series
    monkeypatch.setattr(metric_histories, "_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(Asked, "trial_series", ends)
    assert rows(studio.histories("a1", metrics="rmse", max_points=77)) == [("a1", "rmse", 4.0)]
    assert [each.max_points for each in fake.asked] == [4, 77, 4, 4, 77]


def test_a_store_that_is_away_is_told_once(fake: Asked) -> None:
    fake.said = "The tracking store is away."
    fake.add_trial(trial("c1", metrics={f"m{number}": 1.0 for number in range(MAX_METRICS + 1)}))
    with pytest.warns(UserWarning) as caught:
        studio.histories("c1")
    assert [str(each.message) for each in caught] == ["The tracking store is away."]
    assert caught[0].filename == __file__


def test_no_answer_is_thinned_out_for_its_size(fake: Asked) -> None:
    many = 2 * MAX_TRIALS + 1
    for number in range(many):
        fake.add_trial(trial(f"{number:032x}", experiment="many", metrics={"m": float(number)}, started=float(number)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = studio.histories(experiment="many", metrics="m")
        assert list(frame["value"]) == [float(number) for number in reversed(range(many))]
        studio.histories(experiment="many", metrics="m", max_points=5_000, limit=MAX_TRIALS)
        names = [f"m{number}" for number in range(MAX_METRICS)]
    for query in fake.asked:
        assert len(query.run_ids) * len(query.metrics) * query.max_points <= MAX_ANSWERED
    fake.asked.clear()
    with pytest.warns(UserWarning):
        studio.histories(experiment="many", metrics=[*names, "m"], max_points=5_000, limit=20)
    assert {len(query.metrics) for query in fake.asked} == {MAX_METRICS, 1}
    for query in fake.asked:
        assert len(query.run_ids) * len(query.metrics) * query.max_points <= MAX_ANSWERED
