"""Copies the folder of a notebook: git-aware, with an ignore file and a size cap."""

from __future__ import annotations

import errno
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path

from studio_ext.adapters.git_folder import GitFolder
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import Snapshot
from studio_ext.ports.submission import CHANGES_FILE

MAX_BYTES = 200 * 1024 * 1024
MAX_FILES = 10_000
"""Files and folders; beyond it, folders are linked as a whole."""
MAX_LISTED = 100
IGNORE_FILE = ".studioignore"
_ALWAYS = [".git", ".hg/", ".svn/", "__pycache__/", ".ipynb_checkpoints/", "node_modules/", ".venv/", "*.pyc"]


class FolderSnapshots:
    """See :class:`studio_ext.ports.submission.Snapshots`."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
        self._max_bytes = max_bytes
        self._max_files = max_files

    def take(self, notebook: Path, target: Path) -> Snapshot:
        """Copy what lies beside the notebook, nearest first, until the cap; link the rest at the same place.

        What is in no commit is written down beside ``target``.

        In a git work tree what git ignores is linked rather than copied: data sets are often ignored, and the
        notebook still reads them. The notebook itself is always copied.
        """
        source = notebook.parent.absolute()
        with GitFolder(source) as repository:  # git looks while we read the ignore file
            ignored = _ignore_rules(source)
            entries = _walk(notebook, ignored, target)
            tracked = repository.files()
            folders = _folders(tracked) if tracked is not None else None
            taken = self._copy_all(source, target, entries, notebook.name, tracked, folders)
            commit, dirty, remote = repository.commit(), repository.dirty(), repository.remote()
            changes = repository.changes()
        if changes:
            _write_changes(target.parent / CHANGES_FILE, changes)
        return Snapshot(
            source=_shown(source),
            files=taken.copied,
            size_bytes=taken.size,
            left_out=taken.listed(),
            git_commit=commit,
            git_dirty=dirty,
            git_remote=remote,
        )

    def _copy_all(
        self,
        source: Path,
        target: Path,
        entries: Iterator[tuple[Path, bool]],
        notebook: str,
        tracked: set[str] | None,
        folders: set[str] | None,
    ) -> _Taken:
        taken = _Taken()
        for relative, is_folder in entries:
            origin, place = source / relative, target / relative
            is_full = taken.entries >= self._max_files
            if is_folder:
                if is_full or (folders is not None and str(relative) not in folders):
                    taken.link(origin, place, f"{relative}/")
                else:
                    place.mkdir()
                    taken.entries += 1
                continue
            is_notebook = str(relative) == notebook
            try:
                size = origin.stat().st_size
            except OSError:
                continue  # it went away, or is a link that leads nowhere
            is_wanted = tracked is None or str(relative) in tracked
            fits = taken.size + size <= self._max_bytes and not is_full
            if (is_notebook or (is_wanted and fits)) and _copy(origin, place):
                taken.copied += 1
                taken.entries += 1
                taken.size += size
            else:
                taken.link(origin, place, str(relative))
        return taken


def _write_changes(path: Path, changes: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(changes.encode("utf-8", "replace"))


@dataclass
class _Taken:
    """What a snapshot holds so far."""

    copied: int = 0
    left_out: list[str] = field(default_factory=list)
    size: int = 0
    entries: int = 0
    """Files, folders and links made, which is what a snapshot costs in time."""

    def link(self, origin: Path, place: Path, name: str) -> None:
        """Link instead of copying."""
        place.symlink_to(origin)
        self.left_out.append(name)
        self.entries += 1

    def listed(self) -> list[str]:
        """What was left out, as people can be shown it."""
        names = [_shown(each) for each in self.left_out[:MAX_LISTED]]
        return names if len(self.left_out) <= MAX_LISTED else [*names, f"... {len(self.left_out)} in all"]


def _shown(path: Path | str) -> str:
    """A path as text: names on disk are bytes, and need not be UTF-8."""
    return os.fsencode(path).decode("utf-8", "replace")


def _ignore_rules(source: Path) -> Callable[[str], bool]:
    from pathspec import GitIgnoreSpec

    path = source / IGNORE_FILE
    try:
        lines = path.read_text("utf-8-sig", "replace").splitlines() if path.is_file() else []
    except OSError:
        lines = []
    try:
        return GitIgnoreSpec.from_lines([*_ALWAYS, *lines]).match_file
    except ValueError as error:
        raise InvalidRequest.field(
            "notebook", f"{IGNORE_FILE} in its folder has a line that is no pattern: {error}"
        ) from error


def _walk(notebook: Path, is_ignored: Callable[[str], bool], target: Path) -> Iterator[tuple[Path, bool]]:
    """Relative paths of folders and files, nearest first; not into links, mounts or the workspace itself.

    A folder comes before what lies in it, which comes only if the folder was made and not linked.
    """
    source = notebook.parent.absolute()
    device = source.stat().st_dev
    ours = {(each.stat().st_dev, each.stat().st_ino) for each in (target, *target.parents) if each.exists()}
    pending = deque([Path()])
    while pending:
        folder = pending.popleft()
        if folder.parts:
            yield folder, True
            if (target / folder).is_symlink():
                continue
        try:
            with os.scandir(source / folder) as found:
                entries = sorted((_kind(entry), entry.name, entry) for entry in found)
        except OSError:
            continue
        for kind, name, entry in entries:
            relative = folder / name
            if kind is _Kind.file:
                if not is_ignored(str(relative)) or str(relative) == notebook.name:
                    yield relative, False
            elif kind is _Kind.folder and not is_ignored(f"{relative}/"):
                try:
                    information = entry.stat(follow_symlinks=False)
                except OSError:
                    continue
                if information.st_dev == device and (device, information.st_ino) not in ours:
                    pending.append(relative)


class _Kind(IntEnum):
    """In the order in which they are copied."""

    file = 0
    folder = 1
    other = 2


def _kind(entry: os.DirEntry[str]) -> _Kind:
    """Links count as files, and lead on; pipes, sockets and devices are not for copying."""
    try:
        if entry.is_dir(follow_symlinks=False):
            return _Kind.folder
        return _Kind.file if entry.is_file() or entry.is_dir() else _Kind.other
    except OSError:  # links in a circle
        return _Kind.other


def _folders(tracked: set[str]) -> set[str]:
    """All folders that hold one of these files."""
    found: set[str] = set()
    for path in tracked:
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _copy(origin: Path, place: Path) -> bool:
    """Copy a regular file (sharing its blocks where the file system can); False for what is none or cannot be read."""
    if not origin.is_file():
        return False
    try:
        with origin.open("rb") as reader:
            mode = os.fstat(reader.fileno()).st_mode
            with place.open("xb") as writer:
                if not _share(reader.fileno(), writer.fileno()):
                    shutil.copyfileobj(reader, writer, 1 << 20)
    except (PermissionError, FileNotFoundError):
        place.unlink(missing_ok=True)
        return False
    place.chmod(mode & 0o777 | 0o600)
    return True


def _share(reader: int, writer: int) -> bool:
    """Let the kernel copy; False, with nothing written, where it cannot."""
    if not hasattr(os, "copy_file_range"):
        return False
    try:
        while os.copy_file_range(reader, writer, 1 << 30):
            pass
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            raise
        os.lseek(reader, 0, os.SEEK_SET)
        os.ftruncate(writer, 0)
        os.lseek(writer, 0, os.SEEK_SET)
        return False
    return True
