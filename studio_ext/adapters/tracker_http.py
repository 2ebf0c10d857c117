"""The way of a tracker's values to a Jupyter server elsewhere: a spool, and a thread that sends what is in it.

Calls are numbered, and the server knows the numbers it has: what gets no answer is sent again and taken once. While the
server cannot be reached the spool grows, in memory first, then on the disk. See ``docs/developers/recording.md``.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
import warnings

from studio_ext.adapters.http_client import HttpClient, segment
from studio_ext.adapters.spool import Spool
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, StudioError, TooLarge, Unavailable
from studio_ext.contract.records import MAX_CALLS, JournalState
from studio_ext.ports.records import RunRecord

PATIENCE_SECONDS = 90.0
"""How long a caller who asked for it waits for a server that does not answer."""
_BYTES_A_REQUEST = 800_000
"""Servers take a megabyte."""
_PAUSES = (0.1, 0.3, 1.0, 3.0)


class HttpSink:
    """See :class:`studio_ext.ports.records.LogSink`."""

    def __init__(self, client: HttpClient, run: RunRecord, *, ends: bool) -> None:
        """``ends``: see :class:`studio_ext.ports.records.Recorder`. Raises ``StudioError``."""
        self._client = client
        self._run_id = run.run_id
        self._ends = ends
        self._spool = Spool()
        self._taken = 0
        """Calls that were taken here, of which ``_sent`` the server has."""
        self._sent = 0
        self._first = 1
        """Number, in the journal, of the first call in the spool."""
        self._changed = threading.Condition()
        self._error: StudioError | None = None
        """Why the server does not take anything at the moment."""
        self._refused: list[str] = []
        self._state = self._open()
        self._closed = False
        self._closing = False
        """While it is, the thread sends nothing: a journal that was closed it would take for lost."""
        self._busy = False
        """Whether the thread speaks with the server."""
        threading.Thread(target=self._work, name="studio-tracker-send", daemon=True).start()

    def write(self, body: bytes) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        with self._changed:
            self._spool.put(body)
            self._taken += 1
            self._changed.notify_all()

    def sync(self) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        with self._changed:
            wanted = self._taken
            self._changed.wait_for(lambda: self._sent >= wanted, PATIENCE_SECONDS)
            if self._sent < wanted:
                raise self._not_sent(wanted - self._sent)

    def applied(self) -> bool:
        """See :class:`~studio_ext.ports.records.LogSink`. One that was closed is applied when it is gone."""
        with self._changed:
            if self._sent < self._taken:
                return False
        try:
            self._state = self._client.ask(JournalState, "GET", self._address)
        except NotFound:
            return True
        except StudioError:
            return False
        return self._state.waiting_bytes == 0 and not self._closed

    def behind(self) -> int:
        """See :class:`~studio_ext.ports.records.LogSink`. Of the last answer when the server does not answer now."""
        if self.applied():
            return 0
        with self._changed:
            return self._taken - self._sent + max(0, self._state.number - self._state.applied)

    def refused(self) -> list[str]:
        """See :class:`~studio_ext.ports.records.LogSink`."""
        return [*self._refused, *self._state.refused]

    def close(self, status: str, message: str) -> None:
        """See :class:`~studio_ext.ports.records.LogSink`. Idempotent; can be tried again when it raised."""
        if self._closed:
            return
        self.sync()
        try:
            with self._changed:
                self._closing = True
                if not self._changed.wait_for(lambda: not self._busy, PATIENCE_SECONDS):
                    raise Unavailable(f"{self._client.url} did not answer in time.", hint="Close it again.")
            self._end(status, message)
        finally:
            with self._changed:
                self._closing = False
                self._changed.notify_all()

    def _end(self, status: str, message: str) -> None:
        params = {"status": status or None, "message": message[:4000] or None, "ended": time.time()}
        deadline = time.monotonic() + PATIENCE_SECONDS
        pauses = iter(_PAUSES)
        while True:
            try:
                self._client.send("DELETE", self._address, params=params)
                break
            except NotFound:  # closed by a request whose answer was lost, or as that of a client that is gone
                if not status:
                    break
                self._reopen()
            except Unavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(next(pauses, 5.0))
        with self._changed:
            self._closed = True

    @property
    def _address(self) -> str:
        return f"records/runs/{segment(self._run_id)}/journals/{self._client_id}"

    def _open(self) -> JournalState:
        self._client_id = secrets.token_hex(16)
        return self._client.ask(JournalState, "PUT", self._address, body={"ends": self._ends}, repeat=True)

    def _reopen(self) -> None:
        """The server has taken us for gone, or lost its disk: what has no answer goes to a journal of its own."""
        state = self._open()
        if self._ends:
            self._client.send("PATCH", f"records/runs/{segment(self._run_id)}", body={"status": "RUNNING"}, repeat=True)
        with self._changed:
            self._state, self._first = state, 1

    def _work(self) -> None:
        pauses = iter(_PAUSES)
        alone = 0  # calls that are sent one by one: one of them was refused, and the others are not to go with it
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(self._has_work, self._state.lease_seconds / 4 or 30.0)
                if self._closed:
                    return
                if self._closing:
                    continue
                self._busy = True
                calls = self._spool.first(1 if alone else MAX_CALLS, _BYTES_A_REQUEST)
                first = self._first
            try:
                self._send(first, calls)
            except (NotFound, Conflict) as error:
                self._go_on_elsewhere(error)
            except (InvalidRequest, TooLarge) as error:  # for ever: it must not hold up what comes after it
                if len(calls) > 1:
                    alone = len(calls)
                    continue
                self._refused = [*self._refused, error.message][:20]
                self._advance(0, len(calls))
                alone = max(0, alone - 1)
            except StudioError as error:
                self._wait(error, next(pauses, 5.0))
            else:
                self._advance(len(calls), len(calls))
                alone = max(0, alone - len(calls))
                self._error, pauses = None, iter(_PAUSES)

    def _has_work(self) -> bool:
        return self._closed or (len(self._spool) > 0 and not self._closing)

    def _send(self, first: int, calls: list[bytes]) -> None:
        # The bodies are those of MLflow's call, with the run's id in front.
        parts = [b"{" + body[body.index(b",") + 1 :] if b"," in body else b"{}" for body in calls]
        content = b'{"first":%d,"calls":[%s]}' % (first, b",".join(parts))
        self._state = self._client.ask(JournalState, "POST", self._address, content=content)

    def _advance(self, numbers: int, count: int) -> None:
        with self._changed:
            self._spool.drop(count)
            self._sent += count
            self._first += numbers
            self._changed.notify_all()

    def _go_on_elsewhere(self, error: StudioError) -> None:
        try:
            if isinstance(error, Conflict):  # it is open still, and must not be missed
                self._client.send("DELETE", self._address)
            self._reopen()
        except NotFound as missing:  # the run itself was deleted
            self._refused = [*self._refused, missing.message][:20]
            with self._changed:
                count = len(self._spool)
            self._advance(0, count)
            self._wait(missing, 1.0)
        except StudioError as second:
            self._wait(second, 1.0)

    def _wait(self, error: StudioError, seconds: float) -> None:
        if self._error is None:
            message = f"{error.message} What is logged is kept here until the server takes it. {error.hint}"
            with contextlib.suppress(Warning):  # where warnings are errors, this thread is not to end of one
                warnings.warn(message, RuntimeWarning, stacklevel=2)
        self._error = error
        time.sleep(seconds)

    def _not_sent(self, count: int) -> Unavailable:
        why = self._error.message if self._error else f"{self._client.url} is slow."
        return Unavailable(f"{count} log calls wait to be sent. {why}", hint="They are kept and sent when it answers.")
