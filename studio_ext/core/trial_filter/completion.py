"""What can stand at the caret."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from studio_ext.contract.trial_table import Completion
from studio_ext.core.trial_filter.nodes import Operator
from studio_ext.core.trial_filter.tokens import Sort, Token, tokens
from studio_ext.core.trial_filter.values import STATUSES, Holds, holds, operators, quote
from studio_ext.core.trial_keys import ATTRIBUTES, PREFIXES, Key, Kind, Summary, parse_key

MAX_COMPLETIONS = 50


class Suggestions(Protocol):
    """What an experiment has to suggest; :class:`studio_ext.ports.trial_index.TrialColumns` is one."""

    def keys(self, kinds: Sequence[Kind] = (), text: str = "") -> list[Key]:
        """Columns whose name holds a text."""

    def top_texts(self, key: Key, text: str, limit: int) -> list[str]:
        """Values of a column that hold a text."""


class _Place(Enum):
    operand = auto()
    operator = auto()
    not_in = auto()
    state = auto()
    list_start = auto()
    list_value = auto()
    list_next = auto()
    value = auto()
    joint = auto()
    nowhere = auto()


_EXAMPLES = {
    Holds.moment: {"-1h": "an hour ago", "-1d": "a day ago", "-7d": "a week ago", "-30d": "30 days ago", "today": ""},
    Holds.duration: {"1m": "a minute", "10m": "ten minutes", "1h": "an hour"},
    Holds.flag: {"true": "", "false": ""},
    Holds.status: dict.fromkeys([*STATUSES][:5], ""),
    Holds.number: {},
}
_DETAILS = {
    Operator.contains: "contains",
    Operator.lacks: "does not contain",
    Operator.unequal: "also where there is no value",
}


def complete(text: str, cursor: int | None, suggestions: Suggestions | None) -> list[Completion]:
    """What can stand at a caret, at most :data:`MAX_COMPLETIONS`. ``cursor`` None: at the end."""
    cursor = len(text) if cursor is None else min(cursor, len(text))
    found = tokens(text)
    before = [each for each in found if each.end <= cursor]
    partial = next((each for each in found if each.start < cursor <= each.end and _is_partial(each, cursor)), None)
    if partial is not None and before and before[-1] is partial:
        before.pop()
    start, end = (cursor, cursor) if partial is None else (partial.start, partial.end)
    typed = text[start:cursor]
    place, key, depth = _walk(before)
    options = _options(place, key, depth, typed, suggestions)
    return [
        Completion(text=each, label=label, detail=detail, start=start, end=end)
        for each, label, detail in options[:MAX_COMPLETIONS]
    ]


def _is_partial(token: Token, cursor: int) -> bool:
    """Whether a token is still being written."""
    return token.sort in (Sort.word, Sort.unclosed) or (token.sort is Sort.string and cursor < token.end)


def _walk(before: list[Token]) -> tuple[_Place, Key | None, int]:
    """Where one is after some tokens, the column that is spoken of, and how many parentheses are open."""
    place, key, depth = _Place.operand, None, 0
    for token in before:
        if place is _Place.operand and token.sort is Sort.word and not token.keyword:
            key = parse_key(token.text)
            place = _Place.operator if key is not None else _Place.nowhere
            continue
        depth += _OPENS.get((place, token.sort), 0)
        place = _step(place, token) if depth >= 0 else _Place.nowhere
    return place, key, depth


_OPENS = {(_Place.operand, Sort.opening): 1, (_Place.joint, Sort.closing): -1}
_STEPS = {
    (_Place.operand, "not"): _Place.operand,
    (_Place.operand, Sort.opening): _Place.operand,
    (_Place.operand, Sort.string): _Place.joint,
    (_Place.operator, Sort.operator): _Place.value,
    (_Place.operator, "in"): _Place.list_start,
    (_Place.operator, "not"): _Place.not_in,
    (_Place.operator, "is"): _Place.state,
    (_Place.not_in, "in"): _Place.list_start,
    (_Place.state, "present"): _Place.joint,
    (_Place.state, "missing"): _Place.joint,
    (_Place.list_start, Sort.opening): _Place.list_value,
    (_Place.list_value, Sort.word): _Place.list_next,
    (_Place.list_value, Sort.string): _Place.list_next,
    (_Place.list_next, Sort.comma): _Place.list_value,
    (_Place.list_next, Sort.closing): _Place.joint,
    (_Place.value, Sort.word): _Place.joint,
    (_Place.value, Sort.string): _Place.joint,
    (_Place.joint, "and"): _Place.operand,
    (_Place.joint, "or"): _Place.operand,
    (_Place.joint, Sort.closing): _Place.joint,
}


def _step(place: _Place, token: Token) -> _Place:
    return _STEPS.get((place, token.keyword or token.sort), _Place.nowhere)


_Option = tuple[str, str, str]
"""Text, label, detail."""


def _options(place: _Place, key: Key | None, depth: int, typed: str, suggestions: Suggestions | None) -> list[_Option]:
    words: dict[str, str] = {}
    match place:
        case _Place.operand:
            return _keys(typed, suggestions) + _matching({"not": "the opposite"}, typed)
        case _Place.operator if key is not None:
            words = {each.value: _DETAILS.get(each, "") for each in operators(key)}
        case _Place.value | _Place.list_value if key is not None:
            return _values(key, typed, suggestions)
        case _Place.not_in:
            words = {"in": ""}
        case _Place.state:
            words = {"present": "", "missing": ""}
        case _Place.list_start:
            words = {"(": "a list"}
        case _Place.list_next:
            words = {",": "another value", ")": "end of the list"}
        case _Place.joint:
            words = {"and": "", "or": ""} | ({")": ""} if depth > 0 else {})
    return _matching(words, typed)


def _matching(words: dict[str, str], typed: str) -> list[_Option]:
    return [(each, each, detail) for each, detail in words.items() if each.startswith(typed.lower())]


def _keys(typed: str, suggestions: Suggestions | None) -> list[_Option]:
    prefix, dot, rest = typed.partition(".")
    kind = PREFIXES.get(prefix.lower()) if dot else None
    wanted = (rest if kind else typed).lstrip("`").lower()
    found: list[Key] = []
    if kind is None:
        found += [Key(Kind.attribute, name) for name in ATTRIBUTES if wanted in name]
    if suggestions is not None:
        recorded = suggestions.keys((kind,) if kind else (), wanted)
        if kind in (None, Kind.metric) and "." in wanted:  # ``metrics.rmse.`` has a smallest and a largest
            name = wanted.rpartition(".")[0]
            exact = [each for each in suggestions.keys((Kind.metric,), name) if each.name.lower() == name.strip("`")]
            recorded += [Key(Kind.metric, each.name, summary) for each in exact for summary in Summary]
        recorded.sort(key=lambda each: not each.name.lower().startswith(wanted))
        found += [each for each in recorded if typed.lower() in each.text.lower() or wanted in each.name.lower()]
    options = [(each.text, each.text, each.kind.value) for each in dict.fromkeys(found)]
    if kind is None:
        options += [(f"{each}.", f"{each}.", "...") for each in PREFIXES if typed and each.startswith(wanted)]
    return options


def _values(key: Key, typed: str, suggestions: Suggestions | None) -> list[_Option]:
    examples = _EXAMPLES.get(holds(key))
    if examples is not None:
        return _matching(examples, typed.strip("\"'"))
    if suggestions is None:
        return []
    wanted = Token(Sort.unclosed, typed, 0, 0).content if typed[:1] in ("'", '"') else typed
    return [(quote(key, each), each, "") for each in suggestions.top_texts(key, wanted, MAX_COMPLETIONS)]
