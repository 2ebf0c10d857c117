from __future__ import annotations

import subprocess
import sys

import pytest

CODE = """
import threading
from pathlib import Path
from studio_ext.adapters.notebook_files import NotebookFiles, import_papermill

errors = []

def inspect():
    try:
        files = NotebookFiles()
        files.parameters(files.read(Path(%r)), None)
    except BaseException as error:
        errors.append(error)

threads = [threading.Thread(target=import_papermill), *(threading.Thread(target=inspect) for _ in range(3))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not errors, errors
"""


def test_papermill_is_imported_by_several_threads_at_once(pytestconfig: pytest.Config) -> None:
    notebook = str(pytestconfig.rootpath / "examples/house-prices/train.ipynb")
    subprocess.run([sys.executable, "-c", CODE % notebook], check=True)
