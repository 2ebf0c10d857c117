"""MLflow's REST interface on the job's own loopback: every call becomes a line in a file.

Unmodified MLflow clients in the job talk to this server. It appends each call to ``calls.jsonl``; outside, the
controller applies the calls to the tracking store and appends the answers to ``replies.jsonl``. Calls that only
log something have an empty answer: they are acknowledged as soon as they are in the journal, so that a job goes
on at full speed while the store is slow or away. All other calls wait for their answer, for hours if need be.

Standard library only. The journal's format is described in ``docs/developers/recording.md``.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .relay_checks import LogChecks, local_answer
from .relay_journal import Answers, CallJournal

MAX_BODY = 16 * 1024 * 1024
"""Largest request body in bytes. Artefacts do not pass here: they are written to the job directory."""

SYNC_HEADER = "X-Studio-Sync"
"""A log call with this header is answered when it is on the disk, and all before it."""

_REQUEST_TIMEOUT = 7 * 86400  # seconds; an answer may have to wait for a store that is away over a weekend


class RelayServer:
    """The relay of one attempt, in threads of this process, from its construction to :meth:`close`.

    Raises ``OSError`` when no port or no file can be opened.
    """

    def __init__(self, attempt_dir: Path, job_dir: Path, run_id: str, experiment_id: str) -> None:
        self.job_dir = job_dir
        self.run_id = run_id
        self.experiment_id = experiment_id
        self.token = secrets.token_urlsafe(24)
        self.journal = CallJournal(attempt_dir / "calls.jsonl")
        self.answers = Answers(attempt_dir / "replies.jsonl")
        self.checks = LogChecks(run_id)
        self._http = _Server(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="relay", daemon=True)
        self._thread.start()

    @property
    def uri(self) -> str:
        """What ``MLFLOW_TRACKING_URI`` is for the job."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def env(self) -> dict[str, str]:
        """Variables that point MLflow's clients here. :func:`merged` puts them into an environment."""
        return {
            "MLFLOW_TRACKING_URI": self.uri,
            "MLFLOW_REGISTRY_URI": self.uri,
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_EXPERIMENT_ID": self.experiment_id,
            "STUDIO_RUN_ID": self.run_id,  # our own tracker finds the job's run by it
            # An answer may take long, and a repeated call would be made twice: wait, do not try again.
            "MLFLOW_HTTP_REQUEST_TIMEOUT": str(_REQUEST_TIMEOUT),
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            # The links would lead to the relay's port, which is gone when a person reads them.
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "GIT_PYTHON_REFRESH": "quiet",
        }

    def close(self) -> None:
        """Stop answering and sync the journal. Calls still waiting get 503. Idempotent."""
        self.answers.close()
        self._http.shutdown()
        self._http.server_close()
        self.journal.close()


_REMOVED = (
    "MLFLOW_RUN_ID",  # the relay decides which run the notebook's first start_run is
    "MLFLOW_EXPERIMENT_NAME",  # MLflow refuses a name beside an id that does not match it
    "MLFLOW_TRACKING_USERNAME",  # would win over the token
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_AUTH",
    "MLFLOW_TRACKING_CLIENT_CERT_PATH",
    "MLFLOW_TRACKING_SERVER_CERT_PATH",
    "MLFLOW_WORKSPACE",
)


def merged(base: Mapping[str, str], relay: Mapping[str, str]) -> dict[str, str]:
    """``base`` with the relay's variables, without those that contradict them; proxies never see the loopback."""
    env = {name: value for name, value in base.items() if name not in _REMOVED}
    env.update(relay)
    for name in ("NO_PROXY", "no_proxy"):
        hosts = [host for host in base.get(name, "").split(",") if host]
        env[name] = ",".join([*hosts, "127.0.0.1"])
    return env


def main(arguments: list[str]) -> int:
    """``relay JOBDIR ATTEMPT``: print ``{"uri", "env"}`` as one line, serve until standard input is closed."""
    if len(arguments) != 2 or not arguments[1].isdigit():
        print("usage: relay JOBDIR ATTEMPT", file=sys.stderr)
        return 2
    job_dir = Path(arguments[0])
    attempt_dir = job_dir / "attempts" / arguments[1]
    launch = json.loads((attempt_dir / "launch.json").read_text("utf-8"))
    server = RelayServer(attempt_dir, job_dir, launch["run_id"], launch["experiment_id"])
    print(json.dumps({"uri": server.uri, "env": server.env}), flush=True)
    sys.stdin.buffer.read()
    server.close()
    return 0


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, relay: RelayServer) -> None:
        # Bound here: the base class would ask the resolver for the host's name first, which may take seconds.
        listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        super().__init__(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.relay = relay

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are in the journal already."""

    def _serve(self) -> None:
        status, body = self._answer()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    wbufsize = 65536  # header and body leave in one packet
    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _answer(self) -> tuple[int, bytes]:
        relay = self.server.relay
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            return _error(411, "INVALID_PARAMETER_VALUE", "The request has no Content-Length.")
        given = (self.headers.get("Authorization") or "").encode("latin1")
        if not hmac.compare_digest(given, b"Bearer " + relay.token.encode()):
            self._discard(min(int(length), MAX_BODY))
            return _error(401, "UNAUTHENTICATED", "This MLflow address belongs to a job; only the job may use it.")
        if int(length) > MAX_BODY:
            self._discard(int(length))
            size = f"{int(length) / 2**20:.0f} MiB"
            limit = f"{MAX_BODY // 2**20} MiB"
            message = f"The request has {size}; a job may send at most {limit} at once. Log large things as artifacts."
            return _error(413, "INVALID_PARAMETER_VALUE", message)
        body = self.rfile.read(int(length))
        if len(body) < int(length):  # the client died while it sent
            self.close_connection = True
            return _error(400, "BAD_REQUEST", "The request ended early.")
        if answer := local_answer(self.path):
            return answer
        verdict = relay.checks.look(self.command, self.path, body)
        if verdict.error is not None:
            return _error(400, "INVALID_PARAMETER_VALUE", verdict.error)
        content_type = self.headers.get("Content-Type") or "application/json"
        try:
            if verdict.acknowledge:
                relay.journal.append(self.command, self.path, body, content_type, written_behind=True)
                if self.headers.get(SYNC_HEADER):
                    relay.journal.sync()
                return 200, b"{}"
            # The slot must exist before the line does: the answer may come at once.
            with relay.answers.slot() as slot:
                relay.journal.append(self.command, self.path, body, content_type, slot=slot)
                status, reply = slot.wait()
        except OSError as error:
            return _error(507, "RESOURCE_EXHAUSTED", f"The call could not be noted in the job directory: {error}.")
        if status < 300:
            relay.checks.learn(self.path, body, reply)
        return status, reply

    def _discard(self, length: int) -> None:
        """Read a body that is not wanted: a client that still sends when we hang up never sees the answer."""
        self.close_connection = True
        while length > 0 and (part := self.rfile.read(min(length, 1 << 20))):
            length -= len(part)


def _error(status: int, code: str, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"error_code": code, "message": message}).encode()
