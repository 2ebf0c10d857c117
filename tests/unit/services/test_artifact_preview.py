"""Whatever an artefact is, a look at it is bounded, and says what it shows and what it does not."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest

from studio_ext.contract.trial_detail import ArtifactPreview, PreviewKind
from studio_ext.ports.contents import Download
from studio_ext.services import artifact_preview
from studio_ext.services.artifact_preview import HEAD, LARGEST_DOCUMENT, preview
from tests.unit.core.test_image_size import PNG


def look(name: str, content: bytes) -> ArtifactPreview:
    """``content`` as it comes from a store: in pieces."""

    def pieces() -> Iterator[bytes]:
        for first in range(0, len(content), 65_536):
            yield content[first : first + 65_536]

    found = preview(name, Download(name.rpartition("/")[2], len(content), pieces()))
    found.model_dump_json()
    assert found.size_bytes == len(content) and found.path == name
    return found


def test_text() -> None:
    found = look("logs/a.txt", "größer\n".encode())
    assert found.kind is PreviewKind.text and found.text == "größer\n" and not found.is_cut


def test_the_beginning_of_a_long_text_is_told_without_half_a_letter() -> None:
    found = look("a.log", "ü".encode() * HEAD)
    assert found.is_cut and set(found.text) == {"ü"} and len(found.text.encode()) <= HEAD


def test_only_as_much_is_read_as_is_shown() -> None:
    read = []

    def pieces() -> Iterator[bytes]:
        while True:
            read.append(1)
            yield b"x" * 65_536

    found = preview("endless.txt", Download("endless.txt", 10**12, pieces()))
    assert found.is_cut and len(read) <= HEAD // 65_536 + 1


def test_a_document_that_is_a_graph_comes_whole() -> None:
    graph = {"type": "ROCCurve", "falsePositiveRate": [0.5] * 60_000}
    found = look("graphs/roc.json", json.dumps(graph).encode())
    assert len(found.text) > HEAD and json.loads(found.text) == graph and found.media_type == "application/json"


def test_a_document_that_is_too_large_is_cut() -> None:
    found = look("a.json", b"[" + b"1," * LARGEST_DOCUMENT + b"1]")
    assert found.kind is PreviewKind.text and found.is_cut and len(found.text) == HEAD


def test_tables() -> None:
    assert look("a.csv", b"a,b\n1,2\n").rows == [[1, 2]]
    assert look("a.tsv", b"a\tb\n1,5\t2\n").rows == [["1,5", 2]]
    assert look("a.jsonl", b'{"a": 1}\n').rows == [[1]]
    found = look("tables/cell-05.json", b'{"columns": ["a"], "data": [[1]]}')
    assert found.kind is PreviewKind.table and found.rows == [[1]] and found.total_rows == 1 and not found.is_cut


def test_a_table_that_is_longer_than_what_is_read() -> None:
    found = look("a.csv", b"a,b\n" + b"1,2\n" * LARGEST_DOCUMENT)
    assert found.kind is PreviewKind.table and found.total_rows is None and found.is_cut and len(found.rows) == 200


def test_parquet() -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = io.BytesIO()
    pq.write_table(pa.table({"a": list(range(500)), "b": [None, [1.0]] * 250, "c": [b"\xff"] * 500}), file)
    found = look("data/a.parquet", file.getvalue())
    assert found.kind is PreviewKind.table and found.columns == ["a", "b", "c"]
    assert found.rows[1] == [1, "[1.0]", "b'\\xff'"] and len(found.rows) == 200 and found.total_rows == 500
    for broken in (b"PAR1", b"PAR1" + b"\xff" * 100 + b"PAR1", file.getvalue()[:-20], b"not one"):
        refused = look("a.parquet", broken)
        assert refused.kind is PreviewKind.binary and refused.remark


def test_a_parquet_file_that_unpacks_to_too_much_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(artifact_preview, "_LARGEST_UNPACKED", 1000)
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["x" * 100_000]}), file)
    assert look("a.parquet", file.getvalue()).kind is PreviewKind.binary


def test_every_part_of_a_parquet_file_that_is_read_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(artifact_preview, "_LARGEST_UNPACKED", 10_000)

    def parts(*lengths: int) -> bytes:
        """Parts of 100 rows, the first of each of that many letters."""
        file, schema = io.BytesIO(), pa.schema([("a", pa.string())])
        with pq.ParquetWriter(file, schema) as writer:
            for length in lengths:
                writer.write_table(pa.table({"a": ["x" * length] + ["y"] * 99}, schema))
        return file.getvalue()

    assert look("a.parquet", parts(1, 100_000)).kind is PreviewKind.binary
    beyond = look("a.parquet", parts(1, 2, 100_000))
    assert beyond.kind is PreviewKind.table and len(beyond.rows) == 200 and beyond.total_rows == 300
    assert look("a.parquet", parts()).rows == []


def test_images_are_measured_and_not_read() -> None:
    found = look("plots/a.png", PNG + b"\0" * 100)
    assert (found.kind, found.width, found.height, found.media_type) == (PreviewKind.image, 640, 480, "image/png")
    svg = look("plots/a.svg", b"<svg onload='alert(1)'/>")
    assert svg.kind is PreviewKind.image and svg.text == ""


def test_a_picture_that_would_fill_the_memory_is_refused() -> None:
    huge = PNG[:16] + b"\0\1\0\0" * 2
    found = look("plots/bomb.png", huge)
    assert found.kind is PreviewKind.binary and "pixels" in found.remark
    monkey = look("plots/large.png", PNG + b"\0" * artifact_preview.LARGEST_IMAGE)
    assert monkey.kind is PreviewKind.binary and "too large" in monkey.remark


def test_html_is_text_of_its_own_kind() -> None:
    found = look("report.html", b"<script>alert(1)</script>")
    assert found.kind is PreviewKind.html and found.text == "<script>alert(1)</script>"


def test_notebooks_and_models() -> None:
    assert look("notebook/a.ipynb", b"{}").kind is PreviewKind.notebook
    found = look("model/MLmodel", b"flavors:\n  sklearn: {}\n")
    assert found.kind is PreviewKind.text and found.media_type == "application/yaml"
    assert look("code/uncommitted.diff.txt", b"+a\n").media_type == "text/x-diff"


@pytest.mark.parametrize("name", ["model.pkl", "a", "a.txt", "a.csv", "a.json"])
def test_what_is_no_text_is_not_shown_as_text(name: str) -> None:
    found = look(name, b"\x80\x04\0\x95\0\0")
    assert found.kind is PreviewKind.binary and found.remark and found.text == ""


def test_an_empty_file_is_an_empty_text() -> None:
    for name in ("a.txt", "a.csv", "a.json", "a.jsonl"):
        assert look(name, b"").kind is PreviewKind.text
