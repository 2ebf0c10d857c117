"""The components of an experiment as a pandas DataFrame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio_ext.ports.records import ExperimentRecord
from studio_ext.sdk import entities
from studio_ext.sdk.component import TrialComponent, summaries

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


def components_frame(experiment: ExperimentRecord, *, system_metrics: bool = False) -> pd.DataFrame:
    """See :meth:`studio_ext.sdk.experiment.Experiment.to_frame`."""
    import pandas as pd

    runs = list(entities.runs_of(experiment.experiment_id))
    names = {run.run_id: run.name for run in runs}
    components = [run for run in runs if entities.is_component(run)]
    metrics = summaries(components, system_metrics=system_metrics)
    first: dict[str, list[Any]] = {"TrialComponentName": [], "DisplayName": [], "SourceArn": []}
    rows: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = []
    for run in components:
        each = TrialComponent(run)
        first["TrialComponentName"].append(each.trial_component_name)
        first["DisplayName"].append(each.display_name)
        first["SourceArn"].append(each.source)
        statistics = {
            f"{summary.metric_name} - {word}": getattr(summary, field)
            for summary in metrics[run.run_id]
            for word, field in _STATISTICS
        }
        artifacts: dict[str, Any] = {}
        for name, artifact in {**each.input_artifacts, **each.output_artifacts}.items():
            artifacts |= {f"{name} - MediaType": artifact.media_type, f"{name} - Value": artifact.value}
        rows.append((each.parameters, statistics, artifacts))
    columns: dict[str, Any] = dict(first)
    for part in range(3):
        for key in dict.fromkeys(key for row in rows for key in row[part]):
            # A parameter may have the name of a column: the column that is always there wins.
            if key not in columns:
                columns[key] = [row[part].get(key) for row in rows]
    columns["Trials"] = [[names.get(trial, trial) for trial in entities.trials_of(run)] for run in components]
    columns["Experiments"] = [[experiment.name] for _ in components]
    return pd.DataFrame(columns)
