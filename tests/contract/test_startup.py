"""Jupyter starts no slower for our sake: what is heavy is loaded when it is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("mlflow", "papermill", "pandas", "numpy", "sklearn", "sqlalchemy", "alembic", "docker", "nbclient", "scipy")
NOT_EVEN_JUPYTER = (*HEAVY, "jupyter_server", "tornado", "pydantic", "studio_ext.app")


def loaded_by(statement: str) -> set[str]:
    program = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "heavy"),
    [
        ("import studio_ext", NOT_EVEN_JUPYTER),
        ("import studio_ext; studio_ext._jupyter_labextension_paths()", NOT_EVEN_JUPYTER),
        (
            "import studio_ext; from IPython.core.interactiveshell import InteractiveShell; "
            "studio_ext.load_ipython_extension(InteractiveShell())",
            (*NOT_EVEN_JUPYTER, "click", "rich", "httpx"),
        ),
        ("import studio_ext.app", HEAVY),
        ("import studio_ext.cli.root", (*HEAVY, "pydantic", "httpx")),
        ("import studio_ext.adapters.local_client", ("mlflow", "papermill", "pandas", "numpy", "docker", "pyarrow")),
        ("import studio_ext; studio_ext._jupyter_server_extension_points()", HEAVY),
    ],
)
def test_importing_loads_nothing_heavy(statement: str, heavy: tuple[str, ...]) -> None:
    assert not loaded_by(statement) & set(heavy)


def test_the_measure_works() -> None:
    assert "papermill" in loaded_by("import papermill")
