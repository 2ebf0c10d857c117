"""A connection between a client and a server that tests can cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

_PIECE = 1 << 16


class Cable:
    """Forwards connections to ``target`` (a port of this machine) until it is cut. Context manager."""

    def __init__(self, target: int) -> None:
        self.target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_cut = False
        self._swallow = 0
        self.swallowed = 0
        """Answers that were lost on the way."""
        threading.Thread(target=self._accept, name="cable", daemon=True).start()

    def cut(self) -> None:
        """End all connections and take no more."""
        with self._lock:
            self._is_cut = True
            ends, self._open = self._open, set()
        for end in ends:
            _close(end)

    def mend(self) -> None:
        """Take connections again."""
        with self._lock:
            self._is_cut = False

    def lose_answers(self, count: int) -> None:
        """End the connection in the place of each of the next ``count`` answers."""
        with self._lock:
            self._swallow = count

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if self._is_cut:
                    _close(client)
                    continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 5)
                server.settimeout(None)
            except OSError:
                _close(client)
                continue
            with self._lock:
                self._open |= {client, server}
            for source, sink, is_answer in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._forward, args=(source, sink, is_answer), daemon=True).start()

    def _forward(self, source: socket.socket, sink: socket.socket, is_answer: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                if is_answer and self._loses():
                    break
                sink.sendall(data)
        _close(source)
        _close(sink)
        with self._lock:
            self._open -= {source, sink}

    def _loses(self) -> bool:
        with self._lock:
            if self._swallow == 0:
                return False
            self._swallow -= 1
            self.swallowed += 1
            return True

    def __enter__(self) -> Cable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.cut()


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
