"""What a job lays in the place of the files that it shares with the controller leads nobody out of its directory.

The job directory is the only thing that a job in a container can write to, and the controller works in it with the
rights of the person: whatever it opens there may be a link, a pipe or a device by now.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.contents_view import ContentsView
from studio_ext.adapters.mlflow_backend import get, open_backend
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.adapters.process_runner import ProcessRunner
from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.contract.jobs import JobStatus
from studio_ext.core.ids import new_id
from studio_ext.ports.runner import AttemptState, Launch, Observation
from studio_ext.ports.tracking import RunHandle, RunStart
from studio_ext.services.job_files import list_files, read_log
from studio_ext.testing.jobs import make_job_directory
from studio_ext.testing.recorded_job import RecordedJob
from studio_ext.testing.sample_jobs import sample_job
from studio_ext.worker import container, records

# A pipe that somebody waits at would show as a test that does not end.
pytestmark = [pytest.mark.fault, pytest.mark.timeout(60)]

SECRET = "the-secret-that-no-job-may-see"
NAME = "a-name-that-no-job-may-see"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder of the person with files of every kind that is looked for."""
    folder = tmp_path / "outside"
    (folder / "1").mkdir(parents=True)
    (folder / NAME).write_text(SECRET)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- what the relay opens


class Recorded:
    """A store, and a job whose inner end is the test: it writes the job's files itself."""

    def __init__(self, home: Path) -> None:
        self.home = home
        uri = f"sqlite:///{home}/mlflow.db"
        self.artifacts = home / "artifacts"
        self.tracking = MlflowTracking(uri, self.artifacts)
        self.relay = MlflowRelay(uri, self.artifacts)
        self.backend = open_backend(uri, self.artifacts)

    def job(self) -> RecordedJob:
        job_id = new_id(time.time())
        run = self.tracking.start_run(job_id, RunStart("e", job_id, time.time(), "ada", {}, {}))
        job = RecordedJob(self.relay, job_id, self.home / "jobs" / job_id, run)
        (job.directory / "artifacts").mkdir()
        return job

    def stored(self, run: RunHandle) -> dict[str, bytes]:
        folder = Path(run.artifact_uri)
        return content(folder) if folder.exists() else {}

    def metrics(self, run: RunHandle) -> dict[str, float]:
        found = get(self.backend, "runs/get", run_id=run.run_id).json()["run"]["data"].get("metrics", [])
        return {each["key"]: each["value"] for each in found}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    recorded = Recorded(tmp_path_factory.mktemp("recorded"))
    yield recorded
    recorded.backend.close()


def line(number: int, name: str, method: str = "GET", **fields: Any) -> bytes:
    """A call as the relay's inner end writes it, or user code in its place."""
    from urllib.parse import urlencode

    path, body = f"/api/2.0/mlflow/{name}", ""
    if method == "GET":
        path += f"?{urlencode(fields)}"
    else:
        body = json.dumps(fields)
    call = {"i": number, "wb": method == "POST", "t": 1.0, "m": method, "p": path, "b": body, "ct": "application/json"}
    return json.dumps(call).encode() + b"\n"


def metric(number: int, run: RunHandle, key: str) -> bytes:
    return line(number, "runs/log-metric", "POST", run_id=run.run_id, key=key, value=1, timestamp=1, step=0)


def ask(job: RecordedJob, name: str, **fields: Any) -> dict[str, Any]:
    """Append a call, let the controller answer it, and read the answer."""
    with (job.folder / "calls.jsonl").open("ab") as file:
        file.write(line(len(answers(job)) + 1, name, **fields))
    assert job.pump() == 1
    return json.loads(answers(job)[-1]["b"])


def answers(job: RecordedJob) -> list[dict[str, Any]]:
    path = job.folder / "replies.jsonl"
    return [json.loads(each) for each in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize("opened_before", [False, True])
def test_answers_are_not_written_through_a_link(recorded: Recorded, outside: Path, opened_before: bool) -> None:
    job, precious = recorded.job(), outside / NAME
    if opened_before:
        ask(job, "runs/get", run_id=job.run.run_id)
        (job.folder / "replies.jsonl").unlink()
    (job.folder / "replies.jsonl").symlink_to(precious)
    with (job.folder / "calls.jsonl").open("ab") as file:
        file.write(line(2, "runs/get", run_id=job.run.run_id))
    with pytest.raises(StudioError, match="something else") as refused:
        job.pump()
    assert not isinstance(refused.value, Unavailable), "the store is not away: the trial is closed all the same"
    recorded.relay.close()  # as when the controller starts again: it cuts off what is half written
    with pytest.raises(StudioError, match="something else"):
        job.pump()
    assert precious.read_text() == SECRET


def test_a_folder_of_records_that_is_a_link(recorded: Recorded, outside: Path) -> None:
    job = recorded.job()
    (outside / "1" / "calls.jsonl").write_bytes(metric(1, job.run, "taken"))
    (outside / "1" / "replies.jsonl").write_text(SECRET)
    before = content(outside)
    for place, target in ((job.folder, outside / "1"), (job.folder.parent, outside)):
        place.rename(place.with_name("moved"))
        place.symlink_to(target)
        assert job.pump() == 0
        recorded.relay.close()
        assert content(outside) == before
    assert recorded.metrics(job.run) == {}


def test_calls_that_lie_elsewhere_are_not_made(recorded: Recorded, outside: Path) -> None:
    job = recorded.job()
    (outside / "calls.jsonl").write_bytes(metric(1, job.run, "of-another"))
    (job.folder / "calls.jsonl").symlink_to(outside / "calls.jsonl")
    assert job.pump() == 0
    (job.folder / "calls.jsonl").unlink()
    (job.folder / "calls.jsonl").write_bytes(metric(1, job.run, "own"))
    assert job.pump() == 1
    assert recorded.metrics(job.run) == {"own": 1.0}


@pytest.mark.parametrize("name", ["calls.jsonl", "replies.jsonl", "launch.json"])
def test_nobody_waits_at_a_pipe(recorded: Recorded, name: str) -> None:
    job = recorded.job()
    (job.folder / "calls.jsonl").write_bytes(line(1, "runs/get", run_id=job.run.run_id))
    (job.folder / name).unlink(missing_ok=True)
    os.mkfifo(job.folder / name)
    if name == "replies.jsonl":
        with pytest.raises(StudioError, match="something else"):
            job.pump()
    else:
        job.pump()
    # The journal of another job goes on.
    other = recorded.job()
    assert ask(other, "runs/get", run_id=other.run.run_id)["run"]["info"]["run_id"] == other.run.run_id


def test_a_line_that_never_ends_properly_does_not_stop_the_journal(recorded: Recorded) -> None:
    job = recorded.job()
    odd = [b"half\rline\n", b"[" * 100_000 + b"\n", b"\0\xff\n", b'{"i": 1e999}\n', b"\n"]
    (job.folder / "calls.jsonl").write_bytes(b"".join(odd) + metric(6, job.run, "after"))
    assert job.pump() == 6
    assert recorded.metrics(job.run) == {"after": 1.0}


def test_half_a_character_does_not_stop_the_journal(recorded: Recorded) -> None:
    job = recorded.job()
    half = line(1, "runs/set-tag", "POST", run_id=job.run.run_id, key="k", value="a\ud800b")
    (job.folder / "calls.jsonl").write_bytes(half + metric(2, job.run, "after"))
    assert job.pump() == 2
    assert recorded.metrics(job.run) == {"after": 1.0}
    tags = get(recorded.backend, "runs/get", run_id=job.run.run_id).json()["run"]["data"]["tags"]
    assert {"key": "k", "value": "a?b"} in tags


def lay_artifacts(job: RecordedJob, outside: Path) -> Path:
    """Artefacts of a job: some real, and every way to point elsewhere."""
    own = job.directory / "artifacts" / job.run.run_id
    (own / "deep").mkdir(parents=True)
    (own / "fine.txt").write_text("fine")
    (own / "deep" / "fine.txt").write_text("fine too")
    (own / "link.txt").symlink_to(outside / NAME)
    (own / "deep" / "link").symlink_to(outside)
    (own / "device").symlink_to("/dev/zero")
    (own / "circle").symlink_to("circle")
    os.mkfifo(own / "pipe")
    if os.geteuid() == 0:
        os.mknod(own / "null", 0o020600, os.makedev(1, 3))
    (own / "evil.tar").write_bytes(b"../../../escaped.txt")
    return own


def test_links_among_artefacts_are_neither_listed_nor_moved(recorded: Recorded, outside: Path) -> None:
    job = recorded.job()
    lay_artifacts(job, outside)
    (outside / "MLmodel").write_text(f"artifact_path: {job.directory}/artifacts/{job.run.run_id}/model\n")
    before = content(outside)
    assert [each["path"] for each in ask(job, "artifacts/list", run_id=job.run.run_id)["files"]] == [
        "deep", "evil.tar", "fine.txt",
    ]  # fmt: skip
    for path in ("deep/link", "deep/link/1", "link.txt", "..", "deep/../..", f"../{job.run.run_id}", "/", "//etc"):
        listed = ask(job, "artifacts/list", run_id=job.run.run_id, path=path)
        assert listed.get("files", []) == [], path
    job.finish()
    assert set(recorded.stored(job.run)) == {"fine.txt", "deep/fine.txt", "evil.tar"}
    assert not any(path.is_symlink() for path in Path(job.run.artifact_uri).rglob("*"))
    assert content(outside) == before


@pytest.mark.parametrize("place", ["artifacts", "run"])
def test_artefacts_that_are_a_link_as_a_whole(recorded: Recorded, outside: Path, place: str) -> None:
    job = recorded.job()
    target = outside / job.run.run_id
    target.mkdir()
    (target / "MLmodel").write_text(f"artifact_path: {job.directory}/artifacts/{job.run.run_id}/model\n")
    (target / NAME).write_text(SECRET)
    before = content(outside)
    whole = job.directory / "artifacts"
    if place == "artifacts":
        whole.rmdir()
        whole.symlink_to(outside)
    else:
        (whole / job.run.run_id).symlink_to(target)
    assert ask(job, "artifacts/list", run_id=job.run.run_id)["files"] == []
    job.finish()
    assert content(outside) == before
    assert recorded.stored(job.run) == {}


# ---- what runners open


def _made(path: Path) -> Path:
    path.touch()
    return path


PLANTS: dict[str, Callable[[Path, Path], None]] = {
    "link": lambda place, outside: place.symlink_to(outside / "record.json"),
    "pipe": lambda place, _: os.mkfifo(place),
    "folder": lambda place, _: place.mkdir(),
    "device": lambda place, _: place.symlink_to("/dev/zero"),
    "huge": lambda place, _: os.truncate(_made(place), 1 << 40),
}
FOREIGN_END = {"reason": "Completed", "message": SECRET, "ended": 1.7e9, "attempt": 1, "code": 0}


def look_long(cache: Path, launch: Launch) -> Observation:
    """What is seen of an attempt when a claim that says nothing has had the time to be finished."""
    runner = ProcessRunner(cache)
    deadline = time.monotonic() + 5
    while (seen := runner.observe(launch)).state is AttemptState.starting and time.monotonic() < deadline:
        time.sleep(0.05)
    return seen


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", ["exit.json", "result.json", "progress.jsonl", "claim.json", "stop.json"])
def test_records_are_files(tmp_path: Path, outside: Path, name: str, plant: str) -> None:
    (outside / "record.json").write_text(json.dumps(FOREIGN_END) + "\n")
    launch = make_job_directory(tmp_path, ["1"])
    files = records.AttemptFiles(launch.directory, 1)
    files.directory.mkdir()
    if name != "claim.json":
        claim = {"pid": 4_000_000, "start_time": 1, "boot_id": "gone", "attempt": 1, "runtime": "", "cgroups": []}
        files.claim.write_text(json.dumps(claim))
    PLANTS[plant](files.directory / name, outside)
    before = content(outside)
    seen = look_long(tmp_path, launch)
    assert SECRET not in repr(seen)
    if name != "claim.json" or plant in ("link", "huge"):
        assert seen.state is AttemptState.ended, "an attempt whose supervisor is gone has ended, whatever lies there"
    assert content(outside) == before


def test_the_end_is_not_written_through_a_link(tmp_path: Path, outside: Path) -> None:
    launch = make_job_directory(tmp_path, ["1"])
    files = records.AttemptFiles(launch.directory, 1)
    files.directory.mkdir()
    before = content(outside)
    files.spare(files.exit).symlink_to(outside / NAME)
    evidence.write_end(files, evidence.Ended(evidence.checked(FOREIGN_END).exit, 1.0))  # type: ignore[union-attr]
    files.spare(files.exit).unlink(missing_ok=True)
    spare = files.directory / f"{records.SPARE_PREFIX}{os.getpid()}-{threading.get_ident():x}.tmp"
    spare.symlink_to(outside / NAME)
    with pytest.raises(OSError):
        records.write(files.stop, b"{}")
    files.directory.rename(files.directory.with_name("moved"))
    files.directory.symlink_to(outside)
    for write in (lambda: records.write(files.stop, b"{}"), lambda: files.finish(files.exit, FOREIGN_END)):
        with pytest.raises(OSError):
            write()
    assert content(outside) == before


def test_what_the_runner_removes_was_made_by_a_supervisor(tmp_path: Path, outside: Path) -> None:
    """The claim names what is to be removed after a kill; user code can write it."""
    precious = outside / "studio-thesis"
    precious.mkdir()
    (precious / NAME).write_text(SECRET)
    for claim in ({"runtime": str(precious)}, {"cgroups": [str(precious)]}):
        launch = make_job_directory(tmp_path, ["1"])
        files = records.AttemptFiles(launch.directory, 1)
        files.directory.mkdir()
        whole = {"pid": 4_000_000, "start_time": 1, "boot_id": "gone", "attempt": 1, "runtime": "", "cgroups": []}
        files.claim.write_text(json.dumps(whole | claim))
        assert look_long(tmp_path, launch).state is AttemptState.ended
        assert (precious / NAME).read_text() == SECRET


def test_only_what_lies_in_the_job_directory_is_handed_back(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The controller does it as root where it is root: through a link it would give away the machine."""
    directory = make_job_directory(tmp_path / "jobs", ["1"]).directory
    (directory / "evil").symlink_to(outside)
    (directory / "output" / "evil").symlink_to(outside)
    (directory / "output" / "fine.txt").touch()
    given: set[str] = set()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "lchown", lambda path, *_: given.add(str(path)))
    real = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: os.stat_result((*real(path)[:4], 4711, 4711, *real(path)[6:10])))
    container.give_back(directory)
    assert f"{directory}/output/fine.txt" in given and f"{directory}/evil" in given
    assert all(Path(path).is_relative_to(directory) and "evil/" not in path for path in given)


# ---- what people are shown, while the job swaps it


def test_links_that_come_and_go_show_nothing(tmp_path: Path, outside: Path) -> None:
    """The job swaps folders and files for links as fast as it can; whoever reads sees its own, or nothing."""
    job_id = new_id(1.0)
    directory = tmp_path / "jobs" / job_id
    output, attempt = directory / "output", directory / "attempts" / "1"
    for folder in (output, attempt):
        folder.mkdir(parents=True)
    for place in (output / "a.txt", attempt / "log.txt"):
        place.write_text("fine")
    for name in ("a.txt", "log.txt"):
        (outside / name).write_text(SECRET * 10)
    stopped, job = threading.Event(), sample_job(id=job_id, directory=str(directory), status=JobStatus.InProgress)

    def swap() -> None:
        while not stopped.is_set():
            for place in (output, attempt, output / "a.txt", attempt / "log.txt"):
                aside = place.with_name("aside")
                place.rename(aside)
                place.symlink_to(outside / place.name if aside.is_file() else outside)
                place.unlink()
                aside.rename(place)

    view, seen, sizes = ContentsView(tmp_path / "jobs"), set(), set()
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            for look in (
                lambda: view.get(f"{job_id}/output/a.txt")["content"],
                lambda: b"".join(download(view, f"{job_id}/output/a.txt")).decode(),
                lambda: read_log(job, offset=0, limit=1000, attempt=None).text,
            ):
                try:
                    seen.add(look())
                except StudioError:
                    continue
            for models in (
                lambda: [(each["name"], each["size"]) for each in view.get(f"{job_id}/output")["content"]],
                lambda: [("a.txt", view.get(f"{job_id}/output/a.txt", content=False)["size"])],
                lambda: [(each.name, each.size_bytes) for each in list_files(job, "output")],
            ):
                try:
                    sizes |= set(models())
                except StudioError:
                    continue
    finally:
        stopped.set()
        swapper.join()
    assert "fine" in seen and seen <= {"fine", ""}
    assert ("a.txt", 4) in sizes and sizes <= {("a.txt", 4), ("aside", 4)}


def download(view: ContentsView, path: str) -> list[bytes]:
    with view.open(path) as opened:
        return list(opened.chunks)
