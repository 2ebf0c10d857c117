"""The file that a report is written to."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters import report_page as module
from studio_ext.adapters.report_page import report_page
from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.report import ViewReport
from studio_ext.contract.views import View
from studio_ext.services.view_report import view_report
from tests.unit.services.report_source import HOSTILE, NOW, MemorySource, churn


class Elements(HTMLParser):
    """Elements of a page with their attributes and text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes, text = self.found[-1]
            self.found[-1] = (tag, attributes, text + data)

    def all(self, tag: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attributes, text) for name, attributes, text in self.found if name == tag]


@pytest.fixture(autouse=True)
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that are packed from the front end; small ones here."""
    (tmp_path / "report.js").write_text("draw('a < b');")
    (tmp_path / "report.css").write_text("body { margin: 0 }")
    monkeypatch.setattr(module, "_STATIC", tmp_path)
    module._parts.cache_clear()
    return tmp_path


def report(**view: Any) -> ViewReport:
    whole = View.model_validate({"sources": [{"experiment": "churn"}], "title": HOSTILE, "notes": HOSTILE, **view})
    return view_report(MemorySource(churn=churn(3)), whole, "1", now=NOW)


def test_no_text_gets_out_of_its_place() -> None:
    made = report()
    page = report_page(made).decode()
    elements = Elements(page)
    assert [attributes.get("id") for attributes, _ in elements.all("script")] == ["data", None]
    assert elements.all("img") == []
    ((_, title),) = elements.all("title")
    assert title == HOSTILE
    (_, data), _ = elements.all("script")
    assert ViewReport.model_validate_json(data) == made
    assert "<" not in data and "\u2028" not in data and data.isascii()


def test_only_the_one_program_may_run_and_nothing_be_fetched() -> None:
    page = report_page(report()).decode()
    elements = Elements(page)
    (policy,) = [
        attributes["content"] or ""
        for attributes, _ in elements.all("meta")
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert parts["default-src"] == "'none'"
    _, (_, program) = elements.all("script")
    digest = base64.b64encode(hashlib.sha256(program.strip().encode()).digest()).decode()
    assert parts["script-src"] == f"'sha256-{digest}'"
    assert "unsafe-eval" not in policy and "http" not in policy
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)


def test_half_characters_are_no_error() -> None:
    made = report(title="a title")
    made.comparison.trials[0].name = "half \ud800"
    data = Elements(report_page(made).decode()).all("script")[0][1]
    assert json.loads(data)["comparison"]["trials"][0]["name"] == "half \ud800"


def test_a_view_without_title_has_one() -> None:
    ((_, title),) = Elements(report_page(report(title=" ")).decode()).all("title")
    assert title == "Trials side by side"


def test_a_file_that_would_be_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 1_000)
    with pytest.raises(InvalidRequest, match="are the most"):
        report_page(report())


def test_an_installation_without_the_program_says_so(static: Path) -> None:
    (static / "report.js").unlink()
    with pytest.raises(Unavailable, match="no files for reports"):
        report_page(report())


@pytest.mark.parametrize("text", ["</script>", "</SCRIPT >", "<!-- x"])
def test_a_program_that_would_end_early_is_refused(static: Path, text: str) -> None:
    (static / "report.js").write_text(f"draw('{text}')")
    with pytest.raises(Unavailable, match="damaged"):
        report_page(report())
