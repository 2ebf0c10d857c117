"""MLflow's client as it comes, in a process that knows nothing of us, reads all that a tracker recorded."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import studio_ext as studio
from studio_ext.core.workspace import Workspace
from tests.integration.recording import recording_workspace

pytestmark = [pytest.mark.timeout(300), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

PLAIN = """
import json, sys
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag
uri, run_id, folder = sys.argv[1:]
client = MlflowClient(uri)
# It adds to what is there as well: a data set, as mlflow.log_input would.
data = Dataset(name="houses", digest="d1", source_type="local", source=json.dumps({"uri": "houses.csv"}))
client.log_inputs(run_id, [DatasetInput(data, [InputTag("mlflow.data.context", "training")])])
run = client.get_run(run_id)
def files(path=None):
    for each in client.list_artifacts(run_id, path):
        if each.is_dir:
            yield from files(each.path)
        else:
            yield each.path
answer = {
    "experiment": client.get_experiment(run.info.experiment_id).name,
    "info": [run.info.run_name, run.info.status, run.info.start_time, run.info.end_time],
    "parameters": run.data.params,
    "tags": run.data.tags,
    "last": {key: repr(value) for key, value in run.data.metrics.items()},
    "histories": {
        key: [[each.step, each.timestamp, repr(each.value)] for each in client.get_metric_history(run_id, key)]
        for key in run.data.metrics
    },
    "files": {path: open(client.download_artifacts(run_id, path, folder)).read() for path in files()},
    "data": [[each.dataset.name, each.dataset.digest, each.tags[0].value] for each in run.inputs.dataset_inputs],
    "found": [each.info.run_id for each in client.search_runs([run.info.experiment_id], "params.depth = '8'")],
    "ours": sorted(name for name in sys.modules if name.startswith("studio_ext")),
}
print(json.dumps(answer))
"""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    with recording_workspace(tmp_path / "studio") as workspace:
        yield workspace


def test_a_plain_client_reads_all_of_it(home: Workspace, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    numbers = [1.5, math.nan, math.inf, -math.inf, 1e308, 2.0]
    with studio.Tracker.create("🙂 first", experiment_name="plain/one: ü", tags={"team": "red"}) as tracker:
        tracker.log_parameters({"depth": 8, "text": "é" * 6000, "a/b c:d": "x"})
        for step, number in enumerate(numbers):
            tracker.log_metric("loss/train", number, step=10 - step, timestamp=1_700_000_000 + step)
        tracker.log_input("raw", "s3://bucket/raw.csv", "text/csv")
        tracker.log_output("model", "s3://bucket/model")
        tracker.log_artifact(tmp_path / "notes.txt", "deep/er/notes.txt")
        tracker.log_table("scores", {"a": [1]})
        with pytest.warns(UserWarning, match="logged as '8' before"):
            tracker.log_parameter("depth", 9)
        tracker.flush(applied=True, timeout=120)
    assert studio.TrialComponent.load(tracker.run_id).status.primary_status == "Completed"

    (tmp_path / "got").mkdir()
    command = [sys.executable, "-W", "ignore", "-c", PLAIN, home.tracking_uri, tracker.run_id, str(tmp_path / "got")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120)
    assert done.returncode == 0, done.stderr
    read: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert read["ours"] == []
    assert read["experiment"] == "plain/one: ü"
    assert read["info"][:2] == ["🙂 first", "FINISHED"]
    assert read["info"][2] <= read["info"][3]
    assert read["parameters"] == {"depth": "8", "text": "é" * 6000, "a/b c:d": "x"}
    largest = "1.7976931348623157e+308"  # what MLflow's databases keep for infinity
    history = [[10, "1.5"], [9, "nan"], [8, largest], [7, f"-{largest}"], [6, "1e+308"], [5, "2.0"]]
    expected = [[step, 1_700_000_000_000 + 1000 * (10 - step), text] for step, text in history]
    assert sorted(read["histories"]["loss/train"]) == sorted(expected)
    assert read["last"] == {"loss/train": "1.5"}  # of the highest step
    tags = read["tags"]
    assert tags["team"] == "red"
    assert tags["tracker.input.raw"] == "s3://bucket/raw.csv"
    assert tags["tracker.input_media_type.raw"] == "text/csv"
    assert tags["tracker.output.model"] == "s3://bucket/model"
    assert tags["tracker.parameter.depth"] == "9"
    assert set(read["files"]) == {"deep/er/notes.txt", "graphs/scores.json"}
    assert read["files"]["deep/er/notes.txt"] == "hello"
    assert json.loads(read["files"]["graphs/scores.json"])["type"] == "Table"
    assert read["data"] == [["houses", "d1", "training"]]
    assert read["found"] == [tracker.run_id]
