from __future__ import annotations

import io
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import studio_ext as studio
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import ExitReason, JobStatus
from studio_ext.sdk import connection
from studio_ext.sdk.progress import LiveProgress, PlainProgress, describe
from studio_ext.testing.fake_client import FakeClient


@pytest.fixture
def fake() -> Iterator[FakeClient]:
    client = FakeClient()
    before = connection._client
    connection.use(client)
    yield client
    connection._client = before


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = (
        "import sys, studio_ext; bad = {'pydantic', 'httpx', 'mlflow', 'pandas', 'sqlalchemy', 'tornado', 'papermill'};"
        "assert not bad & set(sys.modules), bad & set(sys.modules);"
        "studio_ext.submit; bad -= {'pydantic'}; assert not bad & set(sys.modules), bad & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_names() -> None:
    assert {"submit", "Job", "trials", "__version__"} <= set(dir(studio))
    assert studio.__version__
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        studio.nothing  # noqa: B018
    for name in studio.__all__:
        assert getattr(studio, name).__doc__


def test_submit_asks_for_what_was_said(fake: FakeClient) -> None:
    job = studio.submit(
        Path("train.ipynb"),
        parameters={"max_depth": 8, "sizes": (1, 2), "path": Path("/data")},
        name="night run",
        experiment="house-prices",
        kernel="python3",
        cpus=1.5,
        memory="2GiB",
        time_limit="1h",
        variables=["TOKEN"],
        tags={"team": "red"},
        autolog="models",
        idempotency_key="k",
    )
    assert fake.requests[0].model_dump() == {
        "notebook": "train.ipynb",
        "document": None,
        "cells_of": None,
        "name": "night run",
        "experiment": "house-prices",
        "parameters": {"max_depth": 8, "sizes": [1, 2], "path": "/data"},
        "runner": "process",
        "kernel": "python3",
        "resources": {"cpus": 1.5, "memory_bytes": 2 * 1024**3, "time_limit_seconds": 3600.0, "gpus": None},
        "image": None,
        "pull": False,
        "network_access": False,
        "variables": ["TOKEN"],
        "tags": {"team": "red"},
        "autolog": "models",
        "idempotency_key": "k",
    }
    assert (job.name, job.experiment, job.runner, job.notebook) == (
        "night run",
        "house-prices",
        "process",
        "train.ipynb",
    )
    assert studio.submit("train.ipynb", idempotency_key="k") == job


def test_a_job_in_a_container_is_asked_for_and_asked_for_again(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb", runner="docker", image="team/image:2", pull=True, network_access=True, gpus=2)
    job.run_again()
    for request in fake.requests:
        assert (request.runner, request.kernel, request.image) == ("docker", None, "team/image:2")
        assert (request.pull, request.network_access, request.resources.gpus) == (True, True, 2)


def test_numpy_values_are_numbers(fake: FakeClient) -> None:
    np = pytest.importorskip("numpy")
    studio.submit("a.ipynb", parameters={"n": np.int64(3), "x": np.float32(0.5), "v": np.arange(3)})
    assert fake.requests[0].parameters == {"n": 3, "x": 0.5, "v": [0, 1, 2]}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"memory": "lots"}, "memory"),
        ({"memory": "1MiB"}, "memory"),
        ({"time_limit": "soon"}, "time_limit"),
        ({"time_limit": 0}, "time_limit"),
        ({"cpus": -1}, "cpus"),
        ({"cpus": "many"}, "cpus"),
        ({"gpus": 0}, "gpus"),
        ({"name": "x" * 201}, "name"),
        ({"parameters": {"f": print}}, "parameters.f"),
        ({"parameters": {"max_depth": "bad"}}, "parameters.max_depth"),
    ],
)
def test_wrong_arguments_are_named(fake: FakeClient, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        studio.submit("train.ipynb", **arguments)
    assert [each.field for each in caught.value.fields] == [field]
    assert field in caught.value.message
    assert not fake.requests


def test_wait_until_completed(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb", parameters={"max_depth": 8})
    seen: list[JobStatus] = []
    assert job.wait(progress=lambda each: seen.append(each._row.status)) is job
    assert seen[0] == "Pending" and seen[-1] == "Completed" and "InProgress" in seen
    assert job.status == "Completed" and job.done
    assert job.exit is not None and job.exit.code == 0
    assert job.progress.done == job.progress.total == 3
    assert job.trial.metrics == {"rmse": 1.5}
    assert job.trial.parameters == {"max_depth": "8"}
    assert job.trial.status == "FINISHED"
    assert job.started is not None and job.ended is not None and job.created <= job.started <= job.ended
    assert job.output_notebook == job.directory / "output" / "train.ipynb"


def test_wait_has_an_end(fake: FakeClient) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")
    with pytest.raises(studio.WaitTimeout, match=r"InProgress|Starting") as caught:
        job.wait(timeout=0.2, progress=False)
    assert isinstance(caught.value, TimeoutError) and isinstance(caught.value, studio.StudioError)
    assert not job.done


def test_a_failed_job(fake: FakeClient) -> None:
    fake.reason, fake.message = ExitReason.cell_failed, "Cell 2 raised ValueError."
    job = studio.submit("train.ipynb").wait(progress=False)
    assert job.status == "Failed"
    assert repr(job) == f"<Job {job.id} 'train' Failed cell 3/3: Cell 2 raised ValueError.>"
    assert job.trial.status == "FAILED"


def test_stop_and_kill(fake: FakeClient) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb")
    assert job.stop()._row.status == "Stopping"
    assert job.wait(progress=False).status == "Stopped"
    assert job.stop().status == "Stopped", "a job that is over stays as it is"

    job = studio.submit("train.ipynb")
    assert job.kill().status == "Stopped"
    assert job.kill().status == "Stopped"


def test_kill_after_stop_asks_only_once_more(fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    fake.hold = True
    job = studio.submit("train.ipynb").stop()
    calls: list[str] = []
    original = fake.stop
    monkeypatch.setattr(fake, "stop", lambda job_id: (calls.append(job_id), original(job_id))[1])
    assert job.kill().status == "Stopped"
    assert calls == [job.id]


def test_no_trial_yet(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb")
    with pytest.raises(NotFound, match="Pending") as caught:
        job.trial  # noqa: B018
    assert caught.value.hint


def test_trial_waits_until_recording_caught_up(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb").wait(progress=False)
    finished = fake.trial(f"run{job.id}")
    looks = iter([finished.model_copy(update={"status": "RUNNING", "metrics": {}}), finished])
    fake.trial = lambda run_id: next(looks)  # type: ignore[method-assign]
    assert job.trial.metrics == {"rmse": 1.5}


def test_logs(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb")
    assert job.logs() == "one\ntwo\nthree\n"
    assert "".join(job.logs(follow=True)) == "one\ntwo\nthree\n"
    assert job.done, "following ends with the job"


def test_a_long_log_comes_in_pieces(fake: FakeClient) -> None:
    fake.log_text = "x" * 600_000
    job = studio.submit("train.ipynb").wait(progress=False)
    pieces = list(job.logs(follow=True))
    assert len(pieces) == 3
    assert job.logs() == fake.log_text


def test_delete_and_restore(fake: FakeClient) -> None:
    job = studio.submit("train.ipynb")
    with pytest.raises(Conflict):
        job.delete()
    job.wait(progress=False)
    job.delete()
    with pytest.raises(NotFound):
        studio.job(job.id)
    assert job.restore().id == studio.job(job.id[:10]).id


def test_run_again(fake: FakeClient) -> None:
    first = studio.submit("train.ipynb", parameters={"a": 1, "b": 2}, experiment="e", memory="1GiB", tags={"t": "1"})
    again = first.run_again(parameters={"b": 3}, time_limit="5min")
    assert again != first and len({first, again}) == 2
    request = fake.requests[1]
    assert request.parameters == {"a": 1, "b": 3}
    assert request.resources.memory_bytes == 1024**3 and request.resources.time_limit_seconds == 300
    assert (request.notebook, request.experiment, request.tags) == ("train.ipynb", "e", {"t": "1"})


def test_jobs(fake: FakeClient) -> None:
    made = [studio.submit("train.ipynb", name=f"j{number}", experiment=f"e{number % 2}") for number in range(5)]
    made[0].wait(progress=False)
    assert len(studio.jobs()) == 5
    assert len(studio.jobs(limit=2)) == 2
    assert len(studio.jobs(limit=None)) == 5
    assert [job.name for job in studio.jobs(status="completed")] == ["j0"]
    assert {job.name for job in studio.jobs(experiment="e1")} == {"j1", "j3"}
    assert [job.name for job in studio.jobs(text="J3")] == ["j3"]
    assert studio.jobs(status="Completed")[0].directory, "a row of the list is filled in at need"
    with pytest.raises(InvalidRequest, match="status"):
        studio.jobs(status="Done")


def test_representations_hold_nothing_dangerous(fake: FakeClient) -> None:
    job = studio.submit("x.ipynb", name="<script>alert(1)</script>\x1b[2J\nnext", parameters={"<b>": "</td><i>"})
    for text in (job._repr_html_(), job.wait(progress=False)._repr_html_(), job.trial._repr_html_()):
        assert "<script" not in text and "<b>" not in text and "<i>" not in text and "\x1b" not in text
    assert "\x1b" not in repr(job) and "\n" not in repr(job)
    assert "rmse=1.5" in repr(job.trial)


def trial(number: int, **changes: Any) -> Trial:
    return Trial(
        run_id=f"r{number}", experiment="e", name=f"t{number}", status="FINISHED", started=1000.0 + number, **changes
    )


def test_trials_frame(fake: FakeClient) -> None:
    pd = pytest.importorskip("pandas")
    fake.add_trial(trial(1, ended=1011.0, parameters={"depth": "3", "mode": "fast"}, metrics={"rmse": 2.0}))
    fake.add_trial(trial(2, parameters={"depth": "12", "zip": "007"}, metrics={"rmse": None, "mae": 1.0}))
    frame = studio.trials("e")
    assert list(frame.columns) == [
        *("trial", "status", "started", "duration"),
        *("params.depth", "params.zip", "params.mode", "metrics.mae", "metrics.rmse"),
        *("notebook", "commit", "dirty", "user", "job", "run_id", "parent_run_id"),
    ]
    assert list(frame["trial"]) == ["t2", "t1"]
    assert frame["started"][0] == pd.Timestamp(datetime.fromtimestamp(1002, UTC))
    assert frame["duration"][1] == 10.0 and math.isnan(frame["duration"][0])
    assert list(frame["params.depth"]) == [12, 3] and frame["params.depth"].dtype.kind == "i"
    assert frame["params.zip"][0] == "007", "a text that only looks like a number stays"
    assert math.isnan(frame["metrics.rmse"][0]) and frame["metrics.rmse"][1] == 2.0


def test_trials_frame_has_all_pages(fake: FakeClient) -> None:
    pytest.importorskip("pandas")
    for number in range(450):
        fake.add_trial(trial(number))
    frame = studio.trials("e")
    assert len(frame) == 450 and frame["run_id"].is_unique


def test_trials_are_filtered_sorted_and_cut(fake: FakeClient) -> None:
    pytest.importorskip("pandas")
    for number in range(5):
        fake.add_trial(trial(number, parameters={"lr": f"0.{number}"}, metrics={"rmse": float(number % 3)}))

    def names(*arguments: Any, **options: Any) -> list[str]:
        return list(studio.trials("e", *arguments, **options)["trial"])

    assert names("params.lr >= 0.3") == ["t4", "t3"]
    assert names(filter="metrics.rmse = 0 or name = t1") == ["t3", "t1", "t0"]
    assert names(sort="metrics.rmse") == ["t3", "t0", "t4", "t1", "t2"]
    assert names(sort="-metrics.rmse", limit=2) == ["t2", "t4"]
    assert names(sort="metrics.rmse", descending=True, limit=1) == ["t2"]
    assert names(sort="started", limit=2) == ["t0", "t1"]
    assert names(descending=False, limit=1) == ["t0"]
    assert names("params.lr < 0.3 and started > -1h") == []


def test_what_is_wrong_with_a_filter_is_said(fake: FakeClient) -> None:
    fake.add_trial(trial(1, metrics={"rmse": 1.0}))
    with pytest.raises(InvalidRequest, match="at character 13: < compares numbers") as caught:
        studio.trials("e", "params.lr < dev")
    for wrong in ({"sort": "loss"}, {"limit": 0}):
        with pytest.raises(InvalidRequest):
            studio.trials("e", **wrong)  # type: ignore[arg-type]
    assert caught.value.fields
    with pytest.warns(UserWarning, match=r"No trial has metrics.rmsee. Did you mean metrics.rmse\?"):
        assert len(studio.trials("e", "metrics.rmsee < 5")) == 0


def test_trials_of_an_empty_and_an_unknown_experiment(fake: FakeClient) -> None:
    pytest.importorskip("pandas")
    fake.create_experiment("empty")
    assert len(studio.trials("empty")) == 0
    with pytest.raises(NotFound):
        studio.trials("unknown")
    assert [each.name for each in studio.experiments()] == ["empty"]


def test_doctor_and_inspect(fake: FakeClient) -> None:
    assert studio.doctor().checks[0].status == "ok"
    assert studio.inspect("train.ipynb").cells == 3


def test_which_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from studio_ext.adapters.http_client import HttpClient
    from studio_ext.adapters.local_client import LocalClient
    from studio_ext.contract.errors import Unavailable

    monkeypatch.setenv("STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("STUDIO_URL", raising=False)
    local = connection.open_client()
    assert isinstance(local, LocalClient) and local.workspace.home == tmp_path / "home"
    monkeypatch.setenv("STUDIO_URL", "http://a.example:1")
    assert isinstance(connection.open_client(), HttpClient)
    named = connection.open_client("http://b.example/x/lab?token=t")
    assert isinstance(named, HttpClient) and named.url == "http://b.example/x/"
    other = connection.open_client(workspace=tmp_path / "other")
    assert isinstance(other, LocalClient) and other.workspace.home == tmp_path / "other"
    with pytest.raises(InvalidRequest):
        connection.open_client("http://a.example", workspace=tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be made"):
        connection.open_client(workspace=tmp_path / "file")


def test_connect_is_remembered(monkeypatch: pytest.MonkeyPatch, fake: FakeClient) -> None:
    client = studio.connect("http://localhost:1", token="t")
    assert connection.current() is client


def test_plain_progress_says_each_thing_once(fake: FakeClient) -> None:
    out = io.StringIO()
    job = studio.submit("train.ipynb", name="n\x1b[2J")
    with PlainProgress(out) as show:

        def twice(each: studio.Job) -> None:
            show(each._row)
            show(each._row)

        job.wait(progress=twice)
    lines = out.getvalue().splitlines()
    assert len(lines) == len(set(lines))
    assert f"{job.id} InProgress: cell 2/3: # Cell 2" in lines
    assert lines[-1].startswith(f"{job.id} Completed after ")


def test_live_progress_draws_all_jobs(fake: FakeClient) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    with LiveProgress(out) as show:
        for name in ("first", "second"):
            show(studio.submit("train.ipynb", name=name).wait(progress=False)._row)
    assert "first" in out.getvalue() and "second" in out.getvalue() and "Completed" in out.getvalue()


def test_describe_a_failure(fake: FakeClient) -> None:
    fake.reason, fake.message = ExitReason.out_of_memory, "Ran out of memory at cell 2 (limit 2 GiB)\x1b[2J"
    job = studio.submit("train.ipynb").wait(progress=False)
    assert describe(job._row).endswith(": Ran out of memory at cell 2 (limit 2 GiB)")
