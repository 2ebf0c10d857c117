"""Jobs in containers from submission to trial: a real controller, a real engine, a real MLflow store."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.docker_runner.spec import JOB_LABEL, SDK
from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.jobs import ExitReason, JobDetail, JobStatus, Resources, SubmitRequest
from studio_ext.core.states import FINAL
from studio_ext.testing.live_server import end_controller
from studio_ext.testing.runner_suite import MIB, wait_for
from tests.integration import docker_images

pytestmark = pytest.mark.timeout(300)

RUNNERS = ("process", "docker")
SECRET = "s3cret-of-the-submitter"


class Submitter:
    """A person with a folder of notebooks and a workspace."""

    def __init__(self, folder: Path, client: LocalClient) -> None:
        self.folder, self.client = folder, client
        self.experiment = folder.parent.name

    def notebook(self, *cells: str, name: str = "train.ipynb") -> Path:
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        document = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
        )
        nbformat.write(document, self.folder / name)
        return self.folder / name

    def submit(self, notebook: Path, **more: Any) -> JobDetail:
        return self.client.submit(SubmitRequest(notebook=str(notebook), experiment=self.experiment, **more))

    def ended(self, job: JobDetail, seconds: float = 120) -> JobDetail:
        """The job once it is over and recorded."""

        def over() -> JobDetail | None:
            found = self.client.job(job.id)
            recorded = all(each.id != job.id for each in self.client.store.unfinished_recording())
            return found if found.status in FINAL and recorded else None

        return wait_for(over, seconds)  # type: ignore[no-any-return]

    def why(self, job: JobDetail) -> str:
        """What to print of a job that ended otherwise than it should."""
        return f"{self.client.job(job.id).exit}\n{self.client.log(job.id).text}"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, docker_engine: Engine) -> Iterator[LocalClient]:
    """One workspace with one controller: what it takes to start them is not what is tried here."""
    home = tmp_path_factory.mktemp("containers") / "studio"
    client = LocalClient(open_workspace(home, {}))
    yield client
    client.close()
    end_controller(home)


@pytest.fixture
def submitter(tmp_path: Path, client: LocalClient) -> Iterator[Submitter]:
    """Each test has a folder and an experiment of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    yield Submitter(folder, client)
    for job in client.store.active():
        client.stop(job.id)
        client.stop(job.id)
        wait_for(lambda job=job: client.job(job.id).status in FINAL)  # type: ignore[misc]


LOG_EVERYTHING = """
import mlflow, numpy as np
from sklearn.linear_model import Ridge
mlflow.autolog(log_models=False, silent=True)
mlflow.set_experiment("another one")
X, y = np.arange(40.0).reshape(-1, 2), np.arange(20.0)
with mlflow.start_run() as run:
    model = Ridge(alpha=0.5).fit(X, y)
    mlflow.log_metric("score", 0.75, step=3)
    mlflow.log_text("hello", "notes/hello.txt")
    {log_model}
    with mlflow.start_run(nested=True):
        mlflow.log_param("child", 1)
again = mlflow.pyfunc.load_model(info.model_uri)
print("predicted", again.predict(X[:1]).shape, mlflow.__version__.split(".")[0])
"""


@pytest.mark.parametrize(
    ("image", "version", "log_model"),
    [
        (docker_images.NOTEBOOK, "3", 'info = mlflow.sklearn.log_model(model, name="model")'),
        (docker_images.MLFLOW2, "2", 'info = mlflow.sklearn.log_model(model, artifact_path="model")'),
    ],
    ids=["mlflow3", "mlflow2"],
)
def test_plain_mlflow_in_a_container_without_network_lands_in_the_trial(
    submitter: Submitter, image: str, version: str, log_model: str
) -> None:
    notebook = submitter.notebook(LOG_EVERYTHING.replace("{log_model}", log_model))
    job = submitter.ended(submitter.submit(notebook, runner="docker", image=image))
    assert job.status is JobStatus.Completed, submitter.why(job)
    assert f"predicted (1,) {version}" in submitter.client.log(job.id).text
    assert job.trial.run_id is not None
    trial = submitter.client.trial(job.trial.run_id)
    assert trial.metrics["score"] == 0.75
    assert trial.parameters["alpha"] == "0.5"
    assert trial.tags["studio.image"] == image
    assert trial.tags["studio.image_id"].startswith("sha256:")
    assert job.trial.experiment_id is not None
    artifacts = list((submitter.client.workspace.artifacts / job.trial.experiment_id).rglob("*"))
    assert any(path.match("notes/hello.txt") for path in artifacts)
    assert any(path.name == "MLmodel" for path in artifacts)
    assert not any("/opt/ml" in path.read_text() for path in artifacts if path.name == "MLmodel")
    children = submitter.client.trials(submitter.experiment).items
    assert len(children) == 2


TRACK = """
import studio_ext as studio
with studio.Tracker.load() as tracker:
    tracker.log_parameter("depth", 4)
    tracker.log_metric("rmse", 0.5, step=2)
%load_ext studio_ext
print("from", studio.__file__, tracker.run_id)
"""


def test_an_image_without_this_package_records_with_the_tracker(submitter: Submitter) -> None:
    """The SDK of the workspace comes with the job; what an image has itself comes first."""
    job = submitter.ended(
        submitter.submit(submitter.notebook(TRACK, "%%trial\nalpha = 2\n{'loss': 3.0}"), runner="docker")
    )
    assert job.status is JobStatus.Completed, submitter.why(job)
    assert f"from {SDK}/studio_ext/__init__.py {job.trial.run_id}" in submitter.client.log(job.id).text
    assert job.trial.run_id is not None
    trial = submitter.client.trial(job.trial.run_id)
    assert (trial.parameters["depth"], trial.metrics["rmse"]) == ("4", 0.5)
    (child,) = (each for each in submitter.client.trials(submitter.experiment).items if each.run_id != job.trial.run_id)
    assert (child.parameters["alpha"], child.metrics["loss"]) == ("2", 3.0)


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_notebook_reads_the_data_beside_it(submitter: Submitter, runner: str) -> None:
    folder = submitter.folder
    (folder / "small.csv").write_text("1,2\n")
    (folder / "data" / "images").mkdir(parents=True)
    (folder / "data" / "images" / "one.png").write_bytes(b"png")
    (folder / "huge").mkdir()
    (folder / "huge" / "block.bin").write_bytes(b"x" * 1000)
    (folder / ".gitignore").write_text("huge/\n")
    for arguments in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    notebook = submitter.notebook(
        "print(open('small.csv').read(), open('data/images/one.png').read(), len(open('huge/block.bin').read()))",
        "import os\nopen('result.txt', 'w').write('made')\n"
        "os.makedirs(os.environ['SM_OUTPUT_DATA_DIR'], exist_ok=True)\n"
        "open(os.environ['SM_OUTPUT_DATA_DIR'] + '/more.txt', 'w').write('made')",
    )
    job = submitter.ended(submitter.submit(notebook, runner=runner))
    assert job.status is JobStatus.Completed, submitter.why(job)
    assert "1,2\n png 1000" in submitter.client.log(job.id).text
    directory = Path(job.directory)
    assert (directory / "code" / "result.txt").read_text() == "made"
    assert (directory / "output" / "data" / "more.txt").read_text() == "made"
    assert job.output_notebook == str(directory / "output" / "train.ipynb")
    assert "1,2" in Path(job.output_notebook).read_text()
    assert not (folder / "result.txt").exists()
    shown = {entry.name for entry in submitter.client.files(job.id, "code")}
    assert {"small.csv", "data", "result.txt"} <= shown


def test_a_job_says_in_one_line_what_it_runs_in(submitter: Submitter) -> None:
    notebook = submitter.notebook("1")
    beside, inside = (submitter.submit(notebook, runner=runner) for runner in RUNNERS)
    assert beside.environment.summary.startswith("Process · Python 3")
    assert inside.environment.summary.startswith(f"Docker · {docker_images.NOTEBOOK} (")
    for job in (beside, inside):
        submitter.ended(job)


def test_values_of_named_variables_are_not_with_the_engine(
    submitter: Submitter, docker_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may ask the engine sees what a container was made with."""
    monkeypatch.setenv("API_KEY", SECRET)
    notebook = submitter.notebook("import os, time\nprint(len(os.environ['API_KEY']), flush=True)\ntime.sleep(600)")
    job = submitter.submit(notebook, runner="docker", variables=["API_KEY"])
    wait_for(lambda: str(len(SECRET)) in submitter.client.log(job.id).text.splitlines())
    api = docker_engine.api()
    (row,) = api.containers(filters={"label": [f"{JOB_LABEL}={job.id}"]})
    assert SECRET not in json.dumps(api.inspect_container(row["Id"]))
    submitter.client.stop(job.id)
    submitter.client.stop(job.id)
    job = submitter.ended(job)
    assert job.status is JobStatus.Stopped
    # By another process: one that closes a database's file loses the locks that it holds on it.
    command = ["grep", "-rlaF", SECRET, submitter.client.workspace.home]

    def found() -> subprocess.CompletedProcess[str] | None:
        looked = subprocess.run(command, capture_output=True, text=True)
        return looked if looked.stdout or looked.returncode != 2 else None  # 2: a file went while it looked

    seen = wait_for(found)
    assert (seen.returncode, seen.stdout) == (1, ""), seen


def test_memory_hog_beside_others(submitter: Submitter) -> None:
    hog = submitter.notebook("held = []\nwhile True: held.append(bytearray(8 << 20))", name="hog.ipynb")
    calm = submitter.notebook("import time\ntime.sleep(3)\nprint('calm')", name="calm.ipynb")
    jobs = [
        submitter.submit(hog, runner="docker", resources=Resources(memory_bytes=256 * MIB)),
        submitter.submit(calm, runner="docker"),
    ]
    hogged, calmed = (submitter.ended(job) for job in jobs)
    assert hogged.exit and hogged.exit.reason is ExitReason.out_of_memory
    assert hogged.exit.message == "Ran out of memory at cell 1 (limit 256 MiB)."
    assert calmed.status is JobStatus.Completed


def test_zombies_are_reaped(submitter: Submitter) -> None:
    breed = (
        "import os, subprocess, time\n"
        "for _ in range(50):\n"
        "    if os.fork() == 0:\n        if os.fork() == 0: os._exit(0)\n        os._exit(0)\n"
        "    os.wait()\n"
        "time.sleep(1)\n"
        "stats = []\n"
        "for pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    try: stats.append(open(f'/proc/{pid}/stat').read())\n"
        "    except (FileNotFoundError, ProcessLookupError): pass\n"
        "print('zombies', sum(stat.rpartition(')')[2].split()[0] == 'Z' for stat in stats))"
    )
    job = submitter.ended(submitter.submit(submitter.notebook(breed), runner="docker"))
    assert "zombies 0" in submitter.client.log(job.id).text, submitter.why(job)


def test_a_controller_that_is_killed_finds_its_containers_again(submitter: Submitter, docker_engine: Engine) -> None:
    notebook = submitter.notebook("open('lines', 'a').write('line\\n')", "import time\ntime.sleep(6)", "print('done')")
    job = submitter.submit(notebook, runner="docker")
    wait_for(lambda: submitter.client.job(job.id).progress.done >= 1)
    lease = submitter.client.store.lease()
    assert lease is not None
    subprocess.run(["kill", "-9", str(lease.pid)], check=True)
    time.sleep(0.2)
    submitter.client._launcher.ensure()
    ended = submitter.ended(job)
    assert ended.status is JobStatus.Completed, submitter.why(job)
    assert (Path(job.directory) / "code" / "lines").read_text() == "line\n"
    wait_for(lambda: not docker_engine.api().containers(all=True, filters={"label": [f"{JOB_LABEL}={job.id}"]}))
