"""Wire types of a report: a view with everything that it shows, so that it can be read without a server."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictInt

from studio_ext.contract.base import Wire
from studio_ext.contract.comparison import Comparison, Importance
from studio_ext.contract.series import SampledSeries
from studio_ext.contract.views import MAX_TRIALS, RunId, View

MAX_COLOURS = 32
"""Places in the list of colours, dashes included."""

Colour = Annotated[StrictInt, Field(ge=0, lt=MAX_COLOURS)]
"""Place in the list of colours, which themes fill."""


class ViewExport(Wire):
    """A view that is to become a file, and how it looks now."""

    view: View
    colours: dict[RunId, Colour] = Field(default={}, max_length=MAX_TRIALS)
    """By run id; trials that are not named get the first colours that are free."""


class ChartHistories(Wire):
    """What a chart of histories draws."""

    chart: str
    """Id of the chart."""
    series: list[SampledSeries]


class ChartImportance(Wire):
    """What a chart of the importance of parameters draws."""

    chart: str
    """Id of the chart."""
    importance: Importance


class ViewReport(Wire):
    """A view, and what it showed when the report was made. The charts of the view are always there."""

    made: float
    """Seconds since the epoch."""
    version: str
    """Of Studio."""
    view: View
    comparison: Comparison
    colours: dict[str, int]
    """Of each trial, by run id: its place in the list of colours."""
    histories: list[ChartHistories]
    importances: list[ChartImportance]
    notes: list[str] = []
    """What is not as in the view, in sentences."""
