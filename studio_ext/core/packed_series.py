"""Histories as bytes: arrays that a browser uses as they come, but for places that are equally far apart, instead of
millions of numbers to be written and parsed.

A server sends them to those who accept ``PACKED`` of :mod:`studio_ext.contract.series`. Everything is little-endian,
and every array begins at a multiple of 8 bytes::

    8 bytes             length of the head, a multiple of 8
    head                JSON: {"page": ..., "points": [n, ...], "strides": [d, ...]}, then spaces
    m x 8, n x 8 bytes  for each series of the page: places and values, as float64; NaN stands for no finite value

Where place i is ``first + d * i`` in float64, as steps mostly are, only the first is there (m = 1);
else d = 0 and m = n.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LENGTH = struct.Struct("<Q")
_FLOAT = "<f8"
Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def pack(page: bytes, points: Sequence[tuple[ArrayLike, ArrayLike]]) -> bytes:
    """``page``: the answer as JSON, without points; ``points``: places and values of each of its series."""
    arrays = [(np.asarray(places, dtype=_FLOAT), np.asarray(values, dtype=_FLOAT)) for places, values in points]
    strides = [_stride(places) for places, _ in arrays]
    layout = f'"points": {json.dumps([len(places) for places, _ in arrays])}, "strides": {json.dumps(strides)}'
    head = b'{"page": ' + page + f", {layout}}}".encode()
    head = head.ljust(-(-len(head) // _LENGTH.size) * _LENGTH.size)
    parts = [_LENGTH.pack(len(head)), head]
    for (places, values), stride in zip(arrays, strides, strict=True):
        parts += ((places[:1] if stride else places).tobytes(), values.tobytes())
    return b"".join(parts)


def unpack(packed: bytes) -> tuple[dict[str, Any], list[Points]]:
    """The page as it is in JSON, and places and values of each series."""
    (size,) = _LENGTH.unpack_from(packed)
    head = json.loads(packed[_LENGTH.size : _LENGTH.size + size])
    arrays = np.frombuffer(packed, dtype=_FLOAT, offset=_LENGTH.size + size)
    return head["page"], list(_pairs(arrays, head["points"], head["strides"]))


def _pairs(arrays: NDArray[np.float64], counts: Sequence[int], strides: Sequence[float]) -> Iterator[Points]:
    start = 0
    for count, stride in zip(counts, strides, strict=True):
        end = start + (1 if stride else count)
        places = _spaced(arrays[start], count, stride) if stride else arrays[start:end]
        start = end + count
        yield places, arrays[end:start]


def _stride(places: NDArray[np.float64]) -> float:
    """How far places are apart, where that says it all; else 0."""
    if len(places) < 2:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        stride = float(places[1] - places[0])
        is_all = np.array_equal(_spaced(places[0], len(places), stride), places)
    return stride if is_all and math.isfinite(stride) else 0.0


def _spaced(first: float, count: int, stride: float) -> NDArray[np.float64]:
    return np.asarray(first + stride * np.arange(count), dtype=_FLOAT)
