"""What the controller's own variables tell every supervisor."""

from __future__ import annotations

import os
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.units import parse_size
from studio_ext.worker import faults
from studio_ext.worker.limits import PROCESSES
from studio_ext.worker.log_limit import LOG_BYTES

_LOG_LIMIT = "STUDIO_LOG_LIMIT"
_PROCESS_LIMIT = "STUDIO_PROCESS_LIMIT"


def supervisor_options() -> dict[str, Any]:
    """Options that do not depend on the runner: limits of log and processes, and the fault that a test asks for."""
    return {"log_bytes": log_bytes(), "processes": process_limit(), "fault": os.environ.get(faults.VARIABLE)}


def process_limit() -> int:
    """Processes and threads that a job of the process runner may have at once."""
    wanted = os.environ.get(_PROCESS_LIMIT) or str(PROCESSES)
    if not wanted.isdigit() or int(wanted) < 16:
        raise InvalidRequest(f"{_PROCESS_LIMIT}: {wanted!r} is not a number from 16 on.", hint="For example 4096.")
    return int(wanted)


def log_bytes() -> int:
    """Bytes that the log of an attempt may have."""
    wanted = os.environ.get(_LOG_LIMIT)
    try:
        return parse_size(wanted) or LOG_BYTES if wanted else LOG_BYTES
    except ValueError as error:
        raise InvalidRequest(f"{_LOG_LIMIT}: {error}.", hint="Set it for the controller to, say, 1GiB.") from error
