"""Cuts a filter into words, in one pass."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Sort(StrEnum):
    """What a token is."""

    word = "word"
    string = "string"
    operator = "operator"
    opening = "("
    closing = ")"
    comma = ","
    unclosed = "unclosed"
    """A string or a name in backquotes that does not end."""
    foreign = "foreign"
    """A character that means nothing."""


KEYWORDS = frozenset({"and", "or", "not", "in", "is", "present", "missing"})

# Possessive: however hostile the text, each character is looked at a few times at most.
_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<word>(?:[^\s()'"`,=!<>~]|`(?:[^`]|``)*`)+)
    | (?P<string>"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+')
    | (?P<operator>==|=|!=|!~|<=|<>|<|>=|>|~)
    | (?P<opening>\() | (?P<closing>\)) | (?P<comma>,)
    | (?P<unclosed>["'`].*+)
    | (?P<foreign>.)
    | (?P<over>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SAME = {"==": "=", "<>": "!="}


@dataclass(frozen=True)
class Token:
    """A word with its place."""

    sort: Sort
    text: str
    """As it is written; operators in their usual form."""
    start: int
    end: int

    @property
    def keyword(self) -> str:
        """The word of the language that this is; else empty."""
        lower = self.text.lower()
        return lower if self.sort is Sort.word and lower in KEYWORDS else ""

    @property
    def content(self) -> str:
        """What stands in a string."""
        text = self.text[1:] if self.sort is Sort.unclosed else self.text[1:-1]
        return _ESCAPE.sub(r"\1", text)


def tokens(text: str) -> list[Token]:
    """All tokens; nothing is an error here."""
    found = []
    for match in _TOKEN.finditer(text):
        name = match.lastgroup
        assert name is not None
        if name == "over":
            break
        written = match[name]
        found.append(Token(Sort[name], _SAME.get(written, written), match.start(name), match.end(name)))
    return found


def string(text: str) -> str:
    """A text as a string of the language."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def shown(text: str) -> str:
    """A text as it stands in a sentence: the beginning of a long one."""
    return text if len(text) <= 40 else text[:37] + "..."
