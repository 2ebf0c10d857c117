"""What the IPython kernel of a job does differently with its output: none is lost, none piles up in memory.

In a kernel that we forked, all of it; in one of its own command only the second and the third:

- Long texts are published in pieces. The publishing socket blocks when some messages are under way, and so does whoever
  prints when much waits to be published: as with a pipe. Other kernels drop what is not taken in time; from them it
  is taken at once, however much it is.
- What is written past Python's streams (by other programs, by C) is published before the cell is over.
- It is published only: ipykernel also repeats it on the original descriptor, which is the job's log.
- IPython keeps all that was ever printed, for a magic that writes sessions to notebooks. It does not here.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import functools
import os
import select
import termios
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

MESSAGES = 32
"""Messages that may be under way on either side."""
_PIECE = 512 << 10
"""Characters in one message."""
_PENDING = 4 << 20
"""Characters printed since the last flush after which a program waits until they are published."""
_READ = 65536
_CATCH_UP_SECONDS = 1.0
"""How long a flush waits for what was written past Python's streams, where it does not end."""
_STOP_SECONDS = 1.0


def hold_back(app: Any, stream: Any, shell: Any) -> None:
    """Change the classes ``IPKernelApp``, ``OutStream`` and ``InteractiveShell`` of this process."""
    app._bind_socket = _bounded(app._bind_socket)
    stream._flush_buffers = _in_pieces(stream._flush_buffers)
    stream.write = _waiting(stream.write)
    stream._taking = threading.RLock()
    stream._watch_pipe_fd = _watch
    stream.flush = _after_the_pipe(stream.flush)
    shell._tee = lambda *_, **__: contextlib.nullcontext()


def catch_up(stream: Any) -> None:
    """Let a flush of this ``OutStream`` of a running kernel wait for what was written past it.

    Nothing happens to other streams, and to those of a kernel that :func:`hold_back` has changed.
    """
    cls, watcher = type(stream), getattr(stream, "watch_fd_thread", None)
    if watcher is None or hasattr(stream, "_taking") or not stream._should_watch:
        return
    stream._should_watch = False  # ipykernel's own way to end its thread: what wakes it is not published
    os.write(stream._original_stdstream_fd, b"\0")
    watcher.join(_STOP_SECONDS)
    stream._should_watch = True
    if watcher.is_alive():
        return
    stream._taking = threading.RLock()
    stream.watch_fd_thread = _Watcher(stream)
    stream.watch_fd_thread.start()
    stream.flush = functools.partial(_after_the_pipe(cls.flush), stream)


class _Watcher(threading.Thread):
    """Watches a stream. As a class of its own it belongs to no cell for those ipykernels that patch ``Thread.run``."""

    def __init__(self, stream: Any) -> None:
        super().__init__(daemon=True)
        self._stream = stream

    def run(self) -> None:
        """Until the stream is closed."""
        _watch(self._stream)


def _bounded(bind: Callable[[Any, Any, int], int]) -> Callable[[Any, Any, int], int]:
    import zmq

    def bind_socket(app: Any, socket: Any, port: int) -> int:
        if socket.type == zmq.XPUB:
            socket.sndhwm = MESSAGES
            socket.setsockopt(zmq.XPUB_NODROP, 1)
        return bind(app, socket, port)

    return bind_socket


def _in_pieces(flush_buffers: Callable[[Any], Iterator[tuple[Any, str]]]) -> Callable[[Any], Iterator[tuple[Any, str]]]:
    def in_pieces(stream: Any) -> Iterator[tuple[Any, str]]:
        for parent, text in flush_buffers(stream):
            longest = len(text) + 1 if stream._hooks else _PIECE  # a hook may take one message and end all others
            for start in range(0, len(text), longest):
                yield parent, text[start : start + longest]

    return in_pieces


def _waiting(write: Callable[[Any, str], int | None]) -> Callable[[Any, str], int | None]:
    def waiting(stream: Any, string: str) -> int | None:
        written = write(stream, string)
        stream._pending = getattr(stream, "_pending", 0) + len(string)
        if stream._pending > _PENDING:
            stream._pending = 0
            if stream._is_master_process():
                stream.flush()
        return written

    return waiting


def _watch(stream: Any) -> None:
    """The thread that takes what is written past Python's streams. Data leaves the pipe under the lock only."""
    try:
        while stream._should_watch:
            select.select([stream._fid], [], [])
            with stream._taking:
                data = os.read(stream._fid, _READ)
                if not data or not stream._should_watch:
                    return
                stream.write(data.decode(errors="replace"))
    except (OSError, TypeError, ValueError):
        return


def _after_the_pipe(flush: Callable[[Any], None]) -> Callable[[Any], None]:
    def after_the_pipe(stream: Any) -> None:
        watcher = getattr(stream, "watch_fd_thread", None)
        if watcher and watcher is not threading.current_thread() and stream._is_master_process():
            deadline = time.monotonic() + _CATCH_UP_SECONDS
            while _waits_in_pipe(stream) and watcher.is_alive() and time.monotonic() < deadline:
                time.sleep(0.0005)
        flush(stream)

    return after_the_pipe


def _waits_in_pipe(stream: Any) -> bool:
    count = array.array("i", [0])
    with stream._taking, contextlib.suppress(OSError, TypeError):
        fcntl.ioctl(stream._fid, termios.FIONREAD, count)
    return count[0] > 0
