"""Each part of what differs between two trials, over runs in memory; repositories and job directories are real."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.ports.tracking import DataInput
from studio_ext.services.trial_diff import code as code_module
from studio_ext.services.trial_diff import notebooks as notebooks_module
from tests.unit.services.trial_diff.records import MemoryRuns

HOSTILE = "<img src=x onerror=alert(1)>\x1b]0;title\x07"


def notebook(*sources: str) -> str:
    return json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": source} for source in sources]})


def told(diff: TrialDiff) -> tuple[str, str]:
    return diff.state, diff.message


class TestNotebooks:
    def test_cells_that_differ_are_counted(self, runs: MemoryRuns) -> None:
        runs.add("a", {"notebook/train.ipynb": notebook("import os", "rate = 1", "plot()")})
        runs.add("b", {"notebook/train.ipynb": notebook("import os", "rate = 2", "plot()", "save()")})
        diff = runs.diff(DiffPart.notebook)
        assert told(diff) == ("different", "2 cells differ; the outputs are the same.")
        assert diff.notebook is not None and diff.notebook.changed == 2
        assert diff.first.name == "name of a" and diff.second.experiment == "known"

    def test_the_same(self, runs: MemoryRuns) -> None:
        for run in "ab":
            runs.add(run, {"notebook/x.ipynb": notebook("import os")})
        assert told(runs.diff(DiffPart.notebook)) == ("same", "The notebooks are the same.")

    def test_none_is_recorded(self, runs: MemoryRuns) -> None:
        runs.add("a", {"notebook/x.ipynb": notebook("import os")})
        runs.add("b")
        diff = runs.diff(DiffPart.notebook)
        assert told(diff) == ("unknown", "No notebook is recorded for name of b.")
        assert diff.notebook is None and "run it as a job" in diff.hint

    @pytest.mark.parametrize("content", [b"", b"\xff\x00", b"[" * 100_000, b"[]", b'{"cells": 1}', b"NaN"])
    def test_what_is_no_notebook_is_said_to_be_none(self, runs: MemoryRuns, content: bytes) -> None:
        runs.add("a", {"notebook/x.ipynb": content})
        runs.add("b", {"notebook/x.ipynb": notebook("import os")})
        assert told(runs.diff(DiffPart.notebook)) == (
            "unknown",
            "What is recorded for name of a (artefact notebook/x.ipynb) is no notebook.",
        )

    def test_one_that_is_too_large_is_not_read(self, runs: MemoryRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(notebooks_module, "MAX_BYTES", 1 << 20)
        runs.add("a", {"notebook/x.ipynb": notebook("x" * (1 << 20))})
        runs.add("b", {"notebook/x.ipynb": notebook("x")})
        assert told(runs.diff(DiffPart.notebook)) == ("unknown", "The notebook of name of a is larger than 1 MB.")

    def test_while_a_job_runs_its_directory_is_looked_into(self, runs: MemoryRuns, tmp_path: Path) -> None:
        for run, source in (("a", "x = 1"), ("b", "x = 2")):
            runs.add(run)
            (tmp_path / run / "input").mkdir(parents=True)
            (tmp_path / run / "input" / "notebook.ipynb").write_text(notebook(source))
            runs.job(run, tmp_path / run)
        diff = runs.diff(DiffPart.notebook)
        assert diff.state == "different" and diff.notebook is not None
        assert diff.notebook.first_place.startswith("as submitted with job ")

    def test_a_link_that_a_job_laid_is_not_followed(self, runs: MemoryRuns, tmp_path: Path) -> None:
        (tmp_path / "secret.ipynb").write_text(notebook("secret"))
        for run in "ab":
            runs.add(run)
            (tmp_path / run / "input").mkdir(parents=True)
            (tmp_path / run / "input" / "notebook.ipynb").symlink_to(tmp_path / "secret.ipynb")
            runs.job(run, tmp_path / run)
        assert runs.diff(DiffPart.notebook).message == "No notebook is recorded for name of a."


class TestEnvironments:
    def test_facts_and_packages(self, runs: MemoryRuns) -> None:
        runs.add(
            "a",
            {
                "environment/packages.txt": "numpy==1.9\npandas==2\n",
                "environment/machine.json": '{"memory_bytes": 1024}',
            },
            {"studio.python": "3.11.2", "studio.kernel": "python3"},
        )
        runs.add(
            "b",
            {"environment/packages.txt": "numpy==1.10\npandas==2\ntorch==3\n", "environment/machine.json": "[" * 9},
            {"studio.python": "3.12.0", "studio.kernel": "python3"},
        )
        diff = runs.diff(DiffPart.environment)
        assert told(diff) == ("different", "They differ in Python, memory and 2 packages.")
        found = diff.environment
        assert found is not None and found.same_packages == 1
        assert [(each.name, each.change) for each in found.facts] == [
            ("python", "changed"),
            ("kernel", "same"),
            ("memory", "removed"),
        ]
        assert [(each.name, each.change) for each in found.packages] == [("numpy", "newer"), ("torch", "added")]

    def test_variables_are_never_shown(self, runs: MemoryRuns, tmp_path: Path) -> None:
        for run in "ab":
            runs.add(run, {"environment/packages.txt": "a==1"}, {"studio.python": "3.11"})
            (tmp_path / run).mkdir()
            (tmp_path / run / "environment.json").write_text('{"TOKEN": "s3cret"}')
            runs.job(run, tmp_path / run)
        diff = runs.diff(DiffPart.environment)
        assert told(diff) == ("same", "The environments are the same: 1 package of equal version.")
        assert "s3cret" not in diff.model_dump_json()

    def test_little_is_recorded(self, runs: MemoryRuns) -> None:
        runs.add("a", tags={"studio.python": "3.11"})
        runs.add("b", tags={"studio.python": "3.11"})
        diff = runs.diff(DiffPart.environment)
        assert told(diff) == ("unknown", "What is recorded is the same; the packages are not known.")
        assert diff.notes == [f"The packages of name of {run} are not recorded." for run in "ab"]
        runs.add("a")
        runs.add("b")
        assert told(runs.diff(DiffPart.environment)) == ("unknown", "Nothing is recorded about where they ran.")


class TestData:
    @staticmethod
    def file(name: str = "train.csv", source: str = "/d/train.csv", **profile: Any) -> DataInput:
        return DataInput(name=name, digest="1", kind="local", source=source, profile=profile)

    @pytest.mark.parametrize(
        ("first", "second", "change", "reason"),
        [
            ({"sha256": "x"}, {"sha256": "x"}, "same", "The contents are the same."),
            (
                {"sha256": "x", "num_rows": 10},
                {"sha256": "y", "num_rows": 12},
                "changed",
                "The contents differ: 10 and 12 rows.",
            ),
            (
                {"sha256": "x", "num_rows": 10, "num_columns": 3},
                {"sha256": "y", "num_rows": 10, "num_columns": 4},
                "changed",
                "The contents differ: 3 and 4 columns.",
            ),
            ({"size_bytes": 1024}, {"size_bytes": 2048}, "changed", "The sizes differ: 1 KiB and 2 KiB."),
            (
                {"size_bytes": 7, "modified": 1.5},
                {"size_bytes": 7, "modified": 1.5},
                "same",
                "Size and time of change are the same; the contents were not looked at.",
            ),
            (
                {"size_bytes": 7, "modified": 1.5},
                {"size_bytes": 7, "modified": 2.5},
                "unknown",
                "It was written in between; nothing tells whether the contents are the same.",
            ),
            ({"etag": "x"}, {"etag": "x"}, "same", "Its server said that it was the same."),
            ({"etag": "x"}, {"etag": "y"}, "changed", "Its server said that it was another version."),
            ({}, {}, "same", "The recorded versions are the same."),
            (
                {"sha256": "x"},
                {"modified": 2.5},
                "unknown",
                "The place is the same; which version was read is not recorded.",
            ),
            ({"size_bytes": -1, "num_rows": "x", "modified": float("nan")}, {"size_bytes": 1 << 70}, "same", None),
        ],
    )
    def test_identity(
        self, runs: MemoryRuns, first: dict[str, Any], second: dict[str, Any], change: str, reason: str | None
    ) -> None:
        runs.add("a", data=[self.file(**first)])
        runs.add("b", data=[self.file(**second)])
        found = runs.diff(DiffPart.data).data
        assert found is not None and len(found) == 1
        assert found[0].change == change
        assert reason is None or found[0].reason == reason

    def test_what_only_one_read_and_what_has_another_name(self, runs: MemoryRuns) -> None:
        runs.add("a", data=[self.file("old.csv", "/d/one.csv", sha256="x"), self.file("gone.csv", "/d/gone.csv")])
        runs.add("b", data=[self.file("new.csv", "/d/one.csv", sha256="x"), self.file(HOSTILE, "/d/more.csv")])
        diff = runs.diff(DiffPart.data)
        assert diff.data is not None
        assert [(each.name, each.change) for each in diff.data] == [
            ("old.csv", "same"),
            ("gone.csv", "removed"),
            ("<img src=x onerror=alert(1)>", "added"),
        ]
        assert told(diff) == ("different", "Of 3 data sets: 1 only in the second, 1 only in the first, 1 the same.")

    def test_one_name_read_in_two_versions_is_two(self, runs: MemoryRuns) -> None:
        both = [self.file(sha256="x"), self.file(sha256="y")]
        runs.add("a", data=both)
        runs.add("b", data=both[:1])
        found = runs.diff(DiffPart.data).data
        assert found is not None
        assert [(each.name, each.change) for each in found] == [("train.csv", "same"), ("train.csv (again)", "removed")]

    def test_what_trackers_name(self, runs: MemoryRuns) -> None:
        for run in "ab":
            tags = {"tracker.input.train": "s3://me:secret@bucket/x", "tracker.input.kept": f"runs:/{run}/cell.py"}
            runs.add(run, tags=tags)
        diff = runs.diff(DiffPart.data)
        assert diff.state == "unknown" and diff.data is not None
        assert [(each.name, each.change, each.first and each.first.source) for each in diff.data] == [
            ("train", "unknown", "s3://***@bucket/x")
        ]

    def test_nothing_is_recorded(self, runs: MemoryRuns) -> None:
        runs.add("a", tags={"studio.inputs": "100 and more"})
        runs.add("b")
        diff = runs.diff(DiffPart.data)
        assert told(diff) == ("unknown", "No data is recorded for either trial.")
        assert diff.notes == ["name of a read more than is listed."]


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


class TestCode:
    def test_the_folders_of_jobs(self, runs: MemoryRuns, tmp_path: Path) -> None:
        same: dict[str, str | bytes] = {"train.ipynb": "left to the part for notebooks", "lib/same.py": "x"}
        files: tuple[dict[str, str | bytes], dict[str, str | bytes]] = (
            {"lib/a.py": "one\n", ".env": "TOKEN=1", "blob.bin": b"\0\1", "old.py": "old"},
            {"lib/a.py": f"two {HOSTILE}\n", ".env": "TOKEN=2", "blob.bin": b"\0\2", "other.ipynb": notebook("x = 1")},
        )
        for run, own in zip("ab", files, strict=True):
            runs.add(run)
            write(tmp_path / run / "code", {**own, **same, "made.txt": "of the job", "train.ipynb": f"notebook {run}"})
            (tmp_path / run / "code" / "data").symlink_to("/etc")
            for path in (tmp_path / run / "code").rglob("*"):
                if path.is_file() and not path.is_symlink():
                    made = path.name == "made.txt"
                    os.utime(path, (2_000, 2_000) if made else (1_000, 1_000))
            runs.job(run, tmp_path / run, started=1_500.0, git_commit=run * 40, git_dirty=True)
        diff = runs.diff(DiffPart.code)
        assert told(diff) == ("different", "5 files differ.")
        assert diff.code is not None and (diff.code.basis, diff.code.unchanged) == ("snapshots", 1)
        assert diff.code.first_commit == "a" * 40
        assert {each.path: (each.change, each.note) for each in diff.code.files} == {
            ".env": ("changed", "It may hold secrets: not shown."),
            "blob.bin": ("changed", "It is no text."),
            "lib/a.py": ("changed", ""),
            "old.py": ("removed", ""),
            "other.ipynb": ("added", ""),
        }
        texts = {each.path: each.text for each in diff.code.files}
        added = texts["other.ipynb"]
        assert added is not None and added.blocks[0].lines[:2] == ["# %% [code]", "x = 1"]
        assert "TOKEN" not in diff.model_dump_json()
        assert diff.notes == [f"1 file was written by name of {run} while it ran: not looked at." for run in "ab"]

    @staticmethod
    def folders(runs: MemoryRuns, tmp_path: Path, *both: dict[str, str | bytes]) -> None:
        for run, files in zip("ab", both, strict=True):
            runs.add(run)
            write(tmp_path / run / "code", files)
            runs.job(run, tmp_path / run)

    def test_what_is_too_much_to_be_read_is_not_said_to_differ(
        self, runs: MemoryRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(code_module, "MOST_HASHED", 220)
        same: dict[str, str | bytes] = {"a.bin": b"x" * 100, "z.bin": b"x" * 11, "y.bin": b"x" * 10}
        self.folders(runs, tmp_path, {**same, "m.bin": b"x" * 500}, {**same, "m.bin": b"x" * 500})
        diff = runs.diff(DiffPart.code)
        message = "2 files are of the same size and could not be looked into; no other file differs."
        assert told(diff) == ("unknown", message)
        assert diff.code is not None and diff.code.unchanged == 2
        assert [(each.path, each.change) for each in diff.code.files] == [("m.bin", "unknown"), ("z.bin", "unknown")]

    def test_those_that_differ_are_listed_before_those_that_may(
        self, runs: MemoryRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(code_module, "MOST_HASHED", 0)
        monkeypatch.setattr(code_module, "MAX_SHOWN", 2)
        self.folders(
            runs,
            tmp_path,
            {"a.py": "1\n", "b.py": "1\n", "c.py": "1\n"},
            {"a.py": "1\n", "b.py": "2\n", "c.py": "22\n"},
        )
        diff = runs.diff(DiffPart.code)
        assert told(diff) == ("different", "1 file differs.")
        assert diff.code is not None
        assert [(each.path, each.change) for each in diff.code.files] == [("a.py", "unknown"), ("c.py", "changed")]
        assert diff.notes == ["1 more files differ, or may differ."]
        text = diff.code.files[1].text
        assert text is not None and (text.added, text.removed) == (1, 1)

    def test_a_large_file_that_differs_is_compared_and_not_shown(
        self, runs: MemoryRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(code_module, "LARGEST_TEXT", 10)
        self.folders(runs, tmp_path, {"a.txt": "x" * 11, "b.txt": "y" * 11}, {"a.txt": "z" * 11, "b.txt": "y" * 11})
        found = runs.diff(DiffPart.code).code
        assert found is not None and found.unchanged == 1
        note = "It is too large to be shown line by line."
        assert [(each.path, each.change, each.note) for each in found.files] == [("a.txt", "changed", note)]

    def test_commits_of_a_repository_that_is_here(self, runs: MemoryRuns, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "repository")
        first = repository.commit({"a.py": "one\n", "sub/same.py": "x", "gone.py": "x", "big.bin": b"\0" * 9})
        second = repository.commit({"a.py": "two\n", "gone.py": None, "new.py": "n", "big.bin": b"\0" * 8})
        # Whatever the repository configures is not run.
        repository.git("config", "diff.external", f"touch {tmp_path}/ran")
        repository.git("config", "core.fsmonitor", f"touch {tmp_path}/ran")
        repository.git("config", "diff.x.textconv", f"touch {tmp_path}/ran")
        (repository.folder / ".gitattributes").write_text("*.py diff=x\n")
        for run, commit in (("a", first), ("b", second)):
            changes = f"# Not committed, on top of {commit}.\n"
            runs.add(run, {"code/uncommitted.diff.txt": changes}, {"mlflow.source.git.commit": commit})
            runs.runs[run].tags["mlflow.source.name"] = str(repository.folder / "a.py")
        diff = runs.diff(DiffPart.code)
        assert diff.code is not None and diff.code.basis == "commits" and diff.state == "different"
        assert {each.path: each.change for each in diff.code.files} == {
            "a.py": "changed",
            "big.bin": "changed",
            "code/uncommitted.diff.txt": "changed",
            "gone.py": "removed",
            "new.py": "added",
        }
        assert not (tmp_path / "ran").exists()

    def test_a_job_that_was_deleted_has_left_where_its_repository_is(self, runs: MemoryRuns, tmp_path: Path) -> None:
        repository = Repository(tmp_path / "repository")
        for run, text in (("a", "one\n"), ("b", "two\n")):
            commit = repository.commit({"a.py": text})
            tags = {"mlflow.source.name": "folder/a.ipynb", "studio.source": str(repository.folder)}
            runs.add(run, tags={"mlflow.source.git.commit": commit, **tags})
        diff = runs.diff(DiffPart.code)
        assert diff.code is not None and diff.code.basis == "commits"
        assert [each.path for each in diff.code.files] == ["a.py"]

    def test_commits_of_a_repository_that_is_not(self, runs: MemoryRuns, tmp_path: Path) -> None:
        for run in "ab":
            tags = {"mlflow.source.git.commit": run * 40, "mlflow.source.name": str(tmp_path / "x.py")}
            runs.add(run, tags=tags)
        diff = runs.diff(DiffPart.code)
        assert told(diff) == ("different", "The commits differ; their repository is not on this machine.")
        assert diff.code is not None and diff.code.files == []

    @pytest.mark.parametrize("name", ["x" * 300 + "/x.py", "nul\0/x.py", "file/below/x.py"])
    def test_folders_that_no_system_has(self, runs: MemoryRuns, tmp_path: Path, name: str) -> None:
        (tmp_path / "file").write_text("")
        for run in "ab":
            tags = {"mlflow.source.git.commit": run * 40, "mlflow.source.name": f"{tmp_path}/{name}"}
            runs.add(run, tags=tags)
        assert runs.diff(DiffPart.code).message == "The commits differ; their repository is not on this machine."

    @pytest.mark.parametrize("commit", ["--output=/tmp/x", "HEAD", "a" * 39, HOSTILE])
    def test_a_commit_is_never_an_option(self, runs: MemoryRuns, tmp_path: Path, commit: str) -> None:
        Repository(tmp_path).commit({"a.py": "x"})
        runs.add("a", tags={"mlflow.source.git.commit": commit, "mlflow.source.name": str(tmp_path / "a.py")})
        runs.add("b", tags={"mlflow.source.git.commit": "b" * 40, "mlflow.source.name": str(tmp_path / "a.py")})
        assert runs.diff(DiffPart.code).state == "different"

    def test_the_cells_of_trials(self, runs: MemoryRuns) -> None:
        runs.add("a", {"cell.py": "rate = 1\n"})
        runs.add("b", {"cell.py": "rate = 2\n"})
        diff = runs.diff(DiffPart.code)
        assert told(diff) == ("different", "1 file differs.")
        assert diff.code is not None and diff.code.basis == "records"

    def test_the_same_commit_says_it_all_only_where_there_was_nothing_else(self, runs: MemoryRuns) -> None:
        for run in "ab":
            runs.add(run, tags={"mlflow.source.git.commit": "a" * 40, "studio.git_dirty": "false"})
        assert told(runs.diff(DiffPart.code)) == ("same", "The code is the same.")
        runs.runs["b"].tags.pop("studio.git_dirty")
        assert told(runs.diff(DiffPart.code)) == (
            "unknown",
            "The commits are the same; whether there was more than that is not recorded.",
        )

    def test_nothing_is_recorded(self, runs: MemoryRuns) -> None:
        runs.add("a")
        runs.add("b")
        diff = runs.diff(DiffPart.code)
        assert told(diff) == ("unknown", "Not enough of their code is recorded to compare it.")
        assert diff.code is not None and diff.code.basis == "none"


class Repository:
    """A git repository."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.git("init", "-q")

    def commit(self, files: dict[str, str | bytes | None]) -> str:
        write(self.folder, {name: content for name, content in files.items() if content is not None})
        for name, content in files.items():
            if content is None:
                (self.folder / name).unlink()
        self.git("add", "-A")
        self.git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "m")
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True).stdout


def test_a_trial_that_is_not_there(runs: MemoryRuns) -> None:
    runs.add("a")
    for part in DiffPart:
        with pytest.raises(NotFound, match="There is no run b"):
            runs.diff(part)


def test_only_artefacts_have_paths(runs: MemoryRuns) -> None:
    runs.add("a")
    runs.add("b")
    with pytest.raises(InvalidRequest, match="only an artefact"):
        runs.diff(DiffPart.code, "x")
    for path in ("../x", "/etc/passwd"):
        with pytest.raises((InvalidRequest, NotFound)):
            runs.diff(DiffPart.artifacts, path)


def test_a_job_that_was_deleted_is_none(runs: MemoryRuns) -> None:
    runs.add("a", tags={"studio.job_id": "gone"})
    runs.add("b", tags={"studio.child_of_job": "gone"})
    assert runs.diff(DiffPart.code).first.job_id is None
