"""What a runner writes into an attempt's directory before and while it runs."""

from __future__ import annotations

import contextlib
import time
from typing import Any

from studio_ext.adapters.attempts import evidence
from studio_ext.ports.runner import Launch
from studio_ext.worker import records


def note_launch(launch: Launch, **more: Any) -> None:
    """Write ``launch.json``: which MLflow run the attempt records to, and ``more``."""
    files = records.AttemptFiles(launch.directory, launch.attempt)
    files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    note = {
        "attempt": launch.attempt,
        "run_id": launch.run_id,
        "experiment_id": launch.experiment_id,
        "experiment": launch.experiment,
    }
    records.write(files.launch, records.encode(note | more))


def note_more(launch: Launch, **more: Any) -> None:
    """Add to ``launch.json``, before anything of the attempt has started."""
    files = records.AttemptFiles(launch.directory, launch.attempt)
    note = records.read(files.launch)
    if note is not None and not files.claim.exists() and not more.items() <= note.items():
        records.write(files.launch, records.encode(note | more))


def note_stop(launch: Launch, *, kill: bool, reason: str) -> bool:
    """Write ``stop.json``, a wish that is not lost when nobody is there to take a signal. False: it is over already."""
    files = records.AttemptFiles(launch.directory, launch.attempt)
    if evidence.read_end(files.exit) is not None or not launch.directory.is_dir():
        return False
    wanted = records.read(files.stop)
    if wanted is None or (kill and not wanted.get("kill")):
        with contextlib.suppress(OSError):
            files.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            records.write(files.stop, records.encode({"reason": reason, "kill": kill, "t": time.time()}))
    return True
