"""What the executor tells the outside while it works: progress events and the log."""

from __future__ import annotations

from typing import Any

from .clock import Clock
from .log_limit import LOG_BYTES, left_out
from .records import AttemptFiles, append, encode, open_append


class Reporter:
    """Appends to ``progress.jsonl`` and ``log.txt``; to the latter ``log_bytes`` bytes, and then no more."""

    def __init__(self, files: AttemptFiles, clock: Clock, log_bytes: int = LOG_BYTES) -> None:
        self._clock = clock
        self._progress = open_append(files.progress)
        self._log = open_append(files.log)
        self.log_bytes = self._left = log_bytes
        self._total = 0
        self._at_line_start = True

    def start(self, total: int) -> None:
        """The notebook was read and has ``total`` code cells."""
        self._total = total
        self._event("start", total=total)

    def kernel(self, pid: int) -> None:
        """The kernel answers."""
        self._event("kernel", pid=pid)

    def cell(self, index: int, label: str) -> None:
        """A cell begins."""
        self._event("cell", index=index, label=label)
        self.log(f"--- cell {index} of {self._total}{f': {label}' if label else ''} ---\n", own_line=True)

    def done(self, index: int) -> None:
        """A cell has ended well."""
        self._event("done", index=index)

    def log(self, text: str, *, own_line: bool = False) -> None:
        """Append to the log while there is room."""
        if not text or self._left <= 0:
            return
        if own_line and not self._at_line_start:
            text = "\n" + text
        data = text.encode("utf-8", "replace")
        if len(data) > self._left:
            text = data[: self._left].decode("utf-8", "ignore")
            text += left_out(self.log_bytes) if text.endswith("\n") else f"\n{left_out(self.log_bytes)}"
            self._left, data = 0, text.encode()
        self._left -= len(data)
        append(self._log, data)
        self._at_line_start = text.endswith("\n")

    def _event(self, event: str, **values: Any) -> None:
        append(self._progress, encode({"event": event, "t": self._clock.now(), **values}))
