"""The artefacts of two trials: which both have, whether they are equal, and what they are."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.records import ArtifactEntry
from studio_ext.contract.trial_diff import ArtifactDiff, Change, DiffPart, TextDiff, TrialDiff
from studio_ext.core.line_diff import text_diff
from studio_ext.core.plain_text import one_line
from studio_ext.services.trial_diff.sides import Side, TooLarge

MAX_FILES = 1_000
MAX_FOLDERS = 100
LARGEST_HASHED = 16 << 20
MOST_HASHED = 128 << 20
"""Bytes that are read to find out whether files are equal, in one answer."""
MOST_SECONDS = 20.0
"""Time after which nothing more is listed or read for one answer."""
LARGEST_TEXT = 2 << 20
_HEAD = 4_096
_TYPE = re.compile(rb"^\s*\{\s*\"type\"\s*:\s*\"(ConfusionMatrix|ROCCurve|PrecisionRecallCurve|Table)\"")
_TABLE = re.compile(rb"^\s*\{\s*\"columns\"\s*:\s*\[")
_TYPES = {
    b"ConfusionMatrix": "confusion_matrix",
    b"ROCCurve": "roc_curve",
    b"PrecisionRecallCurve": "precision_recall",
    b"Table": "table",
}
_ENDINGS = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"), "image"),
    **dict.fromkeys((".csv", ".tsv"), "table"),
    ".ipynb": "notebook",
    **dict.fromkeys(
        (".txt", ".md", ".log", ".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".py", ".r", ".sql", ".sh", ".html",
         ".xml", ".diff", ".patch", ".jsonl", ".rst", ".tex"),
        "text",
    ),
}  # fmt: skip
_NAMES = {"MLmodel": "text", "Dockerfile": "text"}


def artifacts_diff(first: Side, second: Side, path: str = "") -> TrialDiff:
    """All artefacts, or one with the differences of its text. Raises ``NotFound`` when neither trial has that one."""
    if path:
        return _answer(first, second, [_one(first, second, path)], [])
    budget = _Budget(MOST_HASHED, time.monotonic() + MOST_SECONDS)
    ours, theirs = _listed(first, budget), _listed(second, budget)
    found = []
    for name in sorted({*ours.files, *theirs.files}):
        before, after = ours.files.get(name), theirs.files.get(name)
        entry = after or before
        assert entry is not None
        change, note, head = _change(first, second, before, after, budget)
        if (before is None and ours.is_cut) or (after is None and theirs.is_cut):
            change, note = "unknown", "Not all artefacts of the other trial are listed."
        found.append(
            ArtifactDiff.model_validate(
                {
                    "path": name,
                    "kind": _kind(second if after else first, entry, head, budget),
                    "change": change,
                    "first_bytes": before.size_bytes if before else None,
                    "second_bytes": after.size_bytes if after else None,
                    "note": note,
                }
            )
        )
    notes = [
        f"{side.name} has more artefacts than are listed."
        for side, listed in ((first, ours), (second, theirs))
        if listed.is_cut
    ]
    return _answer(first, second, found, notes)


@dataclass
class _Budget:
    """Bytes that may still be read, and until when (``time.monotonic``)."""

    left: int
    until: float

    @property
    def is_late(self) -> bool:
        return time.monotonic() >= self.until

    def take(self, size: int) -> bool:
        if size > self.left or self.is_late:
            return False
        self.left -= size
        return True


@dataclass
class _Listed:
    files: dict[str, ArtifactEntry]
    is_cut: bool


def _listed(side: Side, budget: _Budget) -> _Listed:
    files: dict[str, ArtifactEntry] = {}
    folders = [""]
    for number, folder in enumerate(folders):
        if number >= MAX_FOLDERS or (number and budget.is_late):
            return _Listed(files, True)
        for entry in side.artifacts(folder):
            if entry.is_folder:
                folders.append(entry.path)
            elif len(files) == MAX_FILES:
                return _Listed(files, True)
            else:
                files[entry.path] = entry
    return _Listed(files, False)


def _change(
    first: Side, second: Side, before: ArtifactEntry | None, after: ArtifactEntry | None, budget: _Budget
) -> tuple[Change, str, bytes | None]:
    """The change, why it is not known, and what the file of the second trial begins with where it was read."""
    if before is None or after is None:
        return ("added" if before is None else "removed"), "", None
    if before.size_bytes != after.size_bytes:
        return "changed", "", None
    size = before.size_bytes or 0
    if size > LARGEST_HASHED or not budget.take(2 * size):
        is_late = size <= LARGEST_HASHED and budget.is_late
        why = "no time was left to look into it" if is_late else "too large to be looked into"
        return "unknown", f"Of the same size; {why}.", None
    ours, theirs = (_digest(side, before.path) for side in (first, second))
    if ours is None or theirs is None:
        return "unknown", "It was deleted meanwhile.", None
    return ("same" if ours[0] == theirs[0] else "changed"), "", theirs[1]


def _digest(side: Side, path: str) -> tuple[str, bytes] | None:
    """Of the contents, and their beginning."""
    digest, head = hashlib.sha256(), b""
    with contextlib.suppress(NotFound, InvalidRequest), side.records.open_artifact(side.run, path) as download:
        for piece in download.chunks:
            digest.update(piece)
            head = head or piece[:_HEAD]
        return digest.hexdigest(), head
    return None


def _kind(side: Side, entry: ArtifactEntry, head: bytes | None, budget: _Budget) -> str:
    """By what the file begins with where it is JSON, else by its name. ``head``: what it begins with, if known."""
    name = PurePosixPath(entry.path)
    ending = name.suffix.lower()
    if ending == ".json" and (entry.size_bytes or 0) <= LARGEST_TEXT:
        if head is None and budget.take(entry.size_bytes or 0):
            with (
                contextlib.suppress(NotFound, InvalidRequest),
                side.records.open_artifact(side.run, entry.path) as file,
            ):
                head = next(file.chunks, b"")[:_HEAD]
        if match := _TYPE.match(head or b""):
            return _TYPES[match.group(1)]
        if _TABLE.match(head or b""):
            return "table"
    return _ENDINGS.get(ending) or _NAMES.get(name.name) or "other"


def _one(first: Side, second: Side, path: str) -> ArtifactDiff:
    sizes: list[int | None] = []
    for side in (first, second):
        folder = path.rpartition("/")[0]
        entry = next((each for each in side.artifacts(folder) if each.path == path and not each.is_folder), None)
        sizes.append(None if entry is None else entry.size_bytes or 0)
    before, after = sizes
    if before is None and after is None:
        raise NotFound(f"Neither trial has an artefact {one_line(path)!r}.", hint="It may have been deleted meanwhile.")
    diff: dict[str, Any] = {"path": path, "first_bytes": before, "second_bytes": after}
    text, note, is_same = _texts(first, second, path)
    change = "added" if before is None else "removed" if after is None else None
    if change is None:
        change = "unknown" if is_same is None else "same" if is_same else "changed"
    kind = _ENDINGS.get(PurePosixPath(path).suffix.lower(), "other" if text is None else "text")
    return ArtifactDiff.model_validate(diff | {"kind": kind, "change": change, "text": text, "note": note})


def _texts(first: Side, second: Side, path: str) -> tuple[TextDiff | None, str, bool | None]:
    """The differences of two texts, why there are none, and whether the contents are the same."""
    try:
        found = [side.artifact(path, LARGEST_TEXT) for side in (first, second)]
    except TooLarge:
        return None, f"It is larger than {LARGEST_TEXT >> 20} MB: too large to be shown line by line.", None
    contents = [each.data if each else b"" for each in found]
    is_same = contents[0] == contents[1]
    if any(b"\0" in data[: 1 << 16] for data in contents):
        return None, "It is no text.", is_same
    texts = [data.decode("utf-8", "replace") for data in contents]
    return text_diff(texts[0], texts[1]), "", is_same


def _answer(first: Side, second: Side, found: list[ArtifactDiff], notes: list[str]) -> TrialDiff:
    """``notes``: of which trial not all artefacts are listed."""
    changes = [each.change for each in found]
    differing = [change for change in changes if change in ("changed", "added", "removed")]
    if not found:
        state, message = "same", "Neither trial has artefacts."
        if notes:
            state, message = "unknown", "The artefacts could not be listed in time."
    elif differing:
        state = "different"
        both = changes.count("changed")
        parts = [f"{both:,} {'differs' if both == 1 else 'differ'}"] if both else []
        parts += [f"{count:,} only in the first" for count in [changes.count("removed")] if count]
        parts += [f"{count:,} only in the second" for count in [changes.count("added")] if count]
        message = f"Of {len(found):,} artefacts {', '.join(parts)}."
    elif "unknown" in changes or notes:
        state, message = "unknown", "Some artefacts could not be looked into; the others are the same."
    else:
        state, message = "same", "The artefacts are the same."
    return TrialDiff.model_validate(
        {
            "first": first.wire,
            "second": second.wire,
            "part": DiffPart.artifacts,
            "state": state,
            "message": message,
            "notes": notes,
            "artifacts": found,
        }
    )
