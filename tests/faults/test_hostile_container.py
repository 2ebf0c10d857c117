"""A job in a container that lays links to the machine wherever the controller looks: it reads and changes nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio_ext.core.states import FINAL
from studio_ext.testing.runner_suite import wait_for
from tests.integration import docker_images
from tests.integration.test_container_jobs import Submitter, client, submitter  # noqa: F401  # fixtures

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

SECRET = "the-secret-that-no-job-may-see"

# OUTSIDE: a folder of the machine, by the name that it has there. In the container the links lead nowhere.
HOSTILE = """
import os, pathlib, shutil, threading, time
import mlflow

with mlflow.start_run() as run:
    mlflow.log_metric("before", 1)
outside, job = OUTSIDE, pathlib.Path("/opt/ml")
attempt = job / "attempts" / "1"

def plant(place, target):
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(f"{outside}/{target}")

for name in PLANTS:
    plant(attempt / name, name)
for name in (".exit.json.tmp", ".result.json.tmp"):
    plant(attempt / name, "exit.json")
plant(job / "artifacts" / run.info.run_id, "folder")
plant(job / "output" / "environment" / "packages.txt", "secret")
plant(job / "output" / "link", "folder")
plant(job / "output" / "train.ipynb", "secret")
plant(job / "checkpoints", "folder")
plant(job / "evil", "folder")
# A call that wants an answer, which the controller gives while the job runs or after its end.
calls = attempt / "calls.jsonl"
size = 0 if calls.is_symlink() else calls.stat().st_size
threading.Thread(target=mlflow.search_runs, daemon=True).start()
while not calls.is_symlink() and calls.stat().st_size == size:
    time.sleep(0.01)
print("planted", flush=True)
"""
DIE = "os.kill(os.getpid(), 9)"
WHOLE = "plant(job / 'attempts', '')\nos._exit(1)"


@pytest.fixture(autouse=True)
def patience_with_engines() -> Iterator[None]:
    with docker_images.patient_with_engines():
        yield


def state(folder: Path) -> dict[str, object]:
    """Everything about a folder that a job could change."""
    found: dict[str, object] = {}
    for path in [folder, *sorted(folder.rglob("*"))]:
        seen = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (seen.st_mode, seen.st_uid, seen.st_gid, content)
    return found


@pytest.mark.parametrize(
    ("plants", "end"),
    [
        (["replies.jsonl"], DIE),
        (["calls.jsonl", "log.txt", "stop.json", "launch.json"], DIE),
        (["progress.jsonl", "result.json"], DIE),
        ([], WHOLE),
    ],
    ids=["answers", "calls", "progress", "all"],
)
def test_links_to_the_machine(submitter: Submitter, tmp_path: Path, plants: list[str], end: str) -> None:  # noqa: F811
    outside = tmp_path / "outside"
    (outside / "folder").mkdir(parents=True)
    (outside / "1").mkdir()
    for name in ("secret", "folder/MLmodel", "1/exit.json", *plants, "exit.json", "replies.jsonl"):
        (outside / name).write_text(f'{{"reason": "Completed", "message": "{SECRET}", "ended": 1.7e9}}\n')
    for path in outside.rglob("*"):
        path.chmod(0o750 if path.is_dir() else 0o640)
    before = state(outside)
    code = HOSTILE.replace("OUTSIDE", repr(str(outside))).replace("PLANTS", repr(plants))
    job = submitter.submit(submitter.notebook("print('begin')", code + end), runner="docker")
    wait_for(lambda: submitter.client.job(job.id).status in FINAL, 180)
    job = submitter.ended(job, 60)  # its trial is closed, whatever became of its journal
    assert state(outside) == before
    assert SECRET not in submitter.client.log(job.id).text
    assert SECRET not in job.model_dump_json()
    assert {"link", "evil"}.isdisjoint(each.name for each in submitter.client.files(job.id, ""))
    assert job.trial.run_id is not None
    trial = submitter.client.trial(job.trial.run_id)
    assert trial.status in ("FAILED", "FINISHED") and trial.metrics["before"] == 1.0
    for at, _, names in os.walk(submitter.client.workspace.home):
        for path in (Path(at, name) for name in names):
            with contextlib.suppress(FileNotFoundError):  # the controller goes on meanwhile
                assert path.is_symlink() or not path.is_file() or SECRET.encode() not in path.read_bytes(), path
