"""What differs among the artefacts of two trials."""

from __future__ import annotations

import json
from typing import Any

import pytest

from studio_ext.contract.errors import NotFound
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.sdk.graphs import confusion_matrix, precision_recall, roc_curve, table
from studio_ext.services.trial_diff import artifacts as artifacts_module
from tests.unit.services.trial_diff.records import MemoryRuns

HOSTILE = "<img src=x onerror=alert(1)>\x1b]0;title\x07"


def told(diff: TrialDiff) -> tuple[str, str]:
    return diff.state, diff.message


class TestArtifacts:
    def test_what_they_are_and_whether_they_are_equal(self, runs: MemoryRuns) -> None:
        graphs = {
            "matrix": confusion_matrix("m", [0, 1], [0, 0]),
            "roc": roc_curve("r", [0, 1], [0.1, 0.9]),
            "pr": precision_recall("p", [0, 1], [0.1, 0.9]),
            "table": table("t", {"a": [1]}),
            "mlflow": {"columns": ["a"], "data": [[1]]},
            "other": {"x": 1},
        }
        files = {f"graphs/{name}.json": json.dumps(each) for name, each in graphs.items()}
        files |= {"plot.png": b"\x89PNG", "a/b/scores.csv": "a,b\n", "model.pkl": b"\0", "n.ipynb": "{}"}
        runs.add("a", {**files, "gone.txt": "x"})
        runs.add("b", {**files, "plot.png": b"\x88PNG", "model.pkl": b"\0\0", "new.txt": "x"})
        diff = runs.diff(DiffPart.artifacts)
        assert told(diff) == ("different", "Of 12 artefacts 2 differ, 1 only in the first, 1 only in the second.")
        assert diff.artifacts is not None
        assert {each.path: (each.kind, each.change) for each in diff.artifacts} == {
            "a/b/scores.csv": ("table", "same"),
            "gone.txt": ("text", "removed"),
            "graphs/matrix.json": ("confusion_matrix", "same"),
            "graphs/mlflow.json": ("table", "same"),
            "graphs/other.json": ("text", "same"),
            "graphs/pr.json": ("precision_recall", "same"),
            "graphs/roc.json": ("roc_curve", "same"),
            "graphs/table.json": ("table", "same"),
            "model.pkl": ("other", "changed"),
            "n.ipynb": ("notebook", "same"),
            "new.txt": ("text", "added"),
            "plot.png": ("image", "changed"),
        }
        assert "model.pkl" not in runs.opened  # the sizes say enough

    def test_the_text_of_one(self, runs: MemoryRuns) -> None:
        runs.add("a", {"notes.html": f"one\n{HOSTILE}\n"})
        runs.add("b", {"notes.html": f"two\n{HOSTILE}\n"})
        found = runs.diff(DiffPart.artifacts, "notes.html").artifacts
        assert found is not None and found[0].text is not None
        assert [(block.kind, block.lines) for block in found[0].text.blocks] == [
            ("removed", ["one"]),
            ("added", ["two"]),
            ("same", ["<img src=x onerror=alert(1)>"]),
        ]

    @pytest.mark.parametrize(
        ("first", "second", "change", "note"),
        [
            (b"\0\1", b"\0\2", "changed", "It is no text."),
            (b"\0\1", None, "removed", "It is no text."),
            (b"x" * 100, b"x", "unknown", "too large"),
        ],
    )
    def test_one_that_is_no_text_or_too_large(
        self,
        runs: MemoryRuns,
        monkeypatch: pytest.MonkeyPatch,
        first: bytes,
        second: bytes | None,
        change: str,
        note: str,
    ) -> None:
        monkeypatch.setattr(artifacts_module, "LARGEST_TEXT", 50)
        runs.add("a", {"x.bin": first})
        runs.add("b", {} if second is None else {"x.bin": second})
        found = runs.diff(DiffPart.artifacts, "x.bin").artifacts
        assert found is not None and found[0].text is None
        assert found[0].change == change and note in found[0].note
        assert ("x.bin" in runs.opened) is (len(first) <= 50)

    def test_large_ones_of_one_size_are_not_read(self, runs: MemoryRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(artifacts_module, "LARGEST_HASHED", 10)
        for run in "ab":
            runs.add(run, {"model.bin": b"x" * 11})
        diff = runs.diff(DiffPart.artifacts)
        assert diff.state == "unknown" and runs.opened == []
        assert diff.artifacts is not None and "too large" in diff.artifacts[0].note

    def test_each_is_read_once(self, runs: MemoryRuns) -> None:
        graph = json.dumps(roc_curve("r", [0, 1], [0.1, 0.9]))
        runs.add("a", {"roc.json": graph})
        runs.add("b", {"roc.json": graph, "new.json": graph})
        found = runs.diff(DiffPart.artifacts).artifacts
        assert found is not None and [each.kind for each in found] == ["roc_curve", "roc_curve"]
        assert sorted(runs.opened) == ["new.json", "roc.json", "roc.json"]

    def test_what_a_slow_store_does_not_give_in_time_is_not_known(
        self, runs: MemoryRuns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        monkeypatch.setattr(artifacts_module.time, "monotonic", lambda: now[0])
        opened = MemoryRuns.open_artifact

        def slowly(self: MemoryRuns, run: Any, name: str) -> Any:
            now[0] += artifacts_module.MOST_SECONDS / 4
            return opened(self, run, name)

        monkeypatch.setattr(MemoryRuns, "open_artifact", slowly)
        for run in "ab":
            runs.add(run, {f"{number}.json": "{}" for number in range(4)})
        diff = runs.diff(DiffPart.artifacts)
        assert diff.artifacts is not None and len(runs.opened) == 4
        late = ("unknown", "Of the same size; no time was left to look into it.")
        assert [(each.change, each.note) for each in diff.artifacts] == [("same", "")] * 2 + [late] * 2
        assert diff.state == "unknown"

    def test_folders_that_are_not_listed_in_time_are_not_said_to_be_gone(
        self, runs: MemoryRuns, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = [0.0]
        monkeypatch.setattr(artifacts_module.time, "monotonic", lambda: now[0])
        listed = MemoryRuns.artifacts

        def slowly(self: MemoryRuns, run: Any, folder: str = "") -> Any:
            now[0] += 10
            return listed(self, run, folder)

        monkeypatch.setattr(MemoryRuns, "artifacts", slowly)
        for run in "ab":
            runs.add(run, {"plots/a.png": b"x"})
        diff = runs.diff(DiffPart.artifacts)
        assert diff.artifacts is not None
        note = "Not all artefacts of the other trial are listed."
        assert [(each.path, each.change, each.note) for each in diff.artifacts] == [("plots/a.png", "unknown", note)]
        assert diff.notes == ["name of b has more artefacts than are listed."]
        assert told(diff) == ("unknown", "Some artefacts could not be looked into; the others are the same.")
        monkeypatch.setattr(artifacts_module, "MOST_SECONDS", 5)
        assert told(runs.diff(DiffPart.artifacts)) == ("unknown", "The artefacts could not be listed in time.")

    def test_many_are_cut_off_and_it_is_said(self, runs: MemoryRuns, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(artifacts_module, "MAX_FILES", 3)
        runs.add("a", {f"{number}.txt": "" for number in range(9)})
        runs.add("b")
        diff = runs.diff(DiffPart.artifacts)
        assert diff.notes == ["name of a has more artefacts than are listed."]
        assert diff.artifacts is not None and len(diff.artifacts) == 3

    def test_none(self, runs: MemoryRuns) -> None:
        runs.add("a")
        runs.add("b")
        assert told(runs.diff(DiffPart.artifacts)) == ("same", "Neither trial has artefacts.")
        with pytest.raises(NotFound, match="Neither trial has an artefact 'x'"):
            runs.diff(DiffPart.artifacts, "x")
