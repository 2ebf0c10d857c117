"""Wire types of a report: a view with everything that it shows, so that it can be read without a server."""

from __future__ import annotations

from studio_ext.contract.base import Wire
from studio_ext.contract.comparison import Comparison, Importance
from studio_ext.contract.series import SampledSeries
from studio_ext.contract.views import View


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
    histories: list[ChartHistories]
    importances: list[ChartImportance]
    notes: list[str] = []
    """What is not as in the view, in sentences."""
