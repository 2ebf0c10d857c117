"""Readers that open files past Python: of these the functions that people call are followed.

Pandas is among them for the addresses that it is given, and for what it leaves to pyarrow.
"""

# Paths are taken as the user's code gives them, and most of them are none:
# ruff: noqa: PTH110, PTH112, PTH118, PTH207
from __future__ import annotations

import functools
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from .post_import import PostImport
from .reads import LONGEST, Reads

_READER = re.compile(r"(?:read|scan)_[a-z_]+")
_NO_READER = frozenset({"read_clipboard", "read_sql", "read_sql_query", "read_sql_table", "read_gbq"})
_LITERAL = ("{", "[", "<")
"""How data begins that is handed to a reader itself, instead of the name of a file."""
_MOST_FILES = 200
"""Of a folder or a list that is handed to a reader."""


class Readers:
    """Follows readers as their modules are imported."""

    def __init__(self, reads: Reads, imports: PostImport) -> None:
        self._reads = reads
        imports.when("pandas", self._pandas)
        imports.when("polars", self._all_readers)
        imports.when("duckdb", self._duckdb)
        imports.when("pyarrow.parquet", functools.partial(self._some, names=("read_table", "read_pandas")))
        imports.when("pyarrow.parquet.core", self._parquet_file)
        imports.when("pyarrow.dataset", functools.partial(self._some, names=("dataset",)))
        for name in ("csv", "json", "orc", "feather"):
            readers = ("read_csv", "open_csv", "read_json", "read_table", "read_feather")
            imports.when(f"pyarrow.{name}", functools.partial(self._some, names=readers))

    # -- modules

    def _all_readers(self, module: ModuleType) -> None:
        names = [name for name in dir(module) if _READER.fullmatch(name) and name not in _NO_READER]
        self._some(module, names=names)

    def _some(self, module: ModuleType, names: Iterable[str]) -> None:
        for name in names:
            if callable(function := getattr(module, name, None)):
                self._replace(module, name, self._follow(function, self._note))

    def _pandas(self, module: ModuleType) -> None:
        self._all_readers(module)
        common = sys.modules.get("pandas.io.common")
        if common is not None and callable(open_url := getattr(common, "urlopen", None)):
            common.urlopen = self._follow_answer(open_url)  # type: ignore[attr-defined]

    def _parquet_file(self, module: ModuleType) -> None:
        kind = module.ParquetFile
        kind.__init__ = self._follow(kind.__init__, self._note, position=1)

    def _duckdb(self, module: ModuleType) -> None:
        """Readers only: SQL names variables of whoever calls, which DuckDB looks up in the frame that called it."""
        self._all_readers(module)
        connection = getattr(module, "DuckDBPyConnection", None)
        for name in (name for name in dir(connection) if _READER.fullmatch(name)):
            if callable(function := getattr(connection, name, None)):
                setattr(connection, name, self._follow(function, self._note, position=1))

    # -- functions

    def _replace(self, module: ModuleType, name: str, function: Any) -> None:
        """Put a function in the place of another, also where it was defined: its pickled form names that place."""
        before = getattr(module, name)
        setattr(module, name, function)
        home = sys.modules.get(getattr(before, "__module__", None) or "")
        if home is not None and getattr(home, name, None) is before:
            setattr(home, name, function)

    def _follow(self, function: Callable[..., Any], note: Callable[[Any], None], position: int = 0) -> Any:
        """The function, with its source (the argument at ``position``, or the first one by name) noted."""

        @functools.wraps(function)
        def followed(*arguments: Any, **named: Any) -> Any:
            try:
                if len(arguments) > position:
                    note(arguments[position])
                elif named:
                    note(next(iter(named.values())))
            except Exception:  # noqa: S110  (the function says itself what is wrong with its argument)
                pass
            return function(*arguments, **named)

        return followed

    def _follow_answer(self, open_url: Callable[..., Any]) -> Any:
        """Pandas' way to open an address, with what the server says of it noted."""

        @functools.wraps(open_url)
        def followed(*arguments: Any, **named: Any) -> Any:
            answer = open_url(*arguments, **named)
            try:
                asked = arguments[0] if isinstance(arguments[0], str) else arguments[0].full_url
                head = {"etag": answer.headers.get("ETag"), "modified": answer.headers.get("Last-Modified")}
                self._reads.note_uri(asked, **{key: value for key, value in head.items() if value})
            except Exception:  # noqa: S110
                pass
            return answer

        return followed

    # -- sources

    def _note(self, source: Any) -> None:
        if isinstance(source, list | tuple):
            for each in source[:_MOST_FILES]:
                self._note(each)
            return
        if not isinstance(source, str | os.PathLike):
            return
        path = os.fsdecode(source)
        if len(path) > LONGEST or path.lstrip().startswith(_LITERAL) or "\n" in path:
            return
        if any(mark in path for mark in "*?["):
            import glob

            for each in itertools.islice(glob.iglob(path, recursive=True), _MOST_FILES):
                self._reads.note(each)
        elif os.path.isdir(path):
            files = (os.path.join(parent, name) for parent, _, names in os.walk(path) for name in sorted(names))
            for _, each in zip(range(_MOST_FILES), files, strict=False):
                self._reads.note(each)
        elif "://" in path or os.path.exists(path):
            self._reads.note(path)
