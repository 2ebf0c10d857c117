"""What values mean, and how they are written. It depends on the column:

- parameters and tags: ``0.1`` compares as a number (also with the text ``0.10``), ``"0.1"`` and ``dev`` as texts;
- metrics: numbers, ``inf`` and ``nan`` among them;
- ``status``: words of people (``completed``, ``failed``, ``stopped``, ``running``, ``pending``) and of MLflow;
- ``started``, ``ended``: ``-7d`` (seven days ago; also ``w``, ``h``, ``m``, ``s``), ``today``, ``yesterday``,
  ``2026-11-01``, ``2026-11-01T10:00``, in the time zone of the machine that reads it unless one is written;
- ``duration``: ``5m``, ``1h30m``, or seconds.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from studio_ext.core.trial_filter.errors import WrongFilter
from studio_ext.core.trial_filter.nodes import Flag, Moment, Number, Operator, Text, Value
from studio_ext.core.trial_filter.tokens import Sort, Token, shown, string, tokens
from studio_ext.core.trial_keys import Key, Kind, parse_number
from studio_ext.core.units import parse_duration


class Holds(StrEnum):
    """What a column holds, which decides how its values are read."""

    anything = "anything"
    number = "number"
    text = "text"
    status = "status"
    flag = "flag"
    moment = "moment"
    duration = "duration"


STATUSES = {
    "completed": "FINISHED",
    "failed": "FAILED",
    "stopped": "KILLED",
    "running": "RUNNING",
    "pending": "SCHEDULED",
    "finished": "FINISHED",
    "killed": "KILLED",
    "scheduled": "SCHEDULED",
}
"""Words for a status, and MLflow's; the first five are suggested."""

_ATTRIBUTES = {
    "status": Holds.status,
    "started": Holds.moment,
    "ended": Holds.moment,
    "duration": Holds.duration,
    "dirty": Holds.flag,
}
_COMPARISONS = (Operator.less, Operator.at_most, Operator.greater, Operator.at_least)
_PARTS = (Operator.contains, Operator.lacks)
_ANY = (Operator.equal, Operator.unequal, Operator.one_of, Operator.none_of, Operator.present, Operator.missing)
_OPERATORS = {
    Holds.anything: (*_ANY[:2], *_COMPARISONS, *_PARTS, *_ANY[2:]),
    Holds.number: (*_COMPARISONS, *_ANY),
    Holds.text: (*_PARTS, *_ANY),
    Holds.status: _ANY,
    Holds.flag: _ANY,
    Holds.moment: (*_COMPARISONS, *_ANY),
    Holds.duration: (*_COMPARISONS, *_ANY),
}
_DATE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ](?P<minute>\d\d:\d\d)(?P<second>:\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?\Z", re.ASCII
)
_MOMENT_HINT = "Write for example -7d, today, 2026-11-01 or 2026-11-01T10:00."


def holds(key: Key) -> Holds:
    """What a column holds."""
    if key.kind is Kind.metric:
        return Holds.number
    if key.kind is Kind.attribute:
        return _ATTRIBUTES.get(key.name, Holds.text)
    return Holds.anything


def operators(key: Key) -> tuple[Operator, ...]:
    """Operators that make sense, most used first."""
    return _OPERATORS[holds(key)]


def read(key: Key, operator: Operator, token: Token) -> Value:
    """What a token means as a value of a column. Raises ``WrongFilter``."""
    start, end = token.start, token.end
    is_string = token.sort is Sort.string
    text = token.content if is_string else token.text
    if operator in _PARTS:
        return Text(text, start, end)
    match holds(key):
        case Holds.text:
            return Text(text, start, end)
        case Holds.status:
            if (known := STATUSES.get(text.lower())) is None:
                raise WrongFilter(
                    f"{shown(text)!r} is no status.", start, end, f"There are {', '.join([*STATUSES][:5])}."
                )
            return Text(known, start, end)
        case Holds.flag:
            if text.lower() not in ("true", "false"):
                raise WrongFilter(f"{shown(key.text)} is true or false.", start, end)
            return Flag(text.lower() == "true", start, end)
        case Holds.moment:
            return _moment(text, start, end)
        case Holds.duration:
            if (number := parse_number(text)) is None:
                try:
                    number = parse_duration(text)
                except ValueError:
                    raise WrongFilter(
                        f"{shown(text)!r} is no duration.", start, end, "Write for example 5m or 1h30m."
                    ) from None
            return Number(number, text, start, end)
        case Holds.number:
            if (number := parse_number(text)) is None:
                raise WrongFilter(f"{shown(key.text)} holds numbers, and {shown(text)!r} is none.", start, end)
            return Number(number, text, start, end)
        case Holds.anything:
            return _anything(key, operator, text, is_string, start, end)


def _anything(key: Key, operator: Operator, text: str, is_string: bool, start: int, end: int) -> Value:
    number = parse_number(text)
    if operator in _COMPARISONS:
        if number is None:
            name, quoted = shown(key.text), string(shown(text))
            hint = f"To compare texts, write {name} = {quoted} or {name} ~ {quoted}."
            raise WrongFilter(f"{operator} compares numbers, and {shown(text)!r} is none.", start, end, hint)
        return Number(number, text, start, end)
    if not is_string and number is not None:
        return Number(number, text, start, end)
    if not is_string and text.lower() in ("true", "false"):
        return Flag(text.lower() == "true", start, end)
    return Text(text, start, end)


def _moment(text: str, start: int, end: int) -> Moment:
    wrong = WrongFilter(f"{shown(text)!r} is no time.", start, end, _MOMENT_HINT)
    lower = text.lower()
    try:
        if lower in ("today", "yesterday"):
            day = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
            found = _spanning(day - timedelta(days=lower == "yesterday"), timedelta(days=1), start, end)
            return replace(found, is_daily=True)
        if match := _DATE.match(text):
            long = timedelta(minutes=1) if match["minute"] else timedelta(days=1)
            return _spanning(datetime.fromisoformat(text), timedelta() if match["second"] else long, start, end)
        number = parse_number(text)
        if number is not None and number >= 0:
            return Moment(number, number, False, start, end)
        if number is None and text.startswith("-"):
            ago = parse_duration(text[1:])
            return Moment(-ago, -ago, True, start, end)
    except (ValueError, OverflowError, OSError):
        raise wrong from None
    raise wrong


def _spanning(first: datetime, length: timedelta, start: int, end: int) -> Moment:
    return Moment(first.timestamp(), (first + length).timestamp(), False, start, end)


def spell(text: str) -> str:
    """A value as it stands in a filter: as it is where it is one already, else in quotes."""
    found = tokens(text)
    if len(found) == 1 and found[0].sort in (Sort.word, Sort.string) and not found[0].keyword and "`" not in text:
        return found[0].text
    return string(text)


def quote(key: Key, text: str) -> str:
    """A text that a column holds, as it stands in a filter so that exactly this text is found."""
    plain = spell(text)
    if plain != text or text[:1] in "\"'":
        return string(text)
    special = parse_number(text) is not None or text.lower() in ("true", "false")
    return string(text) if special and holds(key) is Holds.anything else text
