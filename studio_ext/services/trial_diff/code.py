"""The code of two trials: the folders that were copied for their jobs, else commits and what was recorded beside."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from studio_ext.contract.trial_diff import Change, CodeDiff, DiffPart, FileDiff, TrialDiff
from studio_ext.core.line_diff import Effort, text_diff
from studio_ext.core.notebook_diff import script
from studio_ext.core.plain_text import one_line
from studio_ext.core.secrets import is_secret_file
from studio_ext.ports.repository import Repositories
from studio_ext.services.trial_diff.sides import Side, TooLarge
from studio_ext.worker import inside

MAX_FILES = 10_000
"""Files of a folder that are looked at."""
MAX_SHOWN = 200
"""Files that are listed."""
MAX_LINES = 20_000
"""Lines in one answer."""
LARGEST_TEXT = 1 << 20
MOST_HASHED = 256 << 20
"""Bytes of files of one size that are read to find out whether they are equal, in one answer."""
_RECORDED = ("code/uncommitted.diff.txt", "cell.py")
"""Artefacts that hold code: what was in no commit, and the cell that a trial is."""


def code_diff(first: Side, second: Side, repositories: Repositories) -> TrialDiff:
    """What the code of the trials has not in common; the notebooks of jobs have a part of their own."""
    ours, theirs = _Code(first), _Code(second)
    notes: list[str] = []
    contents = _snapshots(first, second, notes)
    basis = "snapshots"
    if contents is None:
        contents = _commits(ours, theirs, repositories, notes)
        basis = "commits"
        recorded = [_recorded(side) for side in (first, second)]
        if contents is None:
            basis, contents = ("records" if any(recorded) else "none"), _Contents({}, {}, 0)
        contents.first.update(recorded[0])
        contents.second.update(recorded[1])
    files, unchanged, left_out = _compared(contents)
    is_known = basis != "none" or (ours.commit is not None and ours.commit == theirs.commit)
    state, message, hint = _verdict(files, is_known, ours, theirs, basis)
    if left_out:
        is_sure = all(each.change != "unknown" for each in files)
        notes.append(f"{left_out:,} more files differ{'' if is_sure else ', or may differ'}.")
    return TrialDiff.model_validate(
        {
            "first": first.wire,
            "second": second.wire,
            "part": DiffPart.code,
            "state": state,
            "message": message,
            "hint": hint,
            "notes": notes,
            "code": CodeDiff.model_validate(
                {
                    "basis": basis,
                    "first_commit": ours.commit,
                    "second_commit": theirs.commit,
                    "first_dirty": ours.dirty,
                    "second_dirty": theirs.dirty,
                    "files": files,
                    "unchanged": unchanged,
                    "left_out": left_out,
                }
            ),
        }
    )


class _Code:
    """What the run says of its code."""

    def __init__(self, side: Side) -> None:
        tags, snapshot = side.tags, side.job.snapshot if side.job else None
        commit = (snapshot.git_commit if snapshot else None) or tags.get("mlflow.source.git.commit")
        self.commit = one_line(commit)[:64] if commit else None
        dirty = tags.get("studio.git_dirty")
        self.dirty = json.loads(dirty) if dirty in ("true", "false") else None
        # A job that was deleted has left where its folder was; a script, its own path.
        script = PurePosixPath(tags.get("mlflow.source.name") or "").parent
        places = [snapshot.source] if snapshot else [tags.get("studio.source") or "", str(script)]
        self.folders = [Path(place) for place in places if place.startswith("/")]


@dataclass
class _File:
    """A file of either trial."""

    size: int | None
    digest: str | None
    """Of the contents; None where they were not read."""
    data: bytes | None = None
    """The contents; None for what is not looked into, or not yet."""
    place: tuple[Path, str] | None = None
    """Directory of the job and path below it: where the contents are read when they are shown."""

    def content(self) -> bytes | None:
        """What is shown of it; None for what is too large, or gone."""
        if self.data is None and self.place is not None:
            with contextlib.suppress(OSError):
                return inside.read(*self.place, LARGEST_TEXT)
        return self.data


@dataclass
class _Contents:
    first: dict[str, _File]
    second: dict[str, _File]
    unchanged: int


def _verdict(files: list[FileDiff], is_known: bool, ours: _Code, theirs: _Code, basis: str) -> tuple[str, str, str]:
    count = sum(each.change != "unknown" for each in files)
    if count:
        return "different", f"{count:,} {'file differs' if count == 1 else 'files differ'}.", ""
    if files:
        count = len(files)
        which = "1 file is" if count == 1 else f"{count:,} files are"
        return "unknown", f"{which} of the same size and could not be looked into; no other file differs.", ""
    if not is_known:
        if ours.commit and theirs.commit:
            message = "The commits differ; their repository is not on this machine."
            return "different", message, "git diff between the two commits, where the repository is, shows how."
        return "unknown", "Not enough of their code is recorded to compare it.", "Jobs keep a copy of it."
    if basis != "snapshots" and (ours.dirty is not False or theirs.dirty is not False):
        known = "The commits are the same" if ours.commit else "What is recorded is the same"
        return "unknown", f"{known}; whether there was more than that is not recorded.", ""
    return "same", "The code is the same.", ""


# -- folders of jobs


def _snapshots(first: Side, second: Side, notes: list[str]) -> _Contents | None:
    """The copies that the jobs ran in; None where one of them is gone."""
    if first.job is None or second.job is None or first.job.snapshot is None or second.job.snapshot is None:
        return None
    if first.job.id == second.job.id:
        notes.append("Both trials are of one job.")
    found: list[dict[str, _File]] = []
    for side in (first, second):
        assert side.job is not None
        root = Path(side.job.directory)
        if not os.path.isdir(root / "code"):  # noqa: PTH112 - Path.is_dir raises where it may not look
            return None
        made, files = 0, {}
        own = PurePosixPath(side.job.notebook).name
        begun = side.job.started
        for path, information in _walk(root, "code"):
            name = path.removeprefix("code/")
            if name == own:
                continue
            if begun is not None and information.st_mtime > begun:
                made += 1
                continue
            files[name] = _File(information.st_size, None, place=(root, path))
            if len(files) == MAX_FILES:
                notes.append(f"Of {side.name} only the first {MAX_FILES:,} files are looked at.")
                break
        if made:
            which = "1 file was" if made == 1 else f"{made:,} files were"
            notes.append(f"{which} written by {side.name} while it ran: not looked at.")
        found.append(files)
    _hash_pairs(*found)
    return _Contents(found[0], found[1], 0)


def _walk(root: Path, folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files below a folder, by name; no link is followed."""
    try:
        names = inside.names(root, folder)
    except OSError:
        return
    for name in names:
        path = f"{folder}/{name}"
        try:
            information = inside.look(root, path)
        except OSError:
            continue
        if stat.S_ISDIR(information.st_mode):
            if name != "__pycache__" and path.count("/") < 50:
                yield from _walk(root, path)
        elif stat.S_ISREG(information.st_mode):
            yield path, information


def _hash_pairs(first: dict[str, _File], second: dict[str, _File]) -> None:
    """Read those files of both that are of one size: both or neither, and as many as there is room for."""
    left = MOST_HASHED
    for name in sorted({*first} & {*second}):
        ours, theirs = first[name], second[name]
        size = ours.size or 0
        if ours.size == theirs.size and 2 * size <= left:
            left -= 2 * size
            ours.digest, theirs.digest = _digest(ours), _digest(theirs)


def _digest(found: _File) -> str | None:
    """None for a file that cannot be read."""
    assert found.place is not None
    with contextlib.suppress(OSError), os.fdopen(inside.open_file(*found.place), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return None


# -- commits, and what was recorded


def _commits(ours: _Code, theirs: _Code, repositories: Repositories, notes: list[str]) -> _Contents | None:
    """The files that two commits do not have alike; None where they cannot be asked."""
    if not ours.commit or not theirs.commit or ours.commit == theirs.commit:
        return None
    for folder in dict.fromkeys(theirs.folders + ours.folders):
        repository = repositories.at(folder)
        changed = repository.changed(ours.commit, theirs.commit)
        if changed is None:
            continue
        blobs = [blob for each in changed[:MAX_SHOWN] for blob in (each.first, each.second) if blob]
        data = repository.contents(blobs, LARGEST_TEXT)
        pairs: tuple[dict[str, _File], dict[str, _File]] = ({}, {})
        for each in changed:
            for files, blob in zip(pairs, (each.first, each.second), strict=True):
                if blob is not None:
                    content = data.get(blob)
                    files[each.path] = _File(None if content is None else len(content), blob, content)
        return _Contents(*pairs, 0)
    notes.append("The commits differ; their repository is not on this machine, or has not got both.")
    return None


def _recorded(side: Side) -> dict[str, _File]:
    found: dict[str, _File] = {}
    for path in _RECORDED:
        with contextlib.suppress(TooLarge):
            if (artifact := side.artifact(path, LARGEST_TEXT)) is not None:
                digest = hashlib.sha256(artifact.data).hexdigest()
                found[path] = _File(len(artifact.data), digest, artifact.data)
    return found


# -- files


def _compared(contents: _Contents) -> tuple[list[FileDiff], int, int]:
    """Files that differ, how many are the same, and how many are not listed."""
    files: list[FileDiff] = []
    unchanged, left_out, lines, effort = 0, 0, MAX_LINES, Effort()
    changes: dict[str, Change] = {}
    for path in sorted({*contents.first, *contents.second}):
        changes[path] = _change(contents.first.get(path), contents.second.get(path))
    # What may be the same is listed where those that differ leave room.
    for path in sorted(changes, key=lambda each: changes[each] == "unknown"):
        before, after, change = contents.first.get(path), contents.second.get(path), changes[path]
        if change == "same":
            unchanged += 1
            continue
        if len(files) == MAX_SHOWN:
            left_out += 1
            continue
        text, note = None, "Of the same size; not looked into."
        if change != "unknown":
            text, note = _text(path, before, after, lines, effort)
        if text is not None:
            lines -= sum(len(block.lines) for block in text.blocks)
        files.append(
            FileDiff(
                path=_name(path),
                change=change,
                first_bytes=before.size if before else None,
                second_bytes=after.size if after else None,
                text=text,
                note=note,
            )
        )
    return sorted(files, key=lambda each: each.path), unchanged, left_out


def _change(before: _File | None, after: _File | None) -> Change:
    if before is None or after is None:
        return "added" if before is None else "removed"
    if before.digest is None or after.digest is None:
        return "unknown" if before.size == after.size else "changed"
    return "same" if before.digest == after.digest else "changed"


def _text(path: str, before: _File | None, after: _File | None, lines: int, effort: Effort) -> tuple[Any, str]:
    if is_secret_file(path):
        return None, "It may hold secrets: not shown."
    contents = [each.content() if each else b"" for each in (before, after)]
    if contents[0] is None or contents[1] is None:
        return None, "It is too large to be shown line by line."
    if any(b"\0" in each[: 1 << 16] for each in contents if each):
        return None, "It is no text."
    return text_diff(*(_readable(path, each) for each in contents), most=lines, effort=effort), ""


def _readable(path: str, data: bytes | None) -> str:
    """A text as people read it: of a notebook the sources."""
    text = (data or b"").decode("utf-8", "replace")
    if path.endswith(".ipynb") and text:
        with contextlib.suppress(ValueError, RecursionError):
            document = json.loads(text)
            if isinstance(document, dict):
                return script(document)
    return text


def _name(path: str) -> str:
    """Names on disk are bytes, and need not be UTF-8."""
    return one_line(path.encode("utf-8", "replace").decode("utf-8", "replace"))[:1_000]
