"""Metrics as people get them: a mapping that takes in what came since, and a DataFrame."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

import studio_ext as studio
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.live import MetricHistory, MetricSeries
from studio_ext.sdk import connection
from studio_ext.sdk.metric_series import Metrics
from studio_ext.testing.fake_client import FakeClient


def series(name: str, steps: list[int], *, run_id: str = "run", count: int | None = None) -> MetricSeries:
    return MetricSeries(
        run_id=run_id, name=name, count=count or len(steps), step=steps, time=[100.0 + step for step in steps],
        value=[None if step == 7 else step / 2 for step in steps],
    )  # fmt: skip


class Server:
    """Gives prepared answers and notes what it was asked."""

    def __init__(self, *answers: MetricHistory) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, str | None]] = []

    def __call__(self, most: int, cursor: str | None) -> MetricHistory:
        self.asked.append((most, cursor))
        return self.answers.pop(0)


def test_it_grows() -> None:
    server = Server(
        MetricHistory(series=[series("loss", [0, 1]), series("loss", [5], run_id="child")], cursor="a"),
        MetricHistory(
            series=[series("loss", [7], count=3), series("acc", [1])], cursor="b", whole=False, complete=True
        ),
        MetricHistory(series=[], cursor="b", whole=False, complete=True),
    )
    metrics = Metrics(server, "run", 100)
    assert len(metrics) == 0 and repr(metrics) == "<Metrics none yet>"
    assert metrics.refresh()
    assert dict(metrics) == {"loss": {"step": [0, 1], "time": [100.0, 101.0], "value": [0.0, 0.5], "count": 2}}
    assert not metrics.complete
    assert metrics.refresh() and metrics.complete
    assert metrics["loss"]["count"] == 3 and metrics["loss"]["step"] == [0, 1, 7]
    assert math.isnan(metrics["loss"]["value"][-1])
    assert list(metrics) == ["loss", "acc"] and set(metrics.runs) == {"run", "child"}
    assert not metrics.refresh()
    assert server.asked == [(100, None), (100, "a"), (100, "b")]
    assert repr(metrics) == "<Metrics loss (3), acc (1)>"


def test_a_long_journal_is_read_to_its_end() -> None:
    server = Server(
        MetricHistory(series=[series("loss", [0])], cursor="a", more=True),
        MetricHistory(series=[series("loss", [1], count=2)], cursor="b", whole=False),
    )
    metrics = Metrics(server, None, 100)
    metrics.refresh()
    assert metrics["loss"]["step"] == [0, 1]


def test_pieces_are_thinned_out_again() -> None:
    server = Server(
        MetricHistory(series=[series("loss", list(range(4)))], cursor="a"),
        MetricHistory(series=[series("loss", list(range(4, 20)), count=20)], cursor="b", whole=False),
        MetricHistory(series=[series("loss", [0, 10, 19], count=20)], cursor="c"),
    )
    metrics = Metrics(server, "run", 4)
    metrics.refresh(), metrics.refresh()
    assert metrics["loss"]["step"] == [0, 10, 19] and metrics["loss"]["count"] == 20
    assert server.asked[-1] == (4, None)


def test_a_server_that_forgot_gives_everything() -> None:
    server = Server(
        MetricHistory(series=[series("loss", [0])], cursor="a"), MetricHistory(series=[series("acc", [1])], cursor="z")
    )
    metrics = Metrics(server, "run", 100)
    metrics.refresh(), metrics.refresh()
    assert list(metrics) == ["acc"]


@pytest.mark.parametrize("most", [3, 0, -1, 5001])
def test_bounds_are_said(most: int) -> None:
    with pytest.raises(InvalidRequest, match="max_points"):
        Metrics(Server(), "run", most)


def test_frames() -> None:
    server = Server(
        MetricHistory(series=[series("loss", [0, 7]), series("acc", [1], run_id="child")], cursor="a"),
    )
    metrics = Metrics(server, "run", 100)
    empty = metrics.to_frame()
    assert list(empty.columns) == ["run_id", "metric", "step", "time", "value"] and len(empty) == 0
    metrics.refresh()
    frame = metrics.to_frame()
    assert frame["metric"].tolist() == ["loss", "loss", "acc"] and frame["step"].tolist() == [0, 7, 1]
    assert frame.dtypes.astype(str).to_dict()["value"] == "float64" and math.isnan(frame["value"][1])
    assert str(frame["time"].dt.tz) == "UTC" and frame["time"][0].timestamp() == 100.0


@pytest.fixture
def fake() -> Iterator[FakeClient]:
    client = FakeClient()
    before = connection._client
    connection.use(client)
    yield client
    connection._client = before


def test_jobs_and_trials_have_them(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb", memory="1GiB")
    assert dict(job.metrics()) == {}
    job.wait(progress=False)
    metrics = job.metrics()
    assert metrics["rmse"]["value"] == [1.5] and metrics.complete
    run_id = job.trial.run_id
    assert studio.metrics(run_id)["rmse"]["count"] == 1
    with pytest.raises(InvalidRequest):
        job.metrics(max_points=1)


def test_resources_are_a_frame(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb", memory="1GiB")
    frame = job.resources()
    assert frame["cpus"].tolist() == [0.5] and frame["memory_bytes"].tolist() == [2**26]
    assert math.isnan(frame["read_bytes"][0]) and str(frame["time"].dt.tz) == "UTC"
    assert frame.attrs["memory_limit_bytes"] == 2**30 and frame.attrs["peak_memory_bytes"] == 2**26
