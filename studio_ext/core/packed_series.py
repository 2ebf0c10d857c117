"""Histories as bytes: arrays that a browser uses as they come, instead of millions of numbers to be written and parsed.

A server sends them to those who accept ``PACKED`` of :mod:`studio_ext.contract.series`. Everything is little-endian,
and every array begins at a multiple of 8 bytes::

    8 bytes             length of the head, a multiple of 8
    head                JSON: {"page": ..., "points": [n, ...]}, then spaces
    n x 8, n x 8 bytes  for each series of the page: places and values, as float64; NaN stands for no finite value
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LENGTH = struct.Struct("<Q")
_FLOAT = "<f8"
Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def pack(page: bytes, points: Sequence[tuple[ArrayLike, ArrayLike]]) -> bytes:
    """``page``: the answer as JSON, without points; ``points``: places and values of each of its series."""
    arrays = [(np.asarray(places, dtype=_FLOAT), np.asarray(values, dtype=_FLOAT)) for places, values in points]
    counts = json.dumps([len(places) for places, _ in arrays]).encode()
    head = b'{"page": ' + page + b', "points": ' + counts + b"}"
    head = head.ljust(-(-len(head) // _LENGTH.size) * _LENGTH.size)
    return b"".join((_LENGTH.pack(len(head)), head, *(each.tobytes() for pair in arrays for each in pair)))


def unpack(packed: bytes) -> tuple[dict[str, Any], list[Points]]:
    """The page as it is in JSON, and places and values of each series."""
    (size,) = _LENGTH.unpack_from(packed)
    head = json.loads(packed[_LENGTH.size : _LENGTH.size + size])
    arrays = np.frombuffer(packed, dtype=_FLOAT, offset=_LENGTH.size + size)
    return head["page"], list(_pairs(arrays, head["points"]))


def _pairs(arrays: NDArray[np.float64], counts: Iterable[int]) -> Iterator[Points]:
    start = 0
    for count in counts:
        yield arrays[start : start + count], arrays[start + count : start + 2 * count]
        start += 2 * count
