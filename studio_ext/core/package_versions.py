"""Lists of installed packages, and which of two versions is the newer one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from studio_ext.contract.trial_diff import PackageDiff
from studio_ext.core.plain_text import masked, one_line

MAX_PACKAGES = 5_000
_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,199})\s*(?:==|@)\s*(\S.{0,499})")


def parse_packages(text: str) -> dict[str, str]:
    """Versions by name, of lines ``name==version`` or ``name @ address``; other lines say nothing."""
    found: dict[str, str] = {}
    for line in text.splitlines()[: MAX_PACKAGES * 2]:
        if (match := _LINE.fullmatch(line.strip())) and len(found) < MAX_PACKAGES:
            name = re.sub(r"[-_.]+", "-", match.group(1)).lower()
            found[name] = one_line(masked(match.group(2)))
    return found


def diff_packages(first: Mapping[str, str], second: Mapping[str, str]) -> tuple[list[PackageDiff], int]:
    """Packages that differ, by name, and how many are the same."""
    found: list[PackageDiff] = []
    for name in sorted({*first, *second}):
        ours, theirs = first.get(name), second.get(name)
        if ours == theirs:
            continue
        if ours is None or theirs is None:
            change = PackageDiff(name=name, change="added" if ours is None else "removed", first=ours, second=theirs)
        else:
            change = PackageDiff(name=name, change=_order(ours, theirs), first=ours, second=theirs)
        found.append(change)
    return found, len({*first, *second}) - len(found)


def _order(first: str, second: str) -> Literal["newer", "older", "changed"]:
    from packaging.version import InvalidVersion, Version

    try:
        before, after = Version(first), Version(second)
    except InvalidVersion:
        return "changed"
    return "newer" if after > before else "older" if after < before else "changed"
