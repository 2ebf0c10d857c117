"""Records that a server elsewhere keeps."""

from __future__ import annotations

import http.server
import math
import os
import random
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from studio_ext.adapters.http_client import HttpClient
from studio_ext.adapters.http_records import HttpRecords
from studio_ext.adapters.mlflow_backend import open_backend
from studio_ext.adapters.mlflow_records import MlflowRecords
from studio_ext.contract.errors import InvalidRequest
from studio_ext.ports.records import RunRecord

RUN = RunRecord(run_id="a" * 32, experiment_id="1", name="x", status="RUNNING", artifact_uri="")
SIZE = 4 << 20


class Taker(http.server.BaseHTTPRequestHandler):
    """Takes a file; what is to happen while it is sent, happens after its first byte."""

    taken: list[bytes]
    meanwhile: Any

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        first = self.rfile.read(1)
        type(self).meanwhile()
        self.taken.append(first + self.rfile.read(length - 1))
        if len(self.taken[-1]) == length:
            self.send_response(204)
            self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def taker() -> Iterator[tuple[type[Taker], HttpRecords]]:
    kind = type("TakerHere", (Taker,), {"taken": []})
    with http.server.HTTPServer(("127.0.0.1", 0), kind) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        client = HttpClient(f"http://127.0.0.1:{server.server_port}/")
        yield kind, HttpRecords(client)
        client.close()
        server.shutdown()
        thread.join()


def test_a_file_that_grows_is_sent_as_long_as_it_was(taker: tuple[type[Taker], HttpRecords], tmp_path: Path) -> None:
    kind, records = taker
    log = tmp_path / "train.log"
    log.write_bytes(os.urandom(SIZE))  # more than what the network holds
    before = log.read_bytes()

    def grow() -> None:
        with log.open("ab") as file:
            file.write(b"more" * 1000)

    kind.meanwhile = grow
    records.log_artifact(RUN, log, "train.log")
    assert kind.taken == [before]


def test_a_file_that_shrinks_is_told(taker: tuple[type[Taker], HttpRecords], tmp_path: Path) -> None:
    kind, records = taker
    log = tmp_path / "train.log"
    log.write_bytes(bytes(64 << 20))
    kind.meanwhile = lambda: os.truncate(log, 10)
    with pytest.raises(InvalidRequest, match="became shorter than 67108864 bytes"):
        records.log_artifact(RUN, log, "train.log")


ORDERS = [
    [],
    *([f"attributes.{column} {order}"] for column in ("start_time", "run_name", "status") for order in ("ASC", "DESC")),
    ["attributes.end_time DESC"],
    ["metrics.`a b` ASC"],
    ["metrics.`a b` DESC"],
    ["params.`depth` DESC", "attributes.start_time ASC"],
]


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[MlflowRecords, list[str]]:
    """A real store with 7 experiments and their runs."""
    folder = tmp_path_factory.mktemp("store")
    records = MlflowRecords(open_backend(f"sqlite:///{folder}/mlflow.db", folder / "artifacts"))
    experiments = [records.create_experiment(f"e{number}", {}).experiment_id for number in range(7)]
    chance = random.Random(4)
    for number in range(42):
        run = records.create_run(experiments[number % 7], chance.choice("abcXYZ"), {}, 1e9 + chance.randrange(30))
        if number % 3:
            records.update_run(run.run_id, status=chance.choice(["FINISHED", "FAILED"]), ended=1e9 + 100 + number)
        metrics, params = [], []
        if number % 4:
            value = chance.choice([1.5, -3.0, math.inf, math.nan, 7.0, -math.inf])
            metrics = [{"key": "a b", "value": value, "timestamp": 1, "step": 0}]
        if number % 5:
            params = [{"key": "depth", "value": chance.choice(["8", "16", "x"])}]
        reply = records._backend.log_batch({"run_id": run.run_id, "metrics": metrics, "params": params})
        assert reply.ok
    return records, experiments


@pytest.mark.parametrize("order_by", ORDERS, ids=" ".join)
def test_runs_of_many_experiments_are_in_order(
    many: tuple[MlflowRecords, list[str]], order_by: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, experiments = many
    monkeypatch.setattr("studio_ext.adapters.http_records.MAX_RUNS", 2)

    def answer(request: httpx.Request) -> httpx.Response:
        query = request.url.params
        asked, order = query["experiments"].split(","), query.get("order_by", "")
        assert len(asked) <= 2
        page = store.run_page(
            asked, order_by=order.split(",") if order else [], limit=5, cursor=query.get("cursor", "")
        )
        return httpx.Response(200, text=page.model_dump_json())

    records = HttpRecords(HttpClient("http://host:1/", transport=httpx.MockTransport(answer)))
    wanted = [each.run_id for each in store.runs(experiments, order_by=order_by)]
    assert len(wanted) == 42
    assert [each.run_id for each in records.runs(experiments, order_by=order_by)] == wanted
    assert [each.run_id for each in islice(records.runs(experiments, order_by=order_by), 3)] == wanted[:3]
