"""The log by ranges, and the files that people may see."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.jobs import JobDetail, JobStatus
from studio_ext.services import job_files
from studio_ext.services.job_files import list_files, read_log
from studio_ext.testing.sample_jobs import sample_job

pytestmark = pytest.mark.timeout(30)


@pytest.fixture
def job(tmp_path: Path) -> JobDetail:
    directory = tmp_path / "job"
    (directory / "attempts" / "1").mkdir(parents=True)
    return sample_job(directory=str(directory), status=JobStatus.Completed)


def log(job: JobDetail, data: bytes, attempt: int = 1) -> Path:
    path = Path(job.directory) / "attempts" / str(attempt) / "log.txt"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def whole(job: JobDetail, limit: int) -> str:
    text, offset = "", 0
    for _ in range(10_000):
        chunk = read_log(job, offset=offset, limit=limit, attempt=None)
        assert chunk.offset == offset
        text, offset = text + chunk.text, chunk.next_offset
        if chunk.complete:
            return text
    raise AssertionError("never complete")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=40), st.integers(-3, 12))
def test_chunks_of_any_size_make_the_whole_text(job: JobDetail, text: str, limit: int) -> None:
    log(job, text.encode())
    assert whole(job, limit) == text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=40), st.integers(1, 12))
def test_bytes_that_are_no_text(job: JobDetail, data: bytes, limit: int) -> None:
    log(job, data)
    assert whole(job, limit) == data.decode("utf-8", "replace")


def test_no_log_yet(job: JobDetail) -> None:
    chunk = read_log(job, offset=0, limit=10, attempt=None)
    assert (chunk.text, chunk.size, chunk.complete) == ("", 0, True)
    running = job.model_copy(update={"status": JobStatus.InProgress})
    assert not read_log(running, offset=0, limit=10, attempt=None).complete


def test_an_unfinished_character_waits_while_the_job_runs(job: JobDetail) -> None:
    path = log(job, b"a\xf0\x9f")
    running = job.model_copy(update={"status": JobStatus.InProgress})
    chunk = read_log(running, offset=0, limit=100, attempt=None)
    assert (chunk.text, chunk.next_offset) == ("a", 1)
    path.write_bytes(b"a\xf0\x9f\x98\x80")
    assert read_log(running, offset=1, limit=100, attempt=None).text == "😀"


def test_from_the_end(job: JobDetail) -> None:
    log(job, "aé😀b".encode())
    assert read_log(job, offset=-1, limit=100, attempt=None).text == "b"
    chunk = read_log(job, offset=-3, limit=100, attempt=None)
    assert (chunk.text, chunk.offset, chunk.complete) == ("b", 7, True)
    assert read_log(job, offset=-99, limit=100, attempt=None).text == "aé😀b"
    assert read_log(job, offset=99, limit=100, attempt=None).offset == 8


def test_a_chunk_is_bounded(job: JobDetail) -> None:
    log(job, b"x" * (job_files.MAX_CHUNK + 10))
    chunk = read_log(job, offset=0, limit=10**9, attempt=None)
    assert (len(chunk.text), chunk.complete) == (job_files.MAX_CHUNK, False)


def test_attempts(job: JobDetail) -> None:
    log(job, b"one", 1)
    log(job, b"two", 2)
    second = job.model_copy(update={"attempt": 2})
    assert read_log(second, offset=0, limit=9, attempt=None).text == "two"
    assert read_log(second, offset=0, limit=9, attempt=1).text == "one"
    for number in (0, 3, -1):
        with pytest.raises(NotFound, match="attempt"):
            read_log(second, offset=0, limit=9, attempt=number)


def test_a_log_that_the_job_replaced(job: JobDetail, tmp_path: Path) -> None:
    path = Path(job.directory) / "attempts" / "1" / "log.txt"
    for secret in (tmp_path / "secret", Path(job.directory) / "environment.json"):
        secret.write_text("secret")
        path.symlink_to(secret)
        assert read_log(job, offset=0, limit=9, attempt=None).text == ""
        path.unlink()
    os.mkfifo(path)
    assert read_log(job, offset=0, limit=9, attempt=None).text == ""
    path.unlink()
    path.parent.rename(tmp_path / "moved")
    (tmp_path / "moved" / "log.txt").write_text("secret")
    path.parent.symlink_to(tmp_path / "moved")
    assert read_log(job, offset=0, limit=9, attempt=None).text == ""


# -- files ----------------------------------------------------------------------------------------------------


def test_what_people_see(job: JobDetail, tmp_path: Path) -> None:
    directory = Path(job.directory)
    for name in ("job.json", "environment.json", ".hidden", "attempts/1/claim.json", "attempts/1/calls.jsonl"):
        (directory / name).write_text("private")
    (directory / "output").mkdir()
    (directory / "output" / "n.ipynb").write_text("{}")
    (directory / "a.txt").write_text("abc")
    (directory / "inside").symlink_to("a.txt")
    (directory / "secret").symlink_to("environment.json")
    (directory / "outside").symlink_to(tmp_path)
    (directory / "loop").symlink_to("loop")
    os.mkfifo(directory / "pipe")
    log(job, b"x")
    assert [each.name for each in list_files(job, "")] == ["attempts", "output", "a.txt", "inside"]
    assert [each.name for each in list_files(job, "attempts/1")] == ["log.txt"]
    (file,) = list_files(job, "output")
    assert (file.path, file.type, file.size_bytes) == ("output/n.ipynb", "file", 2)
    assert file.content_path == f"{job.id}/output/n.ipynb"


@pytest.mark.parametrize("path", ["missing", "a.txt", ".hidden", "job.json"])
def test_what_is_no_folder(job: JobDetail, path: str) -> None:
    (Path(job.directory) / "a.txt").touch()
    (Path(job.directory) / ".hidden").mkdir()
    with pytest.raises(NotFound):
        list_files(job, path)


@pytest.mark.parametrize("path", ["..", "output/../..", "/etc", "\\", "\0"])
def test_paths_that_lead_out(job: JobDetail, path: str) -> None:
    with pytest.raises(InvalidRequest):
        list_files(job, path)


def test_names_that_are_not_text_are_passed_by(job: JobDetail) -> None:
    Path(os.fsdecode(os.fsencode(job.directory) + b"/caf\xe9")).touch()
    (Path(job.directory) / "😀\n").touch()
    assert [each.name for each in list_files(job, "")] == ["attempts", "😀\n"]
