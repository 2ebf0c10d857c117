"""Between the caller, who must not wait, and the journal: a deque, and a thread that empties it."""

from __future__ import annotations

import contextlib
import json
import math
import os
import threading
import time
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.ports.records import LogSink

WRITE_SECONDS = 0.2
"""What a process that is killed may lose."""
MAX_WAITING = 200_000
"""Entries in memory from which on the caller writes them itself."""
_COUNTED = 100_000
"""Bodies of which it is remembered how many entries they hold."""
_METRICS_A_CALL = 1000
_OTHERS_A_CALL = 100
_BYTES_A_CALL = 600_000


class LogBuffer:
    """Entries of one run on their way to its sink. Thread-safe. A forked child begins with an empty one."""

    def __init__(self, run_id: str, open_sink: Callable[[], LogSink]) -> None:
        self._run_id = run_id
        self._open_sink = open_sink
        self._reset()
        _buffers.add(self)

    def _reset(self) -> None:
        """What a child inherits is its parent's to write."""
        self._entries: deque[tuple[Any, ...]] = deque()
        self._unwritten: deque[bytes] = deque()
        self._counts: deque[int] = deque(maxlen=_COUNTED)
        """How many entries each of the last bodies holds that were written."""
        self._lock = threading.RLock()
        self._sink: LogSink | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._busy = False
        self._closed = False
        self._sink_closed = False
        self._warned = False

    def open(self) -> None:
        """Open the sink now, and not when there is something to write. Raises ``Unavailable``."""
        with self._lock:
            self._sink_now()

    def add(self, entry: tuple[Any, ...]) -> None:
        """Take an entry: ``(key, value, milliseconds, step)`` of a metric, or ``("params" or "tags", key, text)``."""
        self._entries.append(entry)
        if not self._busy:
            self._start()
        elif len(self._entries) > MAX_WAITING:
            self._drain()

    def flush(self) -> None:
        """When this returns, everything added before survives. Raises ``Unavailable``; nothing is forgotten then."""
        with self._lock:
            self._drain()
            if self._sink is not None:
                self._sink.sync()

    def close(self, status: str = "", message: str = "") -> None:
        """Write everything and close the sink; see :meth:`studio_ext.ports.records.LogSink.close`.

        Idempotent. When it raises, nothing is forgotten and it can be tried again.
        """
        with self._lock:
            if self._sink_closed:
                return
            self._drain()
            self._closed = True
            if status:
                self._sink_now()
            if self._sink is not None:
                self._sink.close(status, message)
            self._sink_closed = True
        self._wake.set()

    def applied(self) -> bool:
        """Whether the store has everything that was written."""
        with self._lock:
            return not self._entries and not self._unwritten and (self._sink is None or self._sink.applied())

    def lag(self) -> int:
        """How many entries the store has not got yet: in memory, and written but not applied."""
        with self._lock:
            behind = 0 if self._sink is None else self._sink.behind()
            counts = list(self._counts)[-behind:] if behind else []
            return len(self._entries) + sum(map(_count, self._unwritten)) + sum(counts)

    def refused(self) -> list[str]:
        """Sentences about what the store refused."""
        with self._lock:
            return [] if self._sink is None else self._sink.refused()

    @property
    def is_closed(self) -> bool:
        """Whether nothing can be added any more."""
        return self._closed

    def _sink_now(self) -> LogSink:
        if self._sink is None:
            self._sink = self._open_sink()
        return self._sink

    def _drain(self) -> None:
        """Write what is there. What cannot be written now stays in line."""
        with self._lock:
            if self._closed:
                return
            self._write()  # what is left of the last time; while that fails, nothing more is taken over
            taken = [self._entries.popleft() for _ in range(len(self._entries))]
            self._unwritten.extend(bodies(self._run_id, taken))
            self._write()

    def _write(self) -> None:
        while self._unwritten:
            self._sink_now().write(self._unwritten[0])
            self._counts.append(_count(self._unwritten.popleft()))

    def _start(self) -> None:
        with self._lock:
            self._busy = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="studio-tracker", daemon=True)
                self._thread.start()
                _at_exit_of_workers(self)
        self._wake.set()

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            while self._busy and not self._closed:
                time.sleep(WRITE_SECONDS)
                try:
                    self._drain()
                except Unavailable as error:
                    self._warn(error)
                    continue
                self._warned = False
                self._busy = False
                if self._entries:  # added before they could see that nobody writes
                    self._busy = True

    def _warn(self, error: StudioError) -> None:
        if not self._warned:
            warnings.warn(f"{error.message} {error.hint}", RuntimeWarning, stacklevel=2)
            self._warned = True


def _count(body: bytes) -> int:
    """Entries of a body. A name that holds these letters has a backslash among them."""
    return body.count(b'{"key":')


def bodies(run_id: str, entries: list[tuple[Any, ...]]) -> Iterator[bytes]:
    """Bodies of ``runs/log-batch`` calls within MLflow's limits, in order."""
    head = f'{{"run_id":{json.dumps(run_id)}'
    metrics: list[str] = []
    others: dict[str, list[str]] = {"params": [], "tags": []}
    size = 0
    keys: dict[str, str] = {}
    for entry in entries:
        if len(entry) == 3:
            kind, key, text = entry
            part = f'{{"key":{json.dumps(key)},"value":{json.dumps(text)}}}'
            group = others[kind]
            limit = _OTHERS_A_CALL
        else:
            key, value, milliseconds, step = entry
            name = keys.get(key)
            if name is None:
                name = keys[key] = json.dumps(key)
            number = repr(value) if math.isfinite(value) else _UNBOUNDED[str(value)]
            part = f'{{"key":{name},"value":{number},"timestamp":{milliseconds},"step":{step}}}'
            group = metrics
            limit = _METRICS_A_CALL - 2 * _OTHERS_A_CALL
        if len(group) == limit or size + len(part) > _BYTES_A_CALL:
            yield _body(head, metrics, others)
            size = 0
        group.append(part)
        size += len(part)
    if metrics or others["params"] or others["tags"]:
        yield _body(head, metrics, others)


_UNBOUNDED = {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}


def _body(head: str, metrics: list[str], others: dict[str, list[str]]) -> bytes:
    parts = [f',"{name}":[{",".join(group)}]' for name, group in (("metrics", metrics), *others.items()) if group]
    for group in (metrics, *others.values()):
        group.clear()
    return f"{head}{''.join(parts)}}}".encode()


_buffers: weakref.WeakSet[LogBuffer] = weakref.WeakSet()


def _after_fork() -> None:
    for buffer in list(_buffers):
        was_closed = buffer.is_closed
        buffer._reset()
        buffer._closed = buffer._sink_closed = was_closed


def _at_exit_of_workers(buffer: LogBuffer) -> None:
    """Workers of ``multiprocessing`` end without ``atexit``: they have a list of their own."""
    from multiprocessing import parent_process, util

    if parent_process() is not None:
        reference = weakref.ref(buffer)

        def close() -> None:
            if (found := reference()) is not None:
                with contextlib.suppress(StudioError):
                    found.close()

        util.Finalize(None, close, exitpriority=10)


os.register_at_fork(after_in_child=_after_fork)
