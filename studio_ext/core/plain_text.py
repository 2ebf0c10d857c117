"""Text of others made safe to show: job names, messages and log lines may hold anything."""

from __future__ import annotations

import re
import unicodedata

# What OSC, DCS, SOS, PM and APC carry: nothing that begins another sequence. (Else a text of nothing but their
# beginnings would be looked through to its end from each of them.)
_CARRIED = r"[^\x07\x1b\x90\x98\x9b-\x9f]*"
# CSI with its parameters; OSC, DCS, SOS, PM and APC up to their terminator; any other escape.
_SEQUENCE = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    rf"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]){_CARRIED}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
_UNSAFE = re.compile(_SEQUENCE + r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_UNFINISHED = re.compile(
    rf"(?:\x1b(?:\[[0-?]*[ -/]*|[\]PX^_]{_CARRIED}\x1b?|[ -/]*)"
    rf"|\x9b[0-?]*[ -/]*|[\x90\x98\x9d-\x9f]{_CARRIED}\x1b?)\Z"
)
_CREDENTIALS = re.compile(r"://[^/\s'\"]*@")
_SECRET = re.compile(
    r"([?&;](?:[\w.-]{0,40}?(?:password|passwd|pwd|passphrase|secret|token|key|signature|credential|odbc_connect)"
    r"[\w.-]{0,40}|sig|auth|code)=)[^&;\s'\"]+",
    re.IGNORECASE,
)
_HOLD = 4096
"""An escape sequence that has not ended after so many characters is no escape sequence."""


def _printable(character: str) -> bool:
    # Cc: control; Cf: format, among them the marks that turn the direction of what follows; Cs: surrogates.
    # The zero-width joiner (in emoji) does no harm.
    return character == "\u200d" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def masked(text: str) -> str:
    """``text`` without user names and passwords in addresses: what libraries say of a fault often quotes them.

    Secrets in the query of an address (``?password=...``) are masked too.
    """
    return _SECRET.sub(r"\1***", _CREDENTIALS.sub("://***@", text))


def one_line(text: str) -> str:
    """``text`` on one line, without escape sequences or control characters."""
    text = re.sub(_SEQUENCE, "", text)
    text = " ".join(text.split())
    return "".join(character for character in text if _printable(character))


def plain(text: str) -> str:
    """``text`` without escape sequences, colours among them; its lines stay."""
    return _UNSAFE.sub("", text)


class LogFilter:
    """Passes a log on in pieces: text, line ends, tabs and colours; nothing else that a terminal would obey."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown so far; the beginning of an escape sequence is held back until it is whole."""
        text = self._held + text
        self._held = ""
        if (match := _UNFINISHED.search(text)) and match.end() - match.start() <= _HOLD:
            self._held = match.group()
            text = text[: match.start()]
        return _clean(text)

    def flush(self) -> str:
        """The end of the log: what was held back is dropped if it never became a whole sequence."""
        held, self._held = self._held, ""
        return _clean(held)


def _clean(text: str) -> str:
    return _UNSAFE.sub(lambda match: match.group() if _COLOUR.fullmatch(match.group()) else "", text)
