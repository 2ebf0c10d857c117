"""Opens a workspace: environment, ``studio.toml``, and a look at the file system below it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.workspace import Workspace, default_home, default_tracking_uri

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs"}
)


def open_workspace(home: Path | None = None, environ: Mapping[str, str] = os.environ) -> Workspace:
    """The workspace at ``home`` (default: ``STUDIO_HOME``, else ``~/studio``), made if it is not there.

    The tracking store is ``STUDIO_TRACKING_URI``, else ``[tracking] uri`` in ``studio.toml``, else SQLite
    inside the workspace. Raises ``InvalidRequest`` when the directory cannot be used.
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
    return Workspace(home=home, tracking_uri=_tracking_uri(home, environ))


def _tracking_uri(home: Path, environ: Mapping[str, str]) -> str:
    path = home / "studio.toml"
    try:
        settings = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        settings = {}
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.", hint="Correct the file, or remove it.") from error
    uri = settings.get("tracking", {}).get("uri") if isinstance(settings.get("tracking", {}), dict) else None
    if uri is not None and not isinstance(uri, str):
        raise InvalidRequest(
            f"{path}: tracking.uri must be a text.", hint='For example uri = "sqlite:////data/mlflow.db".'
        )
    return environ.get("STUDIO_TRACKING_URI") or uri or default_tracking_uri(home)


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
