"""Hundreds of ways to write a path that leads elsewhere, on every field that takes one, or might be taken for one.

Outside the folder that the server shows, and outside the job whose files are asked for, lie canaries: what is in
them, and the names of those that nobody mentions, must not be in any answer, and nothing may come to lie there.
"""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import tarfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from studio_ext.adapters.local_client import LocalClient
from studio_ext.adapters.mlflow_backend import get, open_backend
from studio_ext.adapters.mlflow_relay import MlflowRelay
from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.adapters.sql_store.migrate import migrate
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import ErrorBody
from studio_ext.contract.jobs import JobDetail, SubmitRequest
from studio_ext.controller.indexing import Indexing
from studio_ext.core.ids import new_id
from studio_ext.ports.tracking import RunHandle, RunStart
from studio_ext.testing.jobs import notebook
from studio_ext.testing.live_server import LiveServer
from studio_ext.testing.recorded_job import RecordedJob

pytestmark = [pytest.mark.fault, pytest.mark.timeout(300)]

CANARY = "canary-b6f1-content"
NAME = "canary-77e2-name"
"""Of a file that no path below mentions: it is seen only by whoever lists the folder."""

UPS = ["..", ".%2e", "%2e%2e", "%252e%252e", "%25252e%25252e", "%c0%ae%c0%ae", "\uff0e\uff0e", "\u2024\u2024", "\u2025"]
UPS += ["...", ".. ", "..;", "..\t", "..\u200b", "..%00", "..\0", "%u002e%u002e"]
SEPARATORS = ["/", "//", "/./", "\\", "\\/", "%2f", "%5c", "%252f", "%c0%af", "\u2215", "\u2044", "\uff0f", "%u2215"]
STARTS = ["/", "//", "///", "~/", "~root/", "~root/../", "file:", "file://", "file:///", "C:", "C:\\", "C:/", "\\"]
STARTS += ["\\\\", "\\\\?\\", "\\\\.\\", "RTC:", "RTC:/", "RTC:RTC:", "Studio:", "Studio:/", "studio:", "%2f", "%5c"]
STARTS += ["http://127.0.0.1/", "runs:/", "models:/", "mlflow-artifacts:/", "s3://", "dbfs:/", "$HOME/", "${HOME}/"]
STARTS += ["%24HOME/", "`pwd`/", "|", "-", "--", "\0/", " /", "\t/", "\u202e/", "./", ".//", "a/../", "a/b/../../"]
ENDS = ["\0", "\0.ipynb", "%00", "%00.ipynb", ".", "..", "/", "/.", " ", "  ", "\n", "\r\n", "\t", ";", ";.ipynb", "?x"]
ENDS += ["#x", "?.ipynb", "::$DATA", ":stream", "~", "\u202e", "/..", "/../outside", "%0a", "*", "\ufeff"]
WHOLE = [".", "..", "...", "/", "\\", "~", "\0", "-", "*", "%", "%2e", "%00", "x" * 256, "é" * 200, "x" * 5000]
WHOLE += [
    "a/" * 3000 + "b",
    "../" * 2000 + "etc/passwd",
    "/" * 5000,
    "/proc/self/environ",
    "/proc/self/root/etc/passwd",
]
WHOLE += ["/dev/stdin", "/dev/fd/0", "/etc/passwd", "CON", "NUL", "aux.ipynb", "COM1", ".git/config", ".ssh/id_rsa"]
WHOLE += ["\ud800", "\udfff.ipynb", "\u202e..", "link", "link/s.ipynb", "link.ipynb", "hop/s.ipynb", "pipe.ipynb"]


def corpus(base: Path, job: str) -> list[str]:
    """Each once: every spelling of the folder above with every separator, and the rest one by one."""
    found = [f"{up}{sep}outside{sep}s.ipynb" for up, sep in itertools.product(UPS, SEPARATORS)]
    found += [f"a/{up}/{up}/outside/s.ipynb" for up in UPS]
    found += [f"{start}../outside/s.ipynb" for start in STARTS]
    found += [f"{start}{base}/outside/s.ipynb" for start in STARTS]
    found += [f"{start}etc/passwd" for start in STARTS]
    found += [f"../outside/s.ipynb{end}" for end in ENDS]
    found += [f"{'../' * depth}{str(base).lstrip('/')}/outside/s.ipynb" for depth in (3, 8, 20)]
    found += [f"{job}/{up}/{up}/outside/s.ipynb" for up in UPS]
    found += [f"{job}/output/{each}" for each in ("../job.json", "link", "link/s.ipynb", "to-job/environment.json")]
    found += [
        f"{job}{each}" for each in ("/job.json", "/environment.json", "\0", "%00", "/..", "x", "/../../studio.db")
    ]
    found += [f"{base}/outside", f"{base}/outside/s.ipynb", f"{base}/home/studio.db", "../home/studio.db", "../outside"]
    return list(dict.fromkeys([*found, *WHOLE]))


def test_the_corpus_is_large() -> None:
    assert len(corpus(Path("/base"), new_id(1.0))) >= 400


WRITTEN = ("home/studio.db", "home/jobs/", "home/mlflow.db", "home/artifacts/", "home/cache/trials")
"""What is written by right."""


class Place:
    """A server with a real workspace whose jobs nobody runs, and canaries around both."""

    def __init__(self, base: Path) -> None:
        self.base, self.root, self.home = base, base / "root", base / "home"
        (self.root / "a" / "b").mkdir(parents=True)
        outside = base / "outside"
        outside.mkdir()
        (outside / NAME).write_text(CANARY)
        document = json.dumps(notebook(["1"]) | {"metadata": {"note": CANARY}})
        (outside / "s.ipynb").write_text(document)
        (base / "root-s.ipynb").write_text(document)
        (self.root / "train.ipynb").write_text(json.dumps(notebook(["1"])))
        (self.root / "link").symlink_to(outside)
        (self.root / "hop").symlink_to(self.root / "link")
        (self.root / "link.ipynb").symlink_to(outside / "s.ipynb")
        os.mkfifo(self.root / "pipe.ipynb")

        workspace = open_workspace(self.home, {})
        migrate(workspace.database)
        self.client = LocalClient(workspace, root=self.root)
        self.client._launcher.ensure = lambda: None  # type: ignore[method-assign]
        self.job = self.client.submit(SubmitRequest(notebook="train.ipynb", experiment="e"))
        directory = Path(self.job.directory)
        (directory / "environment.json").write_text(json.dumps({"KEY": CANARY}))
        (directory / "attempts" / "1").mkdir(parents=True)
        (directory / "attempts" / "1" / "claim.json").write_text(CANARY)
        (directory / "output" / "link").symlink_to(outside)
        (directory / "output" / "to-job").symlink_to("..")
        (directory / "output" / "fine.txt").write_text("fine")
        os.mkfifo(directory / "output" / "pipe.ipynb")
        self.corpus = corpus(base, self.job.id)
        self.indexing = Indexing(workspace)  # which a controller would do

    def around(self) -> dict[str, bytes | None]:
        """Everything that lies outside the folders that are written to by right."""
        found: dict[str, bytes | None] = {}
        for folder, folders, files in os.walk(self.base):
            for name in (*folders, *files):
                path = Path(folder, name)
                place = str(path.relative_to(self.base))
                if place.startswith(WRITTEN):
                    continue
                found[place] = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(tmp_path_factory.mktemp("place"))
    place.indexing.start()
    yield place
    place.indexing.stop()
    place.indexing.join(30)
    place.client.close()


@pytest.fixture(scope="module")
def server(place: Place) -> Iterator[LiveServer]:
    with LiveServer(place.root, place.home, client=place.client, settings={"StudioApp": {"warm_up": False}}) as live:
        live.session().get("experiments")  # makes the tracking store, which is not what is looked for below
        yield live


@pytest.fixture(autouse=True)
def nothing_comes_to_lie_outside(place: Place, request: pytest.FixtureRequest) -> Iterator[None]:
    if "server" in request.fixturenames:
        request.getfixturevalue("server")
    before = place.around()
    yield
    assert place.around() == before


def shown_nothing(body: bytes, what: str, sent: str = "") -> None:
    text = body.decode("utf-8", "replace")
    for secret in (CANARY, NAME, "root:x:0:0", "SQLite format 3"):
        assert secret not in text.replace(sent, ""), f"{what}: {text[:500]}"


def refused(status: int, body: bytes, what: str, *fields: str) -> None:
    shown_nothing(body, what)
    assert 400 <= status < 500, f"{what}: {status} {body[:300]!r}"
    error = ErrorBody.model_validate_json(body)
    assert error.message
    if fields:
        assert {each.field.partition(".")[0] for each in error.fields} <= set(fields), f"{what}: {body[:300]!r}"


def body_of(**fields: Any) -> bytes:
    return json.dumps(fields).encode()  # ASCII, lone surrogates as escapes


@pytest.mark.parametrize("address", ["notebooks/inspect", "jobs"])
def test_notebooks(server: LiveServer, place: Place, address: str) -> None:
    before = place.client.jobs().total
    for text in place.corpus:
        status, body = server.raw("POST", address, body_of(notebook=text))
        refused(status, body, repr(text), "notebook")
    assert place.client.jobs().total == before


@pytest.mark.parametrize("field", ["kernel", "runner", "variables", "image"])
def test_what_is_chosen_from_a_list(server: LiveServer, place: Place, field: str) -> None:
    before = place.client.jobs().total
    for text in place.corpus:
        value = [text] if field == "variables" else text
        status, body = server.raw("POST", "jobs", body_of(notebook="train.ipynb", **{field: value}))
        refused(status, body, f"{field}={text!r}", field)
    assert place.client.jobs().total == before


def test_texts_that_name_no_path(server: LiveServer, place: Place) -> None:
    """Names and keys may hold anything; they name no file."""
    made: list[JobDetail] = []
    for number, text in enumerate(place.corpus[::4]):
        key = f"{number} {text}"
        request = {
            "name": text[:200],
            "experiment": text[:250],
            "tags": {text[:200]: text},
            "idempotency_key": key[:200],
        }
        status, body = server.raw("POST", "jobs", body_of(notebook="train.ipynb", **request))
        shown_nothing(body, repr(text))
        assert status == 201 or 400 <= status < 500, f"{text!r}: {status} {body[:300]!r}"
        if status == 201:
            made.append(JobDetail.model_validate_json(body))
    assert len(made) > 50
    for job in made:
        assert Path(job.directory) == place.home / "jobs" / job.id
        assert Path(job.output_notebook or "") == Path(job.directory) / "output" / "train.ipynb"
    for job in made:  # they are in nobody's way
        place.client.stop(job.id)


@pytest.mark.parametrize("drive", ["contents/", "files/"])
def test_the_drive(server: LiveServer, place: Place, drive: str) -> None:
    job = place.job.id
    assert server.raw("GET", f"files/{job}/output/fine.txt") == (200, b"fine")
    for text in place.corpus:
        encoded = quote(text.encode("utf-8", "surrogatepass"), safe="")
        targets = {text, encoded, f"{job}/{encoded}", f"{job}/output/{encoded}", f"{job}/output/{encoded}/checkpoints"}
        for target in sorted(targets):
            if not (target.isascii() and target.isprintable() and " " not in target and target[:1] not in ("?", "#")):
                continue
            status, body = server.raw("GET", drive + target)
            shown_nothing(body, target)
            if status == 200:  # the drive's root and a job's own folders, by another spelling
                model = json.loads(body)
                assert model == [] or model["type"] == "directory", target
            else:
                refused(status, body, target)


def test_folders_of_a_job(server: LiveServer, place: Place) -> None:
    for text in place.corpus:
        query = urlencode({"path": text.encode("utf-8", "surrogatepass")})
        for address in (f"jobs/{place.job.id}/files?{query}", f"jobs/{place.job.id}/files?path=output/{query[5:]}"):
            status, body = server.raw("GET", address)
            shown_nothing(body, address)
            if status == 200:
                assert {each["name"] for each in json.loads(body)} <= {
                    "fine.txt", "to-job", "attempts", "code", "input", "output", "model", "checkpoints", "artifacts",
                }, address  # fmt: skip
            else:
                refused(status, body, address)


@pytest.mark.parametrize(
    ("method", "before", "after"),
    [
        ("GET", "jobs/", ""), ("GET", "jobs/", "/log"), ("GET", "jobs/", "/files"), ("POST", "jobs/", "/stop"),
        ("POST", "jobs/", "/restore"), ("DELETE", "jobs/", ""), ("GET", "trials/", ""),
    ],
)  # fmt: skip
def test_ids_in_addresses(server: LiveServer, place: Place, method: str, before: str, after: str) -> None:
    for text in place.corpus[:: 2 if before == "trials/" else 1]:
        encoded = quote(text.encode("utf-8", "surrogatepass"), safe="")
        for target in (encoded, quote(encoded, safe="")):
            status, body = server.raw(method, f"{before}{target}{after}", b"{}" if method == "POST" else None)
            refused(status, body, f"{method} {target}")
    assert place.client.job(place.job.id).status == "Pending"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("trials?", "experiment"), ("trials?experiment=Default", "sort"), ("trials?experiment=Default", "cursor"),
        ("jobs?", "experiment"), ("jobs?", "cursor"), ("jobs?", "text"), ("jobs?", "status"),
        ("jobs/changes?", "since"),
    ],
)  # fmt: skip
def test_queries(server: LiveServer, place: Place, address: str, name: str) -> None:
    for text in place.corpus[:: 4 if address.startswith("trials") else 1]:
        query = urlencode({name: text.encode("utf-8", "surrogatepass")})
        status, body = server.raw("GET", f"{address}&{query}")
        shown_nothing(body, query, sent=text)
        assert status == 200 or 400 <= status < 500, f"{query}: {status} {body[:300]!r}"


def test_names_of_experiments(server: LiveServer, place: Place) -> None:
    for text in place.corpus[::3]:
        status, body = server.raw("POST", "experiments", body_of(name=text))
        shown_nothing(body, repr(text), sent=text)
        assert status == 201 or 400 <= status < 500, f"{text!r}: {status} {body[:300]!r}"


# ---- through the relay: what a job asks of the tracking store


class Store:
    """A SQLite store; a job with a run, another run in its experiment, and one in another."""

    def __init__(self, base: Path) -> None:
        uri = f"sqlite:///{base}/mlflow.db"
        self.base = base
        self.tracking = MlflowTracking(uri, base / "artifacts")
        self.relay = MlflowRelay(uri, base / "artifacts")
        self.backend = open_backend(uri, base / "artifacts")
        outside = base / "outside"
        outside.mkdir()
        (outside / NAME).write_text(CANARY)
        (outside / "s.ipynb").write_text(CANARY)
        self.own, self.neighbour = self.start("e"), self.start("e")
        self.foreign = self.start("another")
        for run in (self.neighbour, self.foreign):
            folder = Path(run.artifact_uri)
            folder.mkdir(parents=True)
            (folder / f"{NAME if run is self.foreign else 'fine'}.txt").write_text(CANARY)

    def start(self, experiment: str) -> RunHandle:
        job_id = new_id(time.time())
        return self.tracking.start_run(job_id, RunStart(experiment, job_id, time.time(), "ada", {}, {}))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("store"))
    yield store
    store.backend.close()


@pytest.fixture(scope="module")
def asked(store: Store) -> Iterator[RecordedJob]:
    with RecordedJob(store.relay, "job000000001", store.base / "jobs" / "job000000001", store.own) as job:
        (job.directory / "artifacts" / store.own.run_id).mkdir(parents=True)
        yield job
    assert job.errors == []


RELAY_FIELDS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("GET", "artifacts/list", "path", {"run_id": "own"}),
    ("GET", "artifacts/list", "path", {"run_id": "neighbour"}),
    ("GET", "artifacts/list", "run_id", {}),
    ("GET", "runs/get", "run_id", {}),
    ("GET", "metrics/get-history", "run_id", {"metric_key": "m"}),
    ("GET", "experiments/get-by-name", "experiment_name", {}),
    ("GET", "model-versions/get-download-uri", "name", {"version": "1"}),
    ("GET", "registered-models/get", "name", {}),
    ("POST", "experiments/create", "artifact_location", {"name": "x"}),
    ("POST", "runs/search", "experiment_ids", {}),
    ("POST", "runs/set-tag", "key", {"run_id": "own", "value": "v"}),
    ("POST", "runs/log-parameter", "key", {"run_id": "own", "value": "v"}),
    ("POST", "runs/log-metric", "key", {"run_id": "own", "value": 1, "timestamp": 1}),
    ("POST", "runs/log-metric", "run_id", {"key": "m", "value": 1, "timestamp": 1}),
    ("POST", "registered-models/create", "name", {}),
    ("POST", "model-versions/create", "source", {"name": "registered"}),
    ("POST", "model-versions/create", "source", {"name": "registered", "run_id": "own"}),
    ("POST", "model-versions/create", "run_id", {"name": "registered", "source": "models:/registered/1"}),
    ("POST", "logged-models", "source_run_id", {"name": "m"}),
    ("POST", "logged-models", "name", {}),
]


@pytest.mark.parametrize(("method", "name", "field", "fixed"), RELAY_FIELDS)
def test_calls_of_a_job(
    store: Store, asked: RecordedJob, method: str, name: str, field: str, fixed: dict[str, Any]
) -> None:
    runs = {"own": store.own.run_id, "neighbour": store.neighbour.run_id}
    fields = fixed | ({"run_id": runs[fixed["run_id"]]} if "run_id" in fixed else {})
    if name == "model-versions/create":
        asked.call("POST", "registered-models/create", name="registered")
    texts = [*corpus(store.base, asked.job_id), store.foreign.run_id, f"../{store.foreign.run_id}/artifacts"]
    texts += [
        f"{run.artifact_uri}{end}" for run in (store.own, store.foreign) for end in ("/..", "/%2e%2e/x", "/../../x")
    ]
    texts += [f"{asked.directory}/artifacts/{store.own.run_id}{end}" for end in ("/..", "/../../../etc", "/%2e%2e/x")]
    for text in texts if field in ("path", "source") else texts[::2]:
        value = text.encode("utf-8", "surrogatepass") if method == "GET" else text
        value = [value] if field == "experiment_ids" else value
        status, answer = asked.call(method, name, **{**fields, field: value})
        shown_nothing(json.dumps(answer).encode(), f"{name} {field}={text!r}", sent=json.dumps(text)[1:-1])
        assert status == 200 or 400 <= status < 500, f"{text!r}: {status} {answer}"
        if field == "source" and status == 200:
            scheme = urlsplit(text).scheme
            assert len(scheme) > 1 and scheme != "file", f"{text!r} was taken for the place of a model"
    versions = get(store.backend, "model-versions/search").json().get("model_versions", [])
    for version in versions:
        assert not version["source"].startswith(("/", "file:", ".")), version
        assert ".." not in version["source"], version


@pytest.mark.parametrize("tail", ["", "/artifacts/directories", "/tags/k", "/params"])
def test_ids_of_models_in_addresses(
    store: Store, asked: RecordedJob, tail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server on the way may take a part of an address for the folder above: none is sent to it."""
    sent: list[str] = []
    call = store.backend.call
    monkeypatch.setattr(
        store.backend, "call", lambda method, path, *rest: (sent.append(path), call(method, path, *rest))[1]
    )
    method = {"/tags/k": "DELETE", "/params": "POST"}.get(tail, "GET")
    climb = f"..%2fruns%2fget?run_id={store.foreign.run_id}"
    for text in [
        climb,
        *(quote(each.encode("utf-8", "surrogatepass"), safe="") for each in corpus(store.base, "x")[::2]),
    ]:
        status, answer = asked.request(method, f"/api/2.0/mlflow/logged-models/{text}{tail}", {})
        shown_nothing(json.dumps(answer).encode(), text, sent=text)
        assert 400 <= status < 500, f"{text}: {status} {answer}"
    assert [path for path in sent if not re.fullmatch(r"/api/2\.0/mlflow/[\w/-]+(\?.*)?", path)] == []


def test_runs_of_other_experiments_stay_closed(store: Store, asked: RecordedJob) -> None:
    for name, more in (("runs/get", {}), ("artifacts/list", {}), ("metrics/get-history", {"metric_key": "m"})):
        status, answer = asked.call("GET", name, run_id=store.foreign.run_id, **more)
        assert status == 403, f"{name}: {answer}"
        assert store.foreign.artifact_uri not in json.dumps(answer)
        assert asked.call("GET", name, run_id=store.neighbour.run_id, **more)[0] == 200


def test_archives_stay_packed(store: Store, asked: RecordedJob) -> None:
    """Nothing of ours unpacks what a job logs, so entries that lead out of an archive are just bytes in it."""
    folder = asked.directory / "artifacts" / store.own.run_id / "packed"
    folder.mkdir(parents=True)
    up = "../" * 12 + str(store.base).lstrip("/") + "/outside/escaped"
    with tarfile.open(folder / "model.tar.gz", "w:gz") as tar:
        for name in (up, f"{store.base}/outside/escaped", "link/escaped"):
            tar.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, str(store.base / "outside")
        tar.addfile(link)
    with zipfile.ZipFile(folder / "model.zip", "w") as archive:
        archive.writestr(up, "")
    packed = {path.name: path.read_bytes() for path in folder.iterdir()}
    asked.finish()
    stored = Path(store.own.artifact_uri) / "packed"
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == packed
    assert {path.name for path in (store.base / "outside").iterdir()} == {NAME, "s.ipynb"}
