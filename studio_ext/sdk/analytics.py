"""The components of an experiment as a pandas DataFrame."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio_ext.ports.records import ExperimentRecord, RunRecord
from studio_ext.sdk import entities, listing
from studio_ext.sdk.component import TrialComponent, summaries
from studio_ext.sdk.recording_place import recorder

if TYPE_CHECKING:
    import pandas as pd

_STATISTICS = (
    ("Min", "min"),
    ("Max", "max"),
    ("Avg", "avg"),
    ("StdDev", "std_dev"),
    ("Last", "last"),
    ("Count", "count"),
)
_FIRST = ("TrialComponentName", "DisplayName", "SourceArn")
_LAST = ("Trials", "Experiments")


@dataclass(frozen=True)
class Columns:
    """Which parameters, metrics and artefacts become columns; None: all that there are."""

    parameters: Sequence[str] | None = None
    metrics: Sequence[str] | None = None
    artifacts: Sequence[str] | None = None
    system_metrics: bool = False
    """Whether metrics of the system are among all of them."""


def components_frame(experiment: ExperimentRecord, choice: listing.Choice, wanted: Columns) -> pd.DataFrame:
    """See :meth:`studio_ext.sdk.experiment.Experiment.to_frame`."""
    import pandas as pd

    runs = list(listing.components([experiment], choice, entities.is_component))
    components = [TrialComponent(run) for run in runs]
    columns: dict[str, Any] = {
        "TrialComponentName": [each.trial_component_name for each in components],
        "DisplayName": [each.display_name for each in components],
        "SourceArn": [each.source for each in components],
    }
    parameters = [each.parameters for each in components]
    _add(columns, "parameter", parameters, _names(wanted.parameters, parameters), [("", lambda value: value)])
    metrics = _metrics(runs, wanted)
    statistics = [(f" - {word}", lambda value, field=field: getattr(value, field)) for word, field in _STATISTICS]
    _add(columns, "metric", metrics, _names(wanted.metrics, metrics), statistics)
    places = [(" - MediaType", lambda value: value.media_type), (" - Value", lambda value: value.value)]
    for kind in ("input", "output"):
        artifacts = [each.input_artifacts if kind == "input" else each.output_artifacts for each in components]
        names = _names(wanted.artifacts, artifacts)
        if wanted.artifacts is not None:  # a name is mostly one of the two
            there = {name for row in artifacts for name in row}
            names = [name for name in names if name in there]
        _add(columns, kind, artifacts, names, places)
    columns["Trials"] = _trials(runs)
    columns["Experiments"] = _experiments(runs, experiment)
    return pd.DataFrame(columns)


def _names(wanted: Sequence[str] | None, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(wanted if wanted is not None else (name for row in rows for name in row)))


def _add(
    columns: dict[str, Any],
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    parts: Sequence[tuple[str, Any]],
) -> None:
    for name, (suffix, read) in itertools.product(names, parts):
        values = [None if (found := row.get(name)) is None else read(found) for row in rows]
        columns[_free(columns, name + suffix, kind)] = values


def _free(columns: Mapping[str, Any], name: str, kind: str) -> str:
    """A name that no other column has."""
    if name not in columns and name not in (*_FIRST, *_LAST):
        return name
    tries = (f"{name} ({kind}{number})" for number in itertools.chain([""], map(str, itertools.count(2))))
    return next(each for each in tries if each not in columns)


def _metrics(runs: list[RunRecord], wanted: Columns) -> list[dict[str, Any]]:
    if wanted.metrics is not None:
        chosen = set(wanted.metrics)
        runs = [
            run.model_copy(update={"metrics": {key: value for key, value in run.metrics.items() if key in chosen}})
            for run in runs
        ]
    found = summaries(runs, system_metrics=wanted.system_metrics or wanted.metrics is not None)
    return [{each.metric_name: each for each in found[run.run_id]} for run in runs]


def _trials(runs: list[RunRecord]) -> list[list[str]]:
    """Names of the trials of each."""
    names = {run.run_id: run.name for run in runs}
    names |= {
        key.removeprefix(entities.TRIAL): name
        for run in runs
        for key, name in run.tags.items()
        if key.startswith(entities.TRIAL)
    }
    trials = [entities.trials_of(run) for run in runs]
    unknown = {trial for each in trials for trial in each if trial not in names}
    ids = list({run.experiment_id for run in runs})
    if unknown and ids:
        for run in recorder().records.runs(ids, f"tags.`{entities.KIND}` = 'trial'"):
            names.setdefault(run.run_id, run.name)
    return [[names.get(trial, trial) for trial in each] for each in trials]


def _experiments(runs: list[RunRecord], experiment: ExperimentRecord) -> list[list[str]]:
    names = {experiment.experiment_id: experiment.name}
    for each in {run.experiment_id for run in runs} - set(names):
        names[each] = recorder().records.experiment_by_id(each).name
    return [[names[run.experiment_id], *entities.experiments_of(run).values()] for run in runs]
