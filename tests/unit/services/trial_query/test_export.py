"""Trials as CSV and Parquet, read back as spreadsheets and programs would."""

from __future__ import annotations

import csv
import io
import math
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.trial_table import ExportFormat, SortKey, TrialQuery
from studio_ext.services.trial_query import export as module
from studio_ext.services.trial_query.export import export
from studio_ext.services.trial_query.tables import TrialTables
from studio_ext.testing.memory_columns import MemoryColumns, MemoryIndex, MemoryTrial
from studio_ext.testing.trial_columns_suite import sample_trials

NOW = 1_700_001_000.0


def pieces(trials: list[MemoryTrial], format: str, **query: Any) -> Iterator[bytes]:
    index = MemoryIndex(e=MemoryColumns(trials))
    return export(TrialTables(index, lambda: NOW), TrialQuery(experiment="e", **query), ExportFormat(format), NOW)


def rows(trials: list[MemoryTrial], **query: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(pieces(trials, "csv", **query)).decode(), newline="")))


def frame(trials: list[MemoryTrial], **query: Any) -> Any:
    pd = pytest.importorskip("pandas")
    return pd.read_parquet(io.BytesIO(b"".join(pieces(trials, "parquet", **query))))


def test_csv_has_the_rows_of_the_query_in_its_order() -> None:
    query = {"filter": "params.lr is present", "sort": [SortKey(key="metrics.rmse")]}
    keys = ["name", "metrics.rmse", "params.lr", "started", "dirty"]
    found = rows(sample_trials(), columns=keys, **query)
    assert list(found[0]) == keys
    assert [list(each.values()) for each in found] == [
        ["plain", "-5.0", "1e-3", "2023-11-14T22:18:20.000+00:00", ""],
        ["ResNet one", "2.0", "0.1", "2023-11-14T22:13:20.000+00:00", "true"],
        ["resnet two", "nan", "0.10", "2023-11-14T22:15:00.000+00:00", "false"],
    ]


def test_all_columns_where_none_are_named_and_no_groups() -> None:
    found = rows(sample_trials(), group_by="status", tree=True, limit=1, offset=3)
    assert len(found) == 4 and {"name", "run_id", "params.lr", "metrics.rmse", "tags.stage"} <= set(found[0])
    assert rows([], columns=["name"]) == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd", "'+cmd"),
        ("-x", "'-x"),
        ("\tx", "'\tx"),
        ("-5", "-5"),
        ("+1e3", "+1e3"),
        ("-inf", "-inf"),
        ('a "quoted", text\nand more', 'a "quoted", text\nand more'),
        ("é 日本 🚀", "é 日本 🚀"),
        ("\ud800", "?"),
        ("a=b", "a=b"),
    ],
)
def test_texts_do_no_harm_in_a_spreadsheet(text: str, written: str) -> None:
    assert rows([MemoryTrial("a", params={"p": text})], columns=["params.p"]) == [{"params.p": written}]
    hostile = rows([MemoryTrial("a", params={text: "1"})])
    assert not any(each.startswith(("=", "+", "@")) for each in hostile[0])


@given(st.floats())
@settings(max_examples=50)
def test_numbers_keep_all_their_digits(number: float) -> None:
    (found,) = rows([MemoryTrial("a", metrics={"x": [number]})], columns=["metrics.x"])
    assert float(found["metrics.x"]) == number or math.isnan(number)


def test_a_file_is_made_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROWS", 10)
    monkeypatch.setattr(module, "_GROUP", 10)
    trials = [MemoryTrial(str(each), metrics={"x": [each]}) for each in range(35)]
    assert len(list(pieces(trials, "csv", columns=["name"]))) == 5
    assert len(rows(trials, columns=["metrics.x"])) == 35
    assert len(list(pieces(trials, "parquet", columns=["metrics.x"]))) >= 4
    assert sorted(frame(trials, columns=["metrics.x"])["metrics.x"]) == list(range(35))


def test_parquet_has_types() -> None:
    pd = pytest.importorskip("pandas")
    found = frame(sample_trials(), sort=[SortKey(key="name")]).set_index("name")
    assert list(found["metrics.rmse"].fillna(-1)) == [-1, -5, 2, -1]
    assert found["params.lr"].dtype == float and found["params.text"].dtype != float
    assert found["started"]["plain"] == pd.Timestamp(1_700_000_300, unit="s", tz="UTC")
    assert pd.isna(found["started"]["empty"]) and found["duration"]["plain"] == NOW - 1_700_000_300
    assert found["dirty"]["ResNet one"] is True and found["dirty"]["empty"] is None
    assert found["params.mixed"]["resnet two"] == "three"


def test_parquet_tells_nan_from_nothing() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    trials = [MemoryTrial("a", started=2.0, metrics={"x": [math.nan]}), MemoryTrial("b", started=1.0)]
    data = b"".join(pieces(trials, "parquet", columns=["metrics.x"]))
    column = parquet.read_table(io.BytesIO(data)).column("metrics.x").to_pylist()
    assert math.isnan(column[0]) and column[1] is None


def test_parquet_loses_nothing_of_what_only_looks_like_numbers() -> None:
    trials = [MemoryTrial(str(at), started=-at, params={"zip": text}) for at, text in enumerate(["007", "12"])]
    assert list(frame(trials, columns=["params.zip"])["params.zip"]) == ["007", "12"]
    assert frame([MemoryTrial("a", params={"p": "\ud800"})], columns=["params.p", "params.p"])["params.p"][0] == "?"


def test_what_is_wrong_is_said_before_the_first_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    for format in ("csv", "parquet"):
        with pytest.raises(InvalidRequest):
            pieces(sample_trials(), format, filter="(")
        with pytest.raises(InvalidRequest):
            pieces(sample_trials(), format, columns=["nothing"])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InvalidRequest, match="pyarrow"):
        pieces(sample_trials(), "parquet")
