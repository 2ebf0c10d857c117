from __future__ import annotations

from pathlib import Path

import pytest

from studio_ext.core.workspace import Workspace, default_home, default_tracking_uri


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("sqlite:////home/a@b/mlflow.db", "sqlite:////home/a@b/mlflow.db"),
        ("file:///home/a@b", "file:///home/a@b"),
        ("databricks", "databricks"),
        ("http://mlflow:5000", "http://mlflow:5000"),
        ("http://ada:secret@mlflow:5000/x?y=1", "http://***@mlflow:5000/x?y=1"),
        ("http://token@mlflow", "http://***@mlflow"),
        ("http://ada:secret@[::1]:5000", "http://***@[::1]:5000"),
        ("http://ada:secret@mlflow:port", "http://***@mlflow:port"),
        ("postgresql://ada:sec/ret@db/mlflow", "postgresql://***@db/mlflow"),
        ("postgresql://ada:sec@ret@db/mlflow", "postgresql://***@db/mlflow"),
        ("http://ada:secret@[bad", "http://***@[bad"),
        ("postgresql:///mlflow?user=ada&password=secret&host=db", "postgresql:///mlflow?user=ada&password=***&host=db"),
        ("mssql+pyodbc:///?odbc_connect=PWD%3Dsecret", "mssql+pyodbc:///?odbc_connect=***"),
        ("http://mlflow/?access_token=secret", "http://mlflow/?access_token=***"),
        ("http://ada@mlflow/?X-Api-Key=secret;a=b", "http://***@mlflow/?X-Api-Key=***;a=b"),
    ],
)
def test_credentials_are_never_shown(uri: str, shown: str) -> None:
    workspace = Workspace(Path("/w"), uri)
    assert workspace.tracking_uri_shown == shown
    assert "sec" not in workspace.tracking_uri_shown


def test_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_home({}) == Path("/home/ada/studio")
    assert default_home({"STUDIO_HOME": ""}) == Path("/home/ada/studio")
    assert default_home({"STUDIO_HOME": "~/x"}) == Path("/home/ada/x")
    assert default_home({"STUDIO_HOME": "x"}) == Path.cwd() / "x"


def test_everything_lies_in_the_home() -> None:
    workspace = Workspace(Path("/w"), default_tracking_uri(Path("/w")))
    assert workspace.tracking_uri == "sqlite:////w/mlflow.db"
    assert workspace.job("abc") == Path("/w/jobs/abc")
    for path in (workspace.database, workspace.jobs, workspace.cache, workspace.artifacts, workspace.config_file):
        assert path.parent == workspace.home
    for path in (workspace.controller_lock, workspace.controller_log):
        assert path.parent == workspace.home
