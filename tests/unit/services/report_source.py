"""A source of reports that needs neither a store nor a server."""

from __future__ import annotations

import math
from collections.abc import Sequence

from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.series import SampledSeries, SeriesPage, SeriesQuery
from studio_ext.services.comparison import Comparisons
from studio_ext.services.importance import Importances
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial

HOSTILE = '</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\u2028"&amp;'
NOW = 1_700_000_000.0


class MemorySource:
    """Answers from trials in memory; ``questions`` are those about histories."""

    def __init__(self, **experiments: Sequence[MemoryTrial]) -> None:
        index = MemoryIndex(**{name: MemoryColumns(list(trials)) for name, trials in experiments.items()})
        tables = TrialTables(index, lambda: NOW)
        self._trials = {each.run_id: each for trials in experiments.values() for each in trials}
        self._comparisons = Comparisons(index, tables, lambda: NOW)
        self._importances = Importances(index, tables, lambda: NOW)
        self.questions: list[SeriesQuery] = []
        self.turns = 0
        """For so many questions there is more to be read."""

    def compare(self, query: CompareQuery) -> Comparison:
        return self._comparisons.compare(query)

    def importance(self, query: ImportanceQuery) -> Importance:
        return self._importances.importance(query)

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        self.questions.append(query)
        self.turns -= 1
        series = []
        for run_id in query.run_ids:
            for metric in query.metrics:
                values = self._trials[run_id].metrics.get(metric, [])[: query.max_points]
                if values:
                    finite = [each if math.isfinite(each) else None for each in values]
                    series.append(
                        SampledSeries(
                            run_id=run_id,
                            name=metric,
                            count=len(values),
                            shown=len(values),
                            not_finite=finite.count(None),
                            last=finite[-1],
                            step=list(range(len(values))),
                            time=[],
                            value=finite,
                        )
                    )
        return SeriesPage(series=series, generation="1", more=self.turns >= 0)


def churn(count: int = 24) -> list[MemoryTrial]:
    """Trials with histories, parameters of all kinds, and names that mean no good."""
    trials = []
    for at in range(count):
        lr, depth = 10 ** (-4 + (at * 7 % count) / count * 3), 2 + at * 5 % 7
        floor = 1.0 + abs(math.log10(lr) + 2.5) + 0.1 * depth
        steps = range(40)
        params = {"lr": f"{lr:.6g}", "depth": str(depth), "optimizer": ["adam", "sgd", "rmsprop"][at % 3]}
        if at % 5 == 4:
            params["dropout"] = "0.3"
        trials.append(
            MemoryTrial(
                f"run{at:03}",
                HOSTILE if at == 1 else f"trial {at}",
                status="RUNNING" if at == count - 1 else "FINISHED",
                started=NOW - 1000 + at,
                ended=None if at == count - 1 else NOW - 500 + 2 * at,
                params={**params, "same": "1", HOSTILE: str(at)},
                metrics={
                    "val_loss": [floor + 3 * math.exp(-step / 8) + 0.05 * math.sin(step * (at + 1)) for step in steps],
                    "accuracy": [math.nan if step == 20 else 1 - 1 / (step + floor) for step in steps],
                    "score": [floor],
                },
                tags={"stage": "test"},
            )
        )
    return trials
