"""A bounded look at an artefact, whatever is in it: its beginning as text, its first rows as a table.

What it is, is told by its name, and by its first bytes where they contradict it. Nothing in it is executed.
"""

from __future__ import annotations

import mimetypes
import tempfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any

from studio_ext.contract.trial_detail import ArtifactPreview, PreviewKind
from studio_ext.core import table_preview
from studio_ext.core.image_size import image_size
from studio_ext.core.parquet import MAGIC
from studio_ext.core.table_preview import Table
from studio_ext.ports.contents import Download

HEAD = 256 << 10
"""Bytes of a text that are shown."""
LARGEST_DOCUMENT = 2 << 20
"""Bytes up to which a JSON document, and a table, is read as a whole."""
LARGEST_FETCHED = 64 << 20
"""Bytes up to which a file of a store elsewhere, which gives files as a whole, is fetched to be looked at."""
LARGEST_PARQUET = 64 << 20
_LARGEST_UNPACKED = 512 << 20
"""Bytes that the columns of a part of a Parquet file may need."""
LARGEST_IMAGE = 20 << 20
LARGEST_NOTEBOOK = 20 << 20
_MOST_PIXELS = 64_000_000
"""A browser needs four bytes for each."""

_IMAGES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".svg": "image/svg+xml",
}
_TABLES = {".csv": ",", ".tsv": "\t"}
_JSON = (".json", ".geojson", ".ipynb")
_TEXTS = {
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".json": "application/json",
    ".geojson": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".md": "text/markdown",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".py": "text/x-python",
    ".toml": "application/toml",
    ".diff": "text/x-diff",
    ".patch": "text/x-diff",
    ".html": "text/html",
    ".htm": "text/html",
}
_NAMES = {"mlmodel": "application/yaml"}


def preview(path: str, download: Download) -> ArtifactPreview:
    """Look at a file. ``path``: its name below the artefacts."""
    found = _media_type(path)
    size = download.size_bytes
    shown = ArtifactPreview(path=path, size_bytes=size, kind=PreviewKind.binary, media_type=found)
    ending = PurePosixPath(path).suffix.lower()
    if ending == ".parquet":
        return _parquet(shown, download)
    pieces = iter(download.chunks)
    if ending in _IMAGES:
        return _image(shown, _read(pieces, HEAD))
    is_document = ending in _JSON or ending in (".jsonl", ".ndjson") or ending in _TABLES
    if ending == ".ipynb":
        shown.kind = PreviewKind.notebook
        if size > LARGEST_NOTEBOOK:
            return _refused(shown, "The notebook is too large to be shown. Download it.")
        return shown
    head = _read(pieces, LARGEST_DOCUMENT if is_document else HEAD)
    if b"\0" in head[:HEAD]:
        return _refused(shown, "This is no text. Download it to open it with a program of yours.")
    return _text(shown, ending, head)


def not_fetched(path: str, size_bytes: int) -> ArtifactPreview:
    """What is told of a file that lies elsewhere and is larger than :data:`LARGEST_FETCHED`."""
    shown = ArtifactPreview(path=path, size_bytes=size_bytes, kind=PreviewKind.binary, media_type=_media_type(path))
    return _refused(shown, "The file is too large to be fetched from its store for a look. Download it.")


def _text(shown: ArtifactPreview, ending: str, head: bytes) -> ArtifactPreview:
    is_whole = len(head) == shown.size_bytes
    text = head.decode("utf-8-sig", "replace" if is_whole else "ignore")
    table = None
    if ending in _TABLES:
        delimiter = "" if ending == ".csv" else _TABLES[ending]
        table = table_preview.csv_table(text, is_whole=is_whole, delimiter=delimiter)
    elif ending in (".jsonl", ".ndjson"):
        table = table_preview.json_lines_table(text, is_whole=is_whole)
    elif ending in _JSON and is_whole:
        table = table_preview.json_table(text)
    if table is not None:
        return _with_table(shown, table)
    shown.kind = PreviewKind.html if shown.media_type == "text/html" else PreviewKind.text
    keep = len(text) if ending in _JSON and is_whole else HEAD
    shown.text = text[:keep]
    shown.is_cut = not is_whole or len(text) > keep
    return shown


def _with_table(shown: ArtifactPreview, table: Table) -> ArtifactPreview:
    shown.kind = PreviewKind.table
    shown.columns, shown.rows = table.columns, table.rows
    shown.total_rows, shown.total_columns = table.total_rows, table.total_columns
    shown.is_cut = table.total_rows != len(table.rows) or table.total_columns > len(table.columns)
    return shown


def _image(shown: ArtifactPreview, head: bytes) -> ArtifactPreview:
    shown.kind = PreviewKind.image
    if pixels := image_size(head):
        shown.width, shown.height = pixels
        if pixels[0] * pixels[1] > _MOST_PIXELS:
            return _refused(shown, "The picture has too many pixels to be shown. Download it.")
    if shown.size_bytes > LARGEST_IMAGE:
        return _refused(shown, "The picture is too large to be shown. Download it.")
    return shown


def _parquet(shown: ArtifactPreview, download: Download) -> ArtifactPreview:
    if shown.size_bytes > LARGEST_PARQUET:
        return _refused(shown, "The table is too large to be shown. Download it.")
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return _refused(shown, "pyarrow, which reads Parquet, is not installed where the server runs.")
    with tempfile.SpooledTemporaryFile(max_size=4 << 20) as file:
        for piece in download.chunks:
            file.write(piece)
        file.seek(0)
        if file.read(4) != MAGIC:
            return _refused(shown, "This is no Parquet file.")
        try:
            return _with_table(shown, _first_rows(pq, file))
        except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError):
            return _refused(shown, "The Parquet file cannot be read: it is damaged, or of a kind that is not known.")


def _first_rows(pq: Any, file: IO[bytes]) -> Table:
    opened = pq.ParquetFile(file)
    names, total = opened.schema_arrow.names, opened.metadata.num_rows
    kept = names[: table_preview.MAX_COLUMNS]
    rows: list[list[Any]] = []
    groups, covered = [], 0
    for number in range(opened.metadata.num_row_groups):
        if covered >= table_preview.MAX_ROWS:
            break
        group = opened.metadata.row_group(number)
        if group.total_byte_size > _LARGEST_UNPACKED:
            raise ValueError("one of its first parts needs too much memory")
        groups.append(number)
        covered += group.num_rows
    for batch in opened.iter_batches(table_preview.MAX_ROWS, row_groups=groups, columns=kept, use_threads=False):
        rows += ([table_preview.cell(each[name]) for name in kept] for each in batch.to_pylist())
        if len(rows) >= table_preview.MAX_ROWS:
            break
    return Table([str(name) for name in kept], rows[: table_preview.MAX_ROWS], len(names), total)


def _refused(shown: ArtifactPreview, remark: str) -> ArtifactPreview:
    shown.kind = PreviewKind.binary
    shown.remark, shown.is_cut = remark, True
    return shown


def _media_type(path: str) -> str:
    name = PurePosixPath(path).name.lower()
    ending = PurePosixPath(name).suffix
    known = _NAMES.get(name) or _IMAGES.get(ending) or _TEXTS.get(ending)
    if known is None and name.endswith(".diff.txt"):
        known = "text/x-diff"
    return known or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _read(pieces: Iterator[bytes], most: int) -> bytes:
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) >= most:
            break
    return bytes(found[:most])
