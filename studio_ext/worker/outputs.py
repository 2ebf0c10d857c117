"""How much output the output notebook keeps: enough to read, never so much that nobody can open it.

All text goes to the log as well, which has a limit of its own (``log_limit.py``). Where something is left out, an
output says so in its place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .notebook_file import joined
from .verdict import size

NOTEBOOK_BYTES = 32 << 20
"""Bytes of outputs in an output notebook, unless the attempt's options say otherwise."""
_ROOM = 4096
"""Bytes that a cell may have even when others were noisy, while there is any room at all."""
_OUTPUT, _LINE = 200, 10
"""Bytes that an output, and a line of it, cost in the file beside their text."""
_TAIL = 16 << 10
"""Characters of the end of a long text that are kept."""
_PIECE = 256 << 10
"""Characters of a text that are looked at together."""
_LONGEST_ERROR, _SHORTEST_ERROR = 60_000, 2_000
"""Characters of a message or a traceback that are kept, and those that are always."""


def text_cost(text: str) -> int:
    """Bytes that a text takes in the notebook's file."""
    quoted = json.dumps(text, ensure_ascii=False)
    return (len(quoted) if quoted.isascii() else len(quoted.encode("utf-8", "replace"))) + _LINE * text.count("\n")


def data_cost(value: Any) -> int:
    """Bytes, about, that a mapping of data takes in the notebook's file."""
    if isinstance(value, str):
        return text_cost(value)
    if isinstance(value, Mapping):
        return sum(len(str(key)) + _LINE + data_cost(each) for key, each in value.items())
    compact = json.dumps(value, ensure_ascii=False, default=str)
    return len(compact.encode("utf-8", "replace")) + _LINE * compact.count(",")


class KeptOutputs:
    """Counts what the cells of one notebook put out, and leaves out what is too much.

    A cell gets at most half of what is left, so that a noisy one leaves room for all that follow. Of a long text the
    beginning and the end are kept.
    """

    def __init__(self, limit: int = NOTEBOOK_BYTES, log_limit: int = 0) -> None:
        """``limit``: bytes of outputs in all. ``log_limit``: bytes that the log keeps, for the sentences."""
        self._limit = limit
        self._log_limit = log_limit
        self._left = limit
        self._tail_length = min(_TAIL, limit // 256)
        self._displays: dict[str, int] = {}
        self.begin()

    def begin(self) -> None:
        """Another cell begins."""
        self._used = self._hidden = self._text = 0
        self._room = max((self._left - self._limit // 4) // 2, min(_ROOM, self._left))
        self._forget()

    def cleared(self) -> None:
        """The cell has no outputs (any more)."""
        if self._used > self._hidden:
            self._left += self._used - self._hidden
            self._used, self._text = self._hidden, 0
            self._forget()

    def _forget(self) -> None:
        self._is_long = False
        self._tail: Any = None
        self._text_note: Any = None
        self._note: Any = None
        self._text_left_out = self._left_out = self._left_out_bytes = 0

    def _fits(self, cost: int) -> bool:
        return self._used + cost <= self._room

    def _charge(self, cost: int) -> None:
        self._used += cost
        self._left -= cost

    # -- text ----------------------------------------------------------------------------------------------------

    def add_text(self, outs: list[Any], name: str, text: str) -> None:
        """Append text of a stream to the outputs of the cell."""
        start = 0
        while start < len(text) and not self._is_long:
            piece = text[start : start + _PIECE]
            taken = self._take(outs, name, piece)
            self._is_long = taken < len(piece)
            start += taken
        if start < len(text):
            self._add_to_tail(outs, text[start:])

    def _take(self, outs: list[Any], name: str, text: str) -> int:
        """Keep as much of the text as there is room for; returns how many characters that are."""
        last = outs[-1] if outs and outs[-1] is not self._note else None
        goes_on = last is not None and last.output_type == "stream" and last.name == name
        old = last.text if last is not None and goes_on else ""
        room = min(self._limit // 16 - self._text, self._room * 3 // 4 - self._used) - (0 if goes_on else _OUTPUT)
        part = text
        while part:
            new = joined(old, part)
            # What a carriage return or a backspace may change is the last line only.
            start = len(old) if len(new) == len(old) + len(part) else old.rfind("\n") + 1
            cost = text_cost(new[start:]) - text_cost(old[start:])
            if cost <= room:
                break
            part = part[: len(part) * max(0, room) // (cost + 1)]
            part = part[: part.rfind("\n") + 1] or part
        if part:
            if last is not None and goes_on:
                last.text = new
            else:
                outs.append(_stream(name, new))
                cost += _OUTPUT
            self._charge(cost)
            self._text += cost
        return len(part)

    def _add_to_tail(self, outs: list[Any], text: str) -> None:
        count = _bytes(text)
        if self._tail is None or outs[-1] is not self._tail:
            self._begin_tail(outs)
        if self._tail is not None:
            before = _bytes(self._tail.text)
            new = joined(self._tail.text, text[-2 * self._tail_length :])
            if len(new) > self._tail_length:
                new = new[-self._tail_length :]
                new = new[new.find("\n", 0, -1) + 1 :]
            self._tail.text = new
            count += before - _bytes(new)
        self._text_left_out += max(0, count)
        what = f"{size(self._text_left_out)} of text left out here"
        where = f"; the log has it, up to {size(self._log_limit)}" if self._log_limit else ""
        self._text_note.text = f"\n--- {what}{where} ---\n"

    def _begin_tail(self, outs: list[Any]) -> None:
        cost = 12 * self._tail_length + 2 * _OUTPUT
        self._tail = None
        if self._fits(cost):
            self._charge(cost)
            self._tail = _stream("stdout", "")
        if self._text_note is None or self._tail is not None:
            self._text_note = _stream("stderr", "")
            self._text_left_out = 0
            outs.append(self._text_note)
        if self._tail is not None:
            outs.append(self._tail)

    # -- everything else -----------------------------------------------------------------------------------------

    def admits(self, outs: list[Any], content: Mapping[str, Any], display_id: str | None = None) -> bool:
        """Whether there is room for an output; if not, a note says how many were left out."""
        cost = data_cost(content.get("data", {})) + data_cost(content.get("metadata", {}))
        if self._fits(cost + _OUTPUT):
            self._charge(cost + _OUTPUT)
            if display_id:
                self._displays[display_id] = cost
            return True
        self._left_out += 1
        self._left_out_bytes += cost
        if self._note is None or (outs[-1] is not self._note and self._fits(_OUTPUT)):
            self._charge(_OUTPUT)
            self._note = _stream("stderr", "")
            outs.append(self._note)
        what = "An output" if self._left_out == 1 else f"{self._left_out} outputs"
        self._note.text = (
            f"--- {what} of {size(self._left_out_bytes)} left out here: "
            f"the outputs of a notebook may have {size(self._limit)}, those of one cell less ---\n"
        )
        return False

    def replaces(self, content: dict[str, Any], display_id: str, places: int) -> None:
        """An output that is shown in some places is about to be replaced: by a note when there is no room for it."""
        old = self._displays.get(display_id, 0)
        cost = data_cost(content.get("data", {})) + data_cost(content.get("metadata", {}))
        if not self._fits((cost - old) * places):
            content["data"] = {"text/plain": f"--- An output of {size(cost)} left out here ---"}
            content["metadata"] = {}
            cost = data_cost(content["data"])
        self._charge((cost - old) * places)
        self._displays[display_id] = cost

    def admits_hidden(self, content: Mapping[str, Any]) -> bool:
        """Whether there is room for what a widget of the notebook catches. It does not come back when it is cleared."""
        cost = _OUTPUT + sum(data_cost(content.get(key, "")) for key in ("text", "data", "metadata"))
        if not self._fits(cost):
            return False
        self._charge(cost)
        self._hidden += cost
        return True

    def shorten_error(self, content: dict[str, Any]) -> None:
        """Errors are always kept, but not all of their text."""
        traceback = "\n".join(content.get("traceback") or [])
        value = str(content.get("evalue", ""))
        longest = _LONGEST_ERROR if self._fits(2 * _LONGEST_ERROR) else _SHORTEST_ERROR
        if len(value) > longest:
            content["evalue"] = middle_out(value, longest)
        if len(traceback) > longest:
            content["traceback"] = [middle_out(traceback, longest)]
        self._charge(_OUTPUT + text_cost(content.get("evalue", "")) + data_cost(content.get("traceback") or []))


def middle_out(text: str, longest: int) -> str:
    """A text of about ``longest`` characters at most: what is in the middle goes."""
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _stream(name: str, text: str) -> Any:
    from nbformat.v4 import new_output

    return new_output("stream", name=name, text=text)
