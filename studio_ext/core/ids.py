"""Job ids: twelve lower-case letters and digits that sort by time of creation."""

from __future__ import annotations

import secrets

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TIME_LENGTH = 8
_RANDOM_LENGTH = 4
LENGTH = _TIME_LENGTH + _RANDOM_LENGTH


def new_id(now: float) -> str:
    """A fresh id for something made at ``now`` (seconds since the epoch)."""
    milliseconds = int(now * 1000)
    stamp = ""
    for _ in range(_TIME_LENGTH):
        milliseconds, digit = divmod(milliseconds, 36)
        stamp = _DIGITS[digit] + stamp
    return stamp + "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM_LENGTH))


def is_id(text: str) -> bool:
    """Whether ``text`` has the shape of an id, or of the beginning of one."""
    return 0 < len(text) <= LENGTH and all(character in _DIGITS for character in text)
