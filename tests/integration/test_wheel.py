"""An installed package can build images too, and has the front end of the widgets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from studio_ext.adapters.docker_runner.build_inputs import dockerfile_folder
print(dockerfile_folder(), *sorted(path.name for path in dockerfile_folder().iterdir()))
"""


WIDGETS = ["widgets.css", "widgets.js"]


def test_dockerfile_and_widgets_are_in_the_wheel(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    environment = {**os.environ, "SKIP_JUPYTER_BUILDER": "1"}  # the front end is built already
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    wheel = [*pip, "wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", tmp_path, pytestconfig.rootpath]
    subprocess.run(wheel, env=environment, check=True, timeout=100)
    (built,) = tmp_path.glob("studio_ext-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", tmp_path / "installed", built], check=True, timeout=100)
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split()
    static = tmp_path / "installed" / "studio_ext" / "widgets" / "static"
    assert sorted(path.name for path in static.iterdir()) == WIDGETS
    assert said == [f"{tmp_path}/installed/studio_ext/images/notebook", "Dockerfile", "requirements.txt"]
