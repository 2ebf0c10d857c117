"""From a kernel's report to what a trial says of data."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.jobs import Container, ContainerProfile, JobDetail, Snapshot
from studio_ext.ports.tracking import DataInput
from studio_ext.services import data_inputs as module
from studio_ext.services.data_inputs import data_inputs, has_reads
from studio_ext.services.fingerprint import Fingerprint, TooLate, fingerprint
from studio_ext.testing.sample_jobs import sample_job

CSV = b"a,b\n1,2\n3,4\n"


class Attempt:
    def __init__(self, base: Path, container: bool = False, links: list[str] | None = None) -> None:
        self.directory = base / "jobs" / "x"
        self.folder = base / "work"
        (self.directory / "attempts" / "1").mkdir(parents=True)
        (self.directory / "code").mkdir()
        self.folder.mkdir()
        environment = sample_job().environment
        if container:
            given = Container(image="x:1", profile=ContainerProfile.notebook)
            environment = environment.model_copy(update={"container": given})
        snapshot = Snapshot(source=str(self.folder), files=1, size_bytes=1)
        self.job: JobDetail = sample_job(directory=str(self.directory), snapshot=snapshot, environment=environment)
        self.seen = Path("/opt/ml") if container else self.directory
        launch = {"job_dir": "/opt/ml"} if container else {}
        (self.directory / "attempts" / "1" / "launch.json").write_text(json.dumps(launch))
        (self.directory / "job.json").write_text(json.dumps({"links": links or []}))

    def read(self, path: Path, real: Path | None = None, **more: Any) -> None:
        found = (real or path).stat()
        self.note({"read": str(path), "size": found.st_size, "mtime": found.st_mtime_ns} | more)

    def note(self, line: Mapping[str, Any]) -> None:
        with (self.directory / "attempts" / "1" / "reads.jsonl").open("a") as file:
            file.write(json.dumps(line) + "\n")

    def inputs(self) -> list[DataInput]:
        return data_inputs(self.job)[0]


def test_a_file_of_the_notebooks_folder(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    assert not has_reads(attempt.job)
    (attempt.directory / "code" / "data").mkdir()
    copy = attempt.directory / "code" / "data" / "x.csv"
    copy.write_bytes(CSV)
    attempt.read(copy)
    assert has_reads(attempt.job)
    (found,) = attempt.inputs()
    digest = hashlib.sha256(CSV).hexdigest()
    assert (found.name, found.kind, found.source) == ("data/x.csv", "local", str(attempt.folder / "data" / "x.csv"))
    assert found.digest == digest[:16]
    assert found.profile == {"size_bytes": 12, "sha256": digest, "num_rows": 2, "num_columns": 2, "num_elements": 4}


def test_one_that_was_changed_since_has_no_hash(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    copy = attempt.directory / "code" / "x.csv"
    copy.write_bytes(CSV)
    attempt.read(copy)
    copy.write_bytes(CSV + b"5,6\n")
    (found,) = attempt.inputs()
    assert "sha256" not in found.profile and found.profile["size_bytes"] == len(CSV)
    assert found.digest.startswith("c-") and len(found.digest) <= 36


def test_large_ones_are_told_by_size_and_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = Attempt(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(b"x" * 10)
        attempt.read(tmp_path / name)
    monkeypatch.setattr(module, "MOST_BYTES", 25)
    assert ["sha256" in each.profile for each in attempt.inputs()] == [True, True, False]
    monkeypatch.setattr(module, "LARGEST_FILE", 9)
    assert ["sha256" in each.profile for each in attempt.inputs()] == [False] * 3
    monkeypatch.undo()
    monkeypatch.setattr(module, "SECONDS", -1.0)
    assert ["sha256" in each.profile for each in attempt.inputs()] == [False] * 3


def test_links_of_the_snapshot_lead_to_the_persons_file(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    (attempt.folder / "big").mkdir()
    (attempt.folder / "big" / "x.csv").write_bytes(CSV)
    (attempt.directory / "code" / "big").symlink_to(attempt.folder / "big")
    attempt.read(attempt.directory / "code" / "big" / "x.csv")
    (found,) = attempt.inputs()
    assert (found.source, found.profile["num_rows"]) == (str(attempt.folder / "big" / "x.csv"), 2)


def test_a_container_sees_its_own_places_only(tmp_path: Path) -> None:
    work = tmp_path / "work"
    attempt = Attempt(tmp_path, container=True, links=[str(work / "big")])
    secret = tmp_path / "secret.csv"
    secret.write_bytes(CSV)
    (work / "big").mkdir()
    (work / "big" / "x.csv").write_bytes(CSV)
    (work / "bigger").mkdir()
    (work / "bigger" / "x.csv").write_bytes(CSV)
    code = attempt.directory / "code"
    (code / "own.csv").write_bytes(CSV)
    (code / "big").symlink_to(work / "big")
    for name, target in (
        ("planted.csv", secret), ("planted", tmp_path), ("near", work / "bigger"), ("up", work / "big" / ".." / ".."),
        ("relative", Path("../../..")),
    ):  # fmt: skip
        (code / name).symlink_to(target)
    seen = Path("/opt/ml/code")
    attempt.read(seen / "own.csv", code / "own.csv")
    attempt.read(seen / "big" / "x.csv", work / "big" / "x.csv")
    for name in ("planted.csv", "planted/secret.csv", "near/x.csv", "up/secret.csv", "relative/secret.csv"):
        attempt.read(seen / name, secret)
    attempt.read(secret)
    found = {each.name: "sha256" in each.profile for each in attempt.inputs()}
    assert {name for name, is_hashed in found.items() if is_hashed} == {"own.csv", "big/x.csv"}
    assert len(found) == 8


def test_a_link_to_a_folder_around_the_workspace_was_not_mounted(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path, container=True, links=[str(tmp_path)])
    (tmp_path / "secret.csv").write_bytes(CSV)
    (attempt.directory / "code" / "home").symlink_to(tmp_path)
    attempt.read(Path("/opt/ml/code/home/secret.csv"), tmp_path / "secret.csv")
    assert "sha256" not in attempt.inputs()[0].profile


def test_pipes_devices_and_what_is_gone(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    attempt.read(tmp_path / "pipe")
    attempt.note({"read": "/dev/zero", "size": 0, "mtime": 0})
    attempt.note({"read": str(tmp_path / "gone"), "size": 5, "mtime": 7})
    assert [("sha256" in each.profile, each.digest) for each in attempt.inputs()][2] == (False, "5-7")


def test_many_files_are_folders_and_addresses_have_their_place(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path)
    images = attempt.directory / "code" / "images"
    images.mkdir()
    for number in range(150):
        (images / str(number)).write_bytes(b"x")
        attempt.read(images / str(number))
    attempt.note({"uri": "https://h/data.csv?x=1", "etag": '"v1-abc"'})
    attempt.note({"uri": "s3://bucket/key.parquet"})
    attempt.note({"more": True})
    found, has_more = data_inputs(attempt.job)
    assert has_more
    folder, page, key = found
    assert (folder.name, folder.source) == ("images/", str(attempt.folder / "images"))
    assert folder.profile == {"num_files": 150, "size_bytes": 150}
    assert (page.name, page.kind, page.digest) == ("data.csv", "http", "v1-abc")
    assert (key.kind, key.source, len(key.digest)) == ("s3", "s3://bucket/key.parquet", 16)


@pytest.mark.parametrize(
    ("name", "data", "rows", "columns"),
    [
        ("a.csv", CSV, 2, 2), ("a.csv", CSV[:-1], 2, 2), ("a.CSV", b"1,2\n3,4\n", 2, 2), ("a.csv", b"", 0, None),
        ("a.csv", b'a,b\n"x\ny",1\n"say ""hi""\n",2\n', 2, 2), ("a.csv", b'a,"b\n', None, None),
        ("a.csv", b"a\n", 0, 1), ("a.csv", b"\xff\xfe\n\n", 1, 1),
        ("a.tsv", b"a\tb,c\n1\t2\n", 1, 2), ("a.jsonl", b"{}\n{}\n{}", 3, None), ("a.ndjson", b"", 0, None),
        ("a.txt", CSV, None, None), ("a.csv.gz", CSV, None, None), ("a.parquet", b"no parquet", None, None),
        ("a.parquet", b"", None, None), ("a.parquet", b"\xff\xff\xff\xffPAR1", None, None),
    ],
)  # fmt: skip
def test_rows_and_columns(tmp_path: Path, name: str, data: bytes, rows: int | None, columns: int | None) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with path.open("rb") as file:
        found = fingerprint(file.fileno(), name, time.monotonic() + 60)
    assert found == Fingerprint(hashlib.sha256(data).hexdigest(), rows, columns)


def test_quotes_over_the_ends_of_pieces(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    row = b'1,"' + b"line\n" * 50 + b'"\n'
    path.write_bytes(b"a,b\n" + row * 20_000)
    with path.open("rb") as file:
        assert fingerprint(file.fileno(), "a.csv", time.monotonic() + 60).rows == 20_000
        with pytest.raises(TooLate):
            fingerprint(file.fileno(), "a.csv", time.monotonic() - 1)
