"""Checks of ``studio doctor`` that look at the programs around the workspace."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from studio_ext.contract.workspace import Check
from studio_ext.services.doctor import ok, problem, warning

_PROGRAM_SECONDS = 5.0
"""Longest wait for a program."""


def check_kernels() -> Check:
    """Kernels that jobs can run in."""
    from studio_ext.adapters.kernel_specs import KernelSpecs

    specs = KernelSpecs()
    names = [kernel.name for kernel in specs.kernels()]
    if not names:
        return problem("kernels", "No kernel is installed.", f"{sys.executable} -m pip install ipykernel")
    broken = []
    for name in names:
        environment = specs.resolve(name, [])
        program = Path(environment.argv[0])
        if program.is_absolute() and not os.access(program, os.X_OK):
            broken.append(f"{name} ({program} is not there)")
        elif environment.prefix and not _has_ipykernel(environment.prefix, environment.argv):
            broken.append(f"{name} (no ipykernel in {environment.prefix})")
    if broken:
        return warning(
            "kernels", f"Kernels that cannot start: {', '.join(broken)}.", "jupyter kernelspec remove takes one away."
        )
    return ok("kernels", ", ".join(names))


def _has_ipykernel(prefix: str, argv: list[str]) -> bool:
    if not any("ipykernel" in argument for argument in argv):
        return True
    if prefix == sys.prefix:
        return importlib.util.find_spec("ipykernel") is not None
    places = [*Path(prefix).glob("lib*/python3*/site-packages"), *Path(prefix).glob("lib*/python3*/dist-packages")]
    # An environment that borrows from another one (system site packages, .pth files) is given the benefit of the doubt.
    return not places or any((place / "ipykernel").is_dir() or any(place.glob("*.pth")) for place in places)


def check_limits() -> Check:
    """What holds jobs to their limits on CPU and memory."""
    try:
        runner: Any = importlib.import_module("studio_ext.adapters.process_runner")
        word, sentence = runner.limits_mechanism()
    except (ImportError, AttributeError):
        return warning("limits", "The process runner is not installed.", "Install studio_ext anew.")
    return ok("limits", f"{word}: {sentence}")


def check_fork() -> Check:
    """Whether kernels can be forked from warm processes."""
    if sys.platform == "linux" and hasattr(os, "fork"):
        return ok("fork", "kernels start from fork servers")
    return warning("fork", f"No fork servers on {sys.platform}: a job starts a second or two later.", "It works.")


def check_jupyterlab() -> Check:
    """Whether both halves of the extension are there and switched on."""
    from jupyter_core.paths import jupyter_config_path, jupyter_path

    missing = []
    extensions = [Path(path) / "studio_ext" for path in jupyter_path("labextensions")]
    if not any((place / "package.json").is_file() for place in extensions):
        missing.append("the front end (labextension) is not installed")
    enabled = next((value for path in jupyter_config_path() if (value := _enabled(Path(path))) is not None), None)
    if enabled is not True:
        missing.append("the server extension is " + ("disabled" if enabled is False else "not enabled"))
    if missing:
        return warning(
            "jupyterlab",
            f"In JupyterLab {version_of('jupyterlab')}, {' and '.join(missing)}.",
            "pip install studio_ext in the environment of JupyterLab; jupyter server extension enable studio_ext",
        )
    return ok("jupyterlab", f"JupyterLab {version_of('jupyterlab')} with both halves of the extension")


def _enabled(directory: Path) -> bool | None:
    """What the configuration in one directory says of our server extension; None: nothing."""
    for file in (
        directory / "jupyter_server_config.json",
        *sorted(directory.glob("jupyter_server_config.d/*.json"), reverse=True),
    ):
        try:
            value = json.loads(file.read_text("utf-8"))["ServerApp"]["jpserver_extensions"]["studio_ext"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return bool(value)
    return None


def version_of(package: str) -> str:
    """Version of an installed package, for people."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def check_git() -> Check:
    """Git, for commit and changes of a notebook's repository."""
    version = _run("git", "--version")
    if version is None:
        return warning("git", "git is not installed.", "Without it trials do not know the commit of their notebook.")
    return ok("git", version)


def _run(*arguments: str) -> str | None:
    """First line of what a program prints; None if it is not there or fails."""
    try:
        done = subprocess.run(
            arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PROGRAM_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().partition("\n")[0]
