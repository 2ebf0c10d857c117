from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from pathlib import Path
from urllib.parse import quote

import httpx
import nbformat
import pytest
from jupyter_server.services.contents.handlers import validate_model

from studio_ext.adapters.contents_view import ContentsView
from studio_ext.contract.errors import ErrorBody, NotFound
from studio_ext.core.ids import new_id
from studio_ext.testing.live_server import LiveServer

NAMES = ["plain.txt", "with space.txt", "üñí.txt", "🚀.txt", "new\nline.txt", "a&b=c?d#e%20f+g.txt", 'quo"te.txt']


@pytest.fixture
def job(server: LiveServer) -> Path:
    """A fresh job directory."""
    directory = server.home / "jobs" / new_id(time.time())
    for name in ("output", "code", "checkpoints", "attempts/1"):
        (directory / name).mkdir(parents=True)
    return directory


def get(http: httpx.Client, job: Path, path: str = "", **query: str) -> dict:
    reply = http.get(f"contents/{job.name}/{_quote(path)}", params=query)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _quote(path: str) -> str:
    return quote(path)


def test_models_are_what_jupyter_calls_valid(http: httpx.Client, job: Path) -> None:
    (job / "output" / "a.txt").write_text("text")
    (job / "output" / "n.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
    for path in ("", "output", "output/a.txt", "output/n.ipynb"):
        validate_model(get(http, job, path), expect_content=True)
        bare = get(http, job, path, content="0", hash="1" if "." in path else "0")
        validate_model(bare, expect_content=False, expect_hash="." in path)
        assert bare["writable"] is False
        assert bare["path"] == f"{job.name}/{path}".rstrip("/")


def test_folders(http: httpx.Client, job: Path) -> None:
    (job / "output" / "n.ipynb").write_text("not read when listed")
    (job / "output" / "sub").mkdir()
    (job / "output" / ".hidden").touch()
    (job / "output" / "job.json").write_text("{}")
    model = get(http, job, "output")
    assert (model["type"], model["format"], model["size"]) == ("directory", "json", None)
    found = {entry["name"]: (entry["type"], entry["path"], entry["content"]) for entry in model["content"]}
    assert found == {
        "job.json": ("file", f"{job.name}/output/job.json", None),
        "n.ipynb": ("notebook", f"{job.name}/output/n.ipynb", None),
        "sub": ("directory", f"{job.name}/output/sub", None),
    }
    assert get(http, job, "output", content="0")["content"] is None


def test_the_newest_jobs_come_first(http: httpx.Client, job: Path) -> None:
    newer = job.parent / new_id(time.time() + 3600)
    newer.mkdir(exist_ok=True)
    (job.parent / "not a job").mkdir(exist_ok=True)
    names = [entry["name"] for entry in http.get("contents").json()["content"]]
    assert names[0] == newer.name
    assert names == sorted(names, reverse=True)
    assert "not a job" not in names


@pytest.mark.parametrize("name", NAMES)
def test_names(http: httpx.Client, job: Path, name: str) -> None:
    (job / "output" / name).write_text(name)
    assert get(http, job, f"output/{name}")["content"] == name
    assert name in [entry["name"] for entry in get(http, job, "output")["content"]]
    reply = http.get(f"files/{job.name}/output/{_quote(name)}")
    assert reply.text == name
    assert "\n" not in reply.headers["Content-Disposition"]


def test_names_that_are_not_text_are_left_out(http: httpx.Client, job: Path) -> None:
    Path(os.fsdecode(bytes(job / "output") + b"/\xff.txt")).touch()
    assert get(http, job, "output")["content"] == []


def test_text_and_bytes(http: httpx.Client, job: Path) -> None:
    (job / "output" / "a.csv").write_text("é")
    (job / "output" / "log").write_text("no ending")
    (job / "output" / "p.png").write_bytes(b"\x89PNG\xff")
    (job / "output" / "bytes.txt").write_bytes(b"\xff\xfe")
    (job / "output" / "empty").touch()
    assert (get(http, job, "output/a.csv")["content"], get(http, job, "output/a.csv")["format"]) == ("é", "text")
    assert get(http, job, "output/log")["mimetype"] == "text/plain"
    assert get(http, job, "output/empty")["content"] == ""
    png = get(http, job, "output/p.png")
    assert (png["format"], png["mimetype"], base64.b64decode(png["content"])) == ("base64", "image/png", b"\x89PNG\xff")
    assert get(http, job, "output/bytes.txt")["format"] == "base64"
    assert get(http, job, "output/a.csv", format="base64")["content"] == base64.b64encode("é".encode()).decode()
    assert get(http, job, "output/a.csv", content="0", hash="1")["hash"] == hashlib.sha256("é".encode()).hexdigest()
    refused = http.get(f"contents/{job.name}/output/bytes.txt?format=text")
    assert (refused.status_code, refused.json()["fields"][0]["field"]) == (400, "format")


def test_notebooks_are_never_trusted(http: httpx.Client, job: Path) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1"), nbformat.v4.new_markdown_cell("m")])
    notebook.cells[0].metadata["trusted"] = True
    notebook.metadata["signature"] = "sha256:0"
    (job / "output" / "n.ipynb").write_text(nbformat.writes(notebook))
    model = get(http, job, "output/n.ipynb")
    assert (model["type"], model["format"], model["mimetype"]) == ("notebook", "json", None)
    assert model["content"]["cells"][0]["metadata"]["trusted"] is False
    assert "trusted" not in model["content"]["cells"][1]["metadata"]
    # As text it is the file, which nobody shows with trust.
    assert get(http, job, "output/n.ipynb", type="file", format="text")["type"] == "file"


def test_nan_in_a_notebook(http: httpx.Client, job: Path) -> None:
    output = {"output_type": "display_data", "metadata": {}, "data": {"application/json": {"x": [float("nan"), 1.5]}}}
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    (job / "output" / "n.ipynb").write_text(json.dumps(nbformat.v4.new_notebook(cells=[cell])))
    data = get(http, job, "output/n.ipynb")["content"]["cells"][0]["outputs"][0]["data"]
    assert data["application/json"] == {"x": [None, 1.5]}


def test_colours_that_would_hold_up_a_page(http: httpx.Client, job: Path) -> None:
    text = "\x1b[31mred\x1b[" + "1;" * 100_000 + "m on \x1b[" + "1;" * 100_000
    outputs = [
        nbformat.v4.new_output("stream", text=text),
        nbformat.v4.new_output("display_data", {"text/plain": text}),
    ]
    outputs.append(nbformat.v4.new_output("error", ename="E", evalue=text, traceback=[text]))
    cell = nbformat.v4.new_code_cell("1", outputs=outputs)
    (job / "output" / "n.ipynb").write_text(json.dumps(nbformat.v4.new_notebook(cells=[cell])))
    shown = get(http, job, "output/n.ipynb")["content"]["cells"][0]["outputs"]
    texts = [shown[0]["text"], shown[1]["data"]["text/plain"], shown[2]["evalue"], shown[2]["traceback"][0]]
    assert texts == ["\x1b[31mred on "] * 4


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"x"', '{"nbformat": 4}', '{"cells": 3, "nbformat": 4}', "{}"])
def test_broken_notebooks_are_4xx(http: httpx.Client, job: Path, text: str) -> None:
    (job / "output" / "n.ipynb").write_text(text)
    reply = http.get(f"contents/{job.name}/output/n.ipynb")
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_request"), reply.text
    assert http.get(f"contents/{job.name}/output/n.ipynb?content=0").status_code == 200


def test_old_notebooks_and_byte_order_marks(http: httpx.Client, job: Path) -> None:
    old = nbformat.v3.new_notebook(worksheets=[nbformat.v3.new_worksheet(cells=[nbformat.v3.new_code_cell("1")])])
    (job / "output" / "old.ipynb").write_text(nbformat.v3.writes_json(old))
    assert get(http, job, "output/old.ipynb")["content"]["nbformat"] == 4
    (job / "output" / "bom.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()), encoding="utf-8-sig")
    assert get(http, job, "output/bom.ipynb")["content"]["cells"] == []


def test_files_beyond_the_limit_are_for_download(http: httpx.Client, job: Path, server: LiveServer) -> None:
    large = job / "output" / "large.txt"
    with large.open("wb") as file:
        file.truncate(server.studio.max_content_bytes + 1)
    refused = http.get(f"contents/{job.name}/output/large.txt")
    assert (refused.status_code, refused.json()["hint"]) == (400, "Download it instead.")
    assert get(http, job, "output/large.txt", content="0")["size"] == server.studio.max_content_bytes + 1
    with http.stream("GET", f"files/{job.name}/output/large.txt") as reply:
        assert sum(len(chunk) for chunk in reply.iter_bytes()) == server.studio.max_content_bytes + 1


def test_type_must_fit(http: httpx.Client, job: Path) -> None:
    (job / "output" / "a.txt").touch()
    for address in ("output/a.txt?type=directory", "output?type=file", "output?type=notebook"):
        assert http.get(f"contents/{job.name}/{address}").json()["fields"][0]["field"] == "type"


def test_there_are_no_checkpoints_but_a_folder_of_that_name(http: httpx.Client, job: Path) -> None:
    (job / "output" / "n.ipynb").write_text("{}")
    (job / "checkpoints" / "model.bin").touch()
    assert http.get(f"contents/{job.name}/output/n.ipynb/checkpoints").json() == []
    assert get(http, job, "checkpoints")["content"][0]["name"] == "model.bin"
    assert http.get(f"contents/{job.name}/output/not-there/checkpoints").status_code == 404
    assert http.get(f"contents/{job.name}/output/n.ipynb/checkpoints/1").status_code == 404


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["", "output/a.txt", "output/new.txt", "output/a.txt/checkpoints", "../x"])
def test_nothing_can_be_written(http: httpx.Client, job: Path, verb: str, path: str) -> None:
    (job / "output" / "a.txt").write_text("as it was")
    reply = http.request(verb, f"contents/{job.name}/{path}", content=b'{"type": "file", "content": "x"}')
    error = ErrorBody.model_validate_json(reply.content)
    assert (reply.status_code, error.code) == (405, "read_only") or path == "../x"
    assert "Save a copy" in error.hint or path == "../x"
    assert (job / "output" / "a.txt").read_text() == "as it was"
    assert not (job / "output" / "new.txt").exists()


def test_downloads_cannot_act(http: httpx.Client, job: Path) -> None:
    (job / "output" / "evil.html").write_text("<script>alert(1)</script>")
    reply = http.get(f"files/{job.name}/output/evil.html")
    assert reply.text.startswith("<script>")
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Disposition"] == "attachment; filename*=utf-8''evil.html"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]


def test_downloads_of_what_is_no_file(http: httpx.Client, job: Path) -> None:
    for address in ("", "/output", "/output/not-there"):
        reply = http.get(f"files/{job.name}{address}")
        assert reply.status_code in (400, 404)
        assert ErrorBody.model_validate_json(reply.content).message
        assert "Content-Disposition" not in reply.headers


def test_downloads_close_their_files(http: httpx.Client, job: Path, server: LiveServer) -> None:
    (job / "output" / "a.bin").write_bytes(os.urandom(3_000_000))

    def open_here() -> int:
        return sum(job.name in _target(link) for link in Path("/proc/self/fd").iterdir())

    assert len(http.get(f"files/{job.name}/output/a.bin").content) == 3_000_000
    with server.session() as impatient, impatient.stream("GET", f"files/{job.name}/output/a.bin") as reply:
        next(reply.iter_raw(1000))
    http.get("info")
    _until(lambda: open_here() == 0)


def test_a_file_that_shrinks_is_not_passed_off_as_whole(job: Path) -> None:
    file = job / "output" / "a.bin"
    file.write_bytes(b"x" * 1_000_000)
    with ContentsView(job.parent).open(f"{job.name}/output/a.bin") as download:
        first = next(download.chunks)
        file.write_bytes(b"")
        assert len(first) + sum(map(len, download.chunks)) < download.size_bytes


def test_a_link_swapped_in_after_the_check_is_refused(job: Path, tmp_path: Path, monkeypatch) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a.txt").write_text("secret")
    (job / "output" / "a.txt").write_text("fine")
    view = ContentsView(job.parent)
    check = view._resolve

    def swap(relative):  # type: ignore[no-untyped-def]
        real = check(relative)
        (job / "output").rename(job / "moved")
        (job / "output").symlink_to(secret)
        return real

    monkeypatch.setattr(view, "_resolve", swap)
    with pytest.raises(NotFound), view.open(f"{job.name}/output/a.txt"):
        pass


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # The descriptor that lists the folder is closed already.
        return ""


def _until(condition) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
