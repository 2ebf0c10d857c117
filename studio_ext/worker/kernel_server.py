"""The kernel server: has imported ipykernel and IPython, and forks a supervisor for each attempt.

Nothing else may be imported here. With numpy loaded, the random streams of two forked jobs would be the same;
with matplotlib loaded, inline plots would vanish.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import (  # noqa: F401
    cgroups,
    environment,
    executor_link,
    kernels,
    machine,
    measuring,
    options,
    packages,
    supervisor,
    verdict,
)
from .serving import ForkServer, Task

_LATER = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.extensions.storemagic",
    "ipykernel.zmqshell",
    "email.parser",
    "http.server",
    "sqlite3",
    "tornado.platform.asyncio",
    "tornado.queues",
)
"""Modules that a kernel imports when it starts, beside what importing ipykernel already brings."""


def main() -> Task | None:
    """Entry point ``kernel-server``."""
    # The debugger's back end (50 ms, 10 MB) is of no use to a job; user code can still import it.
    sys.modules["debugpy"] = None  # type: ignore[assignment]
    importlib.import_module("ipykernel.kernelapp")
    with contextlib.suppress(ImportError):
        importlib.import_module("ipykernel.debugger")
    del sys.modules["debugpy"]
    for name in (*_LATER, f"{__package__}.relay"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    return ForkServer().serve(_task)


def _task(request: Mapping[str, Any]) -> Task:
    chosen = options.Options.parse(request["options"])

    return lambda: supervisor.supervise(Path(request["job_dir"]), request["attempt"], chosen)
