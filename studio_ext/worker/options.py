"""What whoever starts a supervisor tells it beside the job directory."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .limits import CONTAINER, CONTAINER_SAMPLING, PROCESSES
from .log_limit import LOG_BYTES


@dataclass(frozen=True)
class Options:
    """How an attempt is to be run."""

    worker_socket: str | None = None
    """Where the worker server listens; None: start an executor by command."""
    executor: tuple[str, ...] = ()
    """Command that starts an executor; its link is standard input."""
    in_process: bool = False
    """Whether the kernel is forked from this process instead of being another program."""
    limits: str | None = None
    log_bytes: int = LOG_BYTES
    """Bytes that the log may have."""
    processes: int = PROCESSES
    """Processes and threads that the user's code may have at once; in a container the engine's limit holds."""
    output_bytes: int | None = None
    """Bytes of outputs that the output notebook may have; None: as many as an executor thinks right."""
    sdk: str = ""
    """Archive of the SDK as the kernel sees it; empty: none."""
    fault: str | None = None
    user: str | None = None
    """In a container: the image's user, as whom the user's code runs; None: as we do."""

    @property
    def in_container(self) -> bool:
        """Whether we are the first process of a container."""
        return self.limits in (CONTAINER, CONTAINER_SAMPLING)

    @classmethod
    def parse(cls, text: str) -> Options:
        """Options from their JSON form."""
        values = json.loads(text) if text else {}
        values["executor"] = tuple(values.get("executor") or ())
        return cls(**values)
