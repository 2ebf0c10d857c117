"""A JupyterLab with Studio for the browser tests: a server, a workspace and files of its own, gone at the end.

``python serve.py PORT`` serves until SIGTERM or SIGINT, or until the process that started it is gone. Then the
server ends, and after it what outlives a server by design: the jobs and the controller of its workspace.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studio_ext.adapters.local_client import LocalClient

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent / "examples"
FRONT_END = HERE.parent / "studio_ext" / "labextension"
END_SECONDS = 10.0
POLL_SECONDS = 0.1


def main(port: int) -> int:
    """Serve on ``port``; 0 when nothing that was started here is left."""
    parent = os.getppid()
    home = Path(tempfile.mkdtemp(prefix="studio-ui-tests-"))
    environment = _environment(home)
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--config", str(HERE / "jupyter_server_test_config.py")]
        + [f"--ServerApp.port={port}"]
        + (["--allow-root"] if os.geteuid() == 0 else []),
        env=environment,
        cwd=home / "root",
        stdin=subprocess.DEVNULL,
    )
    told = False

    def end(_signal: int, _frame: FrameType | None) -> None:
        nonlocal told
        told = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    while server.poll() is None and not told and os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    _end(server.pid, server)
    left = _end_workspace(home / "studio")
    shutil.rmtree(home, ignore_errors=True)
    return 1 if left else 0


def _environment(home: Path) -> dict[str, str]:
    """Nothing of whoever runs the tests is read or written."""
    for name in ("root", "config", "data", "runtime", "ipython", "mpl", "tmp"):
        (home / name).mkdir()
    (home / "labextensions").mkdir()
    (home / "labextensions" / "studio_ext").symlink_to(FRONT_END)
    for example in EXAMPLES.iterdir():
        if example.is_dir():
            shutil.copytree(example, home / "root" / example.name, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "STUDIO_HOME": str(home / "studio"),
        "STUDIO_TRACKING_URI": "",
        "STUDIO_UI_LABEXTENSIONS": str(home / "labextensions"),
        "JUPYTERLAB_GALATA_ROOT_DIR": str(home / "root"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLCONFIGDIR": str(home / "mpl"),
        "TMPDIR": str(home / "tmp"),
    }


def _end_workspace(workspace: Path) -> list[str]:
    """End the jobs and the controller of the workspace; ids of the jobs that could not be ended."""
    from studio_ext.adapters import host
    from studio_ext.adapters.local_client import LocalClient
    from studio_ext.adapters.workspace_config import open_workspace

    if not (workspace / "studio.db").exists():
        return []
    client = LocalClient(open_workspace(workspace, {}))
    try:
        left = _stop_jobs(client)
        lease = client.store.lease()
        if lease is not None and host.start_time(lease.pid) == lease.start_time:
            _end(lease.pid)
    finally:
        client.close()
    if left:
        print(f"serve.py: jobs that did not end: {left}", file=sys.stderr)
    return left


def _stop_jobs(client: LocalClient) -> list[str]:
    """Stop all jobs twice, which kills at once, and wait until they are over; ids of those that are not."""
    from studio_ext.core.states import FINAL

    deadline = time.monotonic() + END_SECONDS
    stops = 2
    while True:
        active = [job.id for job in client.jobs(limit=200).items if job.status not in FINAL]
        if not active or time.monotonic() > deadline:
            return active
        for job in active if stops > 0 else ():
            client.stop(job)
        stops -= 1
        time.sleep(POLL_SECONDS)


def _end(pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
    """SIGTERM, and SIGKILL when that is not heard."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + END_SECONDS
        while time.monotonic() < deadline:
            if (child.poll() is not None) if child is not None else not _alive(pid):
                return
            time.sleep(POLL_SECONDS)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1])))
