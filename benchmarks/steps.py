"""Where the time goes between a submission and its first cell, read from the marks that a job leaves anyway."""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

from studio_ext.contract.jobs import JobDetail, JobStatus


@dataclass
class Steps:
    """Seconds since the entry of the submission, by step."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def add(self, job: JobDetail, *, began: float, submitted: float, first_cell: float, ended: float) -> None:
        """Note one job."""
        marks = {"job id made": job.created, "submit returned": submitted, **_marks(job)}
        marks |= {"first cell": first_cell, "end seen": ended}
        for name, when in marks.items():
            self.seconds.setdefault(name, []).append(when - began)

    def show(self, title: str) -> None:
        """Print the medians in the order in which things happen."""
        print(f"  {title}")
        medians = sorted((statistics.median(values), name) for name, values in self.seconds.items())
        before = 0.0
        for median, name in medians:
            print(f"    {median * 1000:7.0f} ms  +{(median - before) * 1000:5.0f}  {name}")
            before = median


def _marks(job: JobDetail) -> dict[str, float]:
    marks: dict[str, float] = {}
    for transition in job.transitions:
        if transition.status is not JobStatus.Pending:
            marks.setdefault(f"state {transition.status}/{transition.secondary_status}", transition.started)
    attempt = Path(job.directory) / "attempts" / str(job.attempt)
    for name in ("launch.json", "claim.json", "result.json", "exit.json"):
        if (attempt / name).exists():
            marks[f"{name} written"] = (attempt / name).stat().st_mtime
    for line in _lines(attempt / "progress.jsonl"):
        event = json.loads(line)
        marks.setdefault(f"progress: {event['event']}", float(event["t"]))
    return marks


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []
