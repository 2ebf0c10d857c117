"""What git says of a folder: files, commit, changes, origin."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

_GIT_SECONDS = 10
_COMMIT = "# branch.oid "


class GitFolder:
    """The git work tree around a folder, asked all at once: three commands cost little more than one."""

    def __init__(self, folder: Path) -> None:
        self._asked: dict[str, subprocess.Popen[bytes]] = {}
        self._answers: dict[str, str | None] = {}
        if any((each / ".git").exists() for each in (folder, *folder.parents)):
            self._ask(folder, "files", "ls-files", "-co", "--exclude-standard", "-z")
            self._ask(folder, "status", "status", "--porcelain=v2", "--branch", "-z", "--", ".")
            self._ask(folder, "remote", "config", "--get", "remote.origin.url")

    def __enter__(self) -> GitFolder:
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._asked.values():
            process.kill()
            process.communicate()

    def files(self) -> set[str] | None:
        """Files that git has or would have, relative to the folder; None where git does not answer."""
        listed = self._answer("files")
        return set(listed.split("\0")) - {""} if listed is not None else None

    def commit(self) -> str | None:
        """The commit that is checked out; None before the first one."""
        marks = [line.removeprefix(_COMMIT) for line in self._status() if line.startswith(_COMMIT)]
        return marks[0] if marks and marks[0] != "(initial)" else None

    def dirty(self) -> bool | None:
        """Whether the folder differs from the commit."""
        status = self._status()
        return any(line and not line.startswith("# ") for line in status) if status else None

    def remote(self) -> str | None:
        """Address of ``origin``, without user name and password."""
        address = (self._answer("remote") or "").strip()
        scheme, separator, rest = address.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator else address or None

    def _status(self) -> list[str]:
        return (self._answer("status") or "").split("\0")[:-1]

    def _ask(self, folder: Path, what: str, *arguments: str) -> None:
        command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotepath=off", *arguments]
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
        try:
            self._asked[what] = subprocess.Popen(
                command, cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return

    def _answer(self, what: str) -> str | None:
        if (process := self._asked.pop(what, None)) is not None:
            try:
                answer = process.communicate(timeout=_GIT_SECONDS)[0]
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            else:
                if process.returncode == 0:
                    self._answers[what] = os.fsdecode(answer)
        return self._answers.get(what)
