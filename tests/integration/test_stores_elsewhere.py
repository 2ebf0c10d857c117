"""Histories, comparisons, single trials and models of a PostgreSQL database and of an MLflow server.

Trials are recorded by MLflow's own client, and what Studio changes is looked at with it.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param

from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.series import rest_source, sql_source
from studio_ext.adapters.sql_store.migrate import migrate
from studio_ext.adapters.trial_index import server_source
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.comparison import CompareQuery, ImportanceQuery
from studio_ext.contract.errors import Conflict, InvalidRequest, Unavailable
from studio_ext.contract.lineage import LineageKind
from studio_ext.contract.models import RegisterModel, SetAlias
from studio_ext.contract.series import SeriesPage, SeriesQuery
from studio_ext.contract.trial_detail import UpdateTrial
from studio_ext.contract.views import LineChartSpec, TrialSource, View
from studio_ext.core.workspace import Workspace
from studio_ext.testing.mlflow_server import MlflowServer
from tests.integration.own_postgres import OwnPostgres
from tests.integration.trial_stores import PATIENCE, Follower

pytestmark = pytest.mark.timeout(180)

EXPERIMENT = "it's <elsewhere>"
LONG = 6_000
"""Values of a history that goes to a file."""


class Place:
    """A store elsewhere, with an experiment in it."""

    def __init__(self, workspace: Workspace, server: MlflowServer | OwnPostgres) -> None:
        self.server = server
        self.workspace = workspace
        self.mlflow = MlflowClient(workspace.tracking_uri, workspace.tracking_uri)
        root = None if isinstance(server, MlflowServer) else workspace.artifacts.as_uri()
        self.experiment = self.mlflow.create_experiment(EXPERIMENT, artifact_location=root)
        migrate(workspace.database)  # or a controller would be started for it
        self.client = LocalClient(workspace)

    def run(self, name: str, tags: dict[str, str] | None = None, **metrics: float) -> str:
        """A trial that goes on."""
        run = self.mlflow.create_run(self.experiment, run_name=name, tags=tags).info.run_id
        for key, value in metrics.items():
            self.mlflow.log_metric(run, key, value)
        return str(run)

    def log(self, run: str, name: str, values: list[float], first: int = 0, time_: float = 1000.0) -> None:
        """A value a step and a second, as many in a call as MLflow takes."""
        for start in range(0, len(values), 1000):
            part = [
                Metric(name, value, int((time_ + first + start + at) * 1000), first + start + at)
                for at, value in enumerate(values[start : start + 1000])
            ]
            self.mlflow.log_batch(run, metrics=part)

    def series(self, *run_ids: str, metrics: tuple[str, ...] = ("loss",), **fields: Any) -> SeriesPage:
        """Histories when all of them are read."""
        query = SeriesQuery(run_ids=list(run_ids), metrics=list(metrics), **fields)
        page = self.client.trial_series(query)
        while page.more:
            page = self.client.trial_series(query)
        return page

    def model(self, run: str, folder: Path) -> None:
        """Artefacts that are a model of MLflow 2, which nobody here loads."""
        folder.mkdir()
        (folder / "MLmodel").write_text("flavors: {}\n")
        (folder / "model.pkl").write_bytes(b"\x80never loaded")
        self.mlflow.log_artifacts(run, str(folder), "model")


def eventually(look: Callable[[], Any], expected: Any) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + PATIENCE
    while (found := look()) != expected:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)


@pytest.fixture(scope="module", params=["PostgreSQL", "MLflow server"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name = "postgres" if request.param == "PostgreSQL" else "mlflow_server"
    server = request.getfixturevalue(name)
    workspace = replace(open_workspace(tmp_path_factory.mktemp("studio"), {}), tracking_uri=server.uri)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_source, "_LOOK_SECONDS", 0.2)
        patch.setattr(rest_source, "_LIVE_SECONDS", 0.05)
        patch.setattr(rest_source, "_OVER_SECONDS", 0.05)
        made = Place(workspace, server)
        yield made
        made.client.close()
    made.mlflow.rename_experiment(made.experiment, f"{EXPERIMENT} of {workspace.home}"[-200:])


# -- histories


def test_values_of_several_trials_and_metrics(place: Place) -> None:
    one, two, gone = place.run("one"), place.run("two"), place.run("gone", loss=1.0)
    place.log(one, "loss", [3.0, math.nan, math.inf, -math.inf, 1.0])
    names = ("loss", "größe/top-1: a.b")
    place.log(one, names[1], [0.25])
    place.mlflow.log_batch(two, metrics=[Metric("loss", float(at), 5000, at) for at in range(7)])  # of one moment
    for run in (one, two, gone):
        place.mlflow.set_terminated(run)
    place.mlflow.delete_run(gone)
    page = place.series(two, gone, one, "f" * 32, metrics=names)
    assert [(each.run_id, each.name) for each in page.series] == [(two, "loss"), (one, "loss"), (one, names[1])]
    same, loss, _ = page.series
    assert same.value == [float(at) for at in range(7)] and same.step == list(range(7))
    assert loss.value == [3.0, None, None, None, 1.0] and loss.not_finite == 3 and loss.last == 1.0
    assert page.missing == [gone, "f" * 32] and page.complete and page.message == ""
    (relative,) = place.series(two, x="relative").series
    began = place.mlflow.get_run(two).info.start_time / 1000
    assert relative.time == pytest.approx([5.0 - began] * 7)


def test_only_what_came_after_is_answered(place: Place) -> None:
    run = place.run("goes on")
    place.log(run, "loss", [3.0, 2.0])
    page = place.series(run, metrics=("loss", "acc"))
    assert [each.count for each in page.series] == [2] and not page.complete
    place.log(run, "loss", [1.0], first=2)
    place.log(run, "acc", [0.5])

    def news() -> list[tuple[int, int, list[float | None]]]:
        later = place.series(run, metrics=("loss", "acc"), known=[[2, 0]], generation=page.generation)
        return [(each.first, each.count, each.value) for each in later.series]

    eventually(news, [(2, 3, [1.0]), (0, 1, [0.5])])
    place.mlflow.set_terminated(run)
    eventually(lambda: place.series(run, metrics=("loss", "acc")).complete, True)


def test_a_trial_that_is_over_and_goes_on_again(place: Place) -> None:
    run = place.run("again")
    place.log(run, "loss", [3.0, 2.0])
    place.mlflow.set_terminated(run)
    eventually(lambda: place.series(run).complete, True)
    place.log(run, "loss", [1.5], first=2)  # MLflow takes values of a run that is over
    eventually(lambda: place.series(run).series[0].value, [3.0, 2.0, 1.5])
    place.mlflow.update_run(run, status="RUNNING")
    place.log(run, "loss", [1.0], first=3)
    eventually(lambda: place.series(run).series[0].value, [3.0, 2.0, 1.5, 1.0])
    place.log(run, "loss", [9.0], first=4, time_=0.0)  # comes late: by its time it is among the others
    place.mlflow.set_terminated(run)
    eventually(lambda: (place.series(run).series[0].count, place.series(run).complete), (5, True))


def test_a_long_history_is_sampled_and_its_parts_are_exact(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((rest_source, "_PAGE"), (rest_source, "_BULK_VALUES"), (sql_source, "_ROWS")):
        monkeypatch.setattr(module, name, 2_500)
    run = place.run("long")
    values = [math.sin(at / 500) for at in range(LONG)]
    values[2_345] = 99.0
    place.log(run, "loss", values)
    place.mlflow.set_terminated(run)
    page = place.series(run, max_points=400)
    assert page.complete
    (series,) = page.series
    assert series.count == series.shown == LONG and len(series.value) <= 400
    assert (series.step[0], series.step[-1]) == (0, LONG - 1)
    assert series.value[series.step.index(2_345)] == 99.0
    (part,) = place.series(run, low=2_300, high=2_400).series
    assert part.step == list(range(2_299, 2_402))
    assert part.value == pytest.approx(values[2_299:2_402])


def test_names_that_no_database_can_hold(place: Place) -> None:
    run = place.run("plain", loss=1.0)
    page = place.series(run, metrics=("loss", "l" * 250, "a\x01b", "%s ? :x {key}"))
    assert [each.name for each in page.series] == ["loss"] and page.message == ""
    with pytest.raises(ValueError, match="pattern"):
        SeriesQuery(run_ids=[run], metrics=["loss\0"])
    with pytest.raises(ValueError, match="pattern"):
        SeriesQuery(run_ids=[f"{run}\0"], metrics=["loss"])


# -- comparison, report, single trials


def test_trials_side_by_side_and_as_a_file(place: Place) -> None:
    follower = Follower(place.workspace)
    follower.build()
    runs = []
    for depth, loss in (("2", 3.0), ("4", 2.0), ("8", 1.0)):
        run = place.run(f"depth {depth}")
        place.mlflow.log_batch(run, params=[Param("depth", depth), Param("lr", "0.10")])
        place.log(run, "loss", [9.0, loss])
        place.mlflow.set_terminated(run)
        runs.append(run)
    client = LocalClient(place.workspace, index=follower.index)
    try:
        source = TrialSource(experiment=EXPERIMENT, run_ids=[*runs, "f" * 32])

        def bounds() -> Any:
            found = client.compare(CompareQuery(sources=[source], only_differences=True))
            return {each.name: each.highs for each in found.rows if each.kind == "metric"}

        follower.until(lambda: bounds() == {"loss": [9.0] * 3})
        found = client.compare(CompareQuery(sources=[source]))
        assert [each.run_id for each in found.trials] == runs and found.missing == ["f" * 32]
        rows = {each.name: each for each in found.rows}
        assert rows["depth"].differs and rows["depth"].values == [2, 4, 8]
        assert not rows["lr"].differs and rows["loss"].values == [3.0, 2.0, 1.0]
        filtered = TrialSource(experiment=EXPERIMENT, filter="params.depth > 2 and metrics.loss < 3")
        found = client.compare(CompareQuery(sources=[filtered]))
        assert {each.run_id for each in found.trials} == set(runs[1:])
        importance = client.importance(ImportanceQuery(sources=[source], metric="metrics.loss"))
        assert importance.trials == 3 and importance.thin
        chart = LineChartSpec(type="line", id="c", metrics=["loss"])
        page = client.export_view(View(version=1, title="Elsewhere", sources=[source], charts=[chart])).decode()
        assert "depth 8" in page and runs[0] in page
    finally:
        client.close()
        follower.close()


def test_one_trial_with_its_children(place: Place, tmp_path: Path) -> None:
    run = place.run("parent", tags={"team": "red"})
    child = place.run("child", tags={"mlflow.parentRunId": run})
    place.log(run, "loss", [3.0, 1.0, math.nan, 2.0])
    data = Dataset(name="houses.csv", digest=run[:16], source_type="local", source='{"uri": "/data/houses.csv"}')
    place.mlflow.log_inputs(run, [DatasetInput(data)])
    place.model(run, tmp_path / "model")
    detail = place.client.trial_detail(run)
    assert (detail.trial.name, detail.missing) == ("parent", [])
    assert [each.run_id for each in detail.children.items] == [child]
    assert [(each.name, each.digest) for each in detail.inputs] == [("houses.csv", run[:16])]
    assert [(each.name, each.last) for each in detail.metrics] == [("loss", 2.0)]
    assert place.client.trial_detail(child).parent.run_id == run  # type: ignore[union-attr]
    changed = place.client.update_trial(run, UpdateTrial(note="**Best**", if_note="", tags={"team": "größer"}))
    assert changed.note == "**Best**"
    tags = place.mlflow.get_run(run).data.tags
    assert (tags["mlflow.note.content"], tags["team"]) == ("**Best**", "größer")
    with pytest.raises(Conflict):
        place.client.update_trial(run, UpdateTrial(note="mine", if_note="what nobody wrote"))


# -- models


def test_a_model_from_registration_to_deletion(place: Place, tmp_path: Path) -> None:
    run = place.run("maker", tags={"studio.job_id": "job-7"}, rmse=0.5)
    data = Dataset(name="h.csv", digest="d" * 20, source_type="local", source='{"uri": "/data/h.csv"}')
    place.mlflow.log_inputs(run, [DatasetInput(data)])
    client = place.client
    with pytest.raises(InvalidRequest, match="has no model"):
        client.register_model(RegisterModel(run_id=run, name="nothing logged"))
    place.model(run, tmp_path / "model")
    assert [each.path for each in client.trial_models(run).models] == ["model"]
    name = f"it's größer {'here' if isinstance(place.server, OwnPostgres) else 'there'}"
    made = client.register_model(RegisterModel(run_id=run, name=name, alias="champion", description="first"))
    assert (made.version, made.aliases, made.trial, made.job_id) == ("1", ["champion"], "maker", "job-7")
    assert made.metrics == {"rmse": 0.5}
    seen = place.mlflow.get_model_version_by_alias(name, "champion")
    assert (str(seen.version), seen.run_id, seen.description) == ("1", run, "first")
    files = place.mlflow.get_model_version_download_uri(name, "1")
    assert files.endswith("/model")

    place.mlflow.create_model_version(name, "s3://bucket/elsewhere")
    assert [each.version for each in client.model_versions(name).items] == ["2", "1"]
    with pytest.raises(Conflict):
        client.set_model_alias(name, "champion", SetAlias(version="2", held_by="2"))
    assert client.set_model_alias(name, "champion", SetAlias(version="2", held_by="1")).aliases == {"champion": "2"}
    assert str(place.mlflow.get_model_version_by_alias(name, "champion").version) == "2"
    assert [(each.name, each.version) for each in client.trial_detail(run).versions] == [(name, "1")]

    line = client.lineage(LineageKind.model, f"{name}/1")
    assert {str(each.kind) for each in line.nodes} == {"data", "job", "trial", "model"}
    line = client.lineage(LineageKind.data, "d" * 20)
    assert {each.id for each in line.nodes} >= {run, f"{name}/1"}

    place.mlflow.delete_run(run)
    assert client.model_version(name, "1").is_trial_deleted
    for version in ("1", "2"):
        client.delete_model_version(name, version)
    client.delete_model(name)
    assert [each.name for each in place.mlflow.search_registered_models(f'name = "{name}"')] == []


# -- away


def test_a_store_that_is_away_and_comes_back(place: Place) -> None:
    run = place.run("before")
    place.log(run, "loss", [2.0, 1.0])
    assert place.series(run).series[0].count == 2
    place.server.stop()
    try:
        eventually(lambda: bool(place.series(run).message), True)
        page = place.series(run)
        assert page.series[0].value == [2.0, 1.0] and not page.complete and page.missing == []
        for ask in (place.client.models, lambda: place.client.trial_detail(run)):
            with pytest.raises(Unavailable) as caught:
                ask()
            assert caught.value.hint
    finally:
        place.server.start()
    place.log(run, "loss", [0.5], first=2)
    eventually(lambda: place.series(run).series[0].value, [2.0, 1.0, 0.5])
    assert place.series(run).message == ""

    def name() -> str | None:
        with contextlib.suppress(Unavailable):  # that it is away counts for a second
            return place.client.trial_detail(run).trial.name
        return None

    eventually(name, "before")
