"""Wire types of records: experiments and runs as those see them who record themselves, here or over HTTP."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from studio_ext.contract.base import Wire

_UNBOUNDED = ("NaN", "Infinity", "-Infinity")


def _number(value: Any) -> Any:
    """What is no number in the schema is none here either."""
    if isinstance(value, bool) or (isinstance(value, str) and value not in _UNBOUNDED):
        raise ValueError("must be a number, or one of " + ", ".join(_UNBOUNDED))
    return float(value) if isinstance(value, str) else value


Number = Annotated[
    float,
    BeforeValidator(_number),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "enum": list(_UNBOUNDED)}]}),
]
"""A number; what JSON lacks is spelt as MLflow spells it."""
Text = Annotated[str, Field(max_length=6000)]
Name = Annotated[str, Field(min_length=1, max_length=250)]
Identity = Annotated[str, Field(pattern="^[0-9]{1,18}$")]
"""MLflow's id of an experiment."""
Cursor = Annotated[str, Field(max_length=5000, pattern="^[!-~]*$")]
"""Where a page begins; a word of MLflow's."""
RunStatus = Literal["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"]
"""MLflow's words."""

MAX_CALLS = 64
"""Log calls in one request."""
MAX_RUNS = 100
"""Runs whose metrics are summed up in one request."""


class Record(Wire):
    """A document in which a number may be NaN or infinite."""

    model_config = ConfigDict(ser_json_inf_nan="strings")


class RecordRequest(Record):
    """What clients send is of the types that the document names, and of no others that could be read as them."""

    model_config = ConfigDict(strict=True)


class ExperimentRecord(Record):
    """An experiment."""

    experiment_id: str
    name: str
    tags: dict[str, str] = {}
    created: float | None = None
    """Seconds since the epoch."""
    updated: float | None = None


class MetricLast(Record):
    """A value of a metric; of a run, that of its highest step."""

    value: Number
    timestamp: float
    """Seconds since the epoch."""
    step: int


class RunRecord(Record):
    """A run."""

    run_id: str
    experiment_id: str
    name: str
    status: str
    """MLflow's word: RUNNING, SCHEDULED, FINISHED, FAILED or KILLED."""
    artifact_uri: str
    started: float | None = None
    """Seconds since the epoch."""
    ended: float | None = None
    parameters: dict[str, str] = {}
    metrics: dict[str, MetricLast] = {}
    tags: dict[str, str] = {}
    inputs: dict[str, str] = {}
    """Place (path or address) of the data that was read, by name."""


class Moments(Record):
    """What the values of one metric of one run amount to; of those that are numbers."""

    count: int
    min: Number
    max: Number
    avg: Number
    std_dev: Number
    """Of all values as they are (divided by ``count``); 0 for a single one."""


class RunMoments(Record):
    """Summaries of the metrics of some runs."""

    runs: dict[str, dict[str, Moments]]
    """By run id and metric. A metric all of whose values are no numbers may be missing."""


class RunPage(Record):
    """A part of a list of runs. MLflow does not count them."""

    items: list[RunRecord]
    next_cursor: str | None = None
    """Pass it as ``cursor`` to get the next page; None on the last page."""


class HistoryPage(Record):
    """A part of the values of a metric, as the store has them."""

    items: list[MetricLast]
    next_cursor: str | None = None
    """Pass it as ``cursor`` to get the next page; None on the last page."""


class ArtifactEntry(Wire):
    """A file or folder of a run's artefacts."""

    path: str
    """Path below the artefacts."""
    is_folder: bool
    size_bytes: int | None = None
    """None for a folder."""


class Artifacts(Wire):
    """What lies in one folder of a run's artefacts, and what can be sent there."""

    items: list[ArtifactEntry]
    max_bytes: int
    """Largest file that the server takes."""


class CreateExperimentRecord(RecordRequest):
    """A request to make an experiment with tags."""

    name: Name
    tags: dict[Name, Text] = Field(default={}, max_length=100)


class UpdateExperimentRecord(RecordRequest):
    """A request to set tags of an experiment."""

    tags: dict[Name, Text] = Field(default={}, max_length=100)


class CreateRunRecord(RecordRequest):
    """A request to make a run."""

    experiment_id: Identity
    name: Name
    tags: dict[Name, Text] = Field(default={}, max_length=500)
    started: float = Field(ge=0, le=1e11)
    """Seconds since the epoch."""


class UpdateRunRecord(RecordRequest):
    """A request to change a run. What is not given stays."""

    name: Name | None = None
    status: RunStatus | None = None
    ended: float | None = Field(default=None, ge=0, le=1e11)
    """Seconds since the epoch."""
    tags: dict[Name, Text] = Field(default={}, max_length=100)
    removed_tags: list[Name] = Field(default=[], max_length=100)
    """Tags to take away; one that is not there is no error."""


class LoggedMetric(RecordRequest):
    """A value of a metric, on its way to the store."""

    key: Name
    value: Number
    timestamp: int = Field(ge=0, lt=2**53)
    """Milliseconds since the epoch."""
    step: int = Field(default=0, ge=-(2**63), lt=2**63)


class LoggedText(RecordRequest):
    """A parameter or tag, on its way to the store."""

    key: Name
    value: Text


class LogCall(RecordRequest):
    """What one call logs."""

    metrics: list[LoggedMetric] = Field(default=[], max_length=1000)
    params: list[LoggedText] = Field(default=[], max_length=100)
    tags: list[LoggedText] = Field(default=[], max_length=100)


class LogCalls(RecordRequest):
    """Calls of one client for one run, numbered from 1 on: what is sent twice is taken once."""

    first: int = Field(ge=1, lt=2**53)
    """Number of the first of them."""
    calls: list[LogCall] = Field(default=[], max_length=MAX_CALLS)
    """None: a sign of life."""


class OpenJournal(RecordRequest):
    """A request to record to a run."""

    ends: bool = False
    """Whether the run ends with its client, as failed if nobody says how."""


class JournalState(Wire):
    """How far the journal of one client is."""

    number: int
    """Number of the last call that is in it, synced; 0: none yet."""
    applied: int
    """Number of the last call that the tracking store has, or has refused."""
    waiting_bytes: int
    """What the tracking store has not got yet."""
    lease_seconds: float
    """A client that is not heard of for so long is taken for gone."""
    refused: list[str] = []
    """Sentences about what the store refused."""
