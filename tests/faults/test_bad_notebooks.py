"""Notebooks that are odd or broken, through the real REST: a clear 4xx, or a job that ends; never a 500 or a hang."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import nbformat
import pytest

from studio_ext.contract.errors import ErrorBody
from studio_ext.testing.live_server import LiveServer

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
SECONDS = 60.0


def notebook(*cells: Any, **metadata: Any) -> dict[str, Any]:
    made = [nbformat.v4.new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata or PYTHON, "cells": made}


def parameters(source: str) -> Any:
    return nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})


def nan_output() -> Any:
    data = {"application/json": {"loss": float("nan"), "best": float("-inf")}}
    return nbformat.v4.new_code_cell("1", outputs=[{"output_type": "display_data", "metadata": {}, "data": data}])


OLD = nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("print(1)")])])
DEEP = "[" * 100_000 + "]" * 100_000

# Name -> bytes of the file. These cannot be jobs.
BROKEN: dict[str, bytes] = {
    "empty": b"",
    "text": b"this is no notebook",
    "half": json.dumps(notebook("1")).encode()[:80],
    "trailing": json.dumps(notebook("1")).encode() + b"}",
    "array": b"[]",
    "null": b"null",
    "number": b"1",
    "object": b"{}",
    "no-cells": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}',
    "cells-number": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}',
    "cell-number": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [3]}',
    "metadata-list": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": [], "cells": []}',
    "nbformat-text": b'{"nbformat": "four", "nbformat_minor": 5, "metadata": {}, "cells": []}',
    "nbformat-3": nbformat.v3.writes_json(OLD).encode(),
    "nbformat-99": b'{"nbformat": 99, "nbformat_minor": 0, "metadata": {}, "cells": []}',
    "nbformat-negative": b'{"nbformat": -1, "nbformat_minor": 0, "metadata": {}, "cells": []}',
    "latin1": json.dumps(notebook("1"), ensure_ascii=False).encode() + b"\xe9",
    "utf16": json.dumps(notebook("1")).encode("utf-16"),
    "nul": b"\0" * 100,
    "png": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "deep": DEEP.encode(),
    "deep-metadata": b'{"nbformat": 4, "nbformat_minor": 5, "cells": [], "metadata": {"x": ' + DEEP.encode() + b"}}",
    "half-a-character": (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "id": "a", '
        b'"metadata": {}, "outputs": [], "execution_count": null, "source": "x = \'\\ud800\'"}]}'
    ),
    "unknown-kernel": json.dumps(
        notebook("1", kernelspec={"name": "no-such-kernel", "display_name": "?", "language": "python"})
    ).encode(),
    "kernel-name-number": json.dumps(notebook("1", kernelspec={"name": 3, "display_name": "?"})).encode(),
    "kernel-name-path": json.dumps(notebook("1", kernelspec={"name": "../python3", "display_name": "?"})).encode(),
}
# Name -> (bytes, code cells). These are odd, but run.
ODD: dict[str, tuple[bytes, int]] = {
    "no-kernel": (json.dumps(notebook("print(1)", language_info={"name": "python"})).encode(), 1),
    "no-metadata": (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}', 0),
    "no-code": (json.dumps(notebook()).encode(), 0),
    "markdown": (json.dumps(notebook(nbformat.v4.new_markdown_cell("# Title"))).encode(), 0),
    "empty-cells": (json.dumps(notebook("", "  \n")).encode(), 2),
    "nan": (json.dumps(notebook(nan_output())).encode(), 1),
    "bom": (b"\xef\xbb\xbf" + json.dumps(notebook("print(1)")).encode(), 1),
    "no-source": (
        b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "metadata": {}}]}',
        1,
    ),
    "emoji-escaped": (json.dumps(notebook("print('\U0001f680')")).encode(), 1),
    "no-ids": (json.dumps({**notebook("print(1)"), "nbformat_minor": 4}).encode(), 1),
}
NAMES = [
    "🚀 launch.ipynb",
    "two\nlines.ipynb",
    "é" * 124 + "1.ipynb",
    "a" * 249 + ".ipynb",
    " .ipynb",
    "-p x.ipynb",
    "%2e.ipynb",
]
NAMES += ["quo'te\".ipynb", "{curly}.ipynb", "$HOME.ipynb", "a;b&c.ipynb", "#hash?.ipynb", "noending", "n.txt"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    base = tmp_path_factory.mktemp("notebooks")
    (base / "root").mkdir()
    with LiveServer(base / "root", base / "home") as live:
        yield live


@pytest.fixture
def http(server: LiveServer) -> Iterator[httpx.Client]:
    with server.session() as session:
        yield session


@pytest.fixture
def folder(server: LiveServer, request: pytest.FixtureRequest) -> Path:
    """A folder for one test, so that a job's snapshot holds one notebook."""
    folder = server.root / f"case{len(list(server.root.iterdir()))}"
    folder.mkdir()
    return folder


def ends(http: httpx.Client, job_id: str) -> dict[str, Any]:
    """The job in its final state."""
    deadline = time.monotonic() + SECONDS
    while (job := http.get(f"jobs/{job_id}").json())["status"] not in ("Completed", "Failed", "Stopped"):
        assert time.monotonic() < deadline, f"it hangs: {job}"
        time.sleep(0.05)
    return dict(job)


def assert_names(reply: httpx.Response, field: str) -> ErrorBody:
    assert 400 <= reply.status_code < 500, f"{reply.status_code}: {reply.text}"
    error = ErrorBody.model_validate_json(reply.content)
    assert [each.field for each in error.fields] == [field], error
    assert error.message
    return error


@pytest.mark.parametrize("name", BROKEN)
def test_broken_notebooks_are_refused(http: httpx.Client, server: LiveServer, folder: Path, name: str) -> None:
    (folder / "n.ipynb").write_bytes(BROKEN[name])
    path = f"{folder.name}/n.ipynb"
    before = http.get("jobs").json()["total"]
    inspected = http.post("notebooks/inspect", json={"notebook": path})
    if name in ("unknown-kernel", "kernel-name-path"):
        # The form can be filled in with another kernel.
        assert (inspected.status_code, inspected.json()["kernel"]) == (200, None)
        assert any("kernel" in warning for warning in inspected.json()["warnings"])
        field = "kernel"
    else:
        assert_names(inspected, "notebook")
        field = "notebook"
    assert_names(http.post("jobs", json={"notebook": path}), field)
    assert http.get("jobs").json()["total"] == before
    assert len(list((server.home / "jobs").iterdir())) == before, "a directory was left behind"


def test_odd_notebooks_run(http: httpx.Client, folder: Path) -> None:
    jobs = {}
    for name, (content, cells) in ODD.items():
        path = f"{folder.name}/{name}/n.ipynb"
        (folder / name).mkdir()
        (folder / name / "n.ipynb").write_bytes(content)
        inspected = http.post("notebooks/inspect", json={"notebook": path})
        assert (inspected.status_code, inspected.json().get("cells")) == (200, cells), f"{name}: {inspected.text}"
        reply = http.post("jobs", json={"notebook": path})
        assert reply.status_code == 201, f"{name}: {reply.text}"
        jobs[name] = reply.json()["id"]
    for name, job_id in jobs.items():
        job = ends(http, job_id)
        assert job["status"] == "Completed", f"{name}: {job['exit']}"
        shown = http.get(f"contents/{job['content_path']}")
        assert (shown.status_code, shown.json().get("type")) == (200, "notebook"), f"{name}: {shown.text}"


def test_odd_names_run(http: httpx.Client, folder: Path) -> None:
    jobs = {}
    for number, name in enumerate(NAMES):
        path = f"{folder.name}/{number}/{name}"
        (folder / str(number)).mkdir()
        (folder / str(number) / name).write_text(json.dumps(notebook("print(1)")))
        inspected = http.post("notebooks/inspect", json={"notebook": path})
        assert (inspected.status_code, inspected.json().get("notebook")) == (200, path), f"{name}: {inspected.text}"
        reply = http.post("jobs", json={"notebook": path})
        assert reply.status_code == 201, f"{name}: {reply.text}"
        jobs[path] = reply.json()["id"]
    for path, job_id in jobs.items():
        job = ends(http, job_id)
        assert (job["status"], job["notebook"]) == ("Completed", path), job["exit"]
        output = quote(job["content_path"])
        assert http.get(f"contents/{output}?type=notebook").json()["content"]["cells"], path
        assert json.loads(http.get(f"files/{output}").content)["cells"], path


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"parameters": {"unknown": 1}}, "parameters.unknown"),
        ({"parameters": {"depth": "deep"}}, "parameters.depth"),
        ({"parameters": {"depth": [1]}}, "parameters.depth"),
        ({"parameters": {"not a name": 1}}, "parameters.not a name"),
        ({"parameters": {"rate": "fast"}}, "parameters.rate"),
        ({"parameters": {"flag": 3}}, "parameters.flag"),
        ({"runner": "mainframe"}, "runner"),
        ({"runner": ""}, "runner"),
        ({"kernel": "no-such-kernel"}, "kernel"),
        ({"kernel": "../python3"}, "kernel"),
        ({"resources": {"memory_bytes": "lots"}}, "resources.memory_bytes"),
        ({"resources": {"memory_bytes": 1}}, "resources.memory_bytes"),
        ({"resources": {"memory_bytes": -(2**40)}}, "resources.memory_bytes"),
        ({"resources": {"cpus": 0}}, "resources.cpus"),
        ({"resources": {"cpus": "many"}}, "resources.cpus"),
        ({"resources": {"time_limit_seconds": -1}}, "resources.time_limit_seconds"),
        ({"resources": {"time_limit_seconds": "soon"}}, "resources.time_limit_seconds"),
        ({"resources": {"gpus": 1}}, "resources.gpus"),
        ({"name": "x" * 201}, "name"),
        ({"experiment": "x" * 251}, "experiment"),
        ({"memory": "lots"}, "memory"),
        ({"notebook": "not-there.ipynb"}, "notebook"),
    ],
)
def test_wrong_values_name_their_field(http: httpx.Client, server: LiveServer, change: Any, field: str) -> None:
    cells = (parameters("depth = 3\nrate = 0.1\nflag = True\nname = 'x'"), "print(depth)")
    (server.root / "train.ipynb").write_text(json.dumps(notebook(*cells)))
    assert_names(http.post("jobs", json={"notebook": "train.ipynb", **change}), field)


def test_the_same_key_makes_one_job(http: httpx.Client, folder: Path) -> None:
    (folder / "n.ipynb").write_text(json.dumps(notebook("print(1)")))
    body = {"notebook": f"{folder.name}/n.ipynb", "idempotency_key": "k1"}
    ids = {http.post("jobs", json=body).json()["id"] for _ in range(5)}
    assert len(ids) == 1
    ends(http, ids.pop())


def test_a_cell_that_raises_fails_with_the_reason(http: httpx.Client, folder: Path) -> None:
    (folder / "n.ipynb").write_text(json.dumps(notebook("x = 1", "{}['missing']")))
    job = ends(http, http.post("jobs", json={"notebook": f"{folder.name}/n.ipynb"}).json()["id"])
    assert (job["status"], job["exit"]["reason"], job["exit"]["cell"]) == ("Failed", "CellFailed", 2)
    assert "KeyError" in job["exit"]["message"] + (job["exit"]["traceback"] or "")
