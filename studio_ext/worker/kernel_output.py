"""What the IPython kernel of a job does differently with its output: none is lost, none piles up in memory.

In a kernel that we forked, all of it; in one of its own command the second only:

- Long texts are published in pieces. The publishing socket blocks when some messages are under way, and so does whoever
  prints when much waits to be published: as with a pipe. Other kernels drop what is not taken in time; from them it
  is taken at once, however much it is.
- What is written past Python's streams (by other programs, by C) is published before the cell is over, and what
  programs have written before what the cell prints after them.
- It is published only: ipykernel also repeats it on the original descriptor, which is the job's log.
- IPython keeps all that was ever printed, for a magic that writes sessions to notebooks. It does not here.
"""

from __future__ import annotations

import array
import codecs
import contextlib
import fcntl
import functools
import os
import select
import termios
import threading
from collections.abc import Callable, Iterator
from os import close, read  # by these names printing does not depend on what a notebook puts in their places
from os import open as open_file
from threading import get_ident
from time import monotonic, sleep
from typing import Any

MESSAGES = 32
"""Messages that may be under way on either side."""
_PIECE = 512 << 10
"""Characters in one message."""
_PENDING = 4 << 20
"""Characters printed since the last flush after which a program waits until they are published."""
_READ = 65536
_LOOK_SECONDS = 0.0002
"""How often who prints looks for what was written past Python's streams: in less, no program begins and writes."""
_OLD_LOCK = threading.RLock()
"""For streams of an ipykernel that has no lock of its own."""
_CATCH_UP_SECONDS = 1.0
"""How long a flush waits for what was written past Python's streams, where it does not end."""


def hold_back(app: Any, stream: Any, shell: Any) -> None:
    """Change the classes ``IPKernelApp``, ``OutStream`` and ``InteractiveShell`` of this process."""
    app._bind_socket = _bounded(app._bind_socket)
    if hasattr(stream, "_flush_buffers"):  # there is none before ipykernel 6.29, where each text is one message
        stream._flush_buffers = _in_pieces(stream._flush_buffers)
    stream._just_write, stream.write = stream.write, _waiting(stream.write)
    # One lock for what waits in the pipe and for what waits to be published: with two, a print of a signal handler or
    # a finalizer, in the middle of another print, would ask for them in the other order than the watching thread.
    stream._lock = property(lambda self: getattr(self, "_buffer_lock", _OLD_LOCK))
    stream._main, stream._is_watched, stream._looked, stream._pending = get_ident(), False, 0.0, 0
    stream._watch_pipe_fd = _watch
    stream._just_flush = _outside(_after_the_pipe(stream.flush, _waits_in_pipe))
    stream.flush = _outside(_with_the_rest)
    stream._schedule_flush = _outside(stream._schedule_flush)
    shell._tee = lambda *_, **__: contextlib.nullcontext()


def catch_up(stream: Any) -> None:
    """Let a flush of this ``OutStream`` of a running kernel wait for what was written past it, as far as Linux tells.

    Nothing happens to other streams, and to those of a kernel that :func:`hold_back` has changed.
    """
    if getattr(stream, "watch_fd_thread", None) is not None and not hasattr(stream, "_looked"):
        stream.flush = functools.partial(_after_the_pipe(type(stream).flush, _is_on_its_way), stream)


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
        # Not each time: a lock and a call of the system cost a program that prints line after line a third of its pace.
        now = monotonic()
        if now - stream._looked > _LOOK_SECONDS and _is_of_the_cell(stream):
            stream._looked = now
            with contextlib.suppress(OSError):  # a notebook has closed the pipe
                _take(stream)
        written = write(stream, string)
        stream._pending += len(string)  # not by a function shared with _take: a call for each text is felt
        if stream._pending > _PENDING:
            _publish(stream)
        return written

    return waiting


def _publish(stream: Any) -> None:
    """Wait until what was printed is published."""
    stream._pending = 0
    if stream._is_master_process():
        stream._just_flush()


def _is_of_the_cell(stream: Any) -> bool:
    """Whether the cell prints now, to which belongs what other programs write: a task that an earlier cell has begun
    prints in the name of that one, and the publishing thread must not wait for what waits for it."""
    return (
        get_ident() == stream._main
        and stream._is_watched
        and stream._is_master_process()
        and stream.parent_header is getattr(stream, "_parent_header_global", stream.parent_header)
    )


def _watch(stream: Any) -> None:
    """The thread that takes what is written past Python's streams."""
    try:
        os.set_blocking(stream._fid, False)
        stream._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        os.register_at_fork(after_in_child=functools.partial(_free, stream))
        stream._is_watched = True
        while stream._should_watch:
            select.select([stream._fid], [], [])
            if not _take(stream):
                return
    except (OSError, TypeError, ValueError):
        return


def _take(stream: Any) -> bool:
    """Hand on what waits in the pipe, if anything; whether more may come. Data leaves the pipe under the lock only."""
    with stream._lock:
        try:
            data = read(stream._fid, _READ)
        except BlockingIOError:
            return True
        if not data or not stream._should_watch:
            return False
        text = stream._decode(data)  # a character that is not whole yet waits for its rest, until a flush
        stream._just_write(text)
    stream._schedule_flush()
    stream._pending += len(text)
    if stream._pending > _PENDING:
        _publish(stream)
    return True


def _after_the_pipe(flush: Callable[[Any], None], is_behind: Callable[[Any], bool]) -> Callable[[Any], None]:
    def after_the_pipe(stream: Any) -> None:
        watcher = getattr(stream, "watch_fd_thread", None)
        if watcher and watcher is not threading.current_thread() and stream._is_master_process():
            deadline = monotonic() + _CATCH_UP_SECONDS
            while is_behind(stream) and watcher.is_alive() and monotonic() < deadline:
                sleep(0.0005)
        flush(stream)

    return after_the_pipe


def _with_the_rest(stream: Any) -> None:
    """The flush of who prints, and of the end of a cell: what was written by then is all, also of a character."""
    stream._just_flush()
    if stream._is_watched and stream._is_master_process():
        with stream._lock:
            if rest := stream._decode(b"", True):
                stream._just_write(rest)
        if rest:
            stream._just_flush()


def _outside(act: Callable[[Any], None]) -> Callable[[Any], None]:
    """A flush, or one that is to come: not in the middle of a print, which sees to it at its end.

    Under the lock both could wait for the publishing thread, which waits for the lock.
    """

    def outside(stream: Any) -> None:
        if not stream._lock._is_owned():
            act(stream)

    return outside


def _free(stream: Any) -> None:
    """In a process forked off while another thread, which is not there, held the lock: let go of it."""
    if not stream._lock._is_owned():
        stream._lock._at_fork_reinit()


def _waits_in_pipe(stream: Any) -> bool:
    with stream._lock:
        return _in_pipe(stream) > 0


def _is_on_its_way(stream: Any) -> bool:
    """Whether the thread of ipykernel, which takes no lock, has not handed on what was written by now: once the pipe
    is empty, it has when it waits in its next call of ``read``."""
    if _in_pipe(stream) > 0:
        return True
    try:
        file = open_file(f"/proc/self/task/{stream.watch_fd_thread.native_id}/syscall", os.O_RDONLY | os.O_CLOEXEC)
        try:
            call = read(file, _READ).split()
        finally:
            close(file)
    except OSError:  # another system, or one that does not tell
        return False
    return len(call) < 2 or int(call[1], 16) != stream._fid


def _in_pipe(stream: Any) -> int:
    count = array.array("i", [0])
    with contextlib.suppress(OSError, TypeError):
        fcntl.ioctl(stream._fid, termios.FIONREAD, count)
    return count[0]
