"""What the controller's own variables tell every supervisor."""

from __future__ import annotations

import os
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.units import parse_size
from studio_ext.worker import faults
from studio_ext.worker.limits import PROCESSES
from studio_ext.worker.log_limit import LOG_BYTES
from studio_ext.worker.outputs import NOTEBOOK_BYTES

_LOG_LIMIT = "STUDIO_LOG_LIMIT"
_OUTPUT_LIMIT = "STUDIO_OUTPUT_LIMIT"
_PROCESS_LIMIT = "STUDIO_PROCESS_LIMIT"


def supervisor_options() -> dict[str, Any]:
    """Options that do not depend on the runner: limits of what is kept and of processes, and a fault for tests."""
    return {
        "log_bytes": log_bytes(),
        "output_bytes": output_bytes(),
        "processes": process_limit(),
        "fault": os.environ.get(faults.VARIABLE),
    }


def process_limit() -> int:
    """Processes and threads that a job of the process runner may have at once."""
    wanted = os.environ.get(_PROCESS_LIMIT) or str(PROCESSES)
    if not wanted.isdigit() or int(wanted) < 16:
        raise InvalidRequest(f"{_PROCESS_LIMIT}: {wanted!r} is not a number from 16 on.", hint="For example 4096.")
    return int(wanted)


def log_bytes() -> int:
    """Bytes that the log of an attempt may have."""
    return _size(_LOG_LIMIT, LOG_BYTES, "1GiB")


def output_bytes() -> int:
    """Bytes that the outputs in the output notebook of an attempt may have."""
    return _size(_OUTPUT_LIMIT, NOTEBOOK_BYTES, "32MiB")


def _size(variable: str, default: int, example: str) -> int:
    wanted = os.environ.get(variable)
    try:
        return parse_size(wanted) or default if wanted else default
    except ValueError as error:
        raise InvalidRequest(f"{variable}: {error}.", hint=f"Set it for the controller to, say, {example}.") from error
