"""The footer of Parquet files."""

from __future__ import annotations

import random
from io import BytesIO
from typing import Any

import pytest

from studio_ext.core import parquet

pa = pytest.importorskip("pyarrow")


def written(table: Any, **options: Any) -> bytes:
    import pyarrow.parquet as pq

    file = BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def footer(data: bytes) -> bytes:
    length = parquet.footer_length(data[-8:])
    return data[-8 - length : -8]


@pytest.mark.parametrize("rows", [0, 1, 5, 100_000])
@pytest.mark.parametrize("version", ["1.0", "2.6"])
def test_rows_and_columns_are_those_of_pyarrow(rows: int, version: str) -> None:
    table = pa.table({"a": range(rows), "b": [str(n) for n in range(rows)], "c": [[n] for n in range(rows)]})
    assert parquet.shape(footer(written(table, version=version, row_group_size=1000))) == (rows, 3)


def test_many_columns() -> None:
    assert parquet.shape(footer(written(pa.table({f"c{n}": [1.5] for n in range(700)})))) == (1, 700)


def test_other_files() -> None:
    for tail in (b"", b"PAR1", b"12345678", b"\0\0\0\0PARE"):
        with pytest.raises(ValueError, match="not a Parquet file"):
            parquet.footer_length(tail)


def test_damaged_footers_raise_one_error_only() -> None:
    good = footer(written(pa.table({"a": [1, 2], "b": ["x", "y"]})))
    chance = random.Random(5)
    for _ in range(3000):
        broken = bytearray(good[: chance.randrange(len(good))] if chance.random() < 0.3 else good)
        for _ in range(chance.randrange(1, 6)):
            if broken:
                broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            rows, _ = parquet.shape(bytes(broken))
        except ValueError:
            continue
        assert rows >= 0
    for hostile in (b"\x1c" * 100_000, b"\x19\xfc" + b"\xff" * 9 + b"\x01", b"\x1b\xff\xff\xff\xff\x0f"):
        with pytest.raises(ValueError, match=r"."):
            parquet.shape(hostile)
