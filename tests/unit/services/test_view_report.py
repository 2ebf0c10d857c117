"""What a report of a view holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.report import ViewReport
from studio_ext.contract.views import LineChartSpec, View
from studio_ext.services.view_report import view_report
from studio_ext.testing.memory_columns import MemoryTrial
from tests.unit.services.report_source import NOW, MemorySource, churn


def report(source: MemorySource, **view: Any) -> ViewReport:
    whole = View.model_validate({"sources": [{"experiment": "churn", "limit": 200}], **view})
    moments = iter(range(10_000))
    return view_report(source, whole, "1", now=NOW, clock=lambda: float(next(moments)), pause=lambda _: None)


def line(*metrics: str, **more: Any) -> dict[str, Any]:
    return {"id": "-".join(metrics), "type": "line", "metrics": list(metrics), **more}


def test_charts_that_suit_are_chosen() -> None:
    found = report(MemorySource(churn=churn()))
    charts = found.view.charts or []
    assert [each.type for each in charts] == ["line", "line", "scatter", "importance", "parallel"]
    assert [each.metrics for each in charts if isinstance(each, LineChartSpec)] == [["val_loss"], ["accuracy"]]
    assert [each.chart for each in found.histories] == ["line-1", "line-2"]
    assert len(found.histories[0].series) == 24
    (importance,) = found.importances
    assert importance.chart == "importance-1" and importance.importance.items
    assert (found.made, found.version, found.notes) == (NOW, "1", [])


def test_no_chart_is_added_to_those_that_are_named() -> None:
    source = MemorySource(churn=churn())
    assert report(source, charts=[]).view.charts == []
    assert source.questions == []


@pytest.mark.parametrize(
    ("trials", "types"),
    [
        (churn(1), ["line", "line"]),
        (churn(2), ["line", "line"]),
        (churn(4), ["line", "line", "scatter", "parallel"]),
        ([MemoryTrial("a"), MemoryTrial("b")], []),
        ([MemoryTrial(f"r{at}", params={"a": str(at)}, metrics={"m": [float(at)]}) for at in range(3)], ["scatter"]),
        ([MemoryTrial(f"r{at}", params={"a": str(at)}, metrics={"m": [math.nan] * 3}) for at in range(3)], []),
    ],
)
def test_few_trials_have_few_charts(trials: Sequence[MemoryTrial], types: list[str]) -> None:
    assert [each.type for each in report(MemorySource(churn=trials)).view.charts or []] == types


def test_paths_are_no_axes_and_scales_are_as_wide_as_the_values() -> None:
    trials = [
        MemoryTrial(
            f"r{at}",
            params={"lr": str(10.0**-at), "depth": str(at), "path": f"/data/{at}", "kind": "ab"[at % 2]},
            metrics={"rmse": [float(at)]},
        )
        for at in range(12)
    ]
    (parallel,) = [each for each in report(MemorySource(churn=trials)).view.charts or [] if each.type == "parallel"]
    assert parallel.keys == ["params.depth", "params.lr", "params.kind", "metrics.rmse"]
    assert parallel.log == ["params.lr"]


def test_what_is_hidden_is_listed_but_has_no_history() -> None:
    source = MemorySource(churn=churn(3))
    found = report(source, hidden=["run001"], charts=[line("val_loss")])
    assert {each.run_id for each in found.comparison.trials} == {"run000", "run001", "run002"}
    assert {each.run_id for each in found.histories[0].series} == {"run000", "run002"}
    assert report(source, hidden=["run000", "run001", "run002"], charts=[line("val_loss")]).histories == []


def test_very_many_histories_are_sampled_more_coarsely() -> None:
    source = MemorySource(churn=churn(20))
    report(source, charts=[line("val_loss")])
    assert source.questions[-1].max_points == 1_000
    many = [line("val_loss", *(f"m{each}" for each in range(19))) | {"id": str(at)} for at in range(40)]
    report(source, charts=many)
    assert source.questions[-1].max_points == 400_000 // (40 * 20 * 20)


def test_another_metric_as_axis_is_asked_for_by_step() -> None:
    source = MemorySource(churn=churn(2))
    report(source, charts=[line("val_loss", x="metric", x_metric="score"), line("accuracy", x="time")])
    assert [(each.metrics, each.x) for each in source.questions] == [
        (["val_loss", "score"], "step"),
        (["accuracy"], "time"),
    ]


def test_long_histories_are_waited_for_but_not_for_ever() -> None:
    source = MemorySource(churn=churn(2))
    source.turns = 5
    assert report(source, charts=[line("val_loss")]).notes == []
    assert len(source.questions) == 6
    source.turns = 10**6
    found = report(source, charts=[line("val_loss")])
    assert found.notes == ["Very long histories were still being read: their lines are too short."]
    assert found.histories[0].series


def test_columns_of_charts_are_there_however_many() -> None:
    params = {f"p{at}": "1" for at in range(1_200)}
    source = MemorySource(churn=[MemoryTrial(f"r{at}", params=params) for at in range(2)])
    wanted = [f"params.p{at}" for at in range(300)]
    charts = [
        {"id": str(at), "type": "parallel", "keys": wanted[at * 30 : at * 30 + 30], "colour": "params.p1199"}
        for at in range(10)
    ]
    rows = report(source, charts=charts).comparison.rows
    keys = [row.key for row in rows]
    assert set(wanted) | {"params.p1199"} <= set(keys)
    assert len(set(keys)) == len(keys)


def test_a_view_without_trials_is_refused() -> None:
    source = MemorySource(churn=churn(1))
    with pytest.raises(InvalidRequest) as caught:
        report(source, sources=[])
    assert caught.value.fields[0].message == "names no trials"
    with pytest.raises(InvalidRequest) as caught:
        report(source, sources=[{"experiment": "churn", "run_ids": ["gone"]}])
    assert caught.value.fields[0].message == "finds no trials"


def test_missing_trials_are_told() -> None:
    found = report(MemorySource(churn=churn(2)), sources=[{"experiment": "churn", "run_ids": ["run000", "gone"]}])
    assert found.comparison.missing == ["gone"]


def test_colours_are_those_that_are_shown_and_else_the_first_that_are_free() -> None:
    source = MemorySource(churn=churn(4))
    ids = [f"run{at:03}" for at in range(4)]
    view = View.model_validate({"sources": [{"experiment": "churn", "run_ids": ids}], "charts": []})
    shown = view_report(source, view, "1", colours={"run001": 0, "run003": 7, "gone": 1}, now=NOW)
    assert shown.colours == {"run000": 1, "run001": 0, "run002": 2, "run003": 7}
    assert view_report(source, view, "1", now=NOW).colours == dict(zip(ids, range(4), strict=True))


def test_more_trials_than_colours_begin_again() -> None:
    found = report(MemorySource(churn=churn(40)), charts=[])
    assert list(found.colours.values()) == [*range(32), *range(8)]


def test_charts_that_suit_are_in_the_view_only() -> None:
    found = report(MemorySource(churn=churn(4)))
    assert found.view.charts
    assert found.comparison.charts == []
