"""Histories over REST: in one answer where they are short, page by page where they are long, again when they grew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from studio_ext.adapters.mlflow_calls import Reply
from studio_ext.adapters.series import rest_source
from studio_ext.adapters.series.columns import Columns
from studio_ext.adapters.series.histories import Histories
from studio_ext.adapters.series.journals import Journals
from studio_ext.adapters.series.rest_source import RestHistories
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.series import SeriesPage, SeriesQuery

RUN, OTHER = "a" * 32, "b" * 32


class Server:
    """MLflow's answers about runs and histories."""

    uri = "http://mlflow.test"

    def __init__(self) -> None:
        self.status = {RUN: "FINISHED", OTHER: "RUNNING"}
        self.values: dict[tuple[str, str], list[Any]] = {}
        self.asked: list[str] = []
        self.away = False

    def call(self, method: str, path: str, body: bytes = b"", content_type: str = "") -> Reply:
        if self.away:
            raise Unavailable("It is away.")
        parts = urlsplit(path)
        name, query = parts.path.partition("/mlflow/")[2], parse_qs(parts.query)
        self.asked.append(name)
        if name == "runs/get":
            return self._run(query["run_id"][0])
        key, most = query["metric_key"][0], int(query["max_results"][0])
        found = [each for run_id in query["run_id"] for each in self._history(run_id, key)]
        start = int(query.get("page_token", ["0"])[0])
        reply: dict[str, Any] = {"metrics": found[start : start + most]}
        if name == "metrics/get-history" and start + most < len(found):
            reply["next_page_token"] = str(start + most)
        return Reply(200, json.dumps(reply).encode())

    def _run(self, run_id: str) -> Reply:
        if run_id not in self.status:
            return Reply(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST"}')
        info = {"status": self.status[run_id], "start_time": 500_000, "lifecycle_stage": "active"}
        last = [self._history(run, key)[-1] for run, key in self.values if run == run_id]
        return Reply(200, json.dumps({"run": {"info": info, "data": {"metrics": last}}}).encode())

    def _history(self, run_id: str, key: str) -> list[dict[str, Any]]:
        return [
            {"key": key, "value": value, "timestamp": 1_000_000 + step * 1000, "step": step, "run_id": run_id}
            for step, value in enumerate(self.values.get((run_id, key), []))
        ]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def histories(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Histories:
    monkeypatch.setattr(rest_source, "_LIVE_SECONDS", 0.0)
    monkeypatch.setattr(rest_source, "_SHARE", 0.0)
    columns, journals = Columns(tmp_path / "cache", server.uri), Journals(tmp_path / "trackers", lambda: [])
    return Histories(RestHistories(server), columns, journals)  # type: ignore[arg-type]


def ask(histories: Histories, *metrics: str, **fields: Any) -> SeriesPage:
    return histories.page(SeriesQuery(run_ids=[RUN, OTHER, "c" * 32], metrics=list(metrics or ["loss"]), **fields))


def test_one_question_for_many_runs(server: Server, histories: Histories) -> None:
    server.values = {(RUN, "loss"): [3.0, "NaN", "Infinity"], (OTHER, "loss"): [1.0]}
    page = ask(histories, "loss", "none")
    assert [(each.run_id, each.value) for each in page.series] == [(RUN, [3.0, None, None]), (OTHER, [1.0])]
    assert page.missing == ["c" * 32] and not page.complete and not page.more
    assert server.asked.count("metrics/get-history-bulk") == 1
    assert ask(histories, x="relative").series[0].time == [500.0, 501.0, 502.0]
    assert server.asked.count("metrics/get-history-bulk") == 1


def test_long_histories_come_page_by_page(
    server: Server, histories: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest_source, "_BULK_VALUES", 10)
    monkeypatch.setattr(rest_source, "_PAGE", 10)
    monkeypatch.setattr("studio_ext.adapters.series.histories.TURN_SECONDS", 0.0)
    server.values = {(RUN, "loss"): [float(step) for step in range(35)], (OTHER, "loss"): [7.0]}
    turns = 1
    page = ask(histories)
    while page.more:
        turns += 1
        page = ask(histories)
    assert turns > 3 and page.series[0].step == list(range(35)) and page.series[1].value == [7.0]


def test_what_grew_is_read_again(server: Server, histories: Histories) -> None:
    server.values = {(RUN, "loss"): [3.0], (OTHER, "loss"): [1.0]}
    page = ask(histories)
    server.values[OTHER, "loss"].append(0.5)
    later = ask(histories, known=[[1], [1], [0]], generation=page.generation)
    assert [(each.run_id, each.first, each.value) for each in later.series] == [(OTHER, 1, [0.5])]
    server.status[OTHER] = "FINISHED"
    assert ask(histories).complete
    asked = len(server.asked)
    assert ask(histories).complete and server.asked[asked:] == ["runs/get"]  # of the run that is not there


def test_a_server_that_is_away_keeps_what_is_known(server: Server, histories: Histories) -> None:
    server.values = {(RUN, "loss"): [3.0]}
    ask(histories)
    server.away = True
    page = ask(histories)
    assert page.message == "It is away." and page.series[0].value == [3.0] and not page.complete
