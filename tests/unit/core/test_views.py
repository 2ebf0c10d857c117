"""View files: what is read, what is refused and in which words, what is written."""

from __future__ import annotations

import json

import pytest

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import SortKey
from studio_ext.contract.views import (
    BoxChartSpec,
    HeatMapChartSpec,
    HistogramChartSpec,
    ImportanceChartSpec,
    LineChartSpec,
    ParallelChartSpec,
    ScatterChartSpec,
    TrialSource,
    View,
)
from studio_ext.core.views import MAX_BYTES, read_view, write_view

HOSTILE = "<img src=x onerror=alert(1)>\u2028 'x' \"y\" \\ é 😀"

FULL = View(
    title=HOSTILE,
    notes="# why\n" + HOSTILE,
    sources=[
        TrialSource(experiment="churn", run_ids=["a" * 32, "b"]),
        TrialSource(experiment=HOSTILE, filter="params.lr < 0.1", sort=[SortKey(key="metrics.rmse")], limit=7),
    ],
    baseline="b",
    hidden=["a" * 32],
    only_differences=False,
    charts=[
        LineChartSpec(id="1", type="line", metrics=["rmse"], x="metric", x_metric="epoch", smoothing=0.9, log_y=True),
        ScatterChartSpec(id="2", type="scatter", x="params.lr", y="metrics.rmse.min", colour="tags.stage", wide=True),
        ParallelChartSpec(id="3", type="parallel", keys=["params.lr", "metrics.rmse"], log=["params.lr"]),
        BoxChartSpec(id="4", type="box", by="params.depth", value="metrics.rmse"),
        HistogramChartSpec(id="5", type="histogram", value="metrics.rmse", bins=5),
        HeatMapChartSpec(id="6", type="heatmap", x="params.lr", y="params.depth", value="metrics.rmse"),
        ImportanceChartSpec(id="7", type="importance", metric="metrics.rmse"),
    ],
)


def fault(text: str | bytes) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read_view(text)
    return caught.value


@pytest.mark.parametrize("view", [View(), FULL, View(charts=[])])
def test_what_is_written_is_read_again(view: View) -> None:
    text = write_view(view)
    assert read_view(text) == view
    assert read_view(text.encode()) == view
    assert write_view(read_view(text)) == text


def test_what_is_as_usual_is_not_written() -> None:
    assert json.loads(write_view(View(title="mine"))) == {"version": 1, "title": "mine"}


def test_no_charts_is_something_else_than_those_that_suit() -> None:
    assert read_view('{"charts": []}').charts == []
    assert read_view("{}").charts is None


@pytest.mark.parametrize("text", ["", " \n", b""])
def test_an_empty_file_is_an_empty_view(text: str | bytes) -> None:
    assert read_view(text) == View()


def test_a_mark_of_the_byte_order_does_no_harm() -> None:
    assert read_view(b'\xef\xbb\xbf{"title": "x"}').title == "x"


def test_a_newer_version_says_so_whatever_else_it_holds() -> None:
    error = fault('{"version": 2, "sheets": [{"anything": NULL}]}'.replace("NULL", "null"))
    assert "newer Studio" in error.message and "Update" in error.hint
    assert [each.field for each in error.fields] == ["version"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "line 1, column 2"),
        ('{"title": "x"\n"notes": 1}', "line 2, column 1"),
        ("[" * 100_000, "no JSON of a view"),
        ("[]", "object"),
        ("null", "object"),
        ('"view"', "object"),
        (b"\xff\xfe\x00", "UTF-8"),
        ('{"charts": [{"smoothing": NaN}]}', "NaN"),
        ('{"limit": ' + "9" * 5000 + "}", "digits"),
        (" " * MAX_BYTES + "{}", "larger than 1 MB"),
    ],
)
def test_what_is_no_view_at_all(text: str | bytes, said: str) -> None:
    error = fault(text)
    assert said in error.message
    assert error.hint and len(error.message) < 400


@pytest.mark.parametrize(
    ("document", "place", "said"),
    [
        ({"version": 0}, "version", ""),
        ({"version": "1"}, "version", ""),
        ({"version": True}, "version", ""),
        ({"chart": []}, "chart", "nothing that a view has"),
        ({"title": 5}, "title", "string"),
        ({"sources": {}}, "sources", "list"),
        ({"sources": [1]}, "sources.0", "object"),
        ({"sources": [{"experiment": ""}]}, "sources.0.experiment", ""),
        ({"sources": [{"experiment": "e", "limit": 0}]}, "sources.0.limit", ""),
        ({"hidden": ["x" * 65]}, "hidden.0", ""),
        ({"charts": [{"id": "1"}]}, "charts.0", "no type"),
        ({"charts": [{"id": "1", "type": "pie"}]}, "charts.0", "'pie'"),
        ({"charts": [{"id": "1", "type": "line", "metrics": []}]}, "charts.0.metrics", ""),
        ({"charts": [{"id": "1", "type": "line", "metrics": ["m"], "smoothing": 1}]}, "charts.0.smoothing", ""),
        ({"charts": [{"id": "1", "type": "line", "metrics": ["m"], "x": "metric"}]}, "charts.0.x_metric", "missing"),
        ({"charts": [{"id": "1", "type": "scatter", "x": "a"}]}, "charts.0.y", "missing"),
        ({"charts": [{"id": "1", "type": "importance", "metric": "m"}] * 2}, "charts.1.id", "another chart"),
        ({"charts": [{"id": "1", "type": "importance", "metric": "m"}] * 101}, "charts", ""),
        ({"x" * 10_000: 1}, "x" * 50, ""),
    ],
)
def test_what_is_wrong_is_told_with_its_place(document: dict[str, object], place: str, said: str) -> None:
    error = fault(json.dumps(document))
    assert place in [each.field for each in error.fields]
    assert place in error.message and said in error.message


def test_many_faults_are_counted_not_listed() -> None:
    error = fault(json.dumps({f"field {at}": 1 for at in range(50)}))
    assert len(error.fields) == 50 and "and 47 more" in error.message


def test_half_characters_are_refused_with_their_place() -> None:
    error = fault('{"title": "a\\ud800b"}')
    assert error.message.endswith("title: holds half a character.")
