"""Minimum, maximum, mean and standard deviation of values that may be as large as numbers get."""

from __future__ import annotations

import math
from collections.abc import Iterable

LARGEST = 1.7976931348623157e308
"""What MLflow's databases keep in the place of infinity."""


def moments(values: Iterable[float]) -> tuple[int, float, float, float, float]:
    """Count, minimum, maximum, mean and population standard deviation; what is no number is left out.

    Exact sums of scaled values, so that 1e308 does not overflow. An infinity makes the mean infinite, or no number
    beside its opposite, and the deviation no number. Without values all but the count are no number.
    """
    numbers = [unbounded(value) for value in values if not math.isnan(value)]
    if not numbers:
        return 0, math.nan, math.nan, math.nan, math.nan
    low, high = min(numbers), max(numbers)
    if math.isinf(low) or math.isinf(high):
        mean = math.nan if math.isinf(low) and math.isinf(high) and low != high else (low if math.isinf(low) else high)
        return len(numbers), low, high, mean, math.nan
    scale = max(abs(low), abs(high)) or 1.0
    scaled = [value / scale for value in numbers]
    mean = math.fsum(scaled) / len(scaled)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in scaled) / len(scaled))
    # Rounding must not put the mean outside, nor spread equal values.
    if low == high:
        return len(numbers), low, high, low, 0.0
    return len(numbers), low, high, min(max(mean * scale, low), high), deviation * scale


def unbounded(value: float) -> float:
    """The value with the largest number there is read as the infinity that it stands for."""
    return math.copysign(math.inf, value) if abs(value) >= LARGEST else value
