"""What the user's code runs on: interpreter, system, processors."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

_LONGEST = 200
_MOST_GPUS = 64


def facts() -> dict[str, Any]:
    """Of this interpreter and the machine or container that it runs in; what cannot be told is left out."""
    system = os.uname()
    found: dict[str, Any] = {
        "python": ".".join(map(str, sys.version_info[:3])) + ("" if sys.version_info[3] == "final" else "+"),
        "implementation": sys.implementation.name,
        "executable": sys.executable,
        "platform": f"{system.sysname} {system.release} {system.machine}",
        "distribution": _distribution(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "gpus": gpus(),
    }
    return {name: value for name, value in found.items() if value}


def listing() -> bytes:
    """The facts as JSON."""
    return (json.dumps(facts(), indent=1) + "\n").encode()


def gpus(root: Path = Path("/proc/driver/nvidia/gpus")) -> list[str]:
    """Models of the GPUs that are to be seen, one entry for each."""
    found = []
    try:
        for place in sorted(root.iterdir())[:_MOST_GPUS]:
            lines = (place / "information").read_text("utf-8", "replace").splitlines()
            models = [line.partition(":")[2].strip() for line in lines if line.startswith("Model:")]
            found.append(models[0][:_LONGEST] if models else "NVIDIA")
    except OSError:
        pass
    return found


def _distribution() -> str:
    try:
        with open("/etc/os-release", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            lines = dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
    except OSError:
        return ""
    return lines.get("PRETTY_NAME", "").strip('"')[:_LONGEST]
