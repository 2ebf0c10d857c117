"""Files that a tracker logs: which, under which names, of which type."""

from __future__ import annotations

import json
import mimetypes
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from studio_ext.contract.errors import InvalidRequest

GRAPHS = "graphs"
"""Folder of tables and curves below a component's artefacts."""


File = tuple[Path, str, str | None]
"""Where a file is, its name below the artefacts, and its type."""


def one(file_path: str | os.PathLike[str], name: str | None, media_type: str | None) -> Iterator[File]:
    """A file, its name below the artefacts and its type. Raises ``InvalidRequest``."""
    path = Path(file_path).expanduser()
    if not path.is_file():
        raise InvalidRequest.field("file_path", f"there is no file {str(path)!r}", hint="log_artifacts takes folders.")
    name = path.name if name is None else name
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or str(pure) in ("", ".") or "\0" in name or "\\" in name:
        raise InvalidRequest.field("name", f"{name!r} is not a path below the artefacts")
    yield path, str(pure), media_type or guessed(name)


def below(directory: str | os.PathLike[str]) -> Iterator[File]:
    """All files below a folder, by name; links are left out. Raises ``InvalidRequest``."""
    root = Path(directory).expanduser()
    if not root.is_dir():
        raise InvalidRequest.field("directory", f"there is no folder {str(root)!r}")
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not path.is_symlink():
                yield path, path.relative_to(root).as_posix(), guessed(name)


def guessed(name: str) -> str | None:
    """The media type that a name's ending stands for."""
    return mimetypes.guess_type(name)[0]


def tag_name(name: str) -> str:
    """The name of a file as a tag can be named: other letters become ``_``, and of long ones the end stays."""
    return re.sub(r"[^/\w.\- ]", "_", name)[-200:].lstrip("/") or "_"


@contextmanager
def document(graph: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """A table or curve as a file for a moment, and its name below the artefacts."""
    title = graph["title"]
    if not isinstance(title, str) or not title.strip():
        raise InvalidRequest.field("title", "needs a text")
    stem = re.sub(r"[^\w.\- ]", "_", title).strip(" .")[:120] or "_"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.json")
        path.write_text(json.dumps(graph, ensure_ascii=True, allow_nan=False), encoding="utf-8")
        yield path, f"{GRAPHS}/{stem}.json"
