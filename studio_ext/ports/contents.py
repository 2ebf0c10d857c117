"""The contents port: job directories as JupyterLab's file drives see them, read-only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from studio_ext.contract.contents import ContentsFormat, ContentsModel, ContentsType


@dataclass(frozen=True)
class Download:
    """A file that is open for reading."""

    name: str
    size_bytes: int
    chunks: Iterator[bytes]
    """Exactly ``size_bytes`` bytes in pieces, fewer only when the file was cut short meanwhile. Blocks."""


class Contents(Protocol):
    """Paths are relative to the folder of all job directories. Thread-safe; nothing is ever written.

    Raises ``NotFound`` for what is not there or not for showing, ``Forbidden`` for links that leave a job
    directory, ``InvalidRequest`` for anything that cannot be read as asked.
    """

    def get(
        self,
        path: str,
        *,
        content: bool = True,
        type: ContentsType | None = None,
        format: ContentsFormat | None = None,
        hash: bool = False,
    ) -> ContentsModel:
        """A model of Jupyter's contents API. Notebooks come untrusted; NaN, which JSON lacks, comes as null."""

    def is_file(self, path: str) -> bool:
        """Whether the path names a file that may be shown."""

    def open(self, path: str) -> AbstractContextManager[Download]:
        """Open a file for download."""
