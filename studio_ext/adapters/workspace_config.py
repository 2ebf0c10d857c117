"""Opens a workspace: environment, ``studio.toml``, and a look at the file system below it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import Autolog
from studio_ext.core.workspace import Workspace, default_home, default_tracking_uri

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs"}
)


def open_workspace(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Workspace:
    """The workspace at ``home`` (default: ``STUDIO_HOME``, else ``~/studio``), made if it is not there.

    The tracking store is ``STUDIO_TRACKING_URI``, else ``[tracking] uri`` in ``studio.toml``, else SQLite
    inside the workspace. What MLflow logs by itself is ``STUDIO_AUTOLOG``, else ``[recording] autolog``, else ``on``.
    Raises ``InvalidRequest`` when the directory cannot be used.
    """
    home = (home or default_home(environ)).expanduser().absolute()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in ("jobs", "artifacts", "cache"):  # private even where home was there and is not
            (home / folder).mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(
            f"The workspace {home} cannot be made: {error.strerror}.",
            hint="Set STUDIO_HOME to a directory that you may write to.",
        ) from error
    kind = filesystem(home)
    if kind in NETWORK_FILE_SYSTEMS:
        raise InvalidRequest(
            f"The workspace {home} lies on a network file system ({kind}), whose locks SQLite cannot rely on.",
            hint="Set STUDIO_HOME to a directory on a local disk.",
        )
    path = home / "studio.toml"
    settings = _settings(path)
    return Workspace(
        home=home,
        tracking_uri=_tracking_uri(path, settings, environ) or default_tracking_uri(home),
        autolog=_autolog(path, settings, environ),
    )


def _settings(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.", hint="Correct the file, or remove it.") from error


def _given(settings: Mapping[str, Any], section: str, key: str) -> Any:
    """What a file of settings says; None where it says nothing."""
    found = settings.get(section, {})
    return found.get(key) if isinstance(found, dict) else None


def _tracking_uri(path: Path, settings: Mapping[str, Any], environ: Mapping[str, str]) -> str | None:
    uri = _given(settings, "tracking", "uri")
    if uri is not None and not isinstance(uri, str):
        raise InvalidRequest(
            f"{path}: tracking.uri must be a text.", hint='For example uri = "sqlite:////data/mlflow.db".'
        )
    return environ.get("STUDIO_TRACKING_URI") or uri


def _autolog(path: Path, settings: Mapping[str, Any], environ: Mapping[str, str]) -> Autolog:
    said = environ.get("STUDIO_AUTOLOG")
    where = "STUDIO_AUTOLOG" if said else f"{path}: recording.autolog"
    wish = said or _given(settings, "recording", "autolog")
    if wish is None:
        return Autolog.on
    try:
        return Autolog(wish)
    except ValueError as error:
        raise InvalidRequest(
            f"{where}: {wish!r} is none of {', '.join(Autolog)}.", hint='For example autolog = "on".'
        ) from error


def filesystem(path: Path) -> str:
    """Type of the file system that ``path`` lies on, as Linux names it; empty where it is unknown."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    best, kind = -1, ""
    for line in mounts:
        fields = line.split()
        point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1]))
        if resolved.is_relative_to(point) and len(point.parts) >= best:  # of two at one place the later one counts
            best, kind = len(point.parts), fields[2]
    return kind
