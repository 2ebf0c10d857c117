"""Records that a server elsewhere keeps."""

from __future__ import annotations

import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.http_client import HttpClient
from studio_ext.adapters.http_records import HttpRecords
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
