"""Trials as a file: CSV for spreadsheets, Parquet for programs. Made piece by piece, never held as a whole."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import ExportFormat, TrialQuery
from studio_ext.core.trial_filter.values import Holds, holds
from studio_ext.core.trial_keys import ATTRIBUTES, Key, Kind, parse_number
from studio_ext.ports.trial_index import Rows, TrialColumns
from studio_ext.services.trial_query.cells import plain_number
from studio_ext.services.trial_query.evaluate import is_number, numbers, present
from studio_ext.services.trial_query.tables import TrialTables, key_of

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 10_000
"""In one piece of CSV. For each one every column is gone through once."""
_GROUP = 20_000
"""In one row group of Parquet."""
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take what begins so for a formula."""

Piece = Callable[[Rows], bytes]


def export(tables: TrialTables, query: TrialQuery, format: ExportFormat, now: float) -> Iterator[bytes]:
    """All trials that a query matches, in its order, as the bytes of a file. Groups and trees are left out of it.

    No ``columns``: all there are. What is wrong with the query is raised before the first byte is asked for.
    """
    plain = query.model_copy(update={"group_by": None, "tree": False, "result": None})
    columns, result = tables.find(plain)
    keys = [key_of(text, f"columns.{at}") for at, text in enumerate(query.columns)] or _every(columns)
    rows = result.order.all()
    match format:
        case ExportFormat.csv:
            return _csv(columns, keys, rows, now)
        case ExportFormat.parquet:
            return _parquet(columns, keys, rows, now)


def _every(columns: TrialColumns) -> list[Key]:
    return [*(Key(Kind.attribute, name) for name in ATTRIBUTES), *columns.keys([])]


# -- CSV


def _csv(columns: TrialColumns, keys: Sequence[Key], rows: Rows, now: float) -> Iterator[bytes]:
    yield _lines([[key.text for key in keys]])
    for first in range(0, len(rows), _ROWS):
        part = rows[first : first + _ROWS]
        by_column = [_fields(columns, key, part, now) for key in keys]
        yield _lines(zip(*by_column, strict=True))


def _lines(rows: Any) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode("utf-8", "replace")


def _fields(columns: TrialColumns, key: Key, rows: Rows, now: float) -> list[str]:
    if not is_number(key):
        return ["" if each is None else _harmless(each) for each in columns.texts(key, rows)]
    has_value = present(columns, key, now)[rows].tolist()
    write = _time if holds(key) is Holds.moment else repr
    found = numbers(columns, key, now)[rows].tolist()
    return [write(each) if has else "" for each, has in zip(found, has_value, strict=True)]


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that looks so gets an apostrophe in front."""
    return f"'{text}" if text.startswith(_RISKY) and parse_number(text) is None else text


def _time(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return repr(seconds)


# -- Parquet


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._size

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def _parquet(columns: TrialColumns, keys: Sequence[Key], rows: Rows, now: float) -> Iterator[bytes]:
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise InvalidRequest.field("format", "Parquet needs pyarrow", hint="Install pyarrow, or take CSV.") from error
    arrow = [(key, _arrow_type(columns, key, pa)) for key in dict.fromkeys(keys)]
    schema = pa.schema([(key.text, kind) for key, kind in arrow])

    def pieces() -> Iterator[bytes]:
        sink = _Sink()
        with pa.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
            for first in range(0, len(rows), _GROUP):
                part = rows[first : first + _GROUP]
                arrays = [_array(columns, key, kind, part, now, pa) for key, kind in arrow]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
                if piece := sink.take():
                    yield piece
        yield sink.take()

    return pieces()


def _arrow_type(columns: TrialColumns, key: Key, pa: Any) -> pa.DataType:
    match holds(key):
        case Holds.moment:
            return pa.timestamp("ms", "UTC")
        case Holds.number | Holds.duration:
            return pa.float64()
        case Holds.flag:
            return pa.bool_()
        case Holds.anything if (facts := columns.facts(key)) is not None and facts.numeric:
            every = columns.texts(key, columns.active().nonzero()[0])
            if all(each is None or not isinstance(plain_number(each), str) for each in every):
                return pa.float64()  # else something would be lost: ``007``
    return pa.string()


def _array(columns: TrialColumns, key: Key, kind: pa.DataType, rows: Rows, now: float, pa: Any) -> pa.Array:
    if pa.types.is_string(kind):
        texts = columns.texts(key, rows)
        return pa.array([None if each is None else each.encode("utf-8", "replace").decode() for each in texts], kind)
    if pa.types.is_boolean(kind):
        return pa.array([None if each is None else each == "true" for each in columns.texts(key, rows)], kind)
    missing = ~present(columns, key, now)[rows]
    values = numbers(columns, key, now)[rows]
    if pa.types.is_timestamp(kind):
        return pa.array([None if math.isnan(each) else round(each * 1000) for each in values.tolist()], kind)
    return pa.array(values, kind, mask=missing, from_pandas=False)
