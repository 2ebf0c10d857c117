"""The worker as one file, and what it lists."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from studio_ext.adapters.attempts.archive import sdk_archive, worker_archive
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.adapters.fork_servers import ServerKey, fingerprint
from studio_ext.worker import faults, packages
from studio_ext.worker.executor import _short


def test_archive_is_made_once_and_runs_alone(tmp_path: Path) -> None:
    archive = worker_archive(tmp_path / "cache")
    made = archive.stat().st_mtime_ns
    assert worker_archive(tmp_path / "cache") == archive
    assert archive.stat().st_mtime_ns == made
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    run = subprocess.run([sys.executable, "-I", "-S", archive, "packages"], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert subprocess.run([sys.executable, archive, "what"], capture_output=True).returncode == 2


def test_supervisor_and_relay_need_the_standard_library_only(tmp_path: Path) -> None:
    archive = worker_archive(tmp_path)
    program = "import sys; sys.path.insert(0, sys.argv[1])\nimport studio_worker.supervisor, studio_worker.kernels"
    run = subprocess.run([sys.executable, "-I", "-S", "-c", program, archive], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_the_sdk_is_packed_once_and_comes_after_what_an_environment_has(tmp_path: Path) -> None:
    archive = sdk_archive(tmp_path / "cache")
    assert sdk_archive(tmp_path / "cache") == archive
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]
    program = (
        "import sys; from pathlib import Path\n"
        "sys.path = [entry for entry in sys.path if not Path(entry, 'studio_ext').exists()]\n"
        "from studio_worker import capture\ncapture.start(capture.Settings('', '', '', 'off', sys.argv[1]))\n"
        "import studio_ext; studio_ext.Tracker; print(studio_ext.__file__, 'httpx' in sys.modules)"
    )
    environment = {"PYTHONPATH": str(worker_archive(tmp_path))}
    command = [sys.executable, "-c", program, str(archive)]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert run.stdout.strip() == f"{archive}/studio_ext/__init__.py False", run.stderr


def test_package_listing(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for place in (
        "a/Zed-1.0.dist-info",
        "b/Zed-2.0.dist-info",
        "b/my_tool-0.1.post1.dist-info",
        "b/old-3-py3.11.egg-info",
    ):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "b/odd.dist-info").mkdir()
    assert packages.listing([str(first), "/absent", str(second)]) == "my-tool==0.1.post1\nold==3\nZed==1.0\n"


def test_fault_points_do_nothing_unless_they_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(faults.time, "sleep", waited.append)
    for setting in (None, "", "after_fork", "after_fork:", "after_fork:soon", "after_claim:9"):
        faults.point("after_fork", setting)
    assert waited == []
    faults.point("after_fork", "after_fork:0.5")
    assert waited == [0.5]


def test_server_keys(tmp_path: Path) -> None:
    directory = Path(sys.executable).parent
    keys = {ServerKey.of(str(directory / name), {}) for name in ("python", "python3") if (directory / name).exists()}
    assert len(keys) == 1
    assert ServerKey.of(sys.executable, {"PYTHONPATH": "/x"}) not in keys
    assert ServerKey.of(sys.executable, {"HOME": "/x"}) in keys


def test_fingerprints_change_with_what_is_installed(tmp_path: Path) -> None:
    before = fingerprint([str(tmp_path), "/absent"])
    assert fingerprint([str(tmp_path), "/absent"]) == before
    (tmp_path / "new.dist-info").mkdir()
    assert fingerprint([str(tmp_path), "/absent"]) != before


def test_progress_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    reader = ProgressReader()
    path.write_text('{"event": "start", "t": 1, "total": 2}\n{"event": "cell", "t": 2, "index": 1, "label": "a"}\n')
    reader.read(path)
    assert (reader.progress().done, reader.progress().current, reader.started) == (0, 1, 2)
    with path.open("a") as file:
        file.write('{"event": "done", "t": 3, "index": 1}\n{"event": "cell", "t": 3, "index": 2, "label": "b"}\n')
    reader.read(path)
    progress = reader.progress()
    assert (progress.done, progress.total, progress.current, progress.label) == (1, 2, 2, "b")


def test_long_texts_are_cut_in_the_middle() -> None:
    assert _short("a" * 10) == "a" * 10
    cut = _short("a" * 50_000 + "b" * 50_000)
    assert cut and len(cut) < 61_000
    assert cut.startswith("a") and cut.endswith("b") and "40000 characters left out" in cut
