"""MLflow's REST interface in this process, for databases and files."""

from __future__ import annotations

import contextlib
import math
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from studio_ext.adapters.mlflow_calls import API, Reply, encoded, raise_if_away
from studio_ext.adapters.mlflow_stores import creation_lock, open_stores
from studio_ext.contract.errors import Unavailable

_SUMS = (
    "SELECT m.run_uuid, m.key, s.n, s.low, s.high, s.mean, sum((m.value - s.mean) * (m.value - s.mean)) "
    "FROM metrics m JOIN (SELECT run_uuid, key, count(*) AS n, min(value) AS low, max(value) AS high, "
    "avg(value) AS mean FROM metrics WHERE run_uuid IN ({runs}) AND NOT is_nan GROUP BY run_uuid, key) s "
    "ON s.run_uuid = m.run_uuid AND s.key = m.key WHERE NOT m.is_nan "
    "GROUP BY m.run_uuid, m.key, s.n, s.low, s.high, s.mean"
)
_MODEL_KEYS = frozenset({"model_id", "dataset_name", "dataset_digest"})


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
        raise_if_away(reply, "")
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
        return self.call("POST", API + "runs/log-batch", encoded(request))

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
                    self._stores = open_stores(self.uri, self._root, lean=self._lean)
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
