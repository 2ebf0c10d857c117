"""A submission to a workspace, and a notebook for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio_ext.adapters.kernel_specs import KernelSpecs
from studio_ext.adapters.notebook_files import NotebookFiles
from studio_ext.adapters.snapshots import FolderSnapshots
from studio_ext.adapters.sql_store import SqlStore
from studio_ext.core.workspace import Workspace
from studio_ext.services.submission import Submission
from tests.unit.services.submission.bench import RUNNERS, SECRET, OneImage, make


@pytest.fixture
def submission(workspace: Workspace, store: SqlStore) -> Submission:
    environ = {"PATH": os.environ["PATH"], "HOME": "/home/ada", "API_KEY": SECRET, "OTHER": SECRET}
    return Submission(workspace, store, NotebookFiles(), KernelSpecs(environ), FolderSnapshots(), OneImage(), RUNNERS)


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return make(tmp_path / "houses" / "train.ipynb")
