"""The number of rows and columns of a Parquet file, from its footer (Thrift's compact protocol)."""

from __future__ import annotations

import struct
from typing import Any

MAGIC = b"PAR1"
_STOP, _TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 0, 1, 2, 3, 7, 8, 9, 10, 11, 12
_SCHEMA, _NUM_ROWS, _NUM_CHILDREN = 2, 3, 5
"""Numbers of the fields of ``FileMetaData`` and ``SchemaElement`` that are looked at."""
_DEEPEST = 20


def footer_length(tail: bytes) -> int:
    """Bytes of the footer before the last eight bytes of a file. Raises ``ValueError`` for another kind of file."""
    if len(tail) != 8 or tail[4:] != MAGIC:
        raise ValueError("not a Parquet file")
    return int(struct.unpack("<I", tail[:4])[0])


def shape(footer: bytes) -> tuple[int, int | None]:
    """Rows and columns (of the first level) that a footer tells of. Raises ``ValueError``."""
    try:
        fields = _Compact(footer).struct(until=_NUM_ROWS)
        rows, schema = fields[_NUM_ROWS], fields.get(_SCHEMA)
    except (IndexError, KeyError) as error:
        raise ValueError("not the footer of a Parquet file") from error
    root = schema[0] if isinstance(schema, list) and schema and isinstance(schema[0], dict) else {}
    columns = root.get(_NUM_CHILDREN)
    if type(rows) is not int or rows < 0:
        raise ValueError("not the footer of a Parquet file")
    return rows, columns if type(columns) is int and columns >= 0 else None


class _Compact:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def struct(self, depth: int = 0, until: int | None = None) -> dict[int, Any]:
        """Fields by number; with ``until``, no field after that one."""
        found: dict[int, Any] = {}
        number = 0
        while until not in found:
            head = self._byte()
            kind = head & 15
            if kind == _STOP:
                break
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            found[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return found

    def _value(self, kind: int, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        if kind in (_TRUE, _FALSE, _BYTE):  # in lists, a boolean takes a byte
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        if kind == _BINARY:
            return self._take(self._varint())
        if kind in (_LIST, _SET):
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._varint()
            self._fits(count)
            return [self._element(head & 15, depth) for _ in range(count)]
        if kind == _MAP:
            count = self._varint()
            self._fits(count)
            kinds = self._byte() if count else 0
            return [(self._element(kinds >> 4, depth), self._element(kinds & 15, depth)) for _ in range(count)]
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind < _DOUBLE:
            return self._zigzag()
        raise ValueError("not Thrift")

    def _element(self, kind: int, depth: int) -> Any:
        return self._value(kind, depth + 1)

    def _fits(self, count: int) -> None:
        """Each element takes a byte at least."""
        if count > len(self._data) - self._at:
            raise ValueError("the footer is cut off")

    def _byte(self) -> int:
        byte = self._data[self._at]
        self._at += 1
        return byte

    def _take(self, count: int) -> bytes:
        self._fits(count)
        self._at += count
        return self._data[self._at - count : self._at]

    def _varint(self) -> int:
        value = shift = 0
        while True:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
            if shift > 63:
                raise ValueError("not Thrift")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
