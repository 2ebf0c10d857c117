"""MLflow's REST interface, wherever it is: in this process for databases and files, else on a server.

Tracking and relay both speak REST to it, so that there is one path for every kind of store, and an MLflow
server elsewhere costs this process neither the import of MLflow (1.6 s, 200 MB) nor its database drivers.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import logging
import math
import os
import sqlite3
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote, urlencode, urlsplit, urlunsplit

from studio_ext.contract.errors import Conflict, Unavailable
from studio_ext.core.plain_text import masked

API = "/api/2.0/mlflow/"

_SUMS = (
    "SELECT m.run_uuid, m.key, s.n, s.low, s.high, s.mean, sum((m.value - s.mean) * (m.value - s.mean)) "
    "FROM metrics m JOIN (SELECT run_uuid, key, count(*) AS n, min(value) AS low, max(value) AS high, "
    "avg(value) AS mean FROM metrics WHERE run_uuid IN ({runs}) AND NOT is_nan GROUP BY run_uuid, key) s "
    "ON s.run_uuid = m.run_uuid AND s.key = m.key WHERE NOT m.is_nan "
    "GROUP BY m.run_uuid, m.key, s.n, s.low, s.high, s.mean"
)
_BUSY_MILLISECONDS = 3000  # MLflow waits 20 s for a locked SQLite file; a person in front of a table does not
_MODEL_KEYS = frozenset({"model_id", "dataset_name", "dataset_digest"})
_AWAY = frozenset({429, 502, 503, 504})


class StoreFault(Unavailable):
    """The store answered with an error of its own. It may be away, or this call may be one it can never carry out."""


class Reply(NamedTuple):
    """Answer to one call."""

    status: int
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the call was carried out."""
        return self.status < 300

    def json(self) -> dict[str, Any]:
        """The body as an object; empty when it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def error_code(self) -> str:
        """MLflow's word for what went wrong."""
        return str(self.json().get("error_code", ""))

    @property
    def message(self) -> str:
        """MLflow's sentence for what went wrong."""
        return str(self.json().get("message") or self.body[:300].decode("utf-8", "replace"))


class Backend(Protocol):
    """MLflow's REST interface. Thread-safe."""

    uri: str

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """Make one call; ``path`` starts with ``/api`` and holds the query. Raises ``Unavailable``.

        A call that ended in ``Unavailable`` may have been carried out or not.
        """

    def log_batch(self, request: Mapping[str, Any]) -> Reply:
        """``runs/log-batch`` with metrics, parameters and tags in MLflow's spelling. Raises as :meth:`call`."""

    def activity(self) -> dict[str, tuple[int, float | None]] | None:
        """Active runs of each experiment that has any: how many, and when one last started or ended (epoch seconds).

        None where counting would mean listing them.
        """

    def tagged_runs(self, key: str, value: str) -> list[str] | None:
        """Ids of all runs with a tag, deleted ones too; None where the store has to be searched over REST."""

    def metric_sums(self, run_ids: Sequence[str]) -> list[tuple[str, str, int, float, float, float, float]] | None:
        """Run id, metric, count, minimum, maximum, mean, sum of squared distances from it; of values that are numbers.

        None where the histories have to be read over REST.
        """

    def close(self) -> None:
        """Let go of connections."""


def post(backend: Backend, method: str, /, **fields: Any) -> Reply:
    """Call a method that takes JSON, for example ``runs/create``."""
    return backend.call("POST", API + method, json.dumps(fields).encode())


def get(backend: Backend, method: str, /, **fields: str) -> Reply:
    """Call a method that takes a query, for example ``runs/get``."""
    return backend.call("GET", f"{API}{method}?{urlencode(fields)}")


def open_backend(uri: str, artifact_root: Path, *, lean: bool = False) -> Backend:
    """The backend for a tracking URI, one in a process. Nothing is imported or opened before the first call.

    ``lean``: keep pandas out of this process (50 MB); only for processes that run nobody else's code.
    """
    with _backends_lock:
        backend = _backends.get((uri, artifact_root))
        if backend is None:
            is_server = urlsplit(uri).scheme in ("http", "https")
            backend = HttpBackend(uri, os.environ) if is_server else AppBackend(uri, artifact_root, lean=lean)
            _backends[uri, artifact_root] = backend
        return backend


_backends: dict[tuple[str, Path], Backend] = {}
_backends_lock = threading.Lock()


def _after_fork() -> None:
    """A forked child must not speak over its parent's connections."""
    global _backends_lock
    _backends_lock = threading.Lock()
    for backend in _backends.values():
        if isinstance(backend, AppBackend | HttpBackend):
            backend.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class AppBackend:
    """MLflow's own server application in this process, called without a socket.

    MLflow keeps its store in a module variable; several backends in one process take turns.
    """

    _turn = threading.RLock()
    _current: AppBackend | None = None
    _opened = 0

    def __init__(self, uri: str, artifact_root: Path, *, lean: bool = False) -> None:
        self.uri = uri
        self._root = artifact_root
        self._lean = lean
        self._app: Any = None
        self._stores: tuple[Any, Any] = (None, None)
        self._opening = threading.Lock()
        self._failed: tuple[float, Unavailable] | None = None

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """See :class:`Backend`."""
        if self._app is None:
            self._open()
        with self._my_turn():
            response = self._app.test_client().open(path, method=method, data=body, content_type=content_type)
            reply = Reply(response.status_code, response.get_data())
        _raise_if_away(reply, "")
        return reply

    def log_batch(self, request: Mapping[str, Any]) -> Reply:
        """See :class:`Backend`. Straight to the store: reading a request again costs a third of applying it.

        What the store refuses is sent as a request after all, and that answer counts: to log twice changes nothing.
        """
        if self._app is None:
            self._open()
        if not any(_MODEL_KEYS & each.keys() for each in request.get("metrics", ())):
            from mlflow.entities import Metric, Param, RunTag

            with self._my_turn(), contextlib.suppress(Exception):
                self._stores[0].log_batch(
                    request["run_id"],
                    [
                        Metric(each["key"], float(each["value"]), each["timestamp"], each["step"])
                        for each in request.get("metrics", ())
                    ],
                    [Param(each["key"], each["value"]) for each in request.get("params", ())],
                    [RunTag(each["key"], each["value"]) for each in request.get("tags", ())],
                )
                return Reply(200, b"{}")
        return self.call("POST", API + "runs/log-batch", _encoded(request))

    def adopt_process(self) -> None:
        """Make this store the process's default, which MLflow's model registry needs to find logged models.

        Changes ``MLFLOW_TRACKING_URI`` of the process: only for processes that run nobody else's code.
        """
        if self._app is None:
            self._open()
        import mlflow

        mlflow.set_tracking_uri(self.uri)

    def activity(self) -> dict[str, tuple[int, float | None]] | None:
        """See :class:`Backend`. MLflow has no call for it."""
        rows = self._read(
            "SELECT experiment_id, count(*), max(coalesce(end_time, start_time)) FROM runs "
            "WHERE lifecycle_stage = 'active' GROUP BY experiment_id"
        )
        if rows is None:
            return None
        return {str(row[0]): (int(row[1]), int(row[2]) / 1000 if row[2] else None) for row in rows}

    def tagged_runs(self, key: str, value: str) -> list[str] | None:
        """See :class:`Backend`. MLflow's own search takes ten times as long."""
        rows = self._read("SELECT run_uuid FROM tags WHERE key = :key AND value = :value", key=key, value=value)
        return None if rows is None else [str(row[0]) for row in rows]

    def metric_sums(self, run_ids: Sequence[str]) -> list[tuple[str, str, int, float, float, float, float]] | None:
        """See :class:`Backend`. Mean first, distances second: sums of squares would cancel."""
        names = {f"r{number}": run_id for number, run_id in enumerate(run_ids)}
        runs = ", ".join(f":{name}" for name in names)
        rows = self._read(_SUMS.format(runs=runs), **names)
        if rows is None:
            return None
        return [(row[0], row[1], int(row[2]), *(math.nan if v is None else float(v) for v in row[3:7])) for row in rows]

    def _read(self, query: str, **values: Any) -> Sequence[Any] | None:
        """Look into MLflow's tables, which are never written; None where there are none or they changed."""
        if self._app is None:
            self._open()
        engine = getattr(self._stores[0], "engine", None)
        if engine is None:
            return None
        from sqlalchemy import exc, text

        try:
            with engine.connect() as connection:
                return list(connection.execute(text(query), values))
        except exc.SQLAlchemyError:
            return None

    def close(self) -> None:
        """Close pooled connections. The next call opens them again."""
        for store in self._stores:
            if (engine := getattr(store, "engine", None)) is not None:
                engine.dispose()

    def after_fork(self) -> None:
        """Leave the parent's connections alone (a child that closed them would close the parent's); locks are new."""
        self._opening = threading.Lock()
        AppBackend._turn = threading.RLock()
        for store in self._stores:
            if (engine := getattr(store, "engine", None)) is not None:
                engine.dispose(close=False)

    @contextlib.contextmanager
    def _my_turn(self) -> Iterator[None]:
        if AppBackend._opened == 1:  # the usual case: no other store in this process, calls run side by side
            yield
            return
        with AppBackend._turn:
            self._select()
            yield

    def _select(self) -> None:
        if AppBackend._current is not self:
            from mlflow.server import handlers

            handlers._tracking_store, handlers._model_registry_store = self._stores
            AppBackend._current = self

    def _open(self) -> None:
        with self._opening:
            if self._app is not None:
                return
            if self._failed and time.monotonic() - self._failed[0] < 1:
                raise self._failed[1]  # opening is slow; callers that queued up behind a failure share it
            try:
                with creation_lock(self.uri):
                    self._stores = self._open_stores()
            except Unavailable as error:
                self._failed = (time.monotonic(), error)
                raise
            # It warns of what it imports, now and later, and the warnings would stand in the user's notebook.
            warnings.filterwarnings("ignore", module=r"mlflow\.server\b")
            from mlflow.server import app

            with AppBackend._turn:
                AppBackend._opened += 1
                self._select()
            self._app = app

    def _open_stores(self) -> tuple[Any, Any]:
        _import_mlflow(lean=self._lean)
        from mlflow.exceptions import MlflowException
        from mlflow.server import handlers

        sqlite = sqlite_path(self.uri)
        try:
            if sqlite is not None:
                if not sqlite.exists() or sqlite.stat().st_size == 0:
                    _make_sqlite_store(sqlite, self._root)
                use_wal(sqlite)
            tracking = handlers._tracking_store_registry.get_store(self.uri, str(self._root))
            if sqlite is not None:
                _shorten_busy_timeout(tracking.engine)
            registry = handlers._model_registry_store_registry.get_store(self.uri)
        except MlflowException as error:
            raise _store_error(str(error)) from error
        except Exception as error:  # drivers raise what they like
            raise _away(f"{type(error).__name__}: {error}") from error
        return tracking, registry


class HttpBackend:
    """An MLflow server elsewhere. Credentials come from the URI or from MLflow's own variables."""

    def __init__(self, uri: str, environ: Mapping[str, str], *, patience: float = 30) -> None:
        """``patience``: seconds that an answer may take."""
        parts = urlsplit(uri)
        self._patience = patience
        host = parts.hostname or ""
        netloc = f"[{host}]" if ":" in host else host
        if parts.port is not None:
            netloc += f":{parts.port}"
        self.uri = uri
        self._base = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
        self._environ = environ
        self._userinfo = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._client: Any = None
        self._lock = threading.Lock()

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Reply:
        """See :class:`Backend`."""
        import httpx

        client = self._open()
        headers = {"Content-Type": content_type} if body else {}
        try:
            response = client.request(method, self._base + path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise _away(f"{self._base}: {str(error) or type(error).__name__}") from error
        if response.status_code in (401, 407) or (response.status_code == 403 and not response.content[:1] == b"{"):
            raise Unavailable(
                f"The MLflow server {self._base} refuses our credentials (HTTP {response.status_code}).",
                hint="Set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, "
                "where Studio's controller starts.",
            )
        reply = Reply(response.status_code, response.content)
        _raise_if_away(reply, f"{self._base}: HTTP {reply.status} ")
        return reply

    def log_batch(self, request: Mapping[str, Any]) -> Reply:
        """See :class:`Backend`."""
        return self.call("POST", API + "runs/log-batch", _encoded(request))

    def activity(self) -> dict[str, tuple[int, float | None]] | None:
        """See :class:`Backend`."""
        return None

    def tagged_runs(self, key: str, value: str) -> list[str] | None:
        """See :class:`Backend`."""
        return None

    def metric_sums(self, run_ids: Sequence[str]) -> list[tuple[str, str, int, float, float, float, float]] | None:
        """See :class:`Backend`."""
        return None

    def after_fork(self) -> None:
        """Leave the parent's connections alone."""
        self._lock = threading.Lock()
        self._client = None

    def close(self) -> None:
        """Close connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                import httpx

                env, headers, auth = self._environ, {}, None
                user = self._userinfo[0] or env.get("MLFLOW_TRACKING_USERNAME", "")
                password = self._userinfo[1] or env.get("MLFLOW_TRACKING_PASSWORD", "")
                if user:
                    auth = (user, password)
                elif token := env.get("MLFLOW_TRACKING_TOKEN"):
                    headers["Authorization"] = f"Bearer {token}"
                verify: Any = env.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() not in ("true", "1")
                if verify and (bundle := env.get("MLFLOW_TRACKING_SERVER_CERT_PATH")):
                    import ssl

                    verify = ssl.create_default_context(cafile=bundle)
                timeout = httpx.Timeout(self._patience, connect=5)
                self._client = httpx.Client(auth=auth, headers=headers, verify=verify, timeout=timeout)
            return self._client


def _encoded(request: Mapping[str, Any]) -> bytes:
    return json.dumps(request, ensure_ascii=False).encode()


def sqlite_path(uri: str) -> Path | None:
    """The file of a SQLite tracking URI; None for other stores."""
    scheme, separator, rest = uri.partition(":///")
    if not separator or scheme.partition("+")[0] != "sqlite":
        return None
    return Path(rest.partition("?")[0])


def _make_sqlite_store(path: Path, artifact_root: Path) -> None:
    """Make the tables under another name and rename them into place (call with the creation lock).

    MLflow makes them in dozens of steps that it cannot take up again: a process killed in between would leave a
    store that nobody can open.
    """
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    for leftover in ("", "-wal", "-shm", "-journal"):
        unfinished.with_name(unfinished.name + leftover).unlink(missing_ok=True)
    with _migrations_lock:
        store = SqlAlchemyStore(f"sqlite:///{unfinished}", str(artifact_root))
        store.engine.dispose()
    with contextlib.closing(sqlite3.connect(unfinished)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # everything in the one file that is renamed
    unfinished.replace(path)


def use_wal(path: Path) -> None:
    """Let readers and the writer of a SQLite file not wait for each other. Stays with the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=_BUSY_MILLISECONDS / 1000)) as connection:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode=WAL")
        path.chmod(0o600)
    except sqlite3.Error as error:
        raise _away(f"{path}: {error}") from error


@contextlib.contextmanager
def creation_lock(uri: str) -> Iterator[None]:
    """One process at a time makes the tables of a SQLite store; MLflow's migrations bear no company."""
    path = sqlite_path(uri)
    if path is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _import_mlflow(*, lean: bool) -> None:
    """Import all that is needed here, one thread at a time: threads that begin in different places lock each other."""
    with _import_lock:
        is_ours = "mlflow" not in sys.modules
        if is_ours:
            os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        if is_ours and lean:
            # MLflow's slim distribution does without pandas, and its server without its login pages.
            sys.modules.setdefault("mlflow.server.auth", None)  # type: ignore[arg-type]
            sys.modules.setdefault("pandas", None)  # type: ignore[arg-type]
        # What MLflow's server says of its own dependencies would land in whichever cell runs now.
        warnings.filterwarnings("ignore", module=r"mlflow\.server\.")
        try:
            import mlflow.server
            import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
        finally:
            if sys.modules.get("pandas", ...) is None:
                del sys.modules["pandas"]  # the rare call that needs it (a model with a signature) may have it
        if is_ours:
            for name in ("mlflow.store.db.utils", "mlflow.server.handlers", "alembic"):
                logging.getLogger(name).setLevel(
                    logging.CRITICAL
                )  # errors reach people as Unavailable, not as log lines


_import_lock = threading.Lock()
_migrations_lock = threading.Lock()
"""alembic keeps what it migrates in module variables."""


def _shorten_busy_timeout(engine: Any) -> None:
    from sqlalchemy import event

    def shorten(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> tuple[str, Any]:
        if statement.startswith("PRAGMA busy_timeout"):
            statement = f"PRAGMA busy_timeout = {_BUSY_MILLISECONDS};"
        return statement, parameters

    if not getattr(engine, "_studio_busy_timeout", False):
        event.listen(engine, "before_cursor_execute", shorten, retval=True)
        engine._studio_busy_timeout = True


def _store_error(message: str) -> Exception:
    if "mlflow db upgrade" in message or "out-of-date" in message:
        return Conflict(
            "The tracking store was made by another version of MLflow.",
            hint="Make a backup of it and run `mlflow db upgrade <tracking URI>`, or install the newer MLflow.",
        )
    return _away(message)


def _raise_if_away(reply: Reply, where: str) -> None:
    if reply.status in _AWAY:
        raise _away(where + reply.message)
    # MLflow answers 400 BAD_REQUEST, which it uses for nothing else, when a database driver raised.
    if reply.status == 500 or (reply.status == 400 and reply.error_code == "BAD_REQUEST"):
        raise _away(where + reply.message, StoreFault)


def _away(why: str, kind: type[Unavailable] = Unavailable) -> Unavailable:
    why = masked(" ".join(why.split()))
    return kind(
        f"The tracking store is away ({why[:300]}).",
        hint="Jobs go on, and what they log is kept in their directories until the store is back.",
    )
