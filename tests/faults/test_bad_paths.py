"""Paths that try to leave the server's folder, through real HTTP: refused with the reason, and nothing is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from studio_ext.contract.errors import ErrorBody
from studio_ext.core.ids import new_id
from studio_ext.testing.live_server import FakeHostClient, LiveServer

SECRET = "the-secret-that-nobody-may-see"
JOB = new_id(1.0)
NOTEBOOK = {"cells": [], "metadata": {"note": SECRET}, "nbformat": 4, "nbformat_minor": 5}

# Written as they stand in JSON, or decoded once in an address. {up}: the folder above; {abs}: its absolute path.
CLIMBS = [
    "../secret/s.ipynb",
    "../../secret/s.ipynb",
    "a/../../secret/s.ipynb",
    "a/../../../secret/s.ipynb",
    "./../secret/s.ipynb",
    ".//..//secret/s.ipynb",
    "a/./../../secret/s.ipynb",
    "../root-secret/s.ipynb",
    "../root/../secret/s.ipynb",
    "../root/train.ipynb",
    "a/../train.ipynb",
    "..",
    "../",
    "a/..",
    "a/../..",
    "../../../../../../../../../../etc/passwd",
    "RTC:../secret/s.ipynb",
    "RTC:/etc/passwd",
    "RTC:RTC:../secret/s.ipynb",
    "rtc:../secret/s.ipynb",
    "{abs}/secret/s.ipynb",
    "/{abs}/secret/s.ipynb",
    "//{abs}/secret/s.ipynb",
    "{abs}/root/train.ipynb",
    "/etc/passwd",
    "//etc/passwd",
    "///etc/passwd",
    "/train.ipynb",
    "/proc/self/environ",
    "/dev/stdin",
    "..\\secret\\s.ipynb",
    "..\\..\\secret\\s.ipynb",
    "a\\..\\..\\secret\\s.ipynb",
    "\\secret\\s.ipynb",
    "\\\\server\\share\\s.ipynb",
    "..\\/secret/s.ipynb",
    "..\\../secret/s.ipynb",
    "C:\\secret\\s.ipynb",
    "C:/secret/s.ipynb",
    "C:secret/s.ipynb",
    "file:///etc/passwd",
    "file:{abs}/secret/s.ipynb",
    "http://127.0.0.1/s.ipynb",
    "Studio:" + JOB + "/job.json",
    "train.ipynb\0",
    "train.ipynb\0.txt",
    "../secret/s.ipynb\0.ipynb",
    "\0../secret/s.ipynb",
    "a/\0/../../secret/s.ipynb",
    "out/s.ipynb",
    "out",
    "out.ipynb",
    "a/out/s.ipynb",
    "relative.ipynb",
    "hop/s.ipynb",
    "dangling.ipynb",
    "circle.ipynb",
    "~/s.ipynb",
    "~root/s.ipynb",
    "$HOME/s.ipynb",
    "${{HOME}}/s.ipynb",
    "%2e%2e/secret/s.ipynb",
    "%2e%2e%2fsecret%2fs.ipynb",
    "..%2fsecret%2fs.ipynb",
    "..%5csecret%5cs.ipynb",
    "%252e%252e%252fsecret/s.ipynb",
    "..%c0%afsecret/s.ipynb",
    "\uff0e\uff0e/secret/s.ipynb",
    "..\uff0fsecret\uff0fs.ipynb",
    "\u2024\u2024/secret/s.ipynb",
    "..;/secret/s.ipynb",
    ".. /secret/s.ipynb",
    "...//secret/s.ipynb",
    "....//secret/s.ipynb",
    "../secret/s.ipynb?x=.ipynb",
    "../secret/s.ipynb#.ipynb",
    "x" * 256 + ".ipynb",
    "é" * 200 + ".ipynb",
    "a/" * 3000 + "train.ipynb",
    "",
    ".",
    "a",
    "pipe.ipynb",
]
# Sent over the wire exactly so, below contents/ and files/.
WIRE = [
    "../secret/s.ipynb",
    "%2e%2e/secret/s.ipynb",
    "%2E%2E/%2E%2E/secret/s.ipynb",
    "..%2fsecret%2fs.ipynb",
    "%2e%2e%2fsecret%2fs.ipynb",
    "%252e%252e%252fsecret",
    "..%5csecret%5cs.ipynb",
    "%2fetc%2fpasswd",
    "/etc/passwd",
    "//etc/passwd",
    "{job}/%2e%2e/%2e%2e/secret/s.ipynb",
    "{job}/../../../secret/s.ipynb",
    "{job}/output/%2e%2e/job.json",
    "{job}/job.json",
    "{job}/JOB.json",
    "{job}/./job.json",
    "{job}//job.json",
    "{job}/%6aob.json",
    "{job}/environment.json",
    "{job}/attempts/1/claim.json",
    "{job}/attempts/1/calls.jsonl",
    "{job}/.hidden",
    "{job}/code/.git/config",
    "{job}/output/to-environment.txt",
    "{job}/output/to-job/environment.json",
    "{job}/output/out/s.ipynb",
    "{job}/output/out.txt",
    "{job}/output/neighbour/job.json",
    "{job}/output/pipe.txt",
    "{job}/output/a.txt%00",
    "{job}/output/a.txt%00.ipynb",
    "{job}/output/%c0%ae%c0%ae/job.json",
    "{job}/output/%ff",
    "{job}%00/output/a.txt",
    "{job}/output/..%c0%afjob.json",
    "job-link/output/a.txt",
    "studio.db",
    "..%2fstudio.db",
    "{job}x/output/a.txt",
    "lost%2bfound",
    ".",
    "%2e",
    "{job}/output/" + "x" * 300,
    "{job}/" + "a/" * 3000,
]


def climbs(base: Path) -> list[str]:
    return [path.format(abs=base, up="..") for path in CLIMBS]


class Never(FakeHostClient):
    """Notes which notebooks it was asked to read."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def inspect(self, notebook):  # type: ignore[no-untyped-def]
        self.asked.append(notebook)
        return super().inspect(notebook)

    def submit(self, request):  # type: ignore[no-untyped-def]
        self.asked.append(request.notebook)
        return super().submit(request)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("paths")
    root, secret = base / "root", base / "secret"
    (root / "a").mkdir(parents=True)
    for folder in (secret, base / "root-secret"):
        folder.mkdir()
        (folder / "s.ipynb").write_text(json.dumps(NOTEBOOK))
    (root / "train.ipynb").write_text(json.dumps(NOTEBOOK))
    (root / "out").symlink_to(secret)
    (root / "a" / "out").symlink_to("../../secret")
    (root / "out.ipynb").symlink_to(secret / "s.ipynb")
    (root / "relative.ipynb").symlink_to("../secret/s.ipynb")
    (root / "hop").symlink_to(root / "out")
    (root / "dangling.ipynb").symlink_to(secret / "not-there.ipynb")
    (root / "circle.ipynb").symlink_to(root / "circle.ipynb")
    os.mkfifo(root / "pipe.ipynb")

    jobs = base / "home" / "jobs"
    job, other = jobs / JOB, jobs / new_id(2.0)
    for folder in (job / "output", job / "attempts" / "1", job / "code" / ".git", other):
        folder.mkdir(parents=True)
    (job / "output" / "a.txt").write_text("fine")
    for private in ("job.json", "environment.json", "attempts/1/claim.json", "attempts/1/calls.jsonl", ".hidden"):
        (job / private).write_text(SECRET)
    (job / "code" / ".git" / "config").write_text(SECRET)
    (other / "job.json").write_text(SECRET)
    (job / "output" / "out").symlink_to(secret)
    (job / "output" / "out.txt").symlink_to(secret / "s.ipynb")
    (job / "output" / "to-environment.txt").symlink_to("../environment.json")
    (job / "output" / "to-job").symlink_to("..")
    (job / "output" / "neighbour").symlink_to(other)
    os.mkfifo(job / "output" / "pipe.txt")
    (jobs / "job-link").symlink_to(job)
    (jobs.parent / "secret.txt").write_text(SECRET)
    return base


@pytest.fixture(scope="module")
def server(base: Path) -> Iterator[LiveServer]:
    with LiveServer(base / "root", base / "home", client=Never()) as live:
        yield live


def assert_refused(status: int, body: bytes, what: str) -> ErrorBody:
    assert 400 <= status < 500, f"{what!r}: {status} {body[:300]!r}"
    assert SECRET.encode() not in body, what
    error = ErrorBody.model_validate_json(body)
    assert error.message
    return error


@pytest.mark.parametrize("address", ["notebooks/inspect", "jobs"])
def test_notebooks_outside_the_root(server: LiveServer, base: Path, address: str) -> None:
    assert isinstance(server.client, Never)
    with server.session() as session:
        for path in climbs(base):
            reply = session.post(address, content=json.dumps({"notebook": path}))
            error = assert_refused(reply.status_code, reply.content, path)
            assert [each.field for each in error.fields] == ["notebook"], path
            assert str(base) not in error.message.replace(path, ""), "the refusal tells where things lie"
    assert server.client.asked == []


def test_lone_surrogates_are_not_text(server: LiveServer) -> None:
    status, body = server.raw("POST", "notebooks/inspect", b'{"notebook": "\\ud800.ipynb"}')
    assert_refused(status, body, "a lone surrogate")


def test_good_paths_reach_the_client_cleaned(server: LiveServer) -> None:
    assert isinstance(server.client, Never)
    server.client.asked.clear()
    with server.session() as session:
        for path in ("train.ipynb", "RTC:train.ipynb", "./train.ipynb", ".//train.ipynb"):
            assert session.post("notebooks/inspect", json={"notebook": path}).status_code == 200, path
    assert server.client.asked == ["train.ipynb"] * 4


@pytest.mark.parametrize("drive", ["contents/", "files/"])
def test_the_drive_shows_job_directories_only(server: LiveServer, base: Path, drive: str) -> None:
    targets = [path.format(job=JOB) for path in WIRE]
    targets += [quote(path, safe="/") for path in climbs(base) if path not in ("", ".")]
    targets += [f"{JOB}/" + quote(path, safe="/") for path in climbs(base) if path not in ("", ".", "a")]
    for target in targets:
        if drive == "contents/" and target in (".", "%2e"):
            continue  # The root of the drive, which may be shown.
        status, body = server.raw("GET", drive + target)
        assert_refused(status, body, drive + target)


def test_what_is_refused_is_not_listed(server: LiveServer) -> None:
    with server.session() as session:
        names = {entry["name"] for entry in session.get(f"contents/{JOB}/output").json()["content"]}
        assert names == {"a.txt", "to-job"}
        top = {entry["name"] for entry in session.get(f"contents/{JOB}").json()["content"]}
        assert top == {"output", "attempts", "code"}
        assert {entry["name"] for entry in session.get("contents").json()["content"]} >= {JOB}
        assert "job-link" not in session.get("contents").text
        assert session.get(f"files/{JOB}/output/a.txt").content == b"fine"


def test_the_corpus_is_large_enough() -> None:
    assert len(set(CLIMBS)) + len(set(WIRE)) >= 60
