"""Sizes and durations as people write them: ``2GiB``, ``1h30m``. Raises ``ValueError`` with a sentence."""

from __future__ import annotations

import math
import re

_BINARY = {"k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_DECIMAL = {"k": 1000, "m": 1000**2, "g": 1000**3, "t": 1000**4}
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgt])(i?)(b?)|b|bytes)?\s*", re.IGNORECASE | re.ASCII)

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_WORDS = {"sec": "s", "second": "s", "min": "m", "minute": "m", "hr": "h", "hour": "h", "day": "d", "week": "w"}
_PART = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)\s*", re.IGNORECASE | re.ASCII)


def parse_size(value: int | float | str) -> int:
    """Bytes in ``value``: a number of bytes, or a text such as ``512MiB``, ``2GiB``, ``1.5 GB``.

    ``KiB, MiB, GiB, TiB`` (and ``Ki``, and a letter alone, as Docker has it) are powers of 1024,
    ``kB, MB, GB, TB`` powers of 1000. Case does not matter.
    """
    if isinstance(value, bool):
        raise ValueError("must be a size such as 2GiB, or a number of bytes")
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"{value} is not a size")
        return int(value)
    match = _SIZE.fullmatch(value)
    if match is None:
        raise ValueError(f"{value!r} is not a size; write for example 512MiB, 2GiB, or a number of bytes")
    number, letter, binary, byte = match.groups()
    if not letter:
        return _whole(float(number), value)
    factors = _DECIMAL if byte and not binary else _BINARY
    return _whole(float(number) * factors[letter.lower()], value)


def _whole(number: float, value: str) -> int:
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is too large")
    return int(number)


def parse_duration(value: int | float | str) -> float:
    """Seconds in ``value``: a number of seconds, or a text such as ``90s``, ``15min``, ``1h30m``, ``2 days``."""
    if isinstance(value, bool):
        raise ValueError("must be a duration such as 1h, or a number of seconds")
    if isinstance(value, (int, float)):
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"{value} is not a duration")
        return float(value)
    wrong = ValueError(f"{value!r} is not a duration; write for example 90s, 15min, 1h30m, or a number of seconds")
    parts = []
    position = 0
    while position < len(value):
        match = _PART.match(value, position)
        if match is None:
            raise wrong
        parts.append((float(match[1]), match[2].lower()))
        position = match.end()
    if not parts or (len(parts) > 1 and any(not unit for _, unit in parts)):
        raise wrong
    total = 0.0
    for number, word in parts:
        unit = word or "s"
        unit = _WORDS.get(unit) or _WORDS.get(unit.removesuffix("s")) or unit
        if unit not in _SECONDS:
            raise wrong
        total += number * _SECONDS[unit]
    if not math.isfinite(total):
        raise ValueError(f"{value!r} is too long")
    return total


def format_size(size: int) -> str:
    """``size`` bytes for people: ``512 MiB``, ``1.5 GiB``."""
    number = float(size)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if number < 1023.95:
            return f"{number:.1f}".removesuffix(".0") + f" {unit}"
        number /= 1024
    return f"{number:.1f}".removesuffix(".0") + " TiB"


def format_duration(seconds: float) -> str:
    """``seconds`` for people: ``4.2 s``, ``3 min 5 s``, ``2 h 10 min``, ``3 d 4 h``."""
    seconds = max(seconds, 0.0)
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, small, small_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    raise AssertionError("unreachable: below a minute was handled above")
