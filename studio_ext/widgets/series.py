"""Where the widgets get metrics from: the one place that knows how they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import Job as JobRow
from studio_ext.contract.live import MetricHistory
from studio_ext.core.plain_text import one_line
from studio_ext.sdk import connection
from studio_ext.sdk.frames import all_trials
from studio_ext.sdk.handles import Job

if TYPE_CHECKING:
    from studio_ext.ports.client import Client

MOST_LINES = 20
"""Trials of one chart; of an experiment the newest."""
_FEWEST = 4

Read = Callable[[int, str | None], MetricHistory]
"""At most so many points of each series, since a cursor."""


@dataclass(frozen=True)
class Source:
    """Something with metrics."""

    key: str
    name: str
    read: Read


Sources = Callable[[], list[Source]]
"""Asked again and again: an experiment gets new trials."""


def last_values(client: Client, job: JobRow) -> dict[str, float]:
    """The last value of each metric of a job's own run. Raises ``NotFound``."""
    found = {}
    for series in client.metrics(job.id, max_points=_FEWEST).series:
        if job.trial.run_id in (None, series.run_id):
            # The wire has no NaN: None stands for all that is not finite.
            found[series.name] = float("nan") if series.last is None else series.last
    return found


def sources_of(what: Any) -> tuple[Sources, bool]:
    """What is to be drawn, and whether more may be added to it: an experiment, by name or itself, grows.

    Raises ``InvalidRequest`` for what has no metrics.
    """
    experiment = what if isinstance(what, str) else getattr(what, "experiment_name", None)
    if isinstance(experiment, str) and not hasattr(what, "run_id"):
        client = connection.current()
        return (lambda: list(_newest(client, experiment))), True
    things = list(what) if isinstance(what, Iterable) else [what]
    if not 0 < len(things) <= MOST_LINES:
        raise InvalidRequest.field("what", f"name 1 to {MOST_LINES} jobs, trackers or trials, not {len(things)}")
    fixed = [_source(thing) for thing in things]
    return (lambda: fixed), False


def _source(thing: Any) -> Source:
    if isinstance(thing, Job):
        job, client = thing, thing._client
        return Source(
            job.id, one_line(job.name), lambda most, since: client.metrics(job.id, max_points=most, cursor=since)
        )
    run_id = getattr(thing, "run_id", None)
    if not isinstance(run_id, str):
        raise InvalidRequest.field(
            "what",
            "takes jobs, trackers, trials, trial components, or an experiment",
            hint="A text names an experiment.",
        )
    name = next((str(found) for key in ("display_name", "name") if (found := getattr(thing, key, None))), run_id[:8])
    return _run(connection.current(), run_id, name)


def _newest(client: Client, experiment: str) -> Iterator[Source]:
    for trial in islice(all_trials(client, experiment), MOST_LINES):
        yield _run(client, trial.run_id, trial.name)


def _run(client: Client, run_id: str, name: str) -> Source:
    return Source(
        run_id, one_line(name), lambda most, since: client.trial_metrics(run_id, max_points=most, cursor=since)
    )
