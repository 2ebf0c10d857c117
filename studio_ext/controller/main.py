"""``python -m studio_ext.controller.main``: the controller of the workspace in ``STUDIO_HOME``."""

from __future__ import annotations

import fcntl
import gc
import logging
import math
import os
import signal
import sys
import threading
import time
import tomllib
from contextlib import closing
from typing import Any

from studio_ext._version import __version__
from studio_ext.adapters import host
from studio_ext.adapters.local_client import load_runners
from studio_ext.adapters.notebook_files import NotebookFiles
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.adapters.sql_store.migrate import migrate
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import StudioError
from studio_ext.controller.indexing import Indexing
from studio_ext.controller.loop import Loop
from studio_ext.controller.reading_ahead import ReadingAhead
from studio_ext.controller.recorder import Recorder
from studio_ext.core.workspace import Workspace
from studio_ext.ports.store import Lease
from studio_ext.services.housekeeping import CautiousClock, Housekeeping
from studio_ext.services.reconcile import Reconciler
from studio_ext.services.recording import Recording
from studio_ext.services.system_metrics import SystemMetrics
from studio_ext.services.trackers import has_journals
from studio_ext.worker.clock import Clock

log = logging.getLogger("studio_ext.controller")

LOCK_SECONDS = 1.0
"""Those who look whether we run hold the lock for an instant; wait that long before we believe them."""
IDLE_SECONDS = 4 * 3600.0


def main() -> int:
    """Run the controller until it is stopped or idle; 0 also when another one holds the lease."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    os.umask(0o077)
    try:
        workspace = open_workspace()
        lock = _lock(workspace)
        if lock is None:
            log.info("another controller serves %s", workspace.home)
            return 0
        why = _serve(workspace)
    except StudioError as error:
        log.error("%s %s", error.message, error.hint)
        return 1
    os.close(lock)
    if why == "upgraded" or (why == "idle" and _has_work(workspace)):
        log.info("starting again: %s", "a newer version is installed" if why == "upgraded" else "a job came meanwhile")
        os.execv(sys.executable, [sys.executable, "-m", "studio_ext.controller.main"])  # noqa: S606
    return 0


def _serve(workspace: Workspace) -> str:
    migrate(workspace.database)
    store = SqlStore(workspace.database)
    runners = load_runners(workspace)
    settings = _settings(workspace)
    wake = threading.Event()
    tracking: list[Any] = []

    def make_recording() -> Recording:
        from studio_ext.adapters.mlflow_relay import MlflowRelay
        from studio_ext.controller.noted import NotedRelay, NotedTracking

        # Lean: nobody else's code runs here. Asked something at once: the first job must not wait for the import.
        opened = NotedTracking(workspace.tracking_uri, workspace.artifacts, indexing.note, lean=True)
        opened.experiments()
        gc.freeze()  # MLflow's modules are no garbage either
        tracking[:] = [opened]
        relay = NotedRelay(MlflowRelay(workspace.tracking_uri, workspace.artifacts, lean=True), indexing.note)
        metrics = SystemMetrics(opened) if settings["system_metrics"] else None
        return Recording(store=store, tracking=opened, relay=relay, notebooks=NotebookFiles(), system_metrics=metrics)

    indexing = Indexing(workspace)
    recorder = Recorder(make_recording, wake.set, workspace.trackers)
    cautious = CautiousClock()
    loop = Loop(
        store=store,
        reconciler=Reconciler(store, runners, max_running=settings["max_running"], new_clock=lambda: Clock().now),
        recorder=recorder,
        housekeeping=lambda: Housekeeping(workspace, store, tracking[0], cautious) if tracking else None,
        runners=runners,
        lease=Lease(os.getpid(), host.start_time(os.getpid()) or 0, host.boot_id(), __version__, time.time()),
        idle_seconds=settings["idle_seconds"],
        wake=wake,
    )

    signal.signal(signal.SIGTERM, loop.stop)
    signal.signal(signal.SIGINT, loop.stop)
    log.info("controller %s serves %s, tracking %s", __version__, workspace.home, workspace.tracking_uri_shown)
    recorder.start()
    indexing.start()
    reading_ahead = ReadingAhead(workspace)
    reading_ahead.start()
    for runner in runners.values():
        runner.warm(sys.prefix)
    gc.freeze()
    # Applying a journal makes an object a value, and none of them in a circle: looking for those cost a fifth of it.
    gc.set_threshold(50_000, 20, 50)
    why = loop.run()
    log.info("controller ends: %s", why)
    recorder.stop()
    indexing.stop()
    reading_ahead.stop()
    for thread in (recorder, indexing, reading_ahead):
        thread.join(10)
    for runner in runners.values():
        runner.close()
    store.close()
    return why


def _has_work(workspace: Workspace) -> bool:
    """Whether a job or a tracker came while we still held the lock, so that nobody started another controller."""
    with closing(SqlStore(workspace.database)) as store:
        return store.has_work() or has_journals(workspace.trackers)


def _lock(workspace: Workspace) -> int | None:
    descriptor = os.open(workspace.controller_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                return None
            time.sleep(0.02)


def _settings(workspace: Workspace) -> dict[str, Any]:
    """``[controller]`` of ``studio.toml``: ``max_running`` (jobs at once), ``idle_seconds``, and ``system_metrics``
    (whether what jobs use is logged to their runs)."""
    settings: dict[str, Any] = {
        "max_running": 1 + (os.cpu_count() or 1),
        "idle_seconds": IDLE_SECONDS,
        "system_metrics": True,
    }
    try:
        given = tomllib.loads(workspace.config_file.read_text("utf-8")).get("controller", {})
    except FileNotFoundError:
        return settings
    except (OSError, ValueError) as error:
        log.warning("%s cannot be read and is ignored: %s", workspace.config_file, error)
        return settings
    wanted = given.get("system_metrics", True) if isinstance(given, dict) else True
    if isinstance(wanted, bool):
        settings["system_metrics"] = wanted
    else:
        log.warning("%s: controller.system_metrics must be true or false; ignored", workspace.config_file)
    for name, least in (("max_running", 1), ("idle_seconds", 0.0)):
        value = given.get(name, settings[name]) if isinstance(given, dict) else None
        if isinstance(value, int | float) and not isinstance(value, bool) and least <= value < math.inf:
            settings[name] = type(least)(value)
        else:
            log.warning("%s: controller.%s must be a number from %s on; ignored", workspace.config_file, name, least)
    return settings


if __name__ == "__main__":
    raise SystemExit(main())
