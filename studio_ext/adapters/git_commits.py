"""What two commits hold, read from git's objects: no work tree, no hook, no filter and no other program is touched."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from studio_ext.adapters.git_folder import calm_environment
from studio_ext.ports.repository import BlobChange

MAX_CHANGED = 5_000
"""Files that are named."""
MAX_BYTES = 32 << 20
"""Of all contents in one answer."""
_SECONDS = 15
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NOTHING = re.compile(r"0+")
_MODULE = "160000"


class GitCommits:
    """See :class:`studio_ext.ports.repository.Repository`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def changed(self, first: str, second: str) -> list[BlobChange] | None:
        """See :class:`~studio_ext.ports.repository.Repository`."""
        if not (_COMMIT.fullmatch(first) and _COMMIT.fullmatch(second)):
            return None
        if not os.path.isdir(self._folder):  # noqa: PTH112 - Path.is_dir raises for long names, and where it may not look
            return None
        answer = self._ask(
            "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-textconv", "--full-index",
            f"{first}^{{tree}}", f"{second}^{{tree}}",
        )  # fmt: skip
        if answer is None:
            return None
        fields = answer.decode("utf-8", "replace").split("\0")
        found = []
        for head, path in zip(fields[::2], fields[1::2], strict=False):
            before, after, ours, theirs = head.lstrip(":").split()[:4]
            if _MODULE not in (before, after):
                blobs = [None if _NOTHING.fullmatch(each) else each for each in (ours, theirs)]
                found.append(BlobChange(path, *blobs))
        return found[:MAX_CHANGED]

    def contents(self, blobs: list[str], most: int) -> dict[str, bytes]:
        """See :class:`~studio_ext.ports.repository.Repository`."""
        sizes = self._ask("cat-file", "--batch-check", given=blobs) or b""
        small, left = [], MAX_BYTES
        for line in sizes.decode("ascii", "replace").splitlines():
            name, kind, size = [*line.split(), "", ""][:3]
            if kind == "blob" and int(size) <= min(most, left):
                small.append(name)
                left -= int(size)
        found: dict[str, bytes] = {}
        answer = self._ask("cat-file", "--batch", given=small) or b""
        place = 0
        while place < len(answer):
            end = answer.index(b"\n", place)
            name, _, size = answer[place:end].decode("ascii", "replace").split()
            found[name] = answer[end + 1 : end + 1 + int(size)]
            place = end + 1 + int(size) + 1
        return found

    def _ask(self, *arguments: str, given: list[str] | None = None) -> bytes | None:
        try:
            answer = subprocess.run(
                ["git", *arguments],
                cwd=self._folder,
                env=calm_environment(),
                input="".join(f"{each}\n" for each in given or ()).encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return answer.stdout if answer.returncode == 0 else None


class GitRepositories:
    """See :class:`studio_ext.ports.repository.Repositories`."""

    def at(self, folder: Path) -> GitCommits:
        """See :class:`~studio_ext.ports.repository.Repositories`."""
        return GitCommits(folder)
