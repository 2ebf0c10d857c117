"""What of a git work tree is in no commit: as a text that ``git apply`` takes, without secrets.

The repository may be anybody's: nothing that it configures is run. See ``_SAFE`` of :mod:`.git_folder`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from studio_ext.core.secrets import is_secret_file, without_secrets

MAX_BYTES = 1 << 20
"""Of the text; of what is longer whole files are left out, notebooks first, whose outputs are recorded anyway."""
_MOST_NAMED = 500
_SECTION = re.compile(r"^(?=diff --git )", re.MULTILINE)
_LONGEST_NAME = 500


def changes_text(diff: str, untracked: Iterable[str], commit: str, *, is_cut: bool = False) -> str:
    """The text that is recorded; empty where nothing was changed.

    ``diff``: as git gives it. ``untracked``: paths, relative to the repository. ``is_cut``: the diff had no end.
    """
    sections = [each for each in _SECTION.split(diff) if each.startswith("diff --git ")]
    if is_cut and sections:
        sections.pop()  # half a file
    named, unnamed = _some(untracked)
    if not sections and not named:
        return ""
    head = [f"# Not committed, on top of {commit}." if commit else "# Not committed; there is no commit yet."]
    head += [f"# Not tracked: {name}" for name in named]
    if unnamed:
        head.append(f"# Not tracked: {unnamed:,} more")
    kept: dict[int, str] = {}
    left = MAX_BYTES
    order = sorted(range(len(sections)), key=lambda each: _path(sections[each]).endswith(".ipynb"))
    for number in order:
        path, section = _path(sections[number]), sections[number]
        if is_secret_file(path):
            head.append(f"# Left out, may hold secrets: {path}")
            continue
        size = len(section.encode("utf-8", "replace"))
        if size > left:  # before it is looked through, which takes its time
            head.append(f"# Left out, too long ({size:,} bytes): {path}")
            continue
        section = without_secrets(section)
        left -= size
        kept[number] = section
    if is_cut:
        head.append("# Left out: what comes after it is too long.")
    body = "".join(kept[number] if kept[number].endswith("\n") else f"{kept[number]}\n" for number in sorted(kept))
    return "\n".join(head) + "\n" + body


def _some(untracked: Iterable[str]) -> tuple[list[str], int]:
    names = sorted(" ".join(name.split())[:_LONGEST_NAME] for name in untracked)
    return names[:_MOST_NAMED], max(len(names) - _MOST_NAMED, 0)


def _path(section: str) -> str:
    """The file that a section is about."""
    head = section.partition("\n")[0]
    name = head.rpartition(" b/")[2] if " b/" in head else head.rpartition('"b/')[2]
    return " ".join(name.strip('"').split())[:_LONGEST_NAME]
