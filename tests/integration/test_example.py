"""The example is an ordinary notebook, and ``make run`` shows it."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.testing.client_suite import until
from studio_ext.testing.workspaces import temporary_workspace


@pytest.fixture(scope="module")
def folder(pytestconfig: pytest.Config) -> Path:
    return pytestconfig.rootpath / "examples" / "house-prices"


@pytest.fixture(scope="module")
def notebook(folder: Path) -> Any:
    return json.loads((folder / "train.ipynb").read_text("utf-8"))


def code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_it_is_an_ordinary_notebook(notebook: Any) -> None:
    source = "\n".join("".join(cell["source"]) for cell in notebook["cells"])
    assert "studio" not in source.lower(), "it needs nothing of ours"
    assert not re.search(r"""["'](/|~|[A-Z]:\\)""", source), "no absolute path"
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    for cell in code_cells(notebook):
        assert not cell["outputs"] and cell["execution_count"] is None
        assert "".join(cell["source"]).startswith("# "), "each cell says what it does"
    assert [cell["metadata"].get("tags") for cell in code_cells(notebook)].count(["parameters"]) == 1


def test_the_data_is_all_there(folder: Path) -> None:
    lines = (folder / "california-housing.csv").read_text("utf-8").splitlines()
    assert len(lines) == 1 + 20_640 and lines[0].count(",") == 9
    assert "Pace" in (folder / "README.md").read_text("utf-8")


def test_its_parameters_have_types_and_help(folder: Path) -> None:
    from studio_ext.adapters.notebook_files import NotebookFiles

    files = NotebookFiles()
    found = files.parameters(files.read(folder / "train.ipynb"), None)
    assert [(each.name, each.type, each.value) for each in found] == [
        ("max_depth", "int", 6),
        ("learning_rate", "float", 0.2),
        ("max_iter", "int", 100),
        ("test_size", "float", 0.2),
        ("seed", "int", 0),
    ]
    assert all(each.help for each in found)


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("docker_engine")
def test_make_run(folder: Path, tmp_path: Path) -> None:
    before = hashlib.sha256((folder / "train.ipynb").read_bytes()).digest()
    script = folder.parent.parent / "scripts" / "run.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "JUPYTER_"))}
    environment |= {"STUDIO_HOME": str(tmp_path / "workspace"), "COLUMNS": "120"}
    with temporary_workspace(tmp_path / "workspace"), (tmp_path / "out").open("w+") as out:
        process = subprocess.Popen(
            [sys.executable, str(script)], cwd=tmp_path, env=environment, stdout=out, stderr=out, text=True
        )
        try:

            def address() -> str | None:
                text = (tmp_path / "out").read_text("utf-8")
                assert process.poll() is None, text
                found = re.search(r"http://\S+token=\S+", text)
                return found.group() if found else None

            url = until(address, "JupyterLab was ready", patience=240)
            assert "/lab/tree/house-prices/train.ipynb" in url
            page = httpx.get(url, follow_redirects=True)
            assert page.is_success and "JupyterLab" in page.text
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
        assert process.returncode == 0
        with pytest.raises(httpx.HTTPError):
            httpx.get(url)
        text = (tmp_path / "out").read_text("utf-8")
        jobs = LocalClient(open_workspace(tmp_path / "workspace")).jobs().items
    assert {job.name: job.runner for job in jobs} == {
        "max_depth=3": "docker", "max_depth=6": "process", "max_depth=12": "process",
    }  # fmt: skip
    assert re.search(r"^One of the jobs runs in a container: studio/notebook:1, [0-9.]+ [MG]iB\.$", text, re.M)
    table = [line.split() for line in text.splitlines() if "FINISHED" in line]
    assert [row[0] for row in table] == ["max_depth=3", "max_depth=6", "max_depth=12"]
    errors = [float(row[-3]) for row in table]
    assert errors[0] > errors[1] > 40_000, "deeper trees do better here"
    assert "Traceback" not in text and "Warning" not in text
    assert hashlib.sha256((folder / "train.ipynb").read_bytes()).digest() == before
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == [
        "README.md",
        "california-housing.csv",
        "train.ipynb",
    ], "a job leaves nothing beside the notebook"


@pytest.mark.timeout(300)
def test_without_an_engine_make_run_says_so_and_goes_on(folder: Path, tmp_path: Path) -> None:
    script = folder.parent.parent / "scripts" / "run.py"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("STUDIO_", "JUPYTER_"))}
    environment |= {"STUDIO_HOME": str(tmp_path / "workspace"), "COLUMNS": "120", "DOCKER_HOST": "unix:///nowhere"}
    with temporary_workspace(tmp_path / "workspace"):
        done = subprocess.run(
            [sys.executable, str(script), "--no-lab"], env=environment, capture_output=True, text=True, timeout=240
        )
    assert done.returncode == 0, done.stderr
    assert "No job runs in a container: The container engine at unix:///nowhere cannot be reached" in done.stdout
    assert done.stdout.count("FINISHED") == 3


@pytest.mark.usefixtures("docker_engine")
def test_an_image_that_cannot_be_built_is_named_and_why(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(folder.parent.parent / "scripts"))
    monkeypatch.setenv("STUDIO_BASE_IMAGE", "localhost:1/base:1")
    workspace = open_workspace(tmp_path / "workspace")
    workspace.config_file.write_text('[docker]\ndefault_image = "studio/notebook:not-built"\n')
    assert importlib.import_module("container_image").ready_image(workspace) is None
    said = capsys.readouterr().out
    assert re.search(
        r"Its image studio/notebook:not-built \(about [0-9.]+ GiB\) is built first, on localhost:1/base:1", said
    )
    assert "No job runs in a container: The base image localhost:1/base:1 is not on this machine. " in said


def test_make_run_says_what_is_wrong(folder: Path) -> None:
    script = folder.parent.parent / "scripts" / "run.py"
    done = subprocess.run(
        [sys.executable, str(script), "--no-lab"],
        env={**os.environ, "STUDIO_HOME": "/proc/nowhere"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: The workspace /proc/nowhere") and "Hint: Set STUDIO_HOME" in done.stderr
