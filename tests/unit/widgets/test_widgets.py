"""Widgets without a front end: their state, their thread, what they answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import studio_ext as studio
from studio_ext.contract.errors import InvalidRequest, NotFound, Unavailable
from studio_ext.contract.jobs import ExitReason
from studio_ext.contract.live import MetricHistory, MetricSeries
from studio_ext.testing.fake_client import FakeClient
from studio_ext.widgets import JobProgress, MetricChart, TrialTable
from studio_ext.widgets.live import LiveWidget
from tests.unit.widgets.rows import trial

Eventually = Callable[..., None]


def say(widget: LiveWidget, **content: Any) -> None:
    """What the front end would send."""
    widget._heard(widget, content, [])


def threads(kind: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == f"studio-{kind}"]


# -- jobs


def test_a_job_is_watched_to_its_end_and_the_thread_ends(fake: FakeClient, eventually: Eventually) -> None:
    job = studio.submit("train.ipynb", name="night")
    widget = JobProgress(job)
    assert not widget.done
    eventually(lambda: widget.done)
    state = widget._state["jobs"][0]
    assert (state["name"], state["status"], state["end"]) == ("night", "Completed", None)
    eventually(lambda: not threads("job-progress"), "the thread is still there")
    assert "Completed" in repr(widget)


def test_several_jobs_by_object_and_by_id(fake: FakeClient, eventually: Eventually) -> None:
    one, other = studio.submit("a.ipynb"), studio.submit("b.ipynb")
    widget = JobProgress([one, other.id, one])
    assert [job["id"] for job in widget._state["jobs"]] == [one.id, other.id]
    eventually(lambda: widget.done)


@pytest.mark.parametrize("jobs", [[], [3], 3, None])
def test_what_is_no_job_is_refused(fake: FakeClient, jobs: Any) -> None:
    with pytest.raises((InvalidRequest, TypeError)):
        JobProgress(jobs)
    with pytest.raises(NotFound):
        JobProgress("nosuchjob")


def test_stop_asked_once_stops_and_says_so(fake: FakeClient, eventually: Eventually) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")
    widget = JobProgress(job)
    eventually(lambda: widget._state["jobs"][0]["status"] == "InProgress")
    say(widget, kind="stop", job=job.id)
    eventually(lambda: widget.done)
    end = widget._state["jobs"][0]["end"]
    assert (widget._state["jobs"][0]["status"], end["message"]) == ("Stopped", "Stopped by a person.")


def test_a_stop_that_fails_is_told_beside_the_job(
    fake: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")

    def away(_job: str) -> Any:
        raise Unavailable("The server does not answer.", hint="Is it running?")

    monkeypatch.setattr(fake, "stop", away)
    widget = JobProgress(job)
    say(widget, kind="stop", job=job.id)
    eventually(lambda: "Is it running?" in widget._state["jobs"][0]["fault"])


def test_the_log_is_read_only_while_it_is_wanted(fake: FakeClient, eventually: Eventually) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")
    widget = JobProgress(job)
    assert widget._state["jobs"][0]["log"] is None
    say(widget, kind="log", job=job.id, on=True)
    eventually(lambda: widget._state["jobs"][0]["log"] == "one\ntwo\nthree")
    say(widget, kind="log", job=job.id, on=False)
    eventually(lambda: widget._state["jobs"][0]["log"] is None)


def test_the_log_can_be_asked_for_when_all_is_over(fake: FakeClient, eventually: Eventually) -> None:
    job = studio.submit("train.ipynb")
    widget = JobProgress(job)
    eventually(lambda: widget.done and not threads("job-progress"))
    say(widget, kind="log", job=job.id, on=True)
    eventually(lambda: widget._state["jobs"][0]["log"])


def test_a_failed_job_says_why(fake: FakeClient, eventually: Eventually) -> None:
    fake.reason, fake.message = ExitReason.out_of_memory, "Ran out of memory at cell 2."
    widget = JobProgress(studio.submit("train.ipynb"))
    eventually(lambda: widget.done)
    end = widget._state["jobs"][0]["end"]
    assert end["message"] == "Ran out of memory at cell 2."
    assert "memory=" in end["next"]
    assert "Ran out of memory" in widget._repr_mimebundle_()[0]["text/html"]  # type: ignore[index]


def test_a_job_that_was_deleted_is_gone_and_that_is_the_end(fake: FakeClient, eventually: Eventually) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")
    widget = JobProgress(job)
    fake._jobs.clear()
    eventually(lambda: widget._state["jobs"][0]["gone"])
    eventually(lambda: not threads("job-progress"))
    assert widget.done


def test_while_the_store_is_away_the_last_state_stays_and_the_reason_is_told(
    fake: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")
    widget = JobProgress(job)
    eventually(lambda: widget._state["jobs"][0]["status"] == "InProgress")
    monkeypatch.setattr("studio_ext.widgets.live.FAULT_SECONDS", 0.05)
    whole = fake.job

    def away(_job: str) -> Any:
        raise Unavailable("The database is locked.")

    monkeypatch.setattr(fake, "job", away)
    eventually(lambda: widget._state["error"])
    assert widget._state["jobs"][0]["status"] == "InProgress"
    monkeypatch.setattr(fake, "job", whole)
    eventually(lambda: not widget._state["error"])


def test_a_fault_of_the_view_is_told_not_lost(
    fake: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.hold = True
    widget = JobProgress(studio.submit("train.ipynb"))
    monkeypatch.setattr(fake, "job", lambda _job: 1 / 0)
    eventually(lambda: "ZeroDivisionError" in widget._state["error"])


@pytest.mark.parametrize(
    "content",
    [
        None,
        3,
        "stop",
        {},
        {"kind": "stop"},
        {"kind": "stop", "job": 3},
        {"kind": "log", "job": []},
        {"kind": "x" * 10**6},
    ],
)
def test_messages_without_sense_change_nothing(fake: FakeClient, eventually: Eventually, content: Any) -> None:
    fake.hold = True
    widget = JobProgress(studio.submit("train.ipynb"))
    widget._heard(widget, content, [])
    eventually(lambda: widget._messages.empty())
    assert not widget._state["error"]
    assert not widget._state["jobs"][0]["stopping"]


def test_closing_ends_the_thread(fake: FakeClient, eventually: Eventually) -> None:
    fake.hold = True
    widget = JobProgress(studio.submit("train.ipynb"))
    assert threads("job-progress")
    widget.close()
    eventually(lambda: not threads("job-progress"))


def test_twenty_at_once(fake: FakeClient, eventually: Eventually) -> None:
    widgets = [JobProgress(studio.submit("train.ipynb")) for _ in range(20)]
    eventually(lambda: all(widget.done for widget in widgets))


# -- charts


class Logged:
    """Something with a run id, as trackers, trials and components are."""

    def __init__(self, run_id: str, name: str) -> None:
        self.run_id, self.name = run_id, name


def series(run_id: str, name: str, values: list[float | None], count: int = 0) -> MetricSeries:
    return MetricSeries(
        run_id=run_id,
        name=name,
        count=count or len(values),
        not_finite=sum(value is None for value in values),
        last=values[-1],
        step=list(range(len(values))),
        time=[100.0 + n for n in range(len(values))],
        value=values,
    )


@pytest.fixture
def histories(fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> dict[str, MetricHistory]:
    """What is logged, by run id; a cursor names how many values of all series one knows."""
    found: dict[str, MetricHistory] = {}

    def read(run_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        if run_id not in found:
            raise NotFound("no such run")
        history = found[run_id]
        now = str(sum(each.count for each in history.series))
        return history.model_copy(update={"series": [] if cursor == now else history.series, "cursor": now})

    monkeypatch.setattr(fake, "trial_metrics", read)
    return found


def test_a_chart_grows_while_things_are_logged(histories: dict[str, MetricHistory], eventually: Eventually) -> None:
    chart = MetricChart([Logged("r1", "one"), Logged("r2", "two")])
    eventually(lambda: chart._state["waiting"] == ["one", "two"])
    histories["r1"] = MetricHistory(series=[series("r1", "loss", [1.0, 0.5])], cursor="")
    eventually(lambda: chart._state["metrics"])
    assert chart._state["metrics"][0]["lines"][0]["value"] == [1.0, 0.5]
    histories["r1"] = MetricHistory(series=[series("r1", "loss", [1.0, 0.5, None])], cursor="", complete=True)
    histories["r2"] = MetricHistory(
        series=[series("r2", "loss", [2.0]), series("r2", "rmse", [3.0])], cursor="", complete=True
    )
    eventually(lambda: chart._state["over"])
    loss, rmse = chart._state["metrics"]
    assert [line["line"] for line in loss["lines"]] == [0, 1]
    assert loss["not_finite"] == 1
    assert loss["lines"][0]["value"] == [1.0, 0.5, None]
    assert loss["lines"][0]["time"] == [0.0, 1.0, 2.0], "time counts from each trial's first value"
    assert (rmse["name"], rmse["lines"][0]["line"]) == ("rmse", 1)
    assert [line["name"] for line in chart._state["lines"]] == ["one", "two"]
    eventually(lambda: not threads("metric-chart"))
    assert "image/svg+xml" in chart._repr_mimebundle_()[0]  # type: ignore[index]


def test_only_the_metrics_that_are_named(histories: dict[str, MetricHistory], eventually: Eventually) -> None:
    every = [series("r1", f"m{n}", [float(n)]) for n in range(20)]
    histories["r1"] = MetricHistory(series=every, cursor="", complete=True)
    named = MetricChart(Logged("r1", "one"), metrics=["m7", "m3", "none"], x="time")
    eventually(lambda: named._state["over"])
    assert [metric["name"] for metric in named._state["metrics"]] == ["m7", "m3"]
    assert named._state["x"] == "time"
    all_of_them = MetricChart(Logged("r1", "one"))
    eventually(lambda: all_of_them._state["over"])
    assert len(all_of_them._state["metrics"]) == 12
    assert all_of_them._state["others"] == [f"m{n}" for n in range(12, 20)]


def test_a_job_s_children_are_lines_of_their_own(
    fake: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb", name="parent")
    history = MetricHistory(series=[series("p" * 32, "loss", [1.0]), series("c" * 32, "loss", [2.0])], cursor="")
    monkeypatch.setattr(fake, "metrics", lambda *_args, **_options: history)
    chart = MetricChart(job)
    eventually(lambda: len(chart._state["lines"]) == 2)
    assert [line["name"] for line in chart._state["lines"]] == ["parent", "parent · cccccc"]


def test_a_run_that_is_deleted_keeps_its_lines(histories: dict[str, MetricHistory], eventually: Eventually) -> None:
    histories["r1"] = MetricHistory(series=[series("r1", "loss", [1.0])], cursor="")
    chart = MetricChart(Logged("r1", "one"))
    eventually(lambda: chart._state["metrics"])
    del histories["r1"]
    eventually(lambda: chart._state["over"])
    assert chart._state["metrics"]


def test_the_trials_of_an_experiment_appear_by_themselves(
    fake: FakeClient, histories: dict[str, MetricHistory], eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_ext.widgets.metric_chart.LIST_SECONDS", 0.0)
    for run_id in ("r1", "r2"):
        histories[run_id] = MetricHistory(series=[series(run_id, "loss", [1.0])], cursor="", complete=True)
    fake.add_trial(trial("r1", started=1.0))
    chart = MetricChart("e")
    eventually(lambda: len(chart._state["lines"]) == 1)
    fake.add_trial(trial("r2", started=2.0))
    eventually(lambda: len(chart._state["lines"]) == 2)
    colours = {line["key"]: line["colour"] for line in chart._state["lines"]}
    assert colours["r1"] != colours["r2"]
    other = MetricChart([Logged("r2", "two"), Logged("r1", "one")])
    eventually(lambda: len(other._state["lines"]) == 2)
    assert {line["key"]: line["colour"] for line in other._state["lines"]} == colours, "a trial keeps its colour"
    assert threads("metric-chart"), "an experiment may always get another trial"


@pytest.mark.parametrize(("what", "options"), [([], {}), (3, {}), ([object()], {}), ("e", {"x": "epoch"})])
def test_what_has_no_metrics_is_refused(fake: FakeClient, what: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest):
        MetricChart(what, **options)


# -- tables


@pytest.fixture
def many(fake: FakeClient) -> FakeClient:
    for n in range(500):
        fake.add_trial(trial(f"r{n:03}", started=float(n), metrics={"loss": 1 / (n + 1)}, parameters={"n": str(n)}))
    return fake


def test_a_table_holds_all_trials_and_sends_a_window(many: FakeClient, eventually: Eventually) -> None:
    table = TrialTable("e")
    eventually(lambda: not table._state["loading"])
    state = table._state
    assert (state["total"], state["known"], state["matched"]) == (500, 500, 500)
    assert len(state["rows"]) <= 200
    assert state["rows"][0]["id"] == "r499"
    say(table, kind="window", first=300, count=10**9)
    eventually(lambda: table._state["first"] == 300)
    assert table._state["rows"][0]["id"] == "r199"
    assert len(table._state["rows"]) == 200


def test_sorting_filtering_and_hiding_what_is_the_same(many: FakeClient, eventually: Eventually) -> None:
    table = TrialTable("e")
    say(table, kind="sort", key="metrics.loss", descending=False)
    eventually(lambda: table._state["rows"] and table._state["rows"][0]["id"] == "r499" and not table._state["loading"])
    say(table, kind="filter", text="n<3")
    eventually(lambda: table._state["matched"] == 3)
    assert [row["id"] for row in table._state["rows"]] == ["r002", "r001", "r000"]
    say(table, kind="only_differing", on=True)
    eventually(lambda: "status" not in {column["key"] for column in table._state["columns"]})


def test_the_filter_language_finds_trials_by_asking_for_them(many: FakeClient, eventually: Eventually) -> None:
    table = TrialTable("e")
    eventually(lambda: not table._state["loading"])
    say(table, kind="filter", text="params.n >= 3 and params.n < 5 and not name ~ nothing")
    eventually(lambda: table._state["matched"] == 2)
    assert [row["id"] for row in table._state["rows"]] == ["r004", "r003"]
    say(table, kind="filter", text="params.n >= 0")
    eventually(
        lambda: table._state["matched"] == len(many._trials),
    )
    named = TrialTable(["r001", "r002", "r003"])
    say(named, kind="filter", text="params.n in (2, 3, 4)")
    eventually(lambda: named._state["matched"] == 2)


def test_selecting_on_either_side(many: FakeClient, eventually: Eventually) -> None:
    table = TrialTable("e")
    say(table, kind="select", ids=["r001", "r002", "r001"])
    eventually(lambda: table.selected == ["r001", "r002"])
    say(table, kind="toggle", id="r005", on=True)
    say(table, kind="toggle", id="r001", on=False)  # before the page has seen the first
    eventually(lambda: table.selected == ["r002", "r005"])
    table.selected = ["r003"]
    eventually(lambda: table._state["selected"] == ["r003"])
    table.selected = "r004"  # type: ignore[assignment]
    assert table.selected == ["r004"]
    with pytest.raises(InvalidRequest):
        table.selected = [3]  # type: ignore[list-item]


def test_new_trials_changes_and_deletions_are_seen(
    many: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_ext.widgets.trial_table.NEWS_SECONDS", 0.0)
    table = TrialTable("e")
    eventually(lambda: not table._state["loading"])
    many.add_trial(trial("new", started=9e9, status="RUNNING"))
    eventually(lambda: table._state["rows"][0]["id"] == "new")
    many.add_trial(trial("new", started=9e9, status="FINISHED"))
    eventually(lambda: table._state["rows"][0]["cells"][1] == "FINISHED")
    del many._trials["new"]
    eventually(lambda: table._state["rows"][0]["id"] == "r499" and table._state["total"] == 500)


def test_named_trials_only(many: FakeClient, eventually: Eventually) -> None:
    table = TrialTable([Logged("r001", "x"), "r002", "gone"])
    eventually(lambda: not table._state["loading"])
    assert {row["id"] for row in table._state["rows"]} == {"r001", "r002"}
    eventually(lambda: not threads("trial-table"))


def test_an_experiment_that_nobody_looks_at_is_not_asked_for(
    many: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio_ext.widgets.trial_table.NEWS_SECONDS", 0.0)
    table = TrialTable("e")
    eventually(lambda: not table._state["loading"])
    say(table, kind="views", count=0)
    eventually(lambda: table._views == 0 and table._messages.empty())
    many.add_trial(trial("late", started=9e9))
    thread = threads("trial-table")[0]
    thread.join(0.3)
    assert table._state["total"] == 500
    say(table, kind="views", count=1)
    eventually(lambda: table._state["total"] == 501)


@pytest.mark.parametrize("trials", [3, [3], None])
def test_what_is_no_trial_is_refused(fake: FakeClient, trials: Any) -> None:
    with pytest.raises(InvalidRequest):
        TrialTable(trials)


def test_an_experiment_that_is_not_there_says_so(fake: FakeClient, eventually: Eventually) -> None:
    table = TrialTable("nothing")
    eventually(lambda: table._state["error"] or not table._state["loading"])


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "window", "first": "0", "count": None},
        {"kind": "window", "first": -5, "count": -5},
        {"kind": "sort", "key": "no such column", "descending": True},
        {"kind": "sort", "key": 3, "descending": True},
        {"kind": "filter", "text": "(" * 10**6},
        {"kind": "select", "ids": [3]},
        {"kind": "select", "ids": "r001"},
    ],
)
def test_bad_messages_to_a_table_do_no_harm(many: FakeClient, eventually: Eventually, content: Any) -> None:
    table = TrialTable("e")
    say(table, **content)
    eventually(lambda: not table._state["loading"] and table._messages.empty())
    assert not table._state["error"]
    assert table.selected == []


def test_the_picture_is_never_behind_with_a_job_s_state(
    fake: FakeClient, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio_ext.widgets.places import FrontEnd

    sent: list[str] = []
    monkeypatch.setattr(
        "IPython.display.publish_display_data", lambda data, transient, **_: sent.append(data["text/html"])
    )
    monkeypatch.setattr("studio_ext.widgets.live.UNSEEN_PICTURE_SECONDS", 1e9)
    fake.hold = True
    job = studio.submit("train.ipynb")
    widget = JobProgress(job)
    widget.show(FrontEnd.lab)
    eventually(lambda: "InProgress" in sent[-1])
    count = len(sent)
    say(widget, kind="log", job=job.id, on=True)
    eventually(lambda: widget._state["jobs"][0]["log"])
    assert len(sent) == count, "what is no milestone waits"
    job.stop()
    eventually(lambda: "Stopped" in sent[-1])
