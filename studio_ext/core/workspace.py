"""Where things lie in a workspace."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from studio_ext.contract.jobs import Autolog
from studio_ext.core.plain_text import masked


@dataclass(frozen=True)
class Workspace:
    """The directory that holds everything of one user: database, jobs, tracking store."""

    home: Path
    tracking_uri: str
    """MLflow tracking URI; credentials in it are never shown (see :attr:`tracking_uri_shown`)."""
    autolog: Autolog = Autolog.on
    """What MLflow logs by itself in jobs whose submission does not say."""

    @property
    def database(self) -> Path:
        """The workspace database (SQLite, WAL)."""
        return self.home / "studio.db"

    @property
    def jobs(self) -> Path:
        """Parent of all job directories."""
        return self.home / "jobs"

    @property
    def trackers(self) -> Path:
        """Journals of what was recorded without a job, until the tracking store has it."""
        return self.home / "trackers"

    @property
    def cache(self) -> Path:
        """Things that can be thrown away at any time."""
        return self.home / "cache"

    @property
    def artifacts(self) -> Path:
        """Artefact root of the embedded tracking store."""
        return self.home / "artifacts"

    @property
    def controller_lock(self) -> Path:
        """Locked (flock) by the one controller that acts."""
        return self.home / "controller.lock"

    @property
    def controller_log(self) -> Path:
        """What the controller says."""
        return self.home / "controller.log"

    @property
    def config_file(self) -> Path:
        """Optional settings of the workspace."""
        return self.home / "studio.toml"

    def job(self, job_id: str) -> Path:
        """The directory of a job."""
        return self.jobs / job_id

    @property
    def tracking_uri_shown(self) -> str:
        """The tracking URI with user name and password masked, also where they stand in its query."""
        scheme, separator, rest = self.tracking_uri.partition("://")
        if not separator or scheme == "file" or scheme.startswith("sqlite"):
            return self.tracking_uri  # a path, in which "@" is a letter like others
        secret, at, shown = rest.rpartition("@")
        return masked(f"{scheme}://***@{shown}" if at and secret else self.tracking_uri)


def default_home(environ: Mapping[str, str] = os.environ) -> Path:
    """``STUDIO_HOME``, else ``~/studio``: a folder that people see."""
    named = environ.get("STUDIO_HOME")
    return Path(named).expanduser().absolute() if named else Path.home() / "studio"


def default_tracking_uri(home: Path) -> str:
    """The embedded tracking store."""
    return f"sqlite:///{home / 'mlflow.db'}"
