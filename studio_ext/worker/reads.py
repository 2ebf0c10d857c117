"""Notes which files the user's code reads.

Python tells of every file that it opens (``sys.addaudithook``). The hook looks at each path once and writes one line
for what can be data; what was opened before costs a look into a dictionary. Files that the job itself wrote are none.
"""

# Asked for every file that is opened, so plain strings instead of Path objects:
# ruff: noqa: PTH100, PTH116, PTH119
from __future__ import annotations

import json
import os
import re
import stat
import sys
import sysconfig
import threading
from collections.abc import Sequence
from typing import Any

MOST = 2_000
"""Files that are noted; of those that come after it only that there are more."""
_MOST_KNOWN = 50_000
"""Paths that are remembered."""
_MOST_BYTES = 1 << 20
"""Of the report, whoever writes to it: forked processes do, too."""
LONGEST = 4096
"""Characters of a path."""

_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/proc", "/sys", "/dev", "/run", "/boot", "/snap",
    "/var/cache", "/var/lib/dpkg",
)  # fmt: skip
_NO_DATA = (
    ".py", ".pyc", ".pyi", ".pyx", ".pyo", ".so", ".pyd", ".dylib", ".dll", ".ipynb", ".pth", ".egg", ".whl", ".mo",
    ".ttf", ".otf", ".ttc", ".afm", ".pfb", ".woff", ".woff2", ".mplstyle", ".lock", ".pid", ".sock",
)  # fmt: skip
_URI = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Reads:
    """The reads of one process, and of those forked from it."""

    def __init__(self, report: str, job_dir: str, workdir: str, sdk: str = "") -> None:
        """``report``: the file to write to. ``workdir``: where the notebook's own files are; of the rest of
        ``job_dir`` only channels are data. ``sdk``: archive of code, which is none."""
        self._report = report
        self._job = _folder(job_dir)
        self._data = (_folder(workdir), _folder(f"{job_dir}/input/data"))
        self._not_data = tuple(map(_folder, {*_SYSTEM, *_environment()}))
        # The report was made last of all that was there before the job, and by the clock that files have.
        self._begun = os.stat(report).st_ctime_ns
        self._known: dict[str, None] = {sdk: None}
        self._left = MOST
        self._guard = threading.local()

    def listen(self) -> None:
        """Hear of everything that is opened from now on, for as long as the process lives."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: Sequence[Any]) -> None:
        if event not in ("open", "sqlite3.connect"):
            return
        try:  # anybody may raise such an event, with whatever arguments
            if event == "open":
                path, mode, flags = arguments
                # Neither descriptors nor what was looked at before.
                if path.__class__ is int or path in self._known:
                    return
                self._look(path, ("r" not in mode or "+" in mode) if mode else bool((flags or 0) & _WRITING))
            elif (path := arguments[0]) != ":memory:" and path:
                self._look(path, False)
        except Exception:  # noqa: S110  (whatever it is, the user's code goes on)
            pass

    def _look(self, path: Any, writes: bool) -> None:
        if getattr(self._guard, "busy", False):
            return
        self._guard.busy = True
        try:
            self.note(path, writes=writes)
        finally:
            self._guard.busy = False

    def note(self, path: Any, *, writes: bool = False) -> None:
        """Note a file or an address that is read, unless it is none of data."""
        text = os.fsdecode(path)
        if len(self._known) >= _MOST_KNOWN or len(text) > LONGEST or text in self._known:
            return
        if _URI.match(text):
            self._note_uri(text)
            return
        place = os.path.abspath(text)
        if not self._can_be_data(place) or place in self._known:
            return
        self._known[place] = None
        if place != text and text.startswith("/"):
            self._known[text] = None
        if writes:
            return
        found = os.stat(place)
        if not stat.S_ISREG(found.st_mode) or found.st_ctime_ns > self._begun:  # the job made it
            return
        self._write({"read": place, "size": found.st_size, "mtime": found.st_mtime_ns})

    def note_uri(self, uri: str, **more: Any) -> None:
        """Note an address that is read; ``more``: what its server says of it."""
        if len(uri) <= LONGEST and (uri not in self._known or more):
            self._note_uri(uri, **more)

    def _note_uri(self, uri: str, **more: Any) -> None:
        self._known[uri] = None
        if not uri.startswith("file:"):
            self._write({"uri": uri, **more})

    def _can_be_data(self, place: str) -> bool:
        if place.lower().endswith(_NO_DATA):
            return False
        for root in self._data:
            if place.startswith(root):
                return not _hidden(place[len(root) :])
        return not (place.startswith(self._not_data) or place.startswith(self._job) or _hidden(place))

    def _write(self, line: dict[str, Any]) -> None:
        if self._left <= 0:
            return
        self._left -= 1
        append(self._report, line if self._left else {"more": True})


def append(report: str, line: dict[str, Any]) -> None:
    """Add a line to the report; nothing happens where that cannot be done."""
    try:
        descriptor = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        if os.fstat(descriptor).st_size < _MOST_BYTES:
            os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)


def _environment() -> list[str]:
    """Where Python and its packages are installed."""
    paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values()]
    paths += [entry for entry in sys.path if os.path.basename(entry) in ("site-packages", "dist-packages")]
    return [path for path in paths if path not in ("", "/")]


def _folder(path: str) -> str:
    return os.path.abspath(path).rstrip("/") + "/"


def _hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path or "__pycache__" in path
