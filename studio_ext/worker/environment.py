"""The environment of a job: clean, plus what was named."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .machine import gpus
from .processes import MARK
from .records import read

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")
_LONGEST_VALUE = 100_000
"""Linux refuses a single variable above 128 KiB; longer ones are left out (the file has them)."""

_EARLY_PREFIXES = ("PYTHON", "LD_", "MALLOC_", "GLIBC_", "DYLD_", "ASAN_", "LSAN_")


def job_environment(job_dir: Path, job: Mapping[str, Any], base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Everything that the kernel of a job gets, except what points MLflow to the relay.

    ``base``: what a container's image gives its programs.
    """
    wanted = job.get("environment") or {}
    variables: dict[str, str] = dict(base or {})
    variables.update(job.get("base_env") or {})
    variables.update(wanted.get("spec_env") or {})
    variables.update(read(job_dir / "environment.json") or {})
    variables.update(training_variables(job_dir))
    resources = job.get("resources") or {}
    cpus = resources.get("cpus")
    if resources.get("gpus"):
        variables["SM_NUM_GPUS"] = str(resources["gpus"])
    if cpus:
        threads = str(math.ceil(cpus))
        variables["SM_NUM_CPUS"] = threads
        for name in _THREAD_VARIABLES:
            variables.setdefault(name, threads)
    # OpenMP's threads wait in busy loops, which is fast alone and ruinous beside others: two trainings at once on two
    # busy cores took 12 to 50 s instead of 0.4 s.
    variables.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    variables[MARK] = str(job["id"])
    return {str(name): str(value) for name, value in variables.items() if "\0" not in f"{name}{value}"}


def training_variables(job_dir: Path) -> dict[str, str]:
    """The ``SM_*`` variables of the training-container contract, pointing into the job directory."""
    config = job_dir / "input" / "config"
    hyperparameters = read(config / "hyperparameters.json") or {}
    channels = read(config / "inputdataconfig.json") or {}
    data = job_dir / "input" / "data"
    folders = [entry.name for entry in data.iterdir() if entry.is_dir()] if data.is_dir() else []
    names = sorted({*channels, *folders})
    values = {
        "SAGEMAKER_BASE_DIR": str(job_dir),
        "SM_INPUT_DIR": str(job_dir / "input"),
        "SM_INPUT_CONFIG_DIR": str(config),
        "SM_OUTPUT_DIR": str(job_dir / "output"),
        "SM_OUTPUT_DATA_DIR": str(job_dir / "output" / "data"),
        "SM_MODEL_DIR": str(job_dir / "model"),
        "SM_CHANNELS": json.dumps(names),
        "SM_HOSTS": json.dumps(["algo-1"]),
        "SM_CURRENT_HOST": "algo-1",
        "SM_NUM_CPUS": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1),
        "SM_NUM_GPUS": str(len(gpus())),
        "SM_HPS": json.dumps({name: _decoded(value) for name, value in hyperparameters.items()}),
        "SM_INPUT_DATA_CONFIG": json.dumps(channels),
        "SM_RESOURCE_CONFIG": json.dumps(read(config / "resourceconfig.json") or {}),
    }
    values |= {f"SM_CHANNEL_{name.upper()}": str(data / name) for name in names}
    for name, value in hyperparameters.items():
        values[f"SM_HP_{name.upper()}"] = value if isinstance(value, str) else json.dumps(value)
    return {name: value for name, value in values.items() if len(value) < _LONGEST_VALUE}


def _decoded(value: object) -> object:
    """Hyperparameters are strings on disk; those that are JSON stand for what they say."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def acts_early(variables: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that acts before the interpreter starts: a forked process cannot take it on."""
    early = {name: value for name, value in variables.items() if name.startswith(_EARLY_PREFIXES)}
    ctype = variables.get("LC_ALL") or variables.get("LC_CTYPE") or variables.get("LANG") or "C"
    # Python decodes file names and arguments as UTF-8 under C and POSIX too (PEP 538, PEP 540).
    utf8 = ctype in ("C", "POSIX") or ctype.lower().replace("-", "").endswith("utf8")
    early["encoding"] = "utf-8" if utf8 else ctype
    return early


def replace_environment(variables: Mapping[str, str]) -> None:
    """Make ``variables`` the whole environment of this process, and let locale and time zone follow."""
    import locale
    import time

    os.environ.clear()
    os.environ.update(variables)
    try:
        locale.setlocale(locale.LC_CTYPE, "")
    except locale.Error:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    time.tzset()
