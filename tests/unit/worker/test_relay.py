"""The relay inside the job, without a tracking store: the test itself plays the controller."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.worker import relay, relay_journal
from studio_ext.worker.relay import RelayServer, merged

LOG_METRIC = "/api/2.0/mlflow/runs/log-metric"
LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"
LOG_PARAM = "/api/2.0/mlflow/runs/log-parameter"
SET_TAG = "/api/2.0/mlflow/runs/set-tag"
GET_RUN = "/api/2.0/mlflow/runs/get?run_id=run1"


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    folder = tmp_path / "attempts" / "1"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def server(attempt: Path, tmp_path: Path) -> Iterator[RelayServer]:
    server = RelayServer(attempt, tmp_path, "run1", "7")
    yield server
    server.close()


def call(
    env: dict[str, str], method: str, path: str, body: Any = None, *, token: str | None = None
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection(env["MLFLOW_TRACKING_URI"].removeprefix("http://"), timeout=30)
    data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
    bearer = env["MLFLOW_TRACKING_TOKEN"] if token is None else token
    try:
        connection.request(method, path, data, {"Authorization": f"Bearer {bearer}"} if bearer else {})
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else {}
    finally:
        connection.close()


def metric(step: int, /, **change: Any) -> dict[str, Any]:
    return {"run_id": "run1", "key": "loss", "value": step / 10, "timestamp": 1000 + step, "step": step} | change


def calls(attempt: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (attempt / "calls.jsonl").read_text().splitlines()]


def reply(attempt: Path, number: int, body: dict[str, Any], status: int = 200) -> None:
    with (attempt / "replies.jsonl").open("a") as file:
        file.write(json.dumps({"i": number, "s": status, "b": json.dumps(body), "pos": 0}) + "\n")


def until(condition: Callable[[], Any], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def in_background(function: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    result: list[Any] = []
    thread = threading.Thread(target=lambda: result.append(function()), daemon=True)
    thread.start()
    return thread, result


def test_log_calls_are_answered_at_once_and_lie_in_the_journal_in_order(server: RelayServer, attempt: Path) -> None:
    for step in range(50):
        assert call(server.env, "POST", LOG_METRIC, metric(step)) == (200, {})
    written = calls(attempt)
    assert [each["i"] for each in written] == list(range(1, 51))
    assert [json.loads(each["b"])["step"] for each in written] == list(range(50))
    assert all(each["wb"] and each["m"] == "POST" and each["p"] == LOG_METRIC for each in written)


def test_bodies_keep_every_byte(server: RelayServer, attempt: Path) -> None:
    body = json.dumps({"run_id": "run1", "key": "place", "value": "Zürich 🏔 \u2028"}, ensure_ascii=False).encode()
    assert call(server.env, "POST", SET_TAG, body)[0] == 200
    assert calls(attempt)[0]["b"].encode("latin1") == body


def test_other_calls_wait_for_their_answer(server: RelayServer, attempt: Path) -> None:
    thread, result = in_background(lambda: call(server.env, "GET", GET_RUN))
    until(lambda: (attempt / "calls.jsonl").stat().st_size)
    assert calls(attempt)[0]["wb"] is False
    assert not result
    reply(attempt, 1, {"error_code": "RESOURCE_DOES_NOT_EXIST"}, 404)
    thread.join(30)
    assert result == [(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})]


def test_answers_find_their_calls_in_any_order(server: RelayServer, attempt: Path) -> None:
    waiting = [in_background(lambda n=n: call(server.env, "GET", f"{GET_RUN}{n}")) for n in range(8)]
    until(lambda: len(calls(attempt)) == 8)
    for each in reversed(calls(attempt)):
        reply(attempt, each["i"], {"path": each["p"]})
    for n, (thread, result) in enumerate(waiting):
        thread.join(30)
        assert result == [(200, {"path": f"{GET_RUN}{n}"})]


def test_an_answer_that_comes_in_pieces_is_taken_when_it_is_whole(server: RelayServer, attempt: Path) -> None:
    thread, result = in_background(lambda: call(server.env, "GET", GET_RUN))
    until(lambda: (attempt / "calls.jsonl").stat().st_size)
    line = json.dumps({"i": 1, "s": 200, "b": json.dumps({"text": "x" * 5_000_000}), "pos": 0}) + "\n"
    with (attempt / "replies.jsonl").open("a", buffering=1) as file:
        for part in (line[:1000], line[1000:4_500_000], line[4_500_000:]):
            assert not result
            file.write(part)
            file.flush()
            time.sleep(0.02)
    thread.join(30)
    assert len(result[0][1]["text"]) == 5_000_000


def test_lines_that_are_no_answers_keep_none_from_those_who_wait(server: RelayServer, attempt: Path) -> None:
    thread, result = in_background(lambda: call(server.env, "GET", GET_RUN))
    until(lambda: (attempt / "calls.jsonl").stat().st_size)
    bad = [b"nonsense", b"[1]", b"7", b"null", b"\xff\xfe", b"[" * 100_000]
    for values in (
        {"i": [1]},
        {"i": True},
        {"s": "200"},
        {"s": 1},
        {"s": None},
        {"b": 5},
        {"b": "\u20ac"},
        {"b": None},
    ):
        bad.append(json.dumps({"i": 1, "s": 200, "b": "{}"} | values).encode())
    with (attempt / "replies.jsonl").open("ab") as file:
        file.write(b"\n".join(bad) + b"\n")
    reply(attempt, 1, {"good": True})
    thread.join(30)
    assert result == [(200, {"good": True})]


def test_the_controllers_own_notes_answer_nobody(server: RelayServer, attempt: Path) -> None:
    thread, result = in_background(lambda: call(server.env, "GET", GET_RUN))
    until(lambda: (attempt / "calls.jsonl").stat().st_size)
    with (attempt / "replies.jsonl").open("a") as file:
        file.write('{"i": 1, "pos": 10}\n')
    reply(attempt, 1, {"ok": 1})
    thread.join(30)
    assert result == [(200, {"ok": 1})]


@pytest.mark.parametrize("token", ["", "wrong", "wröng"])
def test_only_the_job_may_call(server: RelayServer, attempt: Path, token: str) -> None:
    status, body = call(server.env, "POST", LOG_METRIC, metric(1), token=token)
    assert (status, body["error_code"]) == (401, "UNAUTHENTICATED")
    assert calls(attempt) == []


def test_a_large_body_is_refused_in_words_that_arrive(server: RelayServer, attempt: Path) -> None:
    status, body = call(server.env, "POST", LOG_BATCH, b" " * (relay.MAX_BODY + 1))
    assert status == 413
    assert "16 MiB" in body["message"]
    assert calls(attempt) == []


def test_a_request_without_a_length_is_refused(server: RelayServer) -> None:
    connection = http.client.HTTPConnection(server.uri.removeprefix("http://"), timeout=10)
    connection.putrequest("POST", LOG_METRIC)
    connection.putheader("Authorization", f"Bearer {server.token}")
    connection.putheader("Transfer-Encoding", "chunked")
    connection.endheaders()
    assert connection.getresponse().status == 411


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (LOG_METRIC, b"{", "not valid JSON"),
        (LOG_METRIC, b"[1]", "not a JSON object"),
        (LOG_METRIC, {"key": "a", "value": 1, "timestamp": 1}, "run_id"),
        (LOG_METRIC, metric(1, value="three"), "a number is needed"),
        (LOG_METRIC, metric(1, value=True), "a number is needed"),
        (LOG_METRIC, metric(1, value=None), "'value'"),
        (LOG_METRIC, metric(1, timestamp=None), "'timestamp'"),
        (LOG_METRIC, metric(1, step="last"), "an integer is needed"),
        (LOG_METRIC, metric(1, key=""), "key name"),
        (LOG_METRIC, metric(1, key="a\nb"), "alphanumerics"),
        (LOG_METRIC, metric(1, key="loss%"), "alphanumerics"),
        (LOG_METRIC, metric(1, key="../loss"), "relative path"),
        (LOG_METRIC, metric(1, key="a//b"), "relative path"),
        (LOG_METRIC, metric(1, key="k" * 251), "251 characters"),
        (SET_TAG, {"run_id": "run1", "key": "k", "value": 3}, "a text is needed"),
        (LOG_BATCH, {"run_id": "run1", "metrics": {"a": 1}}, "a list"),
        (LOG_BATCH, {"run_id": "run1", "metrics": [metric(n) for n in range(1001)]}, "at most 1000 metrics"),
        (LOG_BATCH, {"run_id": "run1", "params": [{"key": f"p{n}", "value": ""} for n in range(101)]}, "at most 100"),
    ],
)
def test_what_mlflow_would_refuse_is_refused_here(
    server: RelayServer, attempt: Path, path: str, body: Any, words: str
) -> None:
    status, answer = call(server.env, "POST", path, body)
    assert (status, answer["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert words in answer["message"]
    assert calls(attempt) == []


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", float("nan"), 3, "2.5"])
def test_numbers_that_json_has_no_word_for_are_accepted(server: RelayServer, value: Any) -> None:
    assert call(server.env, "POST", LOG_METRIC, metric(1, value=value))[0] == 200


def test_a_parameter_cannot_change_its_value(server: RelayServer, attempt: Path) -> None:
    def log(value: str) -> int:
        return call(server.env, "POST", LOG_PARAM, {"run_id": "run1", "key": "depth", "value": value})[0]

    assert [log("8"), log("8"), log("9")] == [200, 200, 400]
    both = [{"key": "width", "value": "1"}, {"key": "depth", "value": "9"}]
    assert call(server.env, "POST", LOG_BATCH, {"run_id": "run1", "params": both})[0] == 400
    # All or none: the batch left no trace.
    assert call(server.env, "POST", LOG_PARAM, {"run_id": "run1", "key": "width", "value": "2"})[0] == 200
    assert len(calls(attempt)) == 3


def test_a_log_call_for_an_unknown_run_waits_until_an_answer_has_named_the_run(
    server: RelayServer, attempt: Path
) -> None:
    child = metric(1, run_id="child")
    thread, result = in_background(lambda: call(server.env, "POST", LOG_METRIC, child))
    until(lambda: len(calls(attempt)) == 1)
    assert calls(attempt)[0]["wb"] is False
    reply(attempt, 1, {"error_code": "PERMISSION_DENIED"}, 403)
    thread.join(30)
    assert result[0][0] == 403

    thread, result = in_background(lambda: call(server.env, "POST", "/api/2.0/mlflow/runs/create", {}))
    until(lambda: len(calls(attempt)) == 2)
    reply(attempt, 2, {"run": {"info": {"run_id": "child"}}})
    thread.join(30)
    assert call(server.env, "POST", LOG_METRIC, child) == (200, {})


@pytest.mark.parametrize("path", ["/v1/traces", "/api/3.0/mlflow/traces", "/api/2.0/mlflow/traces/search"])
def test_traces_are_refused_without_waiting_for_anybody(server: RelayServer, attempt: Path, path: str) -> None:
    status, body = call(server.env, "POST", path, {})
    assert status == 403
    assert "Traces" in body["message"]
    assert calls(attempt) == []


def test_half_a_line_is_cut_off_and_numbering_goes_on(attempt: Path, tmp_path: Path) -> None:
    whole = json.dumps({"i": 41, "wb": True, "m": "POST", "p": LOG_METRIC, "b": "x" * 200_000, "ct": ""}) + "\n"
    (attempt / "calls.jsonl").write_text(whole + '{"i": 42, "m": "PO')
    server = RelayServer(attempt, tmp_path, "run1", "7")
    try:
        assert call(server.env, "POST", LOG_METRIC, metric(1))[0] == 200
    finally:
        server.close()
    assert [each["i"] for each in calls(attempt)] == [41, 42]


def test_a_full_disk_leaves_no_half_line(server: RelayServer, attempt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    assert call(server.env, "POST", LOG_METRIC, metric(1))[0] == 200
    monkeypatch.setattr(relay_journal.os, "write", lambda file, data: real(file, data[: len(data) // 2]))
    status, body = call(server.env, "POST", LOG_METRIC, metric(2))
    monkeypatch.undo()
    assert (status, body["error_code"]) == (507, "RESOURCE_EXHAUSTED")
    assert "no space left" in body["message"]
    assert call(server.env, "POST", LOG_METRIC, metric(3))[0] == 200
    assert [json.loads(each["b"])["step"] for each in calls(attempt)] == [1, 3]


def test_close_answers_those_who_wait_and_is_idempotent(attempt: Path, tmp_path: Path) -> None:
    server = RelayServer(attempt, tmp_path, "run1", "7")
    thread, result = in_background(lambda: call(server.env, "GET", GET_RUN))
    until(lambda: (attempt / "calls.jsonl").stat().st_size)
    server.close()
    server.close()
    thread.join(30)
    assert result[0][0] == 503
    with pytest.raises(ConnectionRefusedError):
        call(server.env, "GET", GET_RUN)


def test_concurrent_callers_get_one_line_each(server: RelayServer, attempt: Path) -> None:
    def log_many(worker: int) -> None:
        for step in range(50):
            assert call(server.env, "POST", LOG_METRIC, metric(step, key=f"m{worker}"))[0] == 200

    threads = [threading.Thread(target=log_many, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    written = calls(attempt)
    assert [each["i"] for each in written] == list(range(1, 401))
    for worker in range(8):
        steps = [body["step"] for body in (json.loads(each["b"]) for each in written) if body["key"] == f"m{worker}"]
        assert steps == list(range(50))


def test_the_environment_leads_only_here() -> None:
    base = {
        "PATH": "/bin",
        "MLFLOW_RUN_ID": "other",
        "MLFLOW_EXPERIMENT_NAME": "other",
        "MLFLOW_TRACKING_USERNAME": "me",
        "MLFLOW_TRACKING_PASSWORD": "secret",
        "MLFLOW_TRACKING_URI": "databricks",
        "no_proxy": "intranet",
    }
    env = merged(base, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "MLFLOW_TRACKING_TOKEN": "t"})
    assert env["PATH"] == "/bin"
    assert env["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:1"
    assert env["no_proxy"] == "intranet,127.0.0.1"
    assert env["NO_PROXY"] == "127.0.0.1"
    assert not {"MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_TRACKING_PASSWORD"} & set(env)
    assert "secret" not in env.values()


def test_two_jobs_have_different_tokens(attempt: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    first, second = RelayServer(attempt, tmp_path, "run1", "7"), RelayServer(other, tmp_path, "run2", "7")
    try:
        assert call(second.env, "POST", LOG_METRIC, metric(1), token=first.token)[0] == 401
    finally:
        first.close()
        second.close()


def test_as_a_command_it_serves_until_its_input_is_closed(attempt: Path, tmp_path: Path) -> None:
    (attempt / "launch.json").write_text(json.dumps({"run_id": "run1", "experiment_id": "7"}))
    code = "import sys; from studio_ext.worker.relay import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), "1"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdin is not None
    env = json.loads(process.stdout.readline())["env"]
    assert env["MLFLOW_EXPERIMENT_ID"] == "7"
    assert call(env, "POST", LOG_METRIC, metric(1))[0] == 200
    process.stdin.close()
    assert process.wait(10) == 0
    assert len(calls(attempt)) == 1


def test_it_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import studio_ext.worker.relay;"
        "print([n for n in sys.modules if n.partition('.')[0] not in sys.stdlib_module_names"
        " and not n.startswith(('studio_ext', '__main'))], [n for n in sys.modules if n.startswith('studio_ext')])"
    )
    root = str(Path(__file__).parents[3])
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, root], capture_output=True, text=True, timeout=20)
    others, ours = done.stdout.strip().split("] [")
    assert others == "[", done.stdout + done.stderr
    assert all(
        "worker" in name or name.strip("'] ") in ("studio_ext", "studio_ext._version") for name in ours.split(", ")
    )
