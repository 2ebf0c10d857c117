"""What is wrong with a filter."""

from __future__ import annotations

from studio_ext.contract.errors import FieldError, InvalidRequest
from studio_ext.contract.trial_table import FilterError


class WrongFilter(InvalidRequest):
    """A filter that cannot be read. ``error`` says where."""

    def __init__(self, message: str, start: int, end: int, hint: str = "") -> None:
        """``start`` and ``end``: the place, in characters."""
        super().__init__(
            f"The filter is wrong at character {start + 1}: {message}",
            hint=hint,
            fields=[FieldError(field="filter", message=message)],
        )
        self.error = FilterError(message=message, start=start, end=end, hint=hint)
