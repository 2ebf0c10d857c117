"""A document that runs in place of the notebook beside which it lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.jobs import (
    CELLS_TAG,
    JobDetail,
    SubmitRequest,
)
from studio_ext.services.submission import Submission

DOCUMENT: dict[str, Any] = {
    "nbformat": 4,
    "nbformat_minor": 4,
    "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    "cells": [
        {"cell_type": "code", "source": "depth = 1", "metadata": {"tags": ["parameters"]}, "outputs": []},
        {"cell_type": "code", "source": ["print(", "depth)"], "metadata": {}, "outputs": []},
    ],
}


def executed(job: JobDetail) -> list[str]:
    """Sources of the cells that the job runs."""
    document = json.loads((Path(job.directory) / "input" / "notebook.ipynb").read_text())
    return ["".join(cell["source"]) for cell in document["cells"]]


def test_a_document_runs_beside_the_notebook_in_place_of_it(submission: Submission, notebook: Path) -> None:
    (notebook.parent / "data.csv").write_text("1")
    request = SubmitRequest(notebook=str(notebook), document=DOCUMENT, parameters={"depth": 8}, tags={"a": "b"})
    job = submission.submit(request, notebook, "ada")
    first, injected, last = executed(job)
    assert (first, last) == ("depth = 1", "print(depth)")
    assert "depth = 8" in injected
    assert job.tags == {"a": "b", CELLS_TAG: "true"}
    assert job.progress.total == 2
    assert (Path(job.directory) / "code" / "data.csv").exists()
    assert (Path(job.directory) / "code" / notebook.name).read_bytes() == notebook.read_bytes()
    with pytest.raises(InvalidRequest, match="width is not a parameter"):
        submission.submit(request.model_copy(update={"parameters": {"width": 8}}), notebook, "ada")


def test_the_document_of_a_job_is_run_again(submission: Submission, notebook: Path) -> None:
    request = SubmitRequest(notebook=str(notebook), document=DOCUMENT, parameters={"depth": 8})
    first = submission.submit(request, notebook, "ada")
    again = SubmitRequest(notebook=str(notebook), cells_of=first.id, parameters={"depth": 9})
    second = submission.submit(again, notebook, "ada")
    sources = executed(second)
    assert len(sources) == 3
    assert "depth = 9" in sources[1]
    assert second.tags == {CELLS_TAG: "true"}
    third = submission.submit(SubmitRequest(notebook=str(notebook), cells_of=second.id[:11]), notebook, "ada")
    assert executed(third) == ["depth = 1", "print(depth)"]
    whole = submission.submit(SubmitRequest(notebook=str(notebook)), notebook, "ada")
    with pytest.raises(InvalidRequest, match="ran a whole notebook"):
        submission.submit(SubmitRequest(notebook=str(notebook), cells_of=whole.id), notebook, "ada")
    with pytest.raises(NotFound):
        submission.submit(SubmitRequest(notebook=str(notebook), cells_of="nothing"), notebook, "ada")


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"nbformat": 3},
        {"nbformat": 4, "metadata": {}, "cells": 5},
        {**DOCUMENT, "cells": [{"cell_type": "code", "source": 1}]},
    ],
)
def test_a_document_that_is_no_notebook_is_refused_and_leaves_nothing(
    submission: Submission, notebook: Path, document: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        submission.submit(SubmitRequest(notebook=str(notebook), document=document), notebook, "ada")
    assert [field.field for field in caught.value.fields] == ["notebook"]
    assert list(submission.workspace.jobs.iterdir()) == []


def test_a_document_needs_a_notebook_to_lie_beside(submission: Submission, notebook: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "none.ipynb", tmp_path, tmp_path / "no" / "folder.ipynb"):
        with pytest.raises(NotFound):
            submission.submit(SubmitRequest(notebook=str(path), document=DOCUMENT), path, "ada")


def test_a_document_may_be_nested_only_so_deeply(submission: Submission, notebook: Path) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    request = SubmitRequest(notebook=str(notebook))
    request.document = {**DOCUMENT, "metadata": {"deep": deep}}
    with pytest.raises(InvalidRequest, match="nested too deeply"):
        submission.submit(request, notebook, "ada")
