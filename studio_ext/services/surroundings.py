"""What a job ran in and on, as tags of its run. The job's own files say so: they are taken for what can be."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio_ext.contract.jobs import JobDetail
from studio_ext.core.plain_text import one_line
from studio_ext.worker import inside, records

_LARGEST = 64 << 10
_LONGEST = 200
_MOST_GPUS = 64
_IMAGE_ID = re.compile(r"sha256:[0-9a-f]{64}")


def surroundings(job: JobDetail) -> dict[str, str]:
    """Interpreter, system, processors, GPUs, and the image that a container was made of."""
    files = records.AttemptFiles(Path(job.directory), job.attempt)
    facts = _facts(files)
    tags = {
        "studio.python": _text(facts.get("python")),
        "studio.platform": _text(facts.get("platform")),
        "studio.cpus": _number(facts.get("cpus")),
        "studio.gpus": _gpus(facts.get("gpus")),
    }
    if job.environment.container is not None:
        image_id = (records.read(files.launch) or {}).get("image_id")
        if isinstance(image_id, str) and _IMAGE_ID.fullmatch(image_id):
            tags["studio.image_id"] = image_id
    return {name: value for name, value in tags.items() if value}


def _facts(files: records.AttemptFiles) -> Mapping[str, Any]:
    path = files.packages.with_name(records.MACHINE).relative_to(files.job_dir)
    try:
        found = json.loads(inside.read(files.job_dir, path, _LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return one_line(value[:_LONGEST]) if isinstance(value, str) else ""


def _number(value: Any) -> str:
    return str(value) if type(value) is int and 0 < value < 10**6 else ""


def _gpus(value: Any) -> str:
    """``2 x NVIDIA A100, NVIDIA T4``"""
    names = [text for each in value[:_MOST_GPUS] if (text := _text(each))] if isinstance(value, list) else []
    counts = {name: names.count(name) for name in names}
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())
