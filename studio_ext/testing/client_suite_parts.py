"""What the parts of the conformance suite of the client port have in common: notebooks, jobs, patience."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.jobs import JobDetail, SubmitRequest
from studio_ext.core.states import FINAL
from studio_ext.ports.client import Client

PARAMETERS = "# Parameters\ndepth: int = 3  # how deep\nlabel = 'a'"
PRINT = "# Print\nprint('hello from', depth, flush=True)"
RECORD = "# Record\nimport mlflow\nmlflow.log_metric('score', depth / 2)"
FAIL = "# Fail\nraise ValueError('no good')"
SLEEP = "# Sleep\nimport time\nprint('sleeping', flush=True)\ntime.sleep(600)"

SCENARIOS = {"completes": [PRINT, RECORD], "fails": [PRINT, FAIL], "sleeps": [SLEEP]}
"""Code cells after the parameters cell. ``completes`` prints ``hello from <depth>`` and logs the metric ``score``."""

PATIENCE = 60.0
"""Longest wait for a job, seconds."""


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook with a cell tagged ``parameters`` and then these code cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": ["parameters"] if number == 0 else []},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate([PARAMETERS, *cells])
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document), "utf-8")


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until ``condition`` holds, ``patience`` seconds at most; returns what it returned."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := condition():
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"waited {patience:g} s in vain until {what}")


class ClientSuitePart:
    """Submits jobs; to be subclassed with what is asked of a client."""

    @classmethod
    def notebook(cls, client: Client, folder: Path, scenario: str) -> str:
        """The path to submit for one of :data:`SCENARIOS`."""
        write_notebook(folder / "work" / f"{scenario}.ipynb", SCENARIOS[scenario])
        return f"work/{scenario}.ipynb"

    @classmethod
    def submit(cls, client: Client, folder: Path, scenario: str, **fields: Any) -> JobDetail:
        """Submit a scenario."""
        return client.submit(SubmitRequest(notebook=cls.notebook(client, folder, scenario), **fields))

    @classmethod
    def ended(cls, client: Client, job: JobDetail) -> JobDetail:
        """The job when it is over."""

        def look() -> JobDetail | None:
            found = client.job(job.id)
            return found if found.status in FINAL else None

        found = until(look, f"job {job.id} was over")
        assert isinstance(found, JobDetail)
        return found

    @pytest.fixture(scope="class")
    @classmethod
    def completed(cls, client: Client, folder: Path) -> JobDetail:
        """A job that completed."""
        submitted = cls.submit(
            client, folder, "completes", name="first", experiment="suite", parameters={"depth": 8}, tags={"team": "red"}
        )
        return cls.ended(client, submitted)
