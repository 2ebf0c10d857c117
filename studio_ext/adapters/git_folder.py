"""What git says of a folder: files, commit, changes, origin.

The repository may be anybody's, and its configuration names programs for many occasions. None of them is run.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from studio_ext.adapters.git_changes import changes_text

_GIT_SECONDS = 10
_MOST_CHANGES = 8 << 20
"""Bytes of changes that are taken from git."""
_COMMIT = "# branch.oid "
_SAFE = {
    "core.fsmonitor": "false",  # a program that knows what was changed
    "core.hooksPath": os.devnull,
    "core.alternateRefsCommand": "",
    "core.quotePath": "false",
    "core.pager": "cat",
    "diff.external": "",
    "diff.relative": "false",
    "diff.submodule": "short",
    "diff.noprefix": "false",
    "diff.mnemonicPrefix": "false",
    "protocol.allow": "never",  # objects that were not fetched stay away
}
_FILTER = re.compile(r"^filter\.(.+)\.(?:clean|smudge|process|required)$", re.DOTALL)
_DIFF = (
    "diff", "HEAD", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty", "--src-prefix=a/",
    "--dst-prefix=b/",
)  # fmt: skip


def calm_environment(settings: Mapping[str, str] = _SAFE) -> dict[str, str]:
    """Variables with which git asks nobody, fetches nothing and runs no program that a repository names."""
    # By the environment: on a command line a name must not hold "=".
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    named = {"GIT_CONFIG_COUNT": str(count + len(settings))}
    for number, (name, value) in enumerate(settings.items(), start=count):
        named |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    calm = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    return {**os.environ, **named, **calm}


class GitFolder:
    """The git work tree around a folder, asked all at once: four commands cost little more than one."""

    def __init__(self, folder: Path) -> None:
        self._asked: dict[str, subprocess.Popen[bytes]] = {}
        self._answers: dict[str, str | None] = {}
        self._safe = dict(_SAFE)
        if any((each / ".git").exists() for each in (folder, *folder.parents)):
            self._ask(folder, "filters", "config", "--name-only", "-z", "--get-regexp", r"^filter\.")
            self._ask(folder, "files", "ls-files", "-co", "--exclude-standard", "-z")
            self._ask(folder, "remote", "config", "--get", "remote.origin.url")
            # These two look into files, for which filters may be set.
            for name in (self._answer("filters") or "").split("\0"):
                if match := _FILTER.match(name):
                    kinds = {"clean": "", "smudge": "", "process": "", "required": "false"}
                    self._safe |= {f"filter.{match.group(1)}.{kind}": value for kind, value in kinds.items()}
            self._ask(
                folder, "status", "status", "--porcelain=v2", "--branch", "-z", "--ignore-submodules=dirty", "--", "."
            )
            self._ask(folder, "changes", *_DIFF)

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

    def changes(self) -> str:
        """What of the work tree differs from the commit, and which files beside the folder git does not know, without
        secrets; empty where there is nothing."""
        diff, is_cut = self._some_of("changes", _MOST_CHANGES)
        untracked = [line.removeprefix("? ") for line in self._status() if line.startswith("? ")]
        return changes_text(diff, untracked, self.commit() or "", is_cut=is_cut)

    def remote(self) -> str | None:
        """Address of ``origin``, without user name and password."""
        address = (self._answer("remote") or "").strip()
        scheme, separator, rest = address.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}" if separator else address or None

    def _status(self) -> list[str]:
        return (self._answer("status") or "").split("\0")[:-1]

    def _ask(self, folder: Path, what: str, *arguments: str) -> None:
        environment = calm_environment(self._safe)
        command = ["git", *arguments]
        try:
            self._asked[what] = subprocess.Popen(
                command, cwd=folder, env=environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return

    def _some_of(self, what: str, most: int) -> tuple[str, bool]:
        """The beginning of an answer, and whether there is more."""
        process = self._asked.pop(what, None)
        if process is None or process.stdout is None:
            return "", False
        deadline, size = time.monotonic() + _GIT_SECONDS, 0
        pieces: list[bytes] = []
        with process.stdout as pipe:
            while size <= most and (left := deadline - time.monotonic()) > 0:
                if not select.select([pipe], [], [], left)[0]:
                    break
                piece = os.read(pipe.fileno(), 1 << 16)
                if not piece:
                    return (b"".join(pieces).decode("utf-8", "replace"), False) if process.wait() == 0 else ("", False)
                pieces.append(piece)
                size += len(piece)
        process.kill()
        process.wait()
        return b"".join(pieces)[:most].decode("utf-8", "replace"), True

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
