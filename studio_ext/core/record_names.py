"""What MLflow allows as names of metrics, parameters and tags, and how long values may be."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

from studio_ext.contract.errors import InvalidRequest

RESERVED = "studio."
"""Beginning of the tags that say how a run came about: ours alone."""
MAX_NAME = 250
MAX_PARAMETER = 6000
"""Characters of a parameter's value."""
MAX_TAG = 5000
"""Characters of a tag's value that every version of MLflow keeps."""
SYSTEM = "system/"
"""Beginning of the metrics that say what a run used of its machine. Tables and summaries leave them out."""

_NAME = re.compile(r"[/\w.\- :]+")


def checked_name(name: object, what: str) -> str:
    """The name of a metric, parameter or artefact as MLflow will take it. Raises ``InvalidRequest``."""
    if not isinstance(name, str) or not name:
        raise InvalidRequest.field(what, "needs a name that is a text")
    if len(name) > MAX_NAME:
        raise InvalidRequest.field(what, f"the name has {len(name)} characters; at most {MAX_NAME} are allowed")
    if not _NAME.fullmatch(name) or "\n" in name:
        raise InvalidRequest.field(
            what, f"{name!r} is not a name that MLflow takes", hint="Letters, digits and _ - . : / and spaces are."
        )
    if posixpath.normpath(name) != name or name in (".", "..") or name.startswith(("../", "/")):
        raise InvalidRequest.field(what, f"{name!r} looks like a path that leads elsewhere", hint="Leave out the dots.")
    return name


def sound_text(value: object) -> str:
    """A text that every store takes: half a character becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()


def refuse_reserved(keys: Iterable[str]) -> None:
    """Raise ``InvalidRequest`` for names of tags that are ours alone."""
    for key in keys:
        if key.startswith(RESERVED):
            raise InvalidRequest.field("tags", f"{key[:80]!r} says how a run came about", hint="Choose another name.")
