"""Reads a filter: recursive descent, with the place of everything."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence

from studio_ext.contract.trial_table import MAX_FILTER
from studio_ext.core.trial_filter.errors import WrongFilter
from studio_ext.core.trial_filter.nodes import And, Condition, Mention, Node, Not, Operator, Or, Value
from studio_ext.core.trial_filter.tokens import Sort, Token, shown, string, tokens
from studio_ext.core.trial_filter.values import operators, read
from studio_ext.core.trial_keys import ATTRIBUTES, Key, parse_key

MAX_DEPTH = 50
"""Deepest nesting of parentheses and ``not``."""
MAX_CONDITIONS = 500
"""Most conditions, values of lists included."""

MAX_KEY = 600
"""Longest key, in characters."""

MAX_COMPARED = 1000
"""Columns that a misspelt name is compared with: it is done at every key that is pressed."""
_MAX_MISSPELT = 200

Known = Callable[[], Sequence[str]]
_FOREIGN = {"&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", ";": "and"}
_PREFIXES = {
    "param": "params", "parameter": "params", "parameters": "params", "metric": "metrics", "tag": "tags",
}  # fmt: skip


def parse(text: str, known: Known = tuple) -> Node | None:
    """The tree of a filter; None for one that is empty.

    ``known``: columns that there are, for hints; asked only when something is wrong. Raises ``WrongFilter``.
    """
    if len(text) > MAX_FILTER:
        raise WrongFilter(f"It is longer than {MAX_FILTER} characters.", MAX_FILTER, len(text))
    return _Parser(text, known).filter()


class _Parser:
    def __init__(self, text: str, known: Known) -> None:
        self._text = text
        self._known = known
        self._tokens = tokens(text)
        self._next = 0
        self._depth = 0
        self._conditions = 0

    def filter(self) -> Node | None:
        if not self._tokens:
            return None
        node = self._either()
        if (token := self._peek()) is not None:
            raise self._unexpected(token)
        return node

    # -- the grammar

    def _either(self) -> Node:
        nodes = [self._both()]
        while self._keyword("or"):
            nodes.append(self._both())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes), nodes[0].start, nodes[-1].end)

    def _both(self) -> Node:
        nodes = [self._one()]
        while self._keyword("and"):
            nodes.append(self._one())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes), nodes[0].start, nodes[-1].end)

    def _one(self) -> Node:
        token = self._peek()
        if token is None:
            raise self._missing("A condition")
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise WrongFilter(f"It is nested deeper than {MAX_DEPTH} times.", token.start, token.end)
        node = self._operand(token)
        self._depth -= 1
        return node

    def _operand(self, token: Token) -> Node:
        if self._keyword("not"):
            node = self._one()
            return Not(node, token.start, node.end)
        if token.sort is Sort.opening:
            self._next += 1
            node = self._either()
            closing = self._peek()
            if closing is None:
                hint = "Close it, or leave it out."
                raise WrongFilter("This parenthesis is not closed.", token.start, token.end, hint)
            if closing.sort is not Sort.closing:
                raise self._unexpected(closing)
            self._next += 1
            return node
        self._count(token)
        if token.sort is Sort.string:
            self._next += 1
            return Mention(token.content, token.start, token.end)
        return self._condition(token)

    def _condition(self, token: Token) -> Condition:
        key = self._key(token)
        self._next += 1
        operator, at = self._operator(key)
        values: tuple[Value, ...] = ()
        if operator in (Operator.one_of, Operator.none_of):
            values = self._list(key, operator)
        elif operator not in (Operator.present, Operator.missing):
            values = (self._value(key, operator),)
        if operator not in operators(key):
            hint = f"There are {', '.join(operators(key))}."
            raise WrongFilter(f"{shown(key.text)} cannot be compared with {operator}.", at.start, at.end, hint)
        return Condition(key, operator, values, token.start, self._tokens[self._next - 1].end, token.end)

    def _key(self, token: Token) -> Key:
        if token.sort is not Sort.word or token.keyword:
            raise self._unexpected(token)
        following = self._tokens[self._next + 1] if self._next + 1 < len(self._tokens) else None
        if following is not None and following.sort is Sort.unclosed and following.start == token.end:
            raise self._unexpected(following)
        # ``Status`` is ``status``; names that were recorded keep their upper and lower case.
        key = parse_key(token.text.lower() if token.text.lower() in ATTRIBUTES else token.text)
        if key is None:
            raise self._no_key(token)
        if len(token.text) > MAX_KEY:
            raise WrongFilter(f"This name is longer than {MAX_KEY} characters.", token.start, token.end)
        return key

    def _operator(self, key: Key) -> tuple[Operator, Token]:
        token = self._peek()
        if token is None:
            some = ", ".join(operators(key)[:4])
            raise self._missing("A comparison", f"{shown(key.text)} is followed by {some}, ...")
        self._next += 1
        if token.sort is Sort.operator:
            return Operator(token.text), token
        words = token.keyword
        if words in ("not", "is"):
            second = self._peek()
            if second is None:
                raise self._missing("A word", "There are not in, is present and is missing.")
            words = f"{words} {second.keyword or second.text.lower()}"
            self._next += 1
            if words not in ("not in", "is present", "is missing"):
                hint = f"There are {', '.join(operators(key))}."
                raise WrongFilter(f"{words!r} is no comparison.", token.start, second.end, hint)
        if words in ("in", "not in", "is present", "is missing"):
            return Operator(words), token
        self._next -= 1
        if token.sort in (Sort.unclosed, Sort.foreign):
            raise self._unexpected(token)
        hint = f"{shown(key.text)} is followed by {', '.join(operators(key)[:4])}, ..."
        raise WrongFilter(f"{shown(token.text)} is no comparison.", token.start, token.end, hint)

    def _list(self, key: Key, operator: Operator) -> tuple[Value, ...]:
        opening = self._peek()
        hint = f"Write {shown(key.text)} {operator} (a, b)."
        if opening is None or opening.sort is not Sort.opening:
            raise WrongFilter("A list in parentheses is missing.", *self._here(opening), hint)
        self._next += 1
        values: list[Value] = []
        while True:
            values.append(self._value(key, operator))
            token = self._peek()
            if token is None:
                raise WrongFilter("This list is not closed.", opening.start, opening.end, hint)
            self._next += 1
            if token.sort is Sort.closing:
                return tuple(values)
            if token.sort is not Sort.comma:
                self._next -= 1
                raise WrongFilter("Here a comma or ) is missing.", token.start, token.end, hint)

    def _value(self, key: Key, operator: Operator) -> Value:
        token = self._peek()
        if token is None:
            raise self._missing("A value")
        if token.sort in (Sort.unclosed, Sort.foreign):
            raise self._unexpected(token)
        if token.sort not in (Sort.word, Sort.string):
            raise WrongFilter(f"Before {shown(token.text)} a value is missing.", token.start, token.end)
        if token.keyword:
            hint = f"If it is the value, write {string(shown(token.text))}."
            raise WrongFilter(f"Before the word {shown(token.text)} a value is missing.", token.start, token.end, hint)
        if "`" in token.text and token.sort is Sort.word:
            raise WrongFilter("Backquotes are for names of columns; values stand in quotes.", token.start, token.end)
        self._count(token)
        self._next += 1
        return read(key, operator, token)

    # -- words and mistakes

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _keyword(self, word: str) -> bool:
        token = self._peek()
        if token is None or token.keyword != word:
            return False
        self._next += 1
        return True

    def _count(self, token: Token) -> None:
        self._conditions += 1
        if self._conditions > 2 * MAX_CONDITIONS:  # a condition and its value count once each
            raise WrongFilter(f"There are more than {MAX_CONDITIONS} conditions.", token.start, token.end)

    def _here(self, token: Token | None) -> tuple[int, int]:
        end = len(self._text)
        return (end, end) if token is None else (token.start, token.end)

    def _missing(self, what: str, hint: str = "") -> WrongFilter:
        return WrongFilter(f"{what} is missing at the end.", *self._here(None), hint)

    def _unexpected(self, token: Token) -> WrongFilter:
        place = token.start, token.end
        if token.sort is Sort.unclosed:
            mark = token.text[0]
            what = "This name" if mark == "`" else "This text"
            return WrongFilter(f"{what} is not closed.", *place, f"Put a {mark} behind it.")
        if (meant := _FOREIGN.get(token.text)) is not None:
            return WrongFilter(f"{shown(token.text)} means nothing here.", *place, f"Write {meant}.")
        follows = self._next > 0 and self._follows_condition()
        if token.sort is Sort.closing:
            what = "This parenthesis closes nothing." if follows else "Before ) a condition is missing."
            return WrongFilter(what, *place)
        if follows and token.sort in (Sort.word, Sort.string, Sort.opening):
            what = f"Between two conditions, before {shown(token.text)}, a word is missing."
            return WrongFilter(what, *place, "Write and, or or.")
        hint = "A condition looks like params.lr < 0.1, or is a text in quotes."
        return WrongFilter(f"{shown(token.text)} cannot stand here.", *place, hint)

    def _follows_condition(self) -> bool:
        """Whether a condition has just ended."""
        before = self._tokens[self._next - 1]
        return before.sort in (Sort.word, Sort.string, Sort.closing) and before.keyword not in ("and", "or", "not")

    def _no_key(self, token: Token) -> WrongFilter:
        text = token.text
        following = self._tokens[self._next + 1] if self._next + 1 < len(self._tokens) else None
        is_alone = following is None or following.keyword in ("and", "or") or following.sort is not Sort.operator
        if text in _FOREIGN:
            return self._unexpected(token)
        if (meant := self._similar(text)) is not None:
            hint = f"Did you mean {shown(meant)}?"
        elif is_alone:
            hint = f"To find the text anywhere, write {string(shown(token.text))}."
        else:
            hint = f"There are {', '.join(ATTRIBUTES)}, params.<name>, metrics.<name> and tags.<name>."
        if is_alone and meant is None:
            return WrongFilter(f"{shown(token.text)} is no condition.", token.start, token.end, hint)
        return WrongFilter(f"There is no column {shown(token.text)}.", token.start, token.end, hint)

    def _similar(self, text: str) -> str | None:
        """The column that was probably meant."""
        prefix, dot, rest = text.partition(".")
        if dot and rest and prefix.lower() in _PREFIXES:
            return f"{_PREFIXES[prefix.lower()]}.{rest}"
        known = [*ATTRIBUTES, *self._known()]
        return similar(text, known)


def similar(text: str, known: Sequence[str]) -> str | None:
    """The one of some columns whose name is most like a text; None where none is much like it."""
    lower = text.lower()
    names: dict[str, str] = {}
    for each in known:
        names.setdefault(each.lower(), each)
        names.setdefault(each.lower().partition(".")[2] or each.lower(), each)
    if lower in names and names[lower] != text:
        return names[lower]
    length = len(lower)
    alike = [each for each in names if abs(len(each) - length) <= 2 + length // 4][:MAX_COMPARED]
    close = difflib.get_close_matches(lower, alike, n=1, cutoff=0.7) if length <= _MAX_MISSPELT else []
    return names[close[0]] if close and names[close[0]] != text else None
