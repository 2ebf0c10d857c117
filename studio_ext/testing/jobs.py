"""Job directories for tests of runners, made without a workspace around them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio_ext.core.ids import new_id
from studio_ext.ports.runner import Launch

IPYKERNEL = ("-m", "ipykernel_launcher", "-f", "{connection_file}")


def notebook(cells: Sequence[str | Mapping[str, Any]]) -> dict[str, Any]:
    """A notebook with a code cell for each text; mappings are cells as they are."""
    made = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": cell,
        }
        if isinstance(cell, str)
        else dict(cell)
        for number, cell in enumerate(cells)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": made, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def make_job_directory(
    parent: Path,
    cells: Sequence[str | Mapping[str, Any]],
    *,
    name: str = "train.ipynb",
    attempt: int = 1,
    cpus: float | None = None,
    memory_bytes: int | None = None,
    time_limit_seconds: float | None = None,
    grace_seconds: float = 10.0,
    argv: Sequence[str] | None = None,
    language: str = "python",
    kernel: str = "python3",
    prefix: str = sys.prefix,
    interrupt_mode: str = "signal",
    base_env: Mapping[str, str] | None = None,
    spec_env: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    run_id: str = "",
    notebook_bytes: bytes | None = None,
    container: Mapping[str, Any] | None = None,
    gpus: int | None = None,
    links: Sequence[str] = (),
) -> Launch:
    """A job directory below ``parent`` as a submission makes it, and the launch of its attempt.

    ``run_id``: empty for a job that is not recorded. ``notebook_bytes`` replaces ``cells`` literally. ``container``:
    the image and how it is used, for runners with images.
    """
    job_id = new_id(time.time())
    directory = parent / job_id
    for part in ("input/config", "input/data", "code", "model", "output", "checkpoints", "attempts"):
        (directory / part).mkdir(parents=True)
    content = notebook_bytes if notebook_bytes is not None else json.dumps(notebook(cells)).encode()
    (directory / "input" / "notebook.ipynb").write_bytes(content)
    spec = {
        "id": job_id,
        "kind": "notebook",
        "attempt": attempt,
        "notebook": name,
        "workdir": "code",
        "cells": len(cells),
        "resources": {
            "cpus": cpus,
            "memory_bytes": memory_bytes,
            "time_limit_seconds": time_limit_seconds,
            "gpus": gpus,
        },
        "grace_seconds": grace_seconds,
        "environment": {
            "kernel": kernel,
            "display_name": kernel,
            "language": language,
            "argv": list(argv) if argv is not None else [sys.executable, *IPYKERNEL],
            "prefix": prefix,
            "interrupt_mode": interrupt_mode,
            "spec_env": dict(spec_env or {}),
            "variables": sorted(variables or {}),
            "container": dict(container) if container else None,
        },
        "base_env": dict(base_env) if base_env is not None else default_base_env(),
        "links": list(links),
        "experiment": "tests",
    }
    (directory / "job.json").write_text(json.dumps(spec))
    if variables:
        (directory / "environment.json").write_text(json.dumps(dict(variables)))
    experiment_id = "1" if run_id else ""
    return Launch(job_id, attempt, directory, run_id=run_id, experiment_id=experiment_id, experiment="tests")


def default_base_env() -> dict[str, str]:
    """What a submission passes on of the tests' own environment."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "USER", "LANG", "TZ") if name in os.environ}
