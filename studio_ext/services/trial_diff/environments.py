"""Where two trials ran: interpreter, system, image, packages. Environment variables are never looked at."""

from __future__ import annotations

import json
from typing import Any

from studio_ext.contract.trial_diff import Change, DiffPart, EnvironmentDiff, FactDiff, TrialDiff
from studio_ext.core.package_versions import diff_packages, parse_packages
from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_size
from studio_ext.services.trial_diff.sides import Side

_MAX_BYTES = 1 << 20
_LONGEST = 500
_TAGS = {
    "python": "studio.python",
    "platform": "studio.platform",
    "cpus": "studio.cpus",
    "gpus": "studio.gpus",
    "runner": "studio.runner",
    "kernel": "studio.kernel",
    "image": "studio.image",
    "image id": "studio.image_id",
}

_SPELLED = {"python": "Python", "cpus": "CPUs", "gpus": "GPUs"}
"""In the middle of a sentence."""


def environment_diff(first: Side, second: Side) -> TrialDiff:
    """Facts that either has, packages that differ."""
    ours, theirs = _facts(first), _facts(second)
    facts = [
        FactDiff(name=name, change=_change(ours.get(name), theirs.get(name)), first=ours.get(name),
                 second=theirs.get(name))
        for name in dict.fromkeys([*_TAGS, "memory"])
        if name in ours or name in theirs
    ]  # fmt: skip
    listed = [side.recorded("environment/packages.txt", _MAX_BYTES) for side in (first, second)]
    has_packages = all(text is not None for text in listed)
    packages, same = diff_packages(*(parse_packages(text or "") for text in listed)) if has_packages else ([], 0)
    notes = [
        f"The packages of {side.name} are not recorded."
        for side, text in zip((first, second), listed, strict=True)
        if text is None
    ]
    differing = [fact.name for fact in facts if fact.change != "same"]
    if differing or packages:
        state, message = "different", _sentence(differing, len(packages))
    elif has_packages:
        count = "1 package of equal version" if same == 1 else f"{same:,} packages of equal versions"
        state, message = "same", f"The environments are the same: {count}."
    elif facts:
        state, message = "unknown", "What is recorded is the same; the packages are not known."
    else:
        state, message = "unknown", "Nothing is recorded about where they ran."
    return TrialDiff.model_validate(
        {
            "first": first.wire,
            "second": second.wire,
            "part": DiffPart.environment,
            "state": state,
            "message": message,
            "hint": "" if has_packages else "Jobs record their packages when they are over.",
            "notes": notes if facts else [],
            "environment": EnvironmentDiff(
                facts=facts, packages=packages, same_packages=same, has_packages=has_packages
            ),
        }
    )


def _sentence(facts: list[str], packages: int) -> str:
    parts = [_SPELLED.get(each, each) for each in facts[:4]] + (["more"] if len(facts) > 4 else [])
    if packages:
        parts.append(f"{packages:,} package{'' if packages == 1 else 's'}")
    *others, last = parts
    return f"They differ in {', '.join(others)} and {last}." if others else f"They differ in {last}."


def _change(first: str | None, second: str | None) -> Change:
    if first == second:
        return "same"
    return "added" if first is None else "removed" if second is None else "changed"


def _facts(side: Side) -> dict[str, str]:
    found = {name: text for name, tag in _TAGS.items() if (text := one_line(side.tags.get(tag) or "")[:_LONGEST])}
    machine = _machine(side.recorded("environment/machine.json", _MAX_BYTES))
    for name in ("python", "platform"):
        said = machine.get(name)
        if name not in found and isinstance(said, str) and said:
            found[name] = one_line(said)[:_LONGEST]
    memory = machine.get("memory_bytes")
    if isinstance(memory, int) and 0 < memory < 1 << 60:
        found["memory"] = format_size(memory)
    return found


def _machine(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
