"""Pictures are plain, bounded HTML and SVG, whatever things are called."""

from __future__ import annotations

import base64
import math
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.contract.jobs import Exit, ExitReason, Job, JobStatus
from studio_ext.widgets import pictures, svg_chart
from studio_ext.widgets.job_state import LINE, NAME, TRACEBACK, cut, job_state, number
from tests.unit.widgets.rows import job_row

BAIT = "<img src=x onerror=alert(1)>\x1b[31m<script>alert(2)</script>\u202e' \" javascript:alert(3)"


class Tags(HTMLParser):
    """The elements and attributes of a document, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


PLAIN = {
    "table",
    "tbody",
    "thead",
    "tr",
    "th",
    "td",
    "b",
    "code",
    "div",
    "details",
    "summary",
    "pre",
    "caption",
    "p",
    "img",
}


def jobs_state(*jobs: Job, **more: Any) -> dict[str, Any]:
    states = [job_state(job, **more) for job in jobs]
    return {"jobs": states, "over": all(state["over"] for state in states), "error": ""}


def failed(**changes: Any) -> Job:
    end = Exit(reason=ExitReason.cell_failed, message=BAIT, cell=7, cell_source=BAIT, traceback=BAIT)
    return job_row(status=JobStatus.Failed, name=BAIT, exit=end, **changes)


def test_a_job_that_failed_shows_why_and_what_to_do() -> None:
    tags = Tags(pictures.jobs_picture(jobs_state(failed())))
    assert tags.found <= PLAIN
    assert tags.attributes <= {"style", "class"}
    for text in ("Failed", "<script>alert(2)</script>", "Cell 7", "run_again"):
        assert text in tags.text
    assert "\x1b" not in tags.text
    assert "\u202e" not in tags.text.split("Cell 7")[0]  # what people named is on one line, and goes one way


def test_a_picture_of_what_goes_on_says_when_it_was_taken() -> None:
    running = jobs_state(job_row(status=JobStatus.InProgress))
    assert re.search(r"As of \d{4}-\d\d-\d\d", pictures.jobs_picture(running))
    assert "As of" not in pictures.jobs_picture(jobs_state(job_row(status=JobStatus.Completed)))


def test_texts_of_any_length_are_cut() -> None:
    long = "x" * 1_000_000
    end = Exit(reason=ExitReason.cell_failed, message=long, cell=1, cell_source=long, traceback=long)
    state = job_state(
        job_row(status=JobStatus.Failed, name=long, message=long, exit=end), metrics={long: 1.0}, log=long
    )
    assert len(state["name"]) == NAME
    assert len(state["end"]["message"]) == 4 * LINE
    assert len(state["end"]["traceback"]) == TRACEBACK
    assert len(str(state)) < 100_000
    assert len(pictures.jobs_picture({"jobs": [state], "over": True, "error": ""})) < 100_000


def test_many_metrics_are_counted() -> None:
    state = job_state(job_row(status=JobStatus.InProgress), metrics={f"m{n}": float(n) for n in range(100)})
    assert (len(state["metrics"]), state["more_metrics"]) == (24, 76)


def test_every_reason_has_a_sentence_and_a_next_step() -> None:
    for reason in ExitReason:
        if reason is ExitReason.completed:
            continue
        end = job_state(job_row(status=JobStatus.Failed, exit=Exit(reason=reason)))["end"]
        assert end["message"]
        assert end["next"]


def test_a_job_that_ended_without_a_record_is_told_all_the_same() -> None:
    assert job_state(job_row(status=JobStatus.Failed))["end"]["message"] == "The job is Failed."
    assert job_state(job_row(status=JobStatus.Completed))["end"] is None


def test_numbers_that_json_lacks_are_words() -> None:
    assert [number(value) for value in (math.nan, math.inf, -math.inf, 1.5, None)] == ["NaN", "∞", "-∞", 1.5, None]
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "ab…"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.012299999, "0.0123"),
        (48210.4, "48,210"),
        (1.2e-7, "1.2e-7"),
        (0.0, "0"),
        (-3.0, "-3"),
        (1e300, "1e300"),
        (12.3456789, "12.346"),
        (1234.5678, "1,234.6"),
        ("NaN", "NaN"),
        (None, ""),
    ],
)
def test_digits(value: Any, text: str) -> None:
    assert pictures.digits(value) == text


def test_the_end_of_a_log_is_what_a_terminal_would_show() -> None:
    assert pictures.log_lines("half\n10%\r20%\r30%\n\x1b[32mdone\x1b[0m\n", whole=False) == "…half\n30%\ndone"
    assert pictures.log_lines("one\r\ntwo", whole=True) == "one\ntwo"


def chart(*lines: tuple[list[int], list[float | None]], name: str = "loss") -> dict[str, Any]:
    """The state of a chart with one metric."""
    return {
        "x": "step",
        "over": True,
        "lines": [{"key": str(n), "name": BAIT, "colour": n} for n in range(len(lines))],
        "metrics": [
            {
                "name": name,
                "lines": [
                    {"line": n, "step": steps, "time": [float(s) for s in steps], "value": values, "last": values[-1]}
                    for n, (steps, values) in enumerate(lines)
                ],
            }
        ],
    }


SVG = "{http://www.w3.org/2000/svg}"


def test_a_chart_is_a_sound_svg_with_a_path_a_line() -> None:
    state = chart(([0, 1, 2], [1.0, None, 3.0]), ([0, 5], [2.0, 2.5]), name=BAIT)
    root = ElementTree.fromstring(svg_chart.chart_svg(state))
    assert {each.tag for each in root.iter()} == {
        SVG + tag for tag in ("svg", "g", "path", "line", "circle", "text")
    } - {SVG + "g"}
    paths = root.findall(f"{SVG}path")
    assert len(paths) == 2
    assert len({path.get("stroke") for path in paths}) == 2
    assert paths[0].get("d", "").count("M") == 2, "a value that is no number leaves a gap"


def test_lines_beyond_the_colours_have_another_dash() -> None:
    root = ElementTree.fromstring(svg_chart.chart_svg(chart(*[([0, 1], [1.0, 2.0])] * 20)))
    looks = {(each.get("stroke"), each.get("stroke-dasharray")) for each in root.findall(f"{SVG}path")}
    assert len(looks) == 20


def test_a_chart_as_html_is_one_image_with_its_figures() -> None:
    html = svg_chart.chart_picture(chart(([0, 1], [1.0, 0.5])))
    tags = Tags(html)
    assert tags.found == {"img"}
    assert tags.attributes == {"alt", "style", "src"}
    encoded = re.search(r"base64,([^\"]+)", html)
    assert encoded
    ElementTree.fromstring(base64.b64decode(encoded[1]))
    assert svg_chart.chart_words(chart(([0], [0.5]))).endswith("0.5")


def test_a_chart_without_values_says_so() -> None:
    nothing = {"metrics": [], "lines": [], "over": False, "x": "step"}
    assert "No metrics yet" in svg_chart.chart_picture(nothing)
    assert "No finite values" in svg_chart.chart_svg(chart(([0, 1], [None, None])))


@given(
    st.lists(
        st.tuples(st.integers(-(2**62), 2**62), st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False))),
        min_size=1,
        max_size=50,
    )
)
def test_any_finite_values_can_be_drawn(points: list[tuple[int, float | None]]) -> None:
    steps, values = [step for step, _ in points], [value for _, value in points]
    svg = svg_chart.chart_svg(chart((steps, values)))
    ElementTree.fromstring(svg)
    assert "nan" not in svg
    assert "inf" not in svg.replace("infinite", "")


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_ticks_are_few_and_within(one: float, other: float) -> None:
    low, high = min(one, other), max(one, other)
    found = svg_chart.ticks(low, high, 4)
    assert len(found) <= 16
    slack = (high / 2 - low / 2) * 1e-6
    assert all(low / 2 - slack <= tick / 2 <= high / 2 + slack for tick in found)
