"""What ``studio doctor`` looks at: the workspace and the machine."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from studio_ext._version import __version__
from studio_ext.adapters import doctor_tools as tools
from studio_ext.adapters.doctor_containers import container_checks
from studio_ext.adapters.doctor_recording import check_recording
from studio_ext.adapters.workspace_config import NETWORK_FILE_SYSTEMS, filesystem, open_workspace
from studio_ext.contract.errors import InvalidRequest, StudioError
from studio_ext.contract.workspace import Check, Diagnosis
from studio_ext.core.plain_text import masked
from studio_ext.core.units import format_duration, format_size
from studio_ext.core.workspace import Workspace, default_home, default_tracking_uri
from studio_ext.services.doctor import NamedCheck, ok, problem, warning
from studio_ext.services.doctor import diagnose as run_checks

LITTLE_SPACE = 2 * 1024**3
NO_SPACE = 200 * 1024**2
"""Bytes of free disk below which doctor warns, and below which it sees a problem."""

SILENT_SECONDS = 30.0
"""The controller notes that it lives every 5 s. Silent for so long, it hangs."""

CLOCK_SECONDS = 2.0
"""Difference between the clocks of the machine and of the workspace's disk from which doctor warns."""

_SECONDS = 5.0
"""Longest wait for a database or a server."""


def diagnose(workspace: Workspace) -> Diagnosis:
    """Everything about a workspace on this machine. Takes a second or two; changes nothing."""
    return run_checks(__version__, str(workspace.home), checks(workspace))


def diagnose_directory(home: str | Path | None = None) -> Diagnosis:
    """The same for a directory that may not do as a workspace."""
    path = Path(home).expanduser().absolute() if home else default_home()
    try:
        workspace = open_workspace(path)
    except InvalidRequest:
        workspace = Workspace(home=path, tracking_uri=default_tracking_uri(path))
    return diagnose(workspace)


def checks(workspace: Workspace) -> list[NamedCheck]:
    """All checks of a workspace on this machine."""
    return [
        ("python", check_python),
        ("workspace", lambda: check_workspace(workspace)),
        ("disk", lambda: check_disk(workspace)),
        ("clock", lambda: check_clock(workspace)),
        ("database", lambda: check_database(workspace)),
        ("controller", lambda: check_controller(workspace)),
        ("tracking", lambda: check_tracking(workspace)),
        ("recording", lambda: check_recording(workspace)),
        ("kernels", tools.check_kernels),
        ("limits", tools.check_limits),
        ("fork", tools.check_fork),
        ("jupyterlab", tools.check_jupyterlab),
        ("git", tools.check_git),
        *container_checks(workspace),
    ]


def check_python() -> Check:
    """Interpreter and our version."""
    version = ".".join(map(str, sys.version_info[:3]))
    packages = ", ".join(f"{name} {tools.version_of(name)}" for name in ("mlflow", "papermill", "ipykernel"))
    return ok("python", f"Python {version} at {sys.executable}, studio_ext {__version__}, {packages}")


def check_workspace(workspace: Workspace) -> Check:
    """Whether the directory can hold a workspace."""
    home = workspace.home
    kind = filesystem(home)
    where = f"{home} on {kind}" if kind else str(home)
    if kind in NETWORK_FILE_SYSTEMS:
        return problem(
            "workspace",
            f"{where} is on the network; SQLite cannot rely on the locks there.",
            "Set STUDIO_HOME to a directory on a local disk. Others reach this workspace with --url.",
        )
    if not home.is_dir():
        return problem("workspace", f"{home} is not there.", "Set STUDIO_HOME to a directory that you may write to.")
    try:
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"studio")
    except OSError as error:
        return problem(
            "workspace",
            f"{home} cannot be written to: {error.strerror}.",
            "Set STUDIO_HOME to a directory that you may write to.",
        )
    mode = home.stat().st_mode
    if mode & 0o077:
        may = "write to" if mode & 0o022 else "look into"
        return warning("workspace", f"Others may {may} {where}.", f"chmod go= {home}")
    return ok("workspace", f"{where}, writable")


def check_disk(workspace: Workspace) -> Check:
    """Free space."""
    free = shutil.disk_usage(_existing(workspace.home)).free
    message = f"{format_size(free)} free"
    hint = "Free some space: studio delete removes finished jobs with their directories."
    if free < NO_SPACE:
        return problem("disk", message, hint)
    return warning("disk", message, hint) if free < LITTLE_SPACE else ok("disk", message)


def check_clock(workspace: Workspace) -> Check:
    """Whether the clock of the disk is the machine's: times of files and times of jobs are compared."""
    with tempfile.NamedTemporaryFile(dir=workspace.home) as file:
        file.write(b"studio")
        file.flush()
        apart = abs(os.fstat(file.fileno()).st_mtime - time.time())
    if apart > CLOCK_SECONDS:
        return warning(
            "clock",
            f"The clock of the disk and the clock of the machine are {format_duration(apart)} apart.",
            "Synchronise them (timedatectl set-ntp true), or use a local disk.",
        )
    return ok("clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


def check_database(workspace: Workspace) -> Check:
    """Whether the database is sound and of the schema that this version knows."""
    from studio_ext.adapters.sql_store.engine import read_only_uri
    from studio_ext.adapters.sql_store.migrate import HEAD, schema_of

    if not workspace.database.exists():
        return ok("database", "none yet; the first job makes it")
    try:
        schema = schema_of(workspace.database)
        with closing(sqlite3.connect(read_only_uri(workspace.database), uri=True, timeout=_SECONDS)) as connection:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except StudioError as error:
        return problem("database", error.message, error.hint)
    except sqlite3.Error as error:
        return problem(
            "database", f"{workspace.database} cannot be read: {error}.", "Restore it from a copy, or move it away."
        )
    if verdict != "ok":
        return problem("database", f"{workspace.database} is damaged: {verdict}", "Restore it from a copy.")
    if schema != HEAD:
        return warning(
            "database",
            f"{workspace.database} has schema {schema}, this version knows {HEAD}.",
            "A controller of the newer version migrates it; install the newest studio_ext everywhere.",
        )
    return ok("database", f"schema {schema}, {format_size(workspace.database.stat().st_size)}")


def check_controller(workspace: Workspace) -> Check:
    """Whether a controller runs, and whether it moves."""
    from studio_ext.adapters.controller_launcher import DetachedController
    from studio_ext.adapters.sql_store import SqlStore
    from studio_ext.adapters.sql_store.migrate import HEAD, schema_of

    log = f"its log: {workspace.controller_log}"
    if not DetachedController(workspace).running():
        return ok("controller", f"none runs; the next job starts one ({log})")
    if schema_of(workspace.database) != HEAD:
        return ok("controller", f"one is starting ({log})")
    store = SqlStore(workspace.database)
    try:
        lease = store.lease()
    finally:
        store.close()
    if lease is None:
        return ok("controller", f"one is starting ({log})")
    silent = time.time() - lease.heartbeat
    message = f"pid {lease.pid}, version {lease.version}, last heartbeat {format_duration(silent)} ago, {log}"
    if silent > SILENT_SECONDS:
        return problem("controller", message, f"It hangs. End it (kill {lease.pid}); the next command starts another.")
    if lease.version != __version__:
        return warning("controller", message, "It replaces itself when it has a moment; else end it.")
    return ok("controller", message)


def check_tracking(workspace: Workspace) -> Check:
    """Whether the tracking store answers. A short look of our own: MLflow would try for minutes."""
    uri, shown = workspace.tracking_uri, workspace.tracking_uri_shown
    scheme = urlsplit(uri).scheme
    try:
        if scheme in ("http", "https"):
            return _check_tracking_server(uri, shown)
        if scheme == "sqlite":
            return _check_tracking_file(Path(uri.removeprefix("sqlite:///")), shown)
        if "://" in uri and scheme not in ("file", "databricks"):
            return _check_tracking_database(uri, shown)
    except Exception as error:
        return problem(
            "tracking",
            f"{shown} cannot be reached: {_first_line(error, uri, shown)}",
            "Jobs go on and are recorded once it is back. See STUDIO_TRACKING_URI and studio.toml.",
        )
    return ok("tracking", shown)


def _check_tracking_server(uri: str, shown: str) -> Check:
    import httpx

    reply = httpx.get(f"{uri.rstrip('/')}/health", timeout=_SECONDS, follow_redirects=True)
    if reply.status_code in (401, 403):
        return problem(
            "tracking", f"{shown} refuses us.", "Set MLFLOW_TRACKING_USERNAME and _PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if reply.is_success:
        return ok("tracking", f"{shown} answers")
    return warning("tracking", f"{shown} answered {reply.status_code}.", "Is this the address of an MLflow server?")


def _check_tracking_file(path: Path, shown: str) -> Check:
    if not path.exists():
        return ok("tracking", f"{shown} (the first job makes it)")
    from studio_ext.adapters.sql_store.engine import read_only_uri

    with closing(sqlite3.connect(read_only_uri(path), uri=True, timeout=_SECONDS)) as connection:
        count = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    return ok("tracking", f"{shown}, {count} {'run' if count == 1 else 'runs'}")


def _check_tracking_database(uri: str, shown: str) -> Check:
    import sqlalchemy

    arguments = {"connect_timeout": int(_SECONDS)} if uri.startswith(("postgresql", "mysql")) else {}
    engine = sqlalchemy.create_engine(uri, connect_args=arguments)
    try:
        with engine.connect():
            return ok("tracking", f"{shown} answers")
    finally:
        engine.dispose()


def _first_line(error: Exception, uri: str, shown: str) -> str:
    """What an error says, without a password."""
    text = masked((str(error).splitlines() or [type(error).__name__])[0].replace(uri, shown))
    password = urlsplit(uri).password or ""
    for spelling in filter(None, (password, unquote(password))):  # drivers quote what they made of it
        text = text.replace(spelling, "***")
    return text


def _existing(path: Path) -> Path:
    return path if path.exists() else next(parent for parent in path.parents if parent.exists())
