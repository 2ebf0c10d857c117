"""Copies the folder of a notebook: git-aware, with an ignore file and a size cap."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from studio_ext.contract.jobs import Snapshot

MAX_BYTES = 200 * 1024 * 1024
MAX_FILES = 10_000
MAX_LISTED = 100
IGNORE_FILE = ".studioignore"
_ALWAYS = [".git/", ".hg/", ".svn/", "__pycache__/", ".ipynb_checkpoints/", "node_modules/", ".venv/", "*.pyc"]
_GIT_SECONDS = 10


class FolderSnapshots:
    """See :class:`studio_ext.ports.submission.Snapshots`."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> None:
        self._max_bytes = max_bytes
        self._max_files = max_files

    def take(self, notebook: Path, target: Path) -> Snapshot:
        """Copy what lies beside the notebook, nearest first, until the cap; link the rest at the same place.

        In a git work tree what git ignores is linked rather than copied: data sets are often ignored, and the
        notebook still reads them.
        """
        source = notebook.parent
        repository = _Repository.around(source)
        ignored = _ignore_rules(source)
        tracked = repository.files(source) if repository else None
        copied, size, left_out = 0, 0, list[str]()
        to_sync: list[Path] = []
        for relative, is_folder in _walk(source, ignored, target):
            place = target / relative
            if is_folder:
                if copied >= self._max_files or (tracked is not None and not _holds(tracked, relative)):
                    place.symlink_to(source / relative)
                    left_out.append(f"{relative}/")
                else:
                    place.mkdir()
                continue
            origin = source / relative
            try:
                information = origin.stat()
            except OSError:
                continue  # it went away, or is a broken link
            is_wanted = relative == Path(notebook.name) or tracked is None or str(relative) in tracked
            fits = size + information.st_size <= self._max_bytes and copied < self._max_files
            if place.parent.is_symlink():
                continue
            if not (is_wanted and fits) or not _copy(origin, place):
                place.symlink_to(origin)
                left_out.append(str(relative))
                continue
            copied += 1
            size += information.st_size
            to_sync.append(place)
        _sync(to_sync)
        return Snapshot(
            source=str(source),
            files=copied,
            size_bytes=size,
            left_out=left_out
            if len(left_out) <= MAX_LISTED
            else [*left_out[:MAX_LISTED], f"... {len(left_out)} in all"],
            git_commit=repository.commit if repository else None,
            git_dirty=repository.dirty(source) if repository else None,
            git_remote=repository.remote if repository else None,
        )


def _ignore_rules(source: Path) -> object:
    from pathspec import GitIgnoreSpec

    try:
        lines = (source / IGNORE_FILE).read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    return GitIgnoreSpec.from_lines([*_ALWAYS, *lines])


def _walk(source: Path, ignored: object, target: Path) -> Iterator[tuple[Path, bool]]:
    """Relative paths of folders and files, nearest first; not into links, mounts or the workspace itself."""
    device = source.stat().st_dev
    pending = [Path()]
    while pending:
        folder = pending.pop(0)
        if (target / folder).is_symlink():
            continue
        try:
            entries = sorted(os.scandir(source / folder), key=lambda entry: (entry.is_dir(), entry.name))
        except OSError:
            continue
        for entry in entries:
            relative = folder / entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if ignored.match_file(f"{relative}/" if is_folder else str(relative)):  # type: ignore[attr-defined]
                continue
            if is_folder:
                if target.is_relative_to(entry.path) or entry.stat(follow_symlinks=False).st_dev != device:
                    continue
                yield relative, True
                pending.append(relative)
            elif entry.is_file() or entry.is_dir():
                yield relative, False


def _holds(tracked: set[str], folder: Path) -> bool:
    prefix = f"{folder}/"
    return any(path.startswith(prefix) for path in tracked)


def _copy(origin: Path, place: Path) -> bool:
    """Copy a regular file (sharing its blocks where the file system can); False for what is none."""
    if not origin.is_file():
        return False
    try:
        with origin.open("rb") as reader, place.open("xb") as writer:
            while os.copy_file_range(reader.fileno(), writer.fileno(), 1 << 30):
                pass
    except OSError:
        place.unlink(missing_ok=True)
        try:
            place.write_bytes(origin.read_bytes())
        except PermissionError:
            place.unlink(missing_ok=True)
            return False
    place.chmod(origin.stat().st_mode & 0o777 | 0o600)
    return True


def _sync(files: list[Path]) -> None:
    if len(files) > 256:
        os.sync()
        return
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class _Repository:
    """The git work tree around a folder."""

    def __init__(self, root: Path, commit: str | None) -> None:
        self._root = root
        self.commit = commit

    @classmethod
    def around(cls, folder: Path) -> _Repository | None:
        if not any((each / ".git").exists() for each in (folder, *folder.parents)):
            return None
        found = _git(folder, "rev-parse", "--show-toplevel", "HEAD")
        if found is None:
            found = _git(folder, "rev-parse", "--show-toplevel")
        if not found:
            return None
        lines = found.splitlines()
        return cls(Path(lines[0]), lines[1] if len(lines) > 1 else None)

    def files(self, folder: Path) -> set[str] | None:
        """Files that git has or would have, relative to ``folder``; None when git does not answer."""
        listed = _git(folder, "ls-files", "-co", "--exclude-standard", "-z")
        return set(listed.split("\0")) - {""} if listed is not None else None

    def dirty(self, folder: Path) -> bool | None:
        """Whether the folder differs from the commit."""
        changed = _git(folder, "status", "--porcelain", "--", ".")
        return bool(changed.strip()) if changed is not None else None

    @property
    def remote(self) -> str | None:
        """Address of ``origin``, without user name and password."""
        address = (_git(self._root, "config", "--get", "remote.origin.url") or "").strip()
        scheme, separator, rest = address.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}" if separator else address or None


def _git(folder: Path, *arguments: str) -> str | None:
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off", *arguments]
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, timeout=_GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape")
