"""Wire types of the workspace itself: what runs, what works here."""

from __future__ import annotations

from enum import StrEnum

from studio_ext.contract.base import Wire


class CheckStatus(StrEnum):
    """Result of one check of ``studio doctor``."""

    ok = "ok"
    warning = "warning"
    problem = "problem"


class Check(Wire):
    """One thing that ``studio doctor`` looked at."""

    name: str
    status: CheckStatus
    message: str
    hint: str = ""


class Diagnosis(Wire):
    """What works here, what does not, and what to do about it."""

    version: str
    workspace: str
    checks: list[Check]


class RecordingLag(Wire):
    """What was logged and lies in journals, and the tracking store has not got yet."""

    journals: int = 0
    """Of how many jobs and trackers."""
    bytes: int = 0


class ServerInfo(Wire):
    """What the front end asks first."""

    version: str
    workspace: str
    tracking_uri: str
    """Tracking store with user name and password masked."""
    controller_running: bool
    jobs_revision: int
    user: str
    lag: RecordingLag = RecordingLag()


class JobsChanged(Wire):
    """Event ``studio jobs changed``: a hint to ask again; never data."""

    revision: int
    job_ids: list[str] = []
    """Jobs that changed, at most 50; empty stands for many."""
