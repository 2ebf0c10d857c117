"""Secrets of the submitter are where they are needed, for as long as that, and nowhere else.

A whole installation with a secret in every place that has one: a Jupyter server with its token, variables that no job
asked for and one that is named, a proxy and a git remote with passwords, a tracking server with a password in its
address. Jobs run through it, and then every byte that anything of ours wrote or answered is searched.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from studio_ext.testing.jobs import notebook
from studio_ext.testing.mlflow_server import MlflowServer
from studio_ext.testing.workspaces import temporary_workspace
from tests.faults.conftest import wait_for

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

SECRETS = {
    "unnamed": "s3cret-unnamed-1d0f9a",
    "named": "s3cret-named-77c2b1",
    "aws": "s3cret-aws-0a44be",
    "token": "s3cret-token-9e1c55",
    "proxy": "s3cret-proxy-3b0d71",
    "git": "s3cret-git-6f2e08",
    "tracking": "s3cret-tracking-c81a3d",
    "studio": "s3cret-studio-token-e1d4",
}
# What a job sees beside the variable that was named for it, by one that tells nobody what it saw.
CHECK = f"""
import hashlib, os, pathlib
digest = hashlib.sha256(os.environ["NAMED"].encode()).hexdigest()
assert digest == "{__import__("hashlib").sha256(SECRETS["named"].encode()).hexdigest()}"
parts = {[[value[:8], value[8:]] for name, value in SECRETS.items() if name != "named"]!r}
seen = "\\n".join(os.environ.values()).encode() + pathlib.Path("/proc/self/environ").read_bytes()
for place in (f"/proc/{{os.getppid()}}/environ", f"/proc/{{os.getppid()}}/cmdline", "/proc/self/cmdline"):
    seen += pathlib.Path(place).read_bytes()
assert not [name for name, part in enumerate(parts) if "".join(part).encode() in seen]
"""
LOG = """
import mlflow
with mlflow.start_run():
    mlflow.log_metric("m", 1)
    mlflow.log_param("p", 2)
    mlflow.log_text("nothing secret", "notes/a.txt")
print("done")
"""
WAIT = """
import pathlib, time
while not pathlib.Path({path!r}).exists():
    time.sleep(0.02)
"""


def spellings(secret: str) -> list[bytes]:
    """A secret as files and answers could hold it."""
    raw = secret.encode()
    found = [raw, quote(secret, safe="").replace("-", "%2D").encode(), secret.encode("utf-16-le"), raw.hex().encode()]
    for shift in range(3):  # base64 of a text that holds it somewhere
        coded = base64.b64encode(b"x" * shift + raw)
        found.append(coded[4 if shift else 0 : -4])
    return found


def assert_clean(data: bytes, where: str, *but: str) -> None:
    for name, secret in SECRETS.items():
        if name not in but:
            for spelling in spellings(secret):
                assert spelling not in data, f"{where} holds the secret {name!r}"


def test_the_search_finds_what_it_looks_for() -> None:
    secret = SECRETS["named"]
    hidden = [secret, json.dumps({"k": secret}), base64.b64encode(f"ab {secret} c".encode()).decode()]
    for text in hidden:
        with pytest.raises(AssertionError, match="named"):
            assert_clean(text.encode(), "here")


class Installation:
    """A tracking server, a Jupyter server with Studio, and everything that they write."""

    def __init__(self, base: Path) -> None:
        self.base, self.home, self.root, self.mlflow = base, base / "home", base / "root", base / "mlflow"
        for folder in (self.root, self.mlflow, base / "jupyter"):
            folder.mkdir()
        self.log = base / "jupyter.log"
        self.cleared = base / "go"
        self._write("good.ipynb", CHECK, LOG)
        self._write("bad.ipynb", CHECK, "raise RuntimeError('it failed')")
        self._write("slow.ipynb", CHECK, WAIT.format(path=str(self.cleared)), LOG)
        remote = f"https://ada:{SECRETS['git']}@git.example/houses.git"
        for command in (["init", "-q"], ["remote", "add", "origin", remote]):
            subprocess.run(["git", *command], cwd=self.root, check=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def _write(self, name: str, *cells: str) -> None:
        (self.root / name).write_text(json.dumps(notebook(cells)))

    def environment(self, tracking: str) -> dict[str, str]:
        proxy = f"http://ada:{SECRETS['proxy']}@127.0.0.1:9"
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "STUDIO"))},
            "UNNAMED": SECRETS["unnamed"],
            "AWS_SECRET_ACCESS_KEY": SECRETS["aws"],  # the controller gets it: artefacts may lie there
            "NAMED": SECRETS["named"],
            "JUPYTER_TOKEN": SECRETS["token"],
            "STUDIO_TOKEN": SECRETS["studio"],
            "http_proxy": proxy,
            "HTTPS_PROXY": proxy,
            "no_proxy": "127.0.0.1,localhost",
            "STUDIO_HOME": str(self.home),
            "STUDIO_TRACKING_URI": tracking.replace("://", f"://ada:{SECRETS['tracking']}@"),
            "JUPYTER_CONFIG_DIR": str(self.base / "jupyter" / "config"),
            "JUPYTER_DATA_DIR": str(self.base / "jupyter" / "data"),
            "JUPYTER_RUNTIME_DIR": str(self.base / "jupyter" / "runtime"),
        }

    def start(self, tracking: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", f"--port={self.port}"]
        command += ["--ServerApp.port_retries=0", f"--ServerApp.root_dir={self.root}", "--log-level=DEBUG"]
        command += ["--ServerApp.jpserver_extensions=studio_ext=True"]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=self.environment(tracking), stdout=log, stderr=log)

    def session(self) -> httpx.Client:
        headers = {"Authorization": f"token {SECRETS['token']}"}
        base = f"http://127.0.0.1:{self.port}/studio/api/"
        return httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    installation = Installation(tmp_path_factory.mktemp("secrets"))
    with MlflowServer(installation.mlflow) as tracking, temporary_workspace(installation.home):
        server = installation.start(tracking.uri)
        try:
            wait_for(lambda: _answers(installation), 60, "the server answers", installation.log.read_text)
            yield installation
        finally:
            installation.cleared.touch()
            server.terminate()
            server.wait(30)


def _answers(installation: Installation) -> bool:
    try:
        with installation.session() as http:
            return http.get("info").status_code == 200
    except httpx.TransportError:
        return False


def submit(http: httpx.Client, name: str) -> str:
    reply = http.post("jobs", json={"notebook": name, "experiment": "secrets", "variables": ["NAMED"]})
    assert reply.status_code == 201, reply.text
    assert_clean(reply.content, "the answer to a submission")
    return str(reply.json()["id"])


def files(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for path in sorted(Path(at, name) for at, _, names in os.walk(folder) for name in names):
            try:
                if path.is_file() and not path.is_symlink():
                    yield path, path.read_bytes()
            except FileNotFoundError:  # jobs go on meanwhile
                continue


def command_lines() -> Iterator[tuple[str, bytes]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                yield f"the command line of {entry.name}", (entry / "cmdline").read_bytes()
            except OSError:
                continue


def test_where_secrets_are_and_where_not(installation: Installation) -> None:
    home = installation.home
    with installation.session() as http:
        state = lambda job_id: http.get(f"jobs/{job_id}").json()  # noqa: E731
        slow = submit(http, "slow.ipynb")
        wait_for(
            lambda: state(slow)["progress"]["done"] >= 1 or state(slow)["ended"] is not None,
            120,
            "the first cell of the slow job is done",
            lambda: json.dumps(state(slow)["exit"]),
        )
        assert state(slow)["ended"] is None, state(slow)["exit"]

        # While it runs, its variable lies in one file that only its owner reads, and nothing else of ours knows it.
        values = home / "jobs" / slow / "environment.json"
        assert json.loads(values.read_text()) == {"NAMED": SECRETS["named"]}
        assert values.stat().st_mode & 0o777 == 0o600
        for path, data in files(home, installation.mlflow):
            assert_clean(data, str(path), *(["named"] if path == values else []))
        for where, data in command_lines():
            assert_clean(data, where)
        everything_answers_clean(http, installation, slow)

        good, bad = submit(http, "good.ipynb"), submit(http, "bad.ipynb")
        installation.cleared.touch()
        for job_id, wanted in ((slow, "Completed"), (good, "Completed"), (bad, "Failed")):
            wait_for(
                lambda job_id=job_id: state(job_id)["status"] in ("Completed", "Failed", "Stopped"), 120, "jobs end"
            )
            seen = state(job_id)
            assert seen["status"] == wanted, seen["exit"]
            assert not (home / "jobs" / job_id / "environment.json").exists()
        assert "RuntimeError" in state(bad)["exit"]["traceback"], "it failed by itself, and not at what it saw"
        trials = lambda: http.get("trials?experiment=secrets").json()["items"]  # noqa: E731
        wait_for(lambda: {each["status"] for each in trials()} == {"FINISHED", "FAILED"}, 60, "the trials are closed")
        for job_id in (slow, good, bad):
            everything_answers_clean(http, installation, job_id)

    for path, data in files(home, installation.mlflow):
        assert_clean(data, str(path))
    # JupyterLab itself says there through which proxy it looks for extensions, with the password.
    lines = [line for line in installation.log.read_bytes().splitlines() if b" LabApp] Extensions" not in line]
    assert_clean(b"\n".join(lines), "the log of the Jupyter server")
    for name in ("studio.db", "controller.log"):  # else this test looked in the wrong place
        assert (home / name).stat().st_size > 0
    stored = [data for path, data in files(installation.mlflow) if path.suffix == ".db"]
    assert any(b"git.example/houses.git" in data for data in stored), "the remote is recorded, without its password"


def everything_answers_clean(http: httpx.Client, installation: Installation, job_id: str) -> None:
    """Ask all that there is to ask, rightly and wrongly."""
    asked = ["info", "doctor", "options", "jobs", "jobs/changes?since=0", "experiments", "trials?experiment=secrets"]
    asked += [f"jobs/{job_id}{each}" for each in ("", "/log", "/files", "/files?path=output")]
    asked += [
        "contents",
        "no/such",
        "jobs?limit=x",
        f"contents/{job_id}/environment.json",
        f"contents/{job_id}/job.json",
    ]
    asked += [f"files/{job_id}/environment.json", "openapi.json"]
    run_id = http.get(f"jobs/{job_id}").json()["trial"]["run_id"]
    asked += [f"trials/{run_id}"] if run_id else []
    asked += list(drive(http, job_id))
    for address in asked:
        reply = http.get(address)
        assert reply.status_code < 500, f"{address}: {reply.text}"
        assert_clean(reply.content, address)
        assert_clean(json.dumps(dict(reply.headers)).encode(), f"headers of {address}")
    assert SECRETS["tracking"] not in http.get("info").json()["tracking_uri"]
    for body in ({"notebook": "good.ipynb", "variables": ["JUPYTER_TOKEN"]}, {"notebook": "none.ipynb"}, {"x": 1}):
        reply = http.post("jobs", json=body)
        assert 400 <= reply.status_code < 500
        assert_clean(reply.content, f"the answer to {body}")
    assert_clean(http.post("notebooks/inspect", json={"notebook": "good.ipynb"}).content, "an inspection")


def drive(http: httpx.Client, path: str) -> Iterator[str]:
    """Addresses of everything below a folder of the drive."""
    yield f"contents/{quote(path)}"
    model: dict[str, Any] = http.get(f"contents/{quote(path)}").json()
    for each in model["content"]:
        if each["type"] == "directory":
            yield from drive(http, each["path"])
        else:
            yield f"contents/{quote(each['path'])}"
            yield f"files/{quote(each['path'])}"


def test_what_nobody_can_pass_on(installation: Installation) -> None:
    with installation.session() as http:
        for name in ("JUPYTER_TOKEN", "STUDIO_TOKEN", "STUDIO_TRACKING_URI", "JUPYTERHUB_API_TOKEN"):
            reply = http.post("jobs", json={"notebook": "good.ipynb", "variables": [name]})
            assert reply.status_code == 400, name
            assert reply.json()["fields"][0]["field"].startswith("variables"), reply.text
