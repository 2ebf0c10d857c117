"""The relay's outer end: applies what a job appended to its journal to the tracking store, and answers it.

See ``docs/developers/recording.md`` for the files, the order of things and what happens at a crash.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from pathlib import Path

from studio_ext.adapters import mlflow_relay_models  # noqa: F401  (adds its rules to the policy)
from studio_ext.adapters.mlflow_artifacts import move_artifacts
from studio_ext.adapters.mlflow_backend import AppBackend, Backend, Reply, StoreFault, get, open_backend, post
from studio_ext.adapters.mlflow_relay_batches import Batch, LogCall, batches, parse_log_call
from studio_ext.adapters.mlflow_relay_journal import Call, Journal, Own
from studio_ext.adapters.mlflow_relay_paths import Locations
from studio_ext.adapters.mlflow_relay_policy import Policy
from studio_ext.contract.errors import Unavailable
from studio_ext.ports.tracking import RunHandle

_MAX_FAULTS = 3  # tries of a call that the store answers with an error of its own while it answers others


@dataclass
class _Session:
    """What is known of one attempt while its journal is open."""

    journal: Journal
    policy: Policy
    locations: Locations
    faults: int = 0


class MlflowRelay:
    """Applies journals to one tracking store. Thread-safe; one process at a time for a job."""

    def __init__(self, tracking_uri: str, artifact_root: Path, *, lean: bool = False) -> None:
        """``lean``: see :func:`studio_ext.adapters.mlflow_backend.open_backend`."""
        self._backend: Backend = open_backend(tracking_uri, artifact_root, lean=lean)
        self._sessions: dict[tuple[Path, int], _Session] = {}
        self._lock = threading.RLock()
        self._adopted = False

    def pump(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> int:
        """See :class:`studio_ext.ports.tracking.Relay`. At most about a megabyte of calls at once."""
        with self._lock:
            session = self._session(job_id, directory, attempt, run)
            if not session.journal.has_new():
                return 0
            self._adopt()
            count = self._apply(session)
            session.faults = 0
            return count

    def finish(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> None:
        """See :class:`studio_ext.ports.tracking.Relay`."""
        with self._lock:
            while self.pump(job_id, directory, attempt, run):
                pass
            session = self._session(job_id, directory, attempt, run)
            journal, own = session.journal, session.policy.own
            for locations in (own.runs, own.models):
                for identity, uri in locations.items():
                    session.locations.mend_models(identity)
                    if (folder := session.locations.folder(identity)) is not None:
                        move_artifacts(folder, uri, "", self._backend.uri)
            if journal.refused_count:
                text = f"{journal.refused_count} refused. {' | '.join(journal.refused)}"
                post(self._backend, "runs/set-tag", run_id=run.run_id, key="studio.log_errors", value=text[:5000])
            del self._sessions[directory, attempt]

    def close(self) -> None:
        """Forget what is known of journals; it is read again when needed."""
        with self._lock:
            self._sessions.clear()

    def _session(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> _Session:
        session = self._sessions.get((directory, attempt))
        if session is None:
            journal, own = Journal(directory, attempt), Own({run.run_id: run.artifact_uri})
            locations = Locations(directory, attempt, own)
            policy = Policy(self._backend, job_id, attempt, run, own, locations, set(journal.taken))
            if attempt > 1 or not journal.is_fresh:
                policy.restore()
            session = self._sessions[directory, attempt] = _Session(journal, policy, locations)
        return session

    def _adopt(self) -> None:
        if not self._adopted and isinstance(self._backend, AppBackend):
            self._backend.adopt_process()
            self._adopted = True

    def _apply(self, session: _Session) -> int:
        journal, policy = session.journal, session.policy
        pending: list[LogCall] = []
        last: Call | None = None
        refused: list[str] = []
        count = 0
        for call in journal.read():
            count += 1
            if call.acknowledged:
                log = parse_log_call(call)
                last = call
                if log is not None and policy.may_log(log.run_id):
                    pending.append(log)
                else:
                    refused.append(f"Call {call.number} is not one that can be acknowledged early.")
                continue
            if last is not None:
                self._flush(session, pending, last, refused)
                pending, last, refused = [], None, []
            self._answer(session, call)
        if last is not None:
            self._flush(session, pending, last, refused)
        return count

    def _flush(self, session: _Session, logs: list[LogCall], last: Call, refused: list[str]) -> None:
        for batch in batches(logs):
            refused += self._log(session, batch)
        session.journal.applied(last, refused)

    def _log(self, session: _Session, batch: Batch) -> list[str]:
        """Apply a batch; if MLflow refuses it, its halves, down to single calls. Returns MLflow's sentences."""
        reply = self._send_batch(session, batch)
        if reply.ok:
            return []
        if len(batch.calls) == 1:
            if parts := batch.calls[0].parts():
                return [sentence for part in parts for sentence in self._log(session, part)]
            call = batch.calls[0].call
            return [f"Call {call.number} ({call.path.rpartition('/')[2]}): {reply.message[:300]}"]
        refused = []
        middle = len(batch.calls) // 2
        for part in (batch.calls[:middle], batch.calls[middle:]):
            half = Batch(batch.run_id)
            for log in part:
                half.add(log)
            refused += self._log(session, half)
        return refused

    def _send_batch(self, session: _Session, batch: Batch) -> Reply:
        request = batch.request()
        if not request:
            return Reply(200, b"{}")
        try:
            return self._backend.log_batch(request)
        except StoreFault as fault:
            if not self._gives_up(session):
                raise
            return Reply(500, _error(fault.message))

    def _gives_up(self, session: _Session) -> bool:
        """One call that the store cannot digest must not stop all that come after it for ever.

        Raises ``Unavailable`` when the store answers nothing else either.
        """
        session.faults += 1
        if session.faults < _MAX_FAULTS:
            return False
        get(self._backend, "runs/get", run_id=session.policy.run.run_id)
        return True

    def _answer(self, session: _Session, call: Call) -> None:
        journal = session.journal
        doubtful = call.start < journal.doubtful_until
        try:
            answer = session.policy.answer(call, doubtful=doubtful)
            reply, took_run = answer.reply, answer.took_run
        except StoreFault as fault:
            journal.doubt(call)
            if not self._gives_up(session):
                raise
            reply, took_run = Reply(500, _error(fault.message)), ""
        except Unavailable:
            journal.doubt(call)
            raise
        try:
            journal.answer(call, reply, took_run=took_run)
        except Unavailable:
            journal.doubt(call)
            raise
        session.policy.taken = set(journal.taken)  # only now: an answer that was not written is given again
        session.faults = 0


def _error(message: str) -> bytes:
    return json.dumps({"error_code": "INTERNAL_ERROR", "message": message}).encode()
