"""Views in notebooks and as files."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

import studio_ext as studio
from studio_ext.cli import root
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.views import TrialSource, View
from studio_ext.core.views import write_view
from studio_ext.sdk import connection
from studio_ext.sdk.views import ShownView

HOSTILE = '"><script>alert(1)</script>'


class Answering:
    """A client that answers one question only."""

    def __init__(self) -> None:
        self.asked: list[View] = []

    def export_view(self, view: View, colours: object = None) -> bytes:
        self.asked.append(view)
        return f'<!DOCTYPE html><title>"&amp; {HOSTILE}</title>'.encode()

    def close(self) -> None:
        pass


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Answering:
    client = Answering()
    monkeypatch.setattr(connection, "_client", client)
    monkeypatch.setattr(connection, "open_client", lambda *arguments: client)
    return client


@pytest.fixture
def view() -> View:
    return View(title=HOSTILE, sources=[TrialSource(experiment="churn", filter="params.lr > 0"), _named()])


def _named() -> TrialSource:
    return TrialSource(experiment="prices", run_ids=["a", "b"])


@pytest.fixture
def file(tmp_path: Path, view: View) -> Path:
    path = tmp_path / "lr.studio-view"
    path.write_text(write_view(view))
    return path


class Frames(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_a_view_shows_itself_in_a_frame_that_reaches_nothing(client: Answering, file: Path, view: View) -> None:
    shown = studio.view(file, height=300)
    assert client.asked == [view]
    bundle = shown._repr_mimebundle_()
    ((tag, attributes),) = Frames(bundle["text/html"]).tags
    assert (tag, attributes["sandbox"]) == ("iframe", "allow-scripts")
    assert attributes["srcdoc"] == shown.page.decode()
    assert "height: 300px" in (attributes["style"] or "")
    assert bundle["text/plain"] == repr(shown)
    assert repr(shown) == f"View {HOSTILE}: trials of churn where params.lr > 0, 2 of prices; charts that suit them"


def test_a_view_need_not_be_a_file(client: Answering, tmp_path: Path) -> None:
    view = View(sources=[_named()], charts=[])
    shown = studio.view(view)
    assert isinstance(shown, ShownView) and "0 charts" in repr(shown)
    assert shown.save(tmp_path / "out.html").read_bytes() == shown.page
    with pytest.raises(InvalidRequest, match="is needed for a view that is no file"):
        studio.export_view(view)


@pytest.mark.parametrize("height", [0, 49, 10_001])
def test_a_height_is_checked_before_anything_is_asked(client: Answering, file: Path, height: int) -> None:
    with pytest.raises(InvalidRequest, match="height"):
        studio.view(file, height=height)
    assert client.asked == []


def test_a_view_is_exported_beside_its_file(client: Answering, file: Path, tmp_path: Path) -> None:
    written = studio.export_view(file)
    assert written == tmp_path / "lr.html" and b"DOCTYPE" in written.read_bytes()
    assert studio.export_view(file, tmp_path / "other.html").exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["lr.html", "lr.studio-view", "other.html"]


def test_what_is_wrong_is_said(client: Answering, file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"gone.studio-view cannot be read: No such file"):
        studio.view(tmp_path / "gone.studio-view")
    with pytest.raises(InvalidRequest, match="cannot be written"):
        studio.export_view(file, tmp_path / "no" / "such" / "folder.html")
    with pytest.raises(InvalidRequest, match="is no name of a file"):
        studio.export_view(file, "")
    client.asked.clear()
    file.write_text("{")
    with pytest.raises(InvalidRequest, match="no JSON"):
        studio.view(file)
    file.write_bytes(b" " * 1_000_001)
    with pytest.raises(InvalidRequest, match="larger than 1 MB"):
        studio.view(file)
    assert client.asked == []


def test_the_command_line_exports(client: Answering, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def run(*arguments: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as caught:
            root.main(["view", "export", *arguments])
        return caught.value.code, *capsys.readouterr()

    code, out, _ = run(str(file))
    assert (code, Path(out.strip())) == (0, file.with_suffix(".html"))
    target = file.with_name("x.html")
    assert run(str(file), "-o", str(target))[0] == 0
    assert target.exists()
    code, _, error = run(str(file.with_name("gone.studio-view")))
    assert code == 2 and "cannot be read" in error
