"""The repository port: what two commits of a repository on this machine hold. Runs nothing that it configures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class BlobChange:
    """A file that two commits do not have alike."""

    path: str
    """Relative to the top of the repository."""
    first: str | None
    """Name of its content in the first commit; None where it is not there."""
    second: str | None


class Repository(Protocol):
    """The git repository around a folder."""

    def changed(self, first: str, second: str) -> list[BlobChange] | None:
        """Files that differ between two commits; None where the repository, git or a commit is not there."""

    def contents(self, blobs: list[str], most: int) -> dict[str, bytes]:
        """Contents by name, of those of at most ``most`` bytes."""


class Repositories(Protocol):
    """Finds them."""

    def at(self, folder: Path) -> Repository:
        """The repository around a folder; one that has nothing where there is none."""


__all__ = ["BlobChange", "Repositories", "Repository"]
