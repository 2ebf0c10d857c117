"""What the output notebook keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook, new_output

from studio_ext.worker.notebook_file import joined
from studio_ext.worker.notebook_json import notebook_json
from studio_ext.worker.outputs import KeptOutputs, data_cost, middle_out, text_cost

MIB = 1 << 20


def file_size(outs: list[Any]) -> int:
    """Bytes of a notebook with these outputs, beyond those of one without any."""
    size = lambda outputs: sum(map(len, notebook_json(new_notebook(cells=[new_code_cell("", outputs=outputs)]))))  # noqa: E731
    return size(outs) - size([])


def show(kept: KeptOutputs, outs: list[Any], **data: Any) -> bool:
    if not kept.admits(outs, {"data": data, "metadata": {}}):
        return False
    outs.append(new_output("display_data", data=data))
    return True


def texts(outs: list[Any]) -> list[str]:
    return [out.text for out in outs if out.output_type == "stream"]


# -- costs ----------------------------------------------------------------------------------------------------


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text('\n\x00\x1b"\\é', max_size=50))
def test_the_cost_of_a_text_is_what_its_file_grows_by(text: str) -> None:
    grown = file_size([new_output("stream", name="stdout", text=text)])
    assert grown - 220 <= text_cost(text) <= grown


@given(st.recursive(st.integers() | st.text(max_size=9), lambda x: st.lists(x, max_size=9), max_leaves=40))
def test_the_cost_of_data_is_about_what_its_file_grows_by(value: Any) -> None:
    data = {"application/json": value, "text/plain": "x"}
    assert file_size([new_output("display_data", data=data)]) <= 3 * data_cost(data) + 400


# -- text -----------------------------------------------------------------------------------------------------


@given(st.lists(st.text("ab\r\n\b", max_size=20), max_size=20))
def test_short_text_is_kept_as_a_terminal_shows_it(pieces: list[str]) -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    shown = ""
    for piece in pieces:
        kept.add_text(outs, "stdout", piece)
        shown = joined(shown, piece)
    assert "".join(texts(outs)) == shown


def test_streams_are_told_apart() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    for name, text in (("stdout", "a"), ("stderr", "b"), ("stderr", "c"), ("stdout", "d")):
        kept.add_text(outs, name, text)
    assert [(out.name, out.text) for out in outs] == [("stdout", "a"), ("stderr", "bc"), ("stdout", "d")]


def test_of_a_long_text_beginning_and_end_are_kept() -> None:
    kept, outs = KeptOutputs(MIB, log_limit=1 << 30), []  # type: tuple[KeptOutputs, list[Any]]
    lines = [f"line {number}\n" for number in range(100_000)]
    for start in range(0, len(lines), 1000):
        kept.add_text(outs, "stdout", "".join(lines[start : start + 1000]))
        assert texts(outs)[-1].endswith(lines[start + 999]), "what was printed last can be seen at any time"
    first, note, last = texts(outs)
    whole = "".join(lines)
    assert whole.startswith(first) and len(first) > 20_000 and first.endswith("\n")
    assert whole.endswith(last) and len(last) > 3000 and last.startswith("line ")
    left_out = len(whole) - len(first) - len(last)
    assert note == f"\n--- {left_out / MIB:.4g} MiB of text left out here; the log has it, up to 1 GiB ---\n"
    assert file_size(outs) < MIB // 8


def test_one_huge_line() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    kept.add_text(outs, "stdout", "x" * 50_000_000 + "end\n")
    first, note, last = texts(outs)
    assert set(first) == {"x"} and last.endswith("xend\n") and "left out" in note
    assert file_size(outs) < MIB // 8


@pytest.mark.parametrize("text", ["\n", "\x00", "é\n", "\\", "\u2028", "😀"])
def test_text_that_takes_more_room_in_the_file(text: str) -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    for _ in range(20):
        kept.add_text(outs, "stdout", text * 100_000)
    assert file_size(outs) < MIB // 3


def test_hours_of_progress_bars_take_no_room() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    for number in range(20_000):
        kept.add_text(outs, "stderr", f"\r{number:6d} of 20000 [{'#' * (number // 400):50}]")
    assert len(outs) == 1 and outs[0].text.startswith(" 19999 of 20000 [####")


def test_progress_in_one_huge_message() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    kept.add_text(outs, "stderr", "".join(f"\r{number:6d}" for number in range(500_000)))
    assert texts(outs) == ["499999"]


# -- everything else ------------------------------------------------------------------------------------------


def test_outputs_beyond_the_limit_are_left_out_and_counted() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    shown = [show(kept, outs, **{"image/png": "A" * 100_000}) for _ in range(10)]
    assert shown == [True] * 3 + [False] * 7
    assert len(outs) == 4
    assert outs[-1].text.startswith("--- 7 outputs of 683.7 KiB left out here")
    assert show(kept, outs, **{"text/plain": "small"}), "what is small enough still fits"


def test_a_noisy_cell_leaves_room_for_all_that_follow() -> None:
    kept, whole = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    for number in range(50):
        kept.begin()
        outs: list[Any] = []
        for _ in range(30):
            show(kept, outs, **{"image/png": "A" * 50_000})
            kept.add_text(outs, "stdout", "y" * 50_000)
        whole += outs
        kept.begin()
        outs = []
        kept.add_text(outs, "stdout", f"accuracy {number}\n")
        assert texts(outs) == [f"accuracy {number}\n"]
        whole += outs
    assert file_size(whole) < 1.2 * MIB


def test_cleared_outputs_make_room() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    for number in range(100):
        outs.clear()
        kept.cleared()
        assert show(kept, outs, **{"image/png": "A" * 200_000}), number


def test_replaced_outputs_count_once() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    kept.admits(outs, {"data": {"text/plain": "x"}}, "d")
    for _ in range(100):
        content = {"data": {"image/png": "A" * 200_000}, "metadata": {}}
        kept.replaces(content, "d", 1)
        assert len(content["data"]["image/png"]) == 200_000
    content = {"data": {"image/png": "A" * MIB}, "metadata": {}}
    kept.replaces(content, "d", 1)
    assert content["data"] == {"text/plain": "--- An output of 1 MiB left out here ---"}


def test_what_widgets_catch_does_not_come_back() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    caught = 0
    while kept.admits_hidden({"text": "x" * 10_000}):
        caught += 1
        kept.cleared()
    assert 20 < caught < 60
    assert not show(kept, outs, **{"text/plain": "x" * 10_000})


def test_errors_are_always_kept() -> None:
    kept, outs = KeptOutputs(MIB), []  # type: tuple[KeptOutputs, list[Any]]
    while show(kept, outs, **{"image/png": "A" * 1000}):
        pass
    content = {"ename": "ValueError", "evalue": "e" * 10**6, "traceback": ["t" * 10**6, "last line"]}
    kept.shorten_error(content)
    assert content["ename"] == "ValueError"
    assert len(json.dumps(content)) < 5000
    assert content["traceback"][-1].endswith("last line")


@given(st.text(max_size=300), st.integers(2, 100))
@settings(max_examples=30)
def test_middle_out(text: str, longest: int) -> None:
    short = middle_out(text, longest)
    assert short == text or (short[:1] == text[:1] and short[-1:] == text[-1:] and "characters left out" in short)
    assert len(short) <= max(len(text), longest) + 60
