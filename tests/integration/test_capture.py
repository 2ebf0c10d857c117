"""A notebook without a line of ours or of MLflow's is recorded, and what it says itself wins."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

import studio_ext as studio
from studio_ext.adapters.docker_runner.engine import Engine
from studio_ext.adapters.local_client import LocalClient
from studio_ext.contract.jobs import JobDetail, SubmitRequest
from studio_ext.core.states import FINAL
from studio_ext.sdk import connection
from studio_ext.testing.client_suite import until
from studio_ext.testing.workspaces import temporary_workspace
from tests.needs import cannot_be_tried

pytestmark = pytest.mark.timeout(600)
pytest.importorskip("sklearn")

SECRET = "hunter2-Xy77abcd"
READ = "import pandas as pd\nhouses = pd.read_csv('data/houses.csv')\nX, y = houses[['rooms', 'size']], houses['price']"
FIT = "from sklearn.linear_model import Ridge\nmodel = Ridge(alpha=0.5).fit(X, y)"


class Bench:
    """A person with a folder in a git repository, a workspace, and MLflow's own client."""

    def __init__(self, folder: Path, client: LocalClient) -> None:
        from mlflow import MlflowClient

        self.folder, self.client = folder, client
        self.mlflow = MlflowClient(tracking_uri=client.workspace.tracking_uri)

    def run(self, *cells: str, status: str = "Completed", **options: Any) -> Trial:
        return self.ended(self.submit(*cells, **options), status)

    def submit(self, *cells: str, **options: Any) -> JobDetail:
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        document = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells], metadata={"kernelspec": kernel}
        )
        nbformat.write(document, self.folder / "plain.ipynb")
        request = SubmitRequest(notebook=str(self.folder / "plain.ipynb"), experiment="capture", **options)
        return self.client.submit(request)

    def ended(self, job: JobDetail, status: str = "Completed") -> Trial:
        def over() -> JobDetail | None:
            found = self.client.job(job.id)
            unfinished = {each.id for each in self.client.store.unfinished_recording()}
            return found if found.status in FINAL and found.id not in unfinished else None

        found = until(over, "the job is over and recorded", patience=300)
        assert found.status == status, f"{found.exit}\n{self.client.log(job.id).text}"
        return Trial(self, found)


class Trial:
    """A job that is over, as MLflow's client reads it."""

    def __init__(self, bench: Bench, job: JobDetail) -> None:
        self.bench, self.job = bench, job
        self.run = bench.mlflow.get_run(job.trial.run_id)
        self.parameters, self.tags = self.run.data.params, self.run.data.tags
        # Without what the job used of its machine.
        self.metrics = {name: self.run.data.metrics[name] for name in self.run.data.metrics if "system/" not in name}
        self.log = bench.client.log(job.id).text

    @property
    def inputs(self) -> dict[str, Any]:
        """Data that was read, by name; not what autologging says of its own."""
        return {
            each.dataset.name: each.dataset
            for each in self.run.inputs.dataset_inputs
            if {tag.value for tag in each.tags} == {"input"}
        }

    @property
    def children(self) -> list[Any]:
        filter_ = f"tags.`mlflow.parentRunId` = '{self.run.info.run_id}'"
        found = self.bench.mlflow.search_runs([self.run.info.experiment_id], filter_)
        return sorted(found, key=lambda run: run.info.start_time)

    def artifacts(self, path: str = "") -> set[str]:
        return {each.path for each in self.bench.mlflow.list_artifacts(self.run.info.run_id, path)}

    def text(self, path: str) -> str:
        return Path(self.bench.mlflow.download_artifacts(self.run.info.run_id, path)).read_text()


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(["git", *who, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    base = tmp_path_factory.mktemp("capture")
    folder = base / "work"
    (folder / "data").mkdir(parents=True)
    lines = [f"{n % 7},{n},{n * 3 + n % 5}" for n in range(120)]
    (folder / "data" / "houses.csv").write_text("\n".join(["rooms,size,price", *lines]) + "\n")
    (folder / "helper.py").write_text("RATE = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    (folder / "helper.py").write_text(f'RATE = 2\nAPI_KEY = "{SECRET}"\n')
    with temporary_workspace(base / "home") as workspace:
        client, before = LocalClient(workspace), connection._client
        yield Bench(folder, client)
        connection._client = before
        client.close()


def test_a_plain_notebook_is_fully_recorded(bench: Bench, tmp_path: Path) -> None:
    import mlflow
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}), tmp_path / "more.parquet")
    trial = bench.run(
        "seed = 3",
        f"{READ}\nmore = pd.read_parquet({str(tmp_path / 'more.parquet')!r})\nhouses.head()",
        FIT,
        "from sklearn.metrics import mean_absolute_error\nprint(mean_absolute_error(y, model.predict(X)))",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "import sys\nopen('made.csv', 'w').write('a\\n1\\n')\n"
        "print(open('made.csv').read(), open('helper.py').read()[:4])\n"
        "import json\nprint(json.dumps([name for name in sys.modules if name.startswith(('studio', 'worker'))]))",
        parameters={"seed": 4},
    )
    run_id = trial.run.info.run_id
    # parameters and metrics
    assert trial.parameters["seed"] == "4" and trial.parameters["alpha"] == "0.5"
    assert trial.tags["estimator_name"] == "Ridge" and trial.tags["mlflow.autologging"] == "sklearn"
    assert 0.9 < trial.metrics["training_r2_score"] <= 1
    assert any(name.startswith("mean_absolute_error") for name in trial.metrics), trial.metrics
    assert trial.children == [] and trial.run.info.status == "FINISHED"
    assert trial.run.info.run_name == trial.job.name, "its name stays"
    # data
    csv, parquet = trial.inputs["data/houses.csv"], trial.inputs["more.parquet"]
    assert set(trial.inputs) == {"data/houses.csv", "more.parquet"}, "what the job made, and code, is no data"
    assert json.loads(csv.source) == {"uri": str(bench.folder / "data" / "houses.csv")}, "the person's own file"
    profile = json.loads(csv.profile)
    assert (profile["num_rows"], profile["num_columns"]) == (120, 3)
    assert profile["sha256"].startswith(csv.digest) and len(profile["sha256"]) == 64
    assert profile["size_bytes"] == (bench.folder / "data" / "houses.csv").stat().st_size
    assert json.loads(parquet.source) == {"uri": str(tmp_path / "more.parquet")}
    assert json.loads(parquet.profile)["num_rows"] == 3
    source = mlflow.data.get_source(
        next(i for i in trial.run.inputs.dataset_inputs if i.dataset.name == csv.name).dataset
    )
    assert Path(source.load()).read_text().startswith("rooms,size")
    # code
    assert trial.tags["mlflow.source.git.commit"] == git(bench.folder, "rev-parse", "HEAD")
    changes = trial.text("code/uncommitted.diff.txt")
    assert "+RATE = 2" in changes and 'API_KEY = "***"' in changes and SECRET not in changes
    assert "# Not tracked: plain.ipynb" in changes
    # surroundings
    assert "scikit-learn==" in trial.text("environment/packages.txt")
    machine = json.loads(trial.text("environment/machine.json"))
    assert machine["python"] == trial.tags["studio.python"] and machine["cpus"] >= 1
    # outputs
    assert trial.artifacts("plots") == {"plots/cell-05.png"}
    assert trial.artifacts("tables") == {"tables/cell-02.json"}
    mlflow.set_tracking_uri(bench.client.workspace.tracking_uri)
    table = bench.mlflow.load_table(trial.run.info.experiment_id, "tables/cell-02.json", [run_id])
    assert list(table.columns) == ["index", "rooms", "size", "price"] and len(table) == 5
    # the SDK shows the data, too
    connection.use(bench.client)
    component = studio.TrialComponent.load(run_id)
    assert component.input_artifacts["data/houses.csv"].value == str(bench.folder / "data" / "houses.csv")
    # and nothing of it is to be seen in the notebook
    executed = json.loads(Path(trial.job.output_notebook or "").read_text())
    assert "".join(executed["cells"][-1]["outputs"][0]["text"]).strip().endswith("[]")
    assert not any(output.get("name") == "stderr" for cell in executed["cells"] for output in cell["outputs"])


def test_several_fits(bench: Bench) -> None:
    trial = bench.run(
        READ,
        FIT,
        "from sklearn.model_selection import GridSearchCV, cross_val_score\nprint(cross_val_score(model, X, y))",
        "from sklearn.tree import DecisionTreeRegressor\n"
        "search = GridSearchCV(DecisionTreeRegressor(random_state=0), {'max_depth': [1, 2, 3]}, cv=2).fit(X, y)",
        "from sklearn.preprocessing import StandardScaler\nscaled = StandardScaler().fit_transform(X)",
    )
    assert trial.parameters["alpha"] == "0.5", "the first is the job's own"
    (second,) = trial.children
    assert second.data.tags["estimator_name"] == "GridSearchCV" and second.data.params["best_max_depth"] == "3"
    assert second.info.run_name == "sklearn fit 2" and second.info.status == "FINISHED"
    assert second.data.tags["studio.notebook"] == trial.tags["studio.notebook"]
    filter_ = f"tags.`mlflow.parentRunId` = '{second.info.run_id}'"
    tried = bench.mlflow.search_runs([second.info.experiment_id], filter_)
    assert {run.data.params["max_depth"] for run in tried} == {"1", "2", "3"}
    assert "studio.log_errors" not in trial.tags


def test_what_the_notebook_logs_beside_it_stands_in_the_same_row(bench: Bench) -> None:
    trial = bench.run(
        READ,
        FIT,
        "import mlflow\nmlflow.log_metric('rmse', 4.5)\nmlflow.log_param('alpha', 'low')\nmlflow.log_param('mine', 1)\n"
        "mlflow.set_tag('team', 'red')\nprint(mlflow.active_run().info.run_id)",
    )
    assert trial.metrics["rmse"] == 4.5 and trial.parameters["mine"] == "1" and trial.tags["team"] == "red"
    assert trial.parameters["alpha"] == "0.5" and "alpha" in trial.tags["studio.log_errors"], "no cell fails of it"
    assert trial.children == []


def test_a_parameter_of_the_job_stays_and_the_others_come(bench: Bench) -> None:
    trial = bench.run("alpha = 1", READ, FIT, parameters={"alpha": 7})
    assert (trial.parameters["alpha"], trial.parameters["solver"]) == ("7", "auto")
    assert "training_r2_score" in trial.metrics


@pytest.mark.parametrize(
    "cells",
    [
        ("import mlflow\nmlflow.autolog(disable=True)", READ, FIT),
        (READ, "import sklearn, mlflow\nmlflow.sklearn.autolog(disable=True)", FIT),
        ("import mlflow.sklearn\nmlflow.sklearn.autolog(disable=True)", READ, FIT),
    ],
    ids=["before", "after", "of one library"],
)
def test_what_the_notebook_says_of_autologging_wins(bench: Bench, cells: tuple[str, ...]) -> None:
    trial = bench.run(*cells)
    assert "alpha" not in trial.parameters and trial.metrics == {} and trial.children == []
    assert set(trial.inputs) == {"data/houses.csv"}


def test_runs_of_the_notebook_are_the_notebooks(bench: Bench) -> None:
    fit = FIT.replace("\nmodel", "\n    model")
    inside = fit.replace("from sklearn", "    from sklearn", 1)
    trial = bench.run(READ, f"import mlflow\nwith mlflow.start_run():\n{inside}\n    mlflow.log_param('alpha', 'mine')")
    assert trial.parameters == {"alpha": "mine"} and trial.metrics == {}


def test_off_and_models(bench: Bench) -> None:
    off = bench.run(READ, FIT, "import sys\nassert 'mlflow' not in sys.modules", autolog="off")
    assert off.parameters == {} and set(off.inputs) == {"data/houses.csv"}
    models = bench.run(READ, FIT, autolog="models")
    assert models.parameters["alpha"] == "0.5"
    found = bench.mlflow.search_logged_models([models.run.info.experiment_id])
    assert [model.source_run_id for model in found] == [models.run.info.run_id]


def test_without_such_a_library_mlflow_is_not_imported(bench: Bench) -> None:
    trial = bench.run(READ, "import sys, json\nassert 'mlflow' not in sys.modules and 'sklearn' not in sys.modules")
    assert set(trial.inputs) == {"data/houses.csv"} and "---" in trial.log and "by itself" not in trial.log


FAKES = """
import pathlib, sys
folder = pathlib.Path('fakes')
(folder / 'sklearn').mkdir(parents=True)
(folder / 'sklearn' / '__init__.py').write_text('VALUE = 5')
if {mlflow!r}:
    (folder / 'mlflow' / 'tracking').mkdir(parents=True)
    (folder / 'mlflow' / '__init__.py').write_text({mlflow!r})
    (folder / 'mlflow' / 'tracking' / 'fluent.py').write_text('LIBRARY_TO_AUTOLOG_MODULE = {{"sklearn": 1\\n    }}')
sys.path[:] = [str(folder.absolute()), *(entry for entry in sys.path if 'site-packages' not in entry)]
"""


@pytest.mark.parametrize(
    ("mlflow", "said"),
    [
        ("", "Nothing of sklearn is logged by itself: MLflow is not installed in this environment."),
        ("raise RuntimeError('broken')", "Not everything is recorded by itself: RuntimeError: broken"),
        ("def autolog(silent): raise ValueError('no')", "Not everything is recorded by itself: ValueError: no"),
        ("raise ImportError('old')", "Not everything is recorded by itself: ImportError: old"),
    ],
    ids=["missing", "broken", "autolog fails", "cannot be imported"],
)
def test_where_mlflow_is_missing_or_broken_the_job_goes_on(bench: Bench, mlflow: str, said: str) -> None:
    trial = bench.run(FAKES.format(mlflow=mlflow), "import sklearn\nprint(sklearn.VALUE)\nimport sklearn", "print(6)")
    assert trial.log.count(said) == 1
    assert "\n5\n" in trial.log and "\n6\n" in trial.log


def test_a_kernel_of_its_own_command(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")  # acts before an interpreter starts: no process is forked for it
    names = "print([name for name in dir() if 'capture' in name or name in ('sys', 'settings')], len(In))"
    trial = bench.run(
        names, READ, FIT, "import os\nassert os.environ['PYTHONHASHSEED'] == '7'", variables=["PYTHONHASHSEED"]
    )
    assert trial.parameters["alpha"] == "0.5" and set(trial.inputs) == {"data/houses.csv"}
    assert "[] 2" in trial.log, "it has left no name and no entry in the history"
    executed = json.loads(Path(trial.job.output_notebook or "").read_text())
    assert [cell["execution_count"] for cell in executed["cells"]] == [1, 2, 3, 4]


def test_many_files_are_folders(bench: Bench, tmp_path: Path) -> None:
    for number in range(3000):
        folder = tmp_path / "images" / f"kind-{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.bin").write_bytes(b"x" * 10)
    loop = f"""
import pathlib, time
files = sorted(pathlib.Path({str(tmp_path / "images")!r}).rglob('*.bin'), key=lambda file: int(file.stem))
for file in files:
    file.read_bytes()
for _ in range(10_000):
    open('data/houses.csv').close()
"""
    trial = bench.run(READ, loop)
    by_name = {name: json.loads(each.profile) for name, each in trial.inputs.items()}
    assert set(by_name) == {"data/houses.csv", "kind-0/", "kind-1/", "kind-2/"}
    assert 1900 < sum(each.get("num_files", 0) for each in by_name.values()) <= 2000
    assert trial.tags["studio.inputs"] == "4 and more"


HOSTILE = """
import glob, json, os
(report,) = glob.glob(os.environ['SAGEMAKER_BASE_DIR'] + '/attempts/*/reads.jsonl')
lines = [
    '{', '[]', 'null', '{"read": 5}', json.dumps({"read": "/etc/../etc/shadow", "size": 1, "mtime": 1}),
    json.dumps({"read": "/dev/zero", "size": 0, "mtime": 0}), '{"uri": "javascript:alert(1)"}', '{"more": 1}',
    json.dumps({"read": os.getcwd() + "/../../../../etc/passwd", "size": 1, "mtime": 1}), '{"note": ["x"]}',
    '{"read": "/' + 'x' * 200_000 + '"}', '[' * 100_000,
]
with open(report, 'ab') as file:
    file.write(b'\\xff\\xfe\\n' + '\\n'.join(lines).encode() + b'\\n')
"""


def test_a_hostile_report_is_passed_over(bench: Bench) -> None:
    trial = bench.run(READ, HOSTILE)
    assert set(trial.inputs) <= {"data/houses.csv", "zero"} and "data/houses.csv" in trial.inputs
    link = HOSTILE.split("lines =")[0] + "os.unlink(report)\nos.symlink('/etc/passwd', report)"
    trial = bench.run(READ, link)
    assert trial.inputs == {} and trial.run.info.status == "FINISHED"
    pipe = HOSTILE.split("lines =")[0] + "os.unlink(report)\nos.mkfifo(report)\nopen('data/houses.csv').close()"
    assert bench.run(READ, pipe).run.info.status == "FINISHED"


def test_a_run_that_is_deleted_meanwhile(bench: Bench, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wait = f"import os, time\nwhile not os.path.exists({str(gate)!r}):\n    time.sleep(0.02)"
    job = bench.submit(READ, FIT, wait)
    until(lambda: bench.client.job(job.id).progress.current == 3, "it waits", patience=120)
    bench.mlflow.delete_run(bench.client.job(job.id).trial.run_id)
    gate.touch()
    trial = bench.ended(job)
    assert trial.run.info.lifecycle_stage == "deleted" and trial.inputs == {}


@pytest.mark.parametrize("image", ["studio/notebook:1", "studio/notebook:mlflow2"])
def test_in_a_container(bench: Bench, docker_engine: Engine, image: str) -> None:
    from studio_ext.adapters.docker_runner.images import DockerImages

    if DockerImages(docker_engine).inspect(image) is None:
        cannot_be_tried(f"{image} is not there: make images")
    secret = bench.folder.parent / "secret.csv"
    secret.write_text("a\n1\n")
    plant = f"""
import glob, json, os
(report,) = glob.glob('/opt/ml/attempts/*/reads.jsonl')
os.symlink({str(secret)!r}, 'planted.csv')
found = os.stat({str(secret)!r}) if os.path.exists({str(secret)!r}) else None
with open(report, 'a') as file:
    for path in ({str(secret)!r}, '/opt/ml/code/planted.csv'):
        size, mtime = {secret.stat().st_size}, {secret.stat().st_mtime_ns}
        file.write(json.dumps({{'read': path, 'size': size, 'mtime': mtime}}) + '\\n')
print(found)
"""
    trial = bench.run(READ, FIT, plant, runner="docker", image=image)
    assert trial.parameters["alpha"] == "0.5" and "training_r2_score" in trial.metrics
    csv = trial.inputs["data/houses.csv"]
    assert json.loads(csv.source) == {"uri": str(bench.folder / "data" / "houses.csv")}
    assert json.loads(csv.profile)["num_rows"] == 120
    for name in ("secret.csv", "planted.csv"):  # of files of this machine, the job learns nothing
        assert "sha256" not in json.loads(trial.inputs[name].profile)
    assert trial.tags["studio.image_id"].startswith("sha256:") and trial.tags["studio.python"].startswith("3.")
    launch = json.loads((Path(trial.job.directory) / "attempts" / "1" / "launch.json").read_text())
    assert launch["image_id"] == trial.tags["studio.image_id"]
