"""The relay as the supervisor uses it: where MLflow calls of the job go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import relay
from .records import AttemptFiles


class Recording:
    """The relay of an attempt, in threads of this process; nothing for an attempt that has no run."""

    def __init__(self, files: AttemptFiles, launch: Mapping[str, Any]) -> None:
        self._server: relay.RelayServer | None = None
        if launch.get("run_id"):
            self._server = relay.RelayServer(
                files.directory, files.job_dir, launch["run_id"], launch.get("experiment_id", "")
            )

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """``base`` with what points MLflow in the job to the relay."""
        return relay.merged(base, self._server.env) if self._server else dict(base)

    def close(self) -> None:
        """Sync the journal and stop listening."""
        if self._server:
            self._server.close()
