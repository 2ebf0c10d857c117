"""What comes with the package of widgets, and what is there without its front end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import studio_ext as studio
from studio_ext.contract.errors import Unavailable
from studio_ext.testing.fake_client import FakeClient
from studio_ext.widgets import JobProgress
from studio_ext.widgets.live import packed


def test_importing_is_cheap_and_names_are_found() -> None:
    code = (
        "import sys, studio_ext.widgets as w; heavy = {'anywidget', 'ipywidgets', 'IPython', 'mlflow'};"
        "assert not heavy & set(sys.modules);"
        "w.JobProgress, w.TrialTable, w.MetricChart; assert 'mlflow' not in sys.modules\n"
        "try: w.Nothing\nexcept AttributeError: print('none')"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "none\n"


def test_nothing_is_fetched_from_elsewhere() -> None:
    for name in ("widgets.js", "widgets.css"):
        text = packed(name)
        assert len(text) > 1000
        assert "import(" not in text
        assert "fetch(" not in text
        assert "@import" not in text
        assert "url(" not in text.replace("url(#", "")


def test_where_the_front_end_was_not_built_a_job_is_a_table(fake: FakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio_ext.sdk import showing
    from studio_ext.widgets.places import FrontEnd

    packed.cache_clear()
    monkeypatch.setattr("studio_ext.widgets.live._STATIC", Path("/nowhere"))
    job = studio.submit("train.ipynb")
    with pytest.raises(Unavailable, match="not there"):
        JobProgress(job)
    monkeypatch.setattr("studio_ext.widgets.place_for_widgets", lambda: FrontEnd.lab)
    assert not showing.show_job(job)
    assert job._repr_html_().startswith("<table>")
    packed.cache_clear()
