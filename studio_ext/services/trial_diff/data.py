"""The data that two trials read, by name: the same, another version of it, or nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from studio_ext.contract.trial_diff import DataDiff, DataVersion, DiffPart, DiffState, TrialDiff
from studio_ext.core.plain_text import masked, one_line
from studio_ext.core.units import format_size
from studio_ext.ports.tracking import DataInput
from studio_ext.services.trial_diff.sides import Side

MAX_INPUTS = 500
_LONGEST = 2_000
_LARGEST = 1 << 62
_TRACKED = "tracker.input."
"""Tags of trackers that name what was read; the value is any text."""


def data_diff(first: Side, second: Side, ours: Sequence[DataInput], theirs: Sequence[DataInput]) -> TrialDiff:
    """Data of each name. What has another name in either trial, but the same place, is the same thing."""
    before, after = _versions(first, ours), _versions(second, theirs)
    _rename(before, after)
    diffs = [_compared(name, before.get(name), after.get(name)) for name in dict.fromkeys([*before, *after])]
    changes = [each.change for each in diffs]
    state: DiffState = "same"
    if any(change in ("changed", "added", "removed") for change in changes):
        state = "different"
    elif "unknown" in changes or not diffs:
        state = "unknown"
    hint = "" if diffs else "Jobs record the files and addresses that they read; Tracker.log_input names others."
    return TrialDiff(
        first=first.wire,
        second=second.wire,
        part=DiffPart.data,
        state=state,
        message=_sentence(changes),
        hint=hint,
        notes=[f"{side.name} read more than is listed." for side in (first, second) if "studio.inputs" in side.tags],
        data=diffs,
    )


def _sentence(changes: list[Any]) -> str:
    if not changes:
        return "No data is recorded for either trial."
    if set(changes) == {"same"}:
        return "Both read the same data."
    words = {
        "changed": "changed",
        "added": "only in the second",
        "removed": "only in the first",
        "unknown": "not certain",
        "same": "the same",
    }
    parts = ", ".join(f"{changes.count(each)} {word}" for each, word in words.items() if each in changes)
    return f"Of {len(changes):,} data set{'' if len(changes) == 1 else 's'}: {parts}."


def _versions(side: Side, inputs: Sequence[DataInput]) -> dict[str, DataVersion]:
    found: dict[str, DataVersion] = {}
    for each in inputs[:MAX_INPUTS]:
        name = one_line(each.name)[:_LONGEST] or "unnamed"
        while name in found:  # of several versions of one file each counts
            name += " (again)"
        found[name] = _version(each)
    for tag, text in side.tags.items():
        name = one_line(tag.removeprefix(_TRACKED))
        if not tag.startswith(_TRACKED) or name in found or len(found) >= MAX_INPUTS:
            continue
        if not text.startswith(f"runs:/{side.run.run_id}/"):  # a copy that was kept: see the artefacts
            found[name] = DataVersion(source=one_line(masked(text))[:_LONGEST], kind="named")
    return found


def _rename(before: dict[str, DataVersion], after: dict[str, DataVersion]) -> None:
    """Give what only one trial has by its name the other's name, where the place says that it is the same thing."""
    places = {version.source: name for name, version in before.items() if name not in after and version.source}
    for name in [each for each in after if each not in before]:
        if (other := places.pop(after[name].source, None)) is not None:
            after[other] = after.pop(name)


def _version(data: DataInput) -> DataVersion:
    profile = data.profile
    modified = profile.get("modified")
    return DataVersion(
        source=one_line(masked(data.source))[:_LONGEST],
        kind=one_line(data.kind)[:100],
        digest=one_line(data.digest)[:100],
        size_bytes=_count(profile.get("size_bytes")),
        sha256=_text(profile.get("sha256")),
        modified=modified if isinstance(modified, int | float) and math.isfinite(modified) else _text(modified),
        etag=_text(profile.get("etag")),
        rows=_count(profile.get("num_rows")),
        columns=_count(profile.get("num_columns")),
        files=_count(profile.get("num_files")),
    )


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value < _LARGEST else None


def _text(value: Any) -> str | None:
    return (one_line(value)[:_LONGEST] or None) if isinstance(value, str) else None


def _compared(name: str, first: DataVersion | None, second: DataVersion | None) -> DataDiff:
    def answer(change: Any, reason: str) -> DataDiff:
        return DataDiff(name=name, change=change, reason=reason, first=first, second=second)

    if first is None or second is None:
        return answer("added" if first is None else "removed", "Only one of the trials read it.")
    if first.sha256 and second.sha256:
        if first.sha256 == second.sha256:
            return answer("same", "The contents are the same." + _elsewhere(first, second))
        return answer("changed", f"The contents differ{_counts(first, second)}.")
    if first.size_bytes is not None and second.size_bytes is not None and first.size_bytes != second.size_bytes:
        sizes = f"{format_size(first.size_bytes)} and {format_size(second.size_bytes)}"
        return answer("changed", f"The sizes differ: {sizes}.")
    if first.etag and second.etag:
        if first.source == second.source:
            is_same = first.etag == second.etag
            said = "said that it was the same" if is_same else "said that it was another version"
            return answer("same" if is_same else "changed", f"Its server {said}.")
        return answer("unknown", "It lies at different addresses; nothing tells whether the contents are the same.")
    if first.modified is not None and second.modified is not None and first.source == second.source:
        if first.modified == second.modified:
            return answer("same", "Size and time of change are the same; the contents were not looked at.")
        return answer("unknown", "It was written in between; nothing tells whether the contents are the same.")
    if first.digest and second.digest and first.kind == second.kind and not (first.sha256 or second.sha256):
        if first.digest == second.digest:
            return answer("same", "The recorded versions are the same.")
        return answer("changed", f"The recorded versions differ{_counts(first, second)}.")
    if first.source != second.source:
        return answer("unknown", "It lies at different places; nothing tells whether the contents are the same.")
    return answer("unknown", "The place is the same; which version was read is not recorded.")


def _elsewhere(first: DataVersion, second: DataVersion) -> str:
    return "" if first.source == second.source else " They lay at different places."


def _counts(first: DataVersion, second: DataVersion) -> str:
    counts = (("rows", first.rows, second.rows), ("columns", first.columns, second.columns))
    told = [
        f"{one:,} and {other:,} {what}"
        for what, one, other in counts
        if one is not None and other is not None and one != other
    ]
    return f": {', '.join(told)}" if told else ""
