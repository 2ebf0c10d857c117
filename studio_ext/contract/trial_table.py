"""Wire types of the table of trials: its columns, its rows, and the language in which trials are looked for.

Columns are named as :mod:`studio_ext.core.trial_keys` says: ``name``, ``params.lr``, ``metrics.rmse.min``,
``tags.stage``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, StringConstraints

from studio_ext.contract.base import Wire

MAX_ROWS = 500
"""Largest number of rows in one answer."""
MAX_COLUMNS = 300
"""Largest number of columns in one answer."""
MAX_FILTER = 10_000
"""Longest filter, in characters."""

MAX_CONDITIONS = 50
"""Most conditions of a form."""
MAX_VALUES = 100
"""Most values of a condition in a form."""
MAX_VALUE = 2_000
"""Longest value in a form, in characters."""

KeyText = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Value = StrictBool | StrictInt | StrictFloat | StrictStr | None
"""A cell: a number; a text; ``NaN``, ``Infinity`` or ``-Infinity``, which JSON lacks; null where there is none."""


class IndexPhase(StrEnum):
    """How the index stands to the tracking store."""

    ready = "ready"
    building = "building"
    """Trials that were recorded already are still being read."""
    away = "away"
    """The store does not answer; what is shown was read before."""


class ExportFormat(StrEnum):
    """Files that trials are exported to."""

    csv = "csv"
    parquet = "parquet"


class IndexState(Wire):
    """How far the index is behind the tracking store."""

    phase: IndexPhase
    indexed: int = 0
    """Trials read so far."""
    expected: int | None = None
    """Trials there are, where that is known."""
    seen: float | None = None
    """When new and running trials were last looked for (epoch seconds)."""
    swept: float | None = None
    """When every trial was last compared with the store."""
    message: str = ""
    """What is wrong, in a sentence."""
    hint: str = ""


class TrialColumn(Wire):
    """A column that can be shown, sorted and filtered by."""

    key: str
    kind: str
    """``attribute``, ``parameter``, ``metric`` or ``tag``."""
    name: str
    """Name of the parameter, metric or tag."""
    numeric: bool
    """Whether every value is a number."""
    count: int
    """Trials that have a value; deleted ones count until the index is built anew."""
    constant: bool
    """Whether all trials that have a value have the same."""
    minimum: float | None = None
    maximum: float | None = None
    better: str | None = None
    """Which values of a metric are better, as far as its name tells: ``lower``, ``higher``, or null."""


class ColumnPage(Wire):
    """Columns of an experiment that match a search."""

    items: list[TrialColumn]
    total: int
    """Number of columns that match."""
    trials: int
    """Trials in the experiment."""


class SortKey(Wire):
    """One column to sort by."""

    key: KeyText
    descending: StrictBool = False


class TrialQuery(Wire):
    """Which part of an experiment's trials, and in what order."""

    experiment: str = Field(min_length=1)
    filter: str = Field(default="", max_length=MAX_FILTER)
    """In the filter language; empty: all."""
    sort: list[SortKey] = Field(default=[], max_length=5)
    """First column first; empty: newest first. Trials without a value come last, either way."""
    columns: list[KeyText] = Field(default=[], max_length=MAX_COLUMNS)
    """Columns of the answer."""
    group_by: KeyText | None = None
    """Column whose equal values make a group."""
    tree: StrictBool = False
    """Whether components stand below their trial, which is shown, too, where only a component matches."""
    expanded: list[str] = Field(default=[], max_length=1000)
    """Ids of groups and trials whose rows are shown."""
    expand_all: StrictBool = False
    """Whether all are shown but those in ``expanded``."""
    offset: StrictInt = Field(default=0, ge=0, le=2**53)
    limit: StrictInt = Field(default=100, ge=1, le=MAX_ROWS)
    differences: StrictBool = False
    """Whether it is to be said which of ``columns`` differ."""
    result: str | None = Field(default=None, max_length=200)
    """``result`` of an earlier answer to the same query: rows keep the order they had then, with the values of now."""


class Extent(Wire):
    """Smallest and largest finite number of a column among the trials that match, and their mean."""

    minimum: float
    maximum: float
    mean: float


class TableRow(Wire):
    """A trial, or a group of trials."""

    id: str
    """Run id; of a group, an id that stays the same as long as its value does."""
    is_group: bool = False
    depth: int = 0
    """How far it stands below the trials at the top."""
    children: int = 0
    """Rows below it that match, shown or not."""
    is_expanded: bool = False
    matches: bool = True
    """Whether it matches the filter itself."""
    name: str = ""
    """Of a group: its value as a text."""
    status: str = ""
    job_id: str | None = None
    values: list[Value] = []
    """In the order of the query's ``columns``. Of a group: the mean, or the one value that all of its trials have."""
    extents: list[Extent | None] = []
    """Of a group: for each column."""


class TrialTablePage(Wire):
    """Some rows of the table."""

    result: str
    """Names the order of the rows; give it back to page through the same order."""
    offset: int
    rows: list[TableRow]
    total: int
    """Rows of the table, those of groups included."""
    matched: int
    """Trials that match."""
    trials: int
    """Trials in the experiment."""
    is_current: bool
    """Whether nothing changed since the order was made: false where new rows may have come, or values moved."""
    extents: list[Extent | None] = []
    """For each column, of all trials that match."""
    differs: list[bool] = []
    """For each column, where that was asked: whether the trials that match do not all have the same value. One that has
    none differs from one that has."""
    index: IndexState


class FilterCondition(Wire):
    """One condition: what the condition builder shows in a row."""

    key: KeyText
    operator: str
    """``=``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``~``, ``!~``, ``in``, ``not in``, ``is present`` or
    ``is missing``."""
    values: list[Annotated[str, StringConstraints(max_length=MAX_VALUE)]] = Field(default=[], max_length=MAX_VALUES)
    """As they are written in a filter: ``0.1``, ``"dev"``, ``-7d``. In a request, what is not written so is quoted."""


class FilterQuery(Wire):
    """A filter as somebody types it."""

    filter: str = Field(default="", max_length=MAX_FILTER)
    experiment: str | None = None
    """Experiment whose columns and values are suggested; none are without it."""
    cursor: StrictInt | None = Field(default=None, ge=0, le=MAX_FILTER)
    """Where the caret is, in characters (code points); completions are for that place."""
    conditions: list[FilterCondition] | None = Field(default=None, max_length=MAX_CONDITIONS)
    """Where given, the filter that says that all of these hold is written, and looked at in place of ``filter``."""


class FilterError(Wire):
    """What is wrong with a filter, and where: in characters (code points)."""

    message: str
    start: int
    end: int
    hint: str = ""


class Completion(Wire):
    """Something that can stand at the caret."""

    text: str
    """What to put in place of the characters from ``start`` to ``end``."""
    label: str
    detail: str = ""
    start: int
    end: int


class FilterCheck(Wire):
    """A filter, looked at."""

    filter: str = ""
    """The filter that was looked at."""
    error: FilterError | None = None
    conditions: list[FilterCondition] | None = None
    """The conditions that all have to hold; null where the filter says more than that or more than a form takes, or is
    wrong."""
    completions: list[Completion] = []
    notes: list[FilterError] = []
    """What is not wrong, but probably not meant: columns that no trial has."""


class RunIds(Wire):
    """Trials to delete or to restore."""

    run_ids: list[Annotated[str, StringConstraints(min_length=1, max_length=64)]] = Field(min_length=1, max_length=1000)
