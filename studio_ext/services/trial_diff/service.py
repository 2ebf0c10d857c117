"""One part of what differs between two trials, on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.ports.records import Records
from studio_ext.ports.repository import Repositories
from studio_ext.ports.tracking import Tracking
from studio_ext.services.trial_diff.artifacts import artifacts_diff
from studio_ext.services.trial_diff.code import code_diff
from studio_ext.services.trial_diff.data import data_diff
from studio_ext.services.trial_diff.environments import environment_diff
from studio_ext.services.trial_diff.notebooks import notebook_diff
from studio_ext.services.trial_diff.sides import Side


@dataclass(frozen=True)
class TrialDiffs:
    """Raises ``NotFound`` for a trial that is not there, ``Unavailable`` while the store or the artefacts are away."""

    records: Records
    tracking: Tracking
    job: Callable[[str], JobDetail]
    """A job by id; raises ``NotFound``."""
    repositories: Repositories

    def diff(self, first: str, second: str, part: DiffPart, path: str = "") -> TrialDiff:
        """One part. ``path``: of the artefacts one, with the differences of its text."""
        if path and part is not DiffPart.artifacts:
            raise InvalidRequest.field("path", "only an artefact has one")
        ours, theirs = self._side(first), self._side(second)
        match part:
            case DiffPart.notebook:
                return notebook_diff(ours, theirs)
            case DiffPart.code:
                return code_diff(ours, theirs, self.repositories)
            case DiffPart.environment:
                return environment_diff(ours, theirs)
            case DiffPart.data:
                return data_diff(ours, theirs, self.tracking.inputs(first), self.tracking.inputs(second))
            case DiffPart.artifacts:
                return artifacts_diff(ours, theirs, path)

    def _side(self, run_id: str) -> Side:
        run = self.records.run(run_id)
        experiment = self.records.experiment_by_id(run.experiment_id).name
        return Side(run, experiment, self.records, self.job)
