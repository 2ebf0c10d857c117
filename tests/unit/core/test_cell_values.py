from __future__ import annotations

import math
import time
from collections import OrderedDict
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.core.cell_values import (
    MOST_METRICS,
    as_number,
    assigned_names,
    numbers_in,
    parameter_names,
    plain_values,
)
from studio_ext.core.record_names import checked_name


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("depth = 8\nrate = 1e-3\nname = 'x'\nflag = True", ["depth", "rate", "name", "flag"]),
        ("depth: int = 8\nsize: int", ["depth"]),
        ("a, (b, c) = 1, (-2, 3)\nd = e = 2**10 * 3", ["a", "b", "c", "d", "e"]),
        ("a, b = pair\n[c, d] = 1, 2", ["c", "d"]),
        ("_private = 1\nobject.depth = 8\ntable['x'] = 1\n*rest, = 1, 2", []),
        ("score = model.score(x)\ncopy = depth\nnothing = None\nlist_ = [1]\ncode = b'x'\ntext = f'{1}'", []),
        ("if True:\n    depth = 8\ndef f():\n    rate = 1\nclass C:\n    size = 2", []),
        ("n = 0\nfor row in rows:\n    n += 1", []),  # a counter is a result
        ("n = 0\nn = n + 1", []),
        ("n = 1\nn = 2", ["n"]),
        ("i = 0\nfor i in range(3): pass", []),
        ("n = 1\nif (n := 2): pass", []),
        ("n = 1\nwith open('x') as n: pass", []),
        ("n = 1\nimport n", []),
        ("n = 1\ntry: pass\nexcept ValueError as n: pass", []),
        ("n = 1\ndef f():\n    n = 2", ["n"]),  # a name of its own
        ("n = 1\nf = lambda: (n := 2)", ["n"]),
        ("größe = 3", ["größe"]),
        ("x = (", []),
        ("", []),
        ("x = 1\0", []),
    ],
)
def test_plain_assignments_at_the_top_level_are_parameters(source: str, names: list[str]) -> None:
    assert parameter_names(source) == names


def test_all_names_that_a_cell_sets() -> None:
    source = "a = 1\nfor b in c: d = b\nimport e.f, g as h\nfrom i import j\ndef k(): l = 1\nclass m: n = 1\nx.y = 1"
    assert assigned_names(source) == {"a", "b", "d", "e", "h", "j", "k", "m"}
    assert assigned_names("x = (") == set()


def test_ten_thousand_assignments_take_no_time() -> None:
    source = "\n".join(f"p{number} = {number}" for number in range(10_000))
    started = time.process_time()
    assert len(parameter_names(source)) == 10_000
    assert time.process_time() - started < 20


def test_a_deep_cell_is_no_fault() -> None:
    assert parameter_names("x = " + "(" * 5000 + "1" + ")" * 5000) == []
    assert parameter_names("x = " + "-" * 100_000 + "1") in ([], ["x"])


def test_values_after_the_run() -> None:
    namespace: dict[str, Any] = {
        "depth": 8, "rate": 0.1, "flag": False, "name": "x" * 500, "long": "x" * 501, "nan": math.nan, "inf": math.inf,
        "array": np.zeros(3), "scalar": np.float64(1),
    }  # fmt: skip
    found = plain_values([*namespace, "gone"], namespace)
    assert set(found) == {"depth", "rate", "flag", "name"}


class Tensor:
    """As torch has it: a number that says so by ``item``."""

    shape = ()

    def item(self) -> float:
        return 2.5


class Broken:
    shape = ()

    def item(self) -> float:
        raise RuntimeError("on another device")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1.0),
        (2.5, 2.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(4.0), 4.0),
        (Tensor(), 2.5),
        (Fraction(1, 2), 0.5),
        (True, None),
        (np.bool_(True), None),
        ("1", None),
        (1j, None),
        (None, None),
        (np.zeros(1), None),
        (np.zeros((2, 2)), None),
        (Broken(), None),
        ([1], None),
        (10**400, None),
    ],
)
def test_a_number_is_a_number(value: Any, number: float | None) -> None:
    assert as_number(value) == number


def test_infinities_are_numbers() -> None:
    assert as_number(math.inf) == math.inf
    assert math.isnan(as_number(math.nan) or 0)


def test_numbers_of_a_result() -> None:
    result = OrderedDict(
        rmse=0.5, test=MappingProxyType({"r2": np.float64(0.9), "macro avg": {"f1": 1}}), name="x", array=np.zeros(2)
    )
    assert numbers_in(result) == {"rmse": 0.5, "test.r2": 0.9, "test.macro avg.f1": 1.0}
    assert numbers_in({1: 2, ("a", "b"): 3, "50%": 4, "": 5, "new\nline": 6}) == {
        "1": 2, "__a__ _b__": 3, "50_": 4, "_": 5, "new_line": 6,
    }  # fmt: skip
    assert set(numbers_in({"..": 1, "/etc/x": 2, "a/../b": 3, "x" * 300: 4, "a/": 5})) == {
        "__", "_etc_x", "a____b", "x" * 250, "a_",
    }  # fmt: skip
    for nothing in (None, 1, [("a", 1)], "text", np.zeros(3)):
        assert numbers_in(nothing) == {}


def test_endless_results_have_an_end() -> None:
    circle: dict[str, Any] = {"a": 1}
    circle["again"] = circle
    assert numbers_in(circle)["again.again.a"] == 1
    assert len(numbers_in({str(number): number for number in range(5000)})) == MOST_METRICS


@given(st.dictionaries(st.text(max_size=300), st.floats(allow_nan=False) | st.text(max_size=5), max_size=5))
def test_every_name_is_one_that_mlflow_takes(mapping: dict[str, Any]) -> None:
    for name in numbers_in(mapping):
        assert checked_name(name, "metric") == name
