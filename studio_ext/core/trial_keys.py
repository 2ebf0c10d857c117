"""Names of the columns of trials, written the same in filters, REST, SDK, command line and user interface.

``name``, ``started``, ... are attributes. ``params.lr``, ``tags.stage`` and ``metrics.rmse`` are what was recorded;
``metrics.rmse.min`` and ``metrics.rmse.max`` are the smallest and the largest value of a metric, where
``metrics.rmse`` (or ``metrics.rmse.last``) is its last. A name that would be read otherwise stands in backquotes,
a backquote in it doubled: ``metrics.`val loss```, ``metrics.`rmse.min```.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a column holds."""

    attribute = "attribute"
    parameter = "parameter"
    metric = "metric"
    tag = "tag"


class Summary(StrEnum):
    """Which value of a metric."""

    last = "last"
    minimum = "min"
    maximum = "max"


ATTRIBUTES = {
    "name": False,
    "status": False,
    "started": True,
    "ended": True,
    "duration": True,
    "notebook": False,
    "commit": False,
    "dirty": False,
    "user": False,
    "job": False,
    "run_id": False,
    "parent": False,
}
"""Attributes, and whether they are numbers: times in epoch seconds, ``duration`` in seconds."""

TAG_OF_JOB = "studio.tag."
"""Beginning of the tags that people gave to a job."""

PREFIXES = {"params": Kind.parameter, "metrics": Kind.metric, "tags": Kind.tag}

# Possessive: a text of many digits that is no number is looked at once, not once from each of its digits.
_NUMBER = re.compile(r"[+-]?(?:(?:\d++\.?+\d*+|\.\d++)(?:e[+-]?\d++)?|inf(?:inity)?|nan)\Z", re.ASCII | re.IGNORECASE)
_PLAIN = re.compile(r"[^\W\d][\w/-]*(?:\.[\w/-]+)*\Z")
_SUMMARIES = tuple(f".{each}" for each in Summary)


@dataclass(frozen=True)
class Key:
    """One column."""

    kind: Kind
    name: str
    summary: Summary = Summary.last
    """Only of metrics."""

    @property
    def text(self) -> str:
        """The one way in which this key is written."""
        if self.kind is Kind.attribute:
            return self.name
        prefix = next(prefix for prefix, kind in PREFIXES.items() if kind is self.kind)
        suffix = "" if self.summary is Summary.last else f".{self.summary}"
        return f"{prefix}.{quoted(self.name)}{suffix}"


def quoted(name: str) -> str:
    """A name as it stands in a key: as it is, or in backquotes."""
    if _PLAIN.match(name) and not name.endswith(_SUMMARIES):
        return name
    return "`" + name.replace("`", "``") + "`"


def parse_key(text: str) -> Key | None:
    """The key that a text names; None when it names none.

    More is understood than :attr:`Key.text` writes: a name with characters that should stand in backquotes is taken
    as it is, so that ``metrics.val loss`` is found, too.
    """
    if text in ATTRIBUTES:
        return Key(Kind.attribute, text)
    prefix, dot, rest = text.partition(".")
    kind = PREFIXES.get(prefix)
    if kind is None or not dot or not rest:
        return None
    name, summary = rest, Summary.last
    if kind is Kind.metric:
        for each in Summary:
            if rest.endswith(f".{each}") and len(rest) > len(each) + 1:
                name, summary = rest[: -len(each) - 1], each
    if len(name) > 2 and name[0] == name[-1] == "`":
        name = name[1:-1].replace("``", "`")
    return Key(kind, name, summary)


def parse_number(text: str) -> float | None:
    """The number that a text is; None when it is none. Parameters that are numbers are so because of this.

    ``0.10``, ``1e-3``, ``-5``, ``inf`` and ``nan`` are numbers; `` 5``, ``1_000`` and ``0x10`` are not.
    """
    return float(text) if _NUMBER.match(text) else None


def is_shown(tag: str) -> bool:
    """Whether people are offered a tag: MLflow's and Studio's own are found only by who asks for them."""
    return not tag.startswith(("mlflow.", "studio.")) or tag.startswith(TAG_OF_JOB)
