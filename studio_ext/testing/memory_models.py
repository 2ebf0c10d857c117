"""Models in memory: a store for tests of what is built on one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from studio_ext.contract.errors import NotFound
from studio_ext.contract.models import LoggedModel, ModelVersion, RegisteredModel
from studio_ext.ports.models import NewVersion, SourceTrial


@dataclass
class _Kept:
    description: str = ""
    aliases: dict[str, str] = field(default_factory=dict)
    versions: dict[str, ModelVersion] = field(default_factory=dict)
    numbers: int = 0
    updated: float = 0.0


class MemoryModels:
    """Implements :class:`studio_ext.ports.models.ModelStore`."""

    def __init__(self, trial: Callable[[str], SourceTrial | None] | None = None) -> None:
        """``trial``: finds trials that are not in :attr:`known`."""
        self.known: dict[str, SourceTrial] = {}
        """Trials by run id."""
        self.logged: dict[str, list[LoggedModel]] = {}
        """Models by the run id of their trial."""
        self._models: dict[str, _Kept] = {}
        self._find = trial

    def add(self, trial: SourceTrial, *models: str) -> SourceTrial:
        """Keep a trial that logged models of these names."""
        self.known[trial.run_id] = trial
        self.logged[trial.run_id] = [LoggedModel(path=f"m-{trial.run_id}-{name}", name=name) for name in models]
        return trial

    def models(self) -> list[RegisteredModel]:
        """All models."""
        found = [self.model(name) for name in self._models]
        return sorted(found, key=lambda each: each.updated or 0.0, reverse=True)

    def model(self, name: str) -> RegisteredModel:
        """One model."""
        kept = self._kept(name)
        latest = max(map(int, kept.versions), default=None)
        return RegisteredModel(
            name=name,
            description=kept.description,
            tags={},
            created=kept.updated,
            updated=kept.updated,
            latest=None if latest is None else str(latest),
            aliases=dict(kept.aliases),
        )

    def versions(self, name: str, limit: int) -> list[ModelVersion]:
        """Versions, newest first."""
        numbers = sorted(self._kept(name).versions, key=int, reverse=True)[:limit]
        return [self.version(name, each) for each in numbers]

    def version(self, name: str, version: str) -> ModelVersion:
        """One version."""
        kept = self._kept(name)
        if version not in kept.versions:
            raise NotFound(f"The model {name!r} has no version {version}.", hint="It may have been deleted.")
        aliases = sorted(alias for alias, number in kept.aliases.items() if number == version)
        return kept.versions[version].model_copy(update={"aliases": aliases})

    def versions_of(self, run_ids: Sequence[str]) -> list[ModelVersion]:
        """Versions of trials."""
        found = [version for name in self._models for version in self.versions(name, 1_000)]
        return [each for each in found if each.run_id in run_ids]

    def logged_models(self, trial: SourceTrial) -> list[LoggedModel]:
        """What was kept."""
        return self.logged.get(trial.run_id, [])

    def create_version(self, new: NewVersion) -> ModelVersion:
        """Keep a version."""
        kept = self._models.setdefault(new.name, _Kept())
        kept.numbers += 1
        kept.updated = time.time()
        number = str(kept.numbers)
        kept.versions[number] = ModelVersion(
            name=new.name,
            version=number,
            description=new.description,
            aliases=[],
            status="READY",
            created=kept.updated,
            updated=kept.updated,
            source=f"/nowhere/{new.path}",
            run_id=new.trial.run_id,
            trial=new.trial.name,
            experiment=new.trial.experiment,
            job_id=new.trial.job_id,
            tags={},
        )
        return kept.versions[number]

    def describe_model(self, name: str, description: str) -> None:
        """Keep a description."""
        self._kept(name).description = description

    def describe_version(self, name: str, version: str, description: str) -> None:
        """Keep a description."""
        found = self.version(name, version)
        self._kept(name).versions[version] = found.model_copy(update={"description": description})

    def set_alias(self, name: str, alias: str, version: str) -> None:
        """Keep an alias."""
        self.version(name, version)
        self._kept(name).aliases[alias] = version

    def delete_alias(self, name: str, alias: str) -> None:
        """Forget an alias."""
        self._kept(name).aliases.pop(alias, None)

    def delete_version(self, name: str, version: str) -> None:
        """Forget a version."""
        self.version(name, version)
        kept = self._kept(name)
        del kept.versions[version]
        kept.aliases = {alias: number for alias, number in kept.aliases.items() if number != version}

    def delete_model(self, name: str) -> None:
        """Forget a model."""
        self._kept(name)
        del self._models[name]

    def trial(self, run_id: str) -> SourceTrial | None:
        """A trial that was kept, or is found."""
        return self.known.get(run_id) or (self._find(run_id) if self._find else None)

    def trials(self, run_ids: Sequence[str]) -> dict[str, SourceTrial]:
        """Some of them."""
        found = {each: self.trial(each) for each in run_ids}
        return {run_id: trial for run_id, trial in found.items() if trial is not None}

    def trials_of_job(self, job_id: str, limit: int) -> list[SourceTrial]:
        """Trials of a job."""
        return [each for each in self._there() if each.job_id == job_id][:limit]

    def components_of(self, run_id: str, limit: int) -> list[SourceTrial]:
        """Components of a trial."""
        return [each for each in self._there() if each.parent == run_id][:limit]

    def readers_of(self, digest: str, name: str, limit: int) -> list[SourceTrial]:
        """Trials that read data."""
        found = (
            each
            for each in self._there()
            if any(data.digest == digest and name in ("", data.name) for data in each.inputs)
        )
        return list(found)[:limit]

    def _there(self) -> list[SourceTrial]:
        return [each for each in self.known.values() if not each.is_deleted]

    def _kept(self, name: str) -> _Kept:
        if name not in self._models:
            raise NotFound(f"There is no model named {name!r}.", hint="Register one from a trial.")
        return self._models[name]
