from __future__ import annotations

import time
from typing import Any

import pytest

from studio_ext.contract.trial_diff import CellDiff
from studio_ext.core import notebook_diff
from studio_ext.core.notebook_diff import MAX_CELLS, MAX_PICTURES, cells_of, diff_cells, script


def cell(source: str, *outputs: dict[str, Any], kind: str = "code", **fields: Any) -> dict[str, Any]:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": list(outputs), **fields}


def printed(text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": "stdout", "text": text}


def shown(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {key.replace("_", "/"): value for key, value in data.items()}}


def diff(first: list[Any], second: list[Any]) -> list[CellDiff]:
    return diff_cells(cells_of({"cells": first}), cells_of({"cells": second})).cells


def words(cells: list[CellDiff]) -> list[tuple[str, int | None, int | None, str]]:
    return [(each.change, each.first, each.second, each.outputs) for each in cells]


def test_a_changed_cell_keeps_its_place_between_others() -> None:
    first = [cell("import os"), cell("rate = 0.1\nfit(rate)", printed("1")), cell("plot()")]
    second = [cell("import os"), cell("rate = 0.2\nfit(rate)", printed("2")), cell("extra(1, 2)"), cell("plot()")]
    found = diff(first, second)
    assert words(found) == [
        ("same", 1, 1, "none"),
        ("changed", 2, 2, "changed"),
        ("added", None, 3, "none"),
        ("same", 3, 4, "none"),
    ]
    changed = found[1]
    assert [(block.kind, block.lines) for block in changed.source.blocks] == [
        ("removed", ["rate = 0.1"]),
        ("added", ["rate = 0.2"]),
        ("same", ["fit(rate)"]),
    ]
    assert changed.output_text is not None and (changed.output_text.added, changed.output_text.removed) == (1, 1)
    assert changed.label == "rate = 0.2"


def test_ids_tell_which_cells_belong_together_where_nothing_else_does() -> None:
    first = [cell("alpha beta gamma", id="a"), cell("one two three", id="b")]
    second = [cell("delta epsilon", id="a"), cell("four five six", id="b")]
    assert words(diff(first, second)) == [("changed", 1, 1, "none"), ("changed", 2, 2, "none")]
    for each in second:
        del each["id"]
    assert [each.change for each in diff(first, second)] == ["removed", "removed", "added", "added"]


def test_of_several_that_are_alike_the_most_alike_is_the_same_cell() -> None:
    second = [cell("a b c d e f x y z w"), cell("a b c d e f g h i z"), cell("a b c d e f x y z w v")]
    found = diff([cell("a b c d e f g h i j")], second)
    assert words(found) == [("added", None, 1, "none"), ("changed", 1, 2, "none"), ("added", None, 3, "none")]


def test_as_many_cells_as_possible_are_found_again() -> None:
    # The first is more like the second of the others: that would leave the second without its own.
    first = [cell("a b c d e f"), cell("g h i j k l")]
    second = [cell("a b c x y z"), cell("a b c d g h i j")]
    assert words(diff(first, second)) == [("changed", 1, 1, "none"), ("changed", 2, 2, "none")]


def test_words_are_held_against_each_other_up_to_a_limit_for_the_whole_notebook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(notebook_diff, "_MAX_PAIRS", 1)
    monkeypatch.setattr(notebook_diff, "_FEW_PAIRS", 1)
    first = [cell("a b c d"), cell("same"), cell("e f g h"), cell("i j k l", id="i"), cell("also"), cell("m n o p")]
    second = [cell("a b c x"), cell("same"), cell("e f g x"), cell("i j k x", id="i"), cell("also"), cell("m n o x")]
    assert [each.change for each in diff(first, second)] == [
        "changed",
        "same",
        "removed",
        "added",
        "changed",
        "same",
        "changed",
    ]


def test_a_cell_of_another_kind_is_another_cell() -> None:
    assert [each.change for each in diff([cell("x", id="a")], [cell("x", id="a", kind="markdown")])] == [
        "removed",
        "added",
    ]


def test_the_parameters_of_jobs_are_held_against_each_other() -> None:
    tags = {"tags": ["injected-parameters"]}
    found = diff([cell("depth = 3", metadata=tags)], [cell("name = 'x'\nrate = 7", metadata=tags)])
    assert [(each.change, each.label) for each in found] == [("changed", "Parameters")]


def test_counts_of_executions_say_nothing() -> None:
    value = {"output_type": "execute_result", "data": {"text/plain": "7"}}
    first, second = cell("x", {**value, "execution_count": 1}), cell("x", {**value, "execution_count": 9})
    assert words(diff([{**first, "execution_count": 1}], [{**second, "execution_count": 9}])) == [
        ("same", 1, 1, "same")
    ]


def test_pictures_that_differ_are_there_on_both_sides() -> None:
    found = diff(
        [cell("plot", shown(image_png="AAAA\n", text_plain="<Figure>"), shown(image_png="CCCC"))],
        [cell("plot", shown(image_png="BBBB", text_plain="<Figure>"), shown(image_png=["CC", "CC"]))],
    )
    assert [(each.first, each.second) for each in found[0].pictures] == [("AAAA", "BBBB")]
    assert found[0].output_text is None


def test_pictures_that_are_too_much_are_left_out_and_it_is_said() -> None:
    large = [cell("plot", shown(image_png="A" * (MAX_PICTURES // 2)))]
    other = [cell("plot", shown(image_png="B" * (MAX_PICTURES // 2 + 1)))]
    answer = diff_cells(cells_of({"cells": large}), cells_of({"cells": other}))
    assert answer.cells[0].outputs == "changed" and answer.cells[0].pictures == [] and answer.is_cut


def test_errors_and_html_are_texts() -> None:
    error = {"output_type": "error", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[0m: v"]}
    found = diff([cell("x", error)], [cell("x", shown(text_html="<img src=x onerror=alert(1)>"))])
    text = found[0].output_text
    assert text is not None
    assert [block.lines for block in text.blocks] == [["E: v"], ["<HTML of 28 characters>"]]


def test_html_that_differs_is_noticed_though_it_is_not_shown() -> None:
    found = diff([cell("x", shown(text_html="<b>1</b>"))], [cell("x", shown(text_html="<b>2</b>"))])
    assert found[0].outputs == "changed" and found[0].output_text is None


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        7,
        {},
        {"cells": 3},
        {"cells": [None, 7, {"cell_type": ["x"], "source": {"a": 1}, "outputs": "x", "metadata": []}]},
        {"cells": [cell("x", {"output_type": "error", "traceback": "no list"}, {"data": {"image/png": [1, None]}})]},
        {"cells": [{"cell_type": "code", "outputs": [None, {"data": 3}], "metadata": {"tags": 4}, "id": 7}]},
    ],
)
def test_what_is_no_notebook_counts_as_empty(hostile: Any) -> None:
    document = hostile if isinstance(hostile, dict) else {"cells": hostile}
    cells = cells_of(document)
    assert diff_cells(cells, cells_of({"cells": [cell("x")]})).cells
    assert isinstance(script(document), str)


def test_many_cells_are_looked_at_in_no_time() -> None:
    first = [cell(f"a{number} = {number}") for number in range(MAX_CELLS + 5)]
    second = [cell(f"b{number} = {number}") for number in range(MAX_CELLS)]
    began = time.process_time()
    answer = diff_cells(cells_of({"cells": first}), cells_of({"cells": second}))
    assert time.process_time() - began < 15
    assert answer.left_out == 5 and len(answer.cells) == 2 * MAX_CELLS


def test_lines_that_are_too_many_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_diff, "MAX_LINES", 3)
    answer = diff_cells(cells_of({"cells": [cell("a\nb")] * 4}), cells_of({"cells": [cell("a\nb")] * 4}))
    assert answer.is_cut and sum(len(block.lines) for each in answer.cells for block in each.source.blocks) == 3


def test_a_notebook_as_a_script() -> None:
    assert script({"cells": [cell("a\n"), cell(["# b\n", "c"], kind="markdown")]}) == (
        "# %% [code]\na\n\n# %% [markdown]\n# b\nc\n\n"
    )
