"""Entry points of ``worker.pyz``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

_USAGE = """usage: worker.pyz supervise JOBDIR ATTEMPT [OPTIONS]
       worker.pyz execute              (started by a supervisor)
       worker.pyz kernel-server | worker-server ADDRESS   (started by a controller)
       worker.pyz packages [FILE]
       worker.pyz give-back JOBDIR     (started by a container runner)"""


def main(arguments: Sequence[str]) -> int:
    """Run one entry point; returns an exit code."""
    match list(arguments):
        case ["supervise", job_dir, attempt, *options]:
            from .options import Options
            from .supervisor import supervise

            chosen = Options.parse(options[0] if options else "")
            if not chosen.executor:
                chosen = Options(**{**vars(chosen), "executor": (sys.executable, sys.argv[0], "execute")})
            _run(supervise(Path(job_dir).absolute(), int(attempt), chosen))
        case ["execute"]:
            from . import executor

            return executor.main()
        case ["kernel-server"]:
            from . import kernel_server

            forked = kernel_server.main()
            if forked:
                _run(forked())
        case ["worker-server", address]:
            from . import worker_server

            forked = worker_server.main(address)
            if forked:
                forked()
                _run(None)
        case ["packages", *target]:
            from . import machine, packages, records

            text = packages.listing(sys.path[1:])
            if target:
                records.write(Path(target[0]), text.encode(), sync=False)
                records.write(Path(target[0]).with_name(records.MACHINE), machine.listing(), sync=False)
            else:
                sys.stdout.write(text)
        case ["give-back", job_dir]:
            from .container import give_back

            give_back(Path(job_dir).absolute())
        case _:
            sys.stderr.write(_USAGE + "\n")
            return 2
    return 0


def _run(kernel: Callable[[], None] | None) -> None:
    """Become the kernel, whose interpreter ends as usual; a supervisor or an executor is over and goes at once."""
    if kernel:
        kernel()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
