"""The trial index follows a store that others write with MLflow's own clients."""

from __future__ import annotations

import errno
import math
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.adapters.trial_index import writing
from studio_ext.adapters.trial_index.layout import Paths
from studio_ext.adapters.trial_index.records import Batch
from studio_ext.adapters.trial_index.sql_reading import SqlReading
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.workspace import Workspace
from studio_ext.ports.trial_index import TrialColumns
from studio_ext.testing.memory_columns import MemoryTrial
from studio_ext.testing.trial_columns_suite import key
from tests.integration.trial_stores import Follower, insert, make_store

CLIENT = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.get_experiment_by_name("e").experiment_id
run = client.create_run(experiment, run_name="from elsewhere").info.run_id
client.log_param(run, "lr", "0.5")
for step, value in enumerate([3.0, 1.0, 2.0]):
    client.log_metric(run, "loss", value, step=step)
client.set_tag(run, "stage", "dev")
print(run, flush=True)
sys.stdin.readline()
client.log_metric(run, "loss", 0.5, step=9)
client.set_terminated(run)
"""


@pytest.fixture(scope="module")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite store with an experiment; to make its tables takes long."""
    made = open_workspace(tmp_path_factory.mktemp("template") / "studio", {})
    make_store(made, "e")
    path = sqlite_path(made.tracking_uri)
    assert path is not None
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def workspace(tmp_path: Path, empty_store: Path) -> Workspace:
    made = open_workspace(tmp_path / "studio", {})
    path = sqlite_path(made.tracking_uri)
    assert path is not None
    shutil.copy(empty_store, path)
    return made


@pytest.fixture
def follower(workspace: Workspace) -> Iterator[Follower]:
    made = Follower(workspace)
    made.build()
    yield made
    made.close()


@pytest.fixture
def client(workspace: Workspace) -> MlflowClient:
    return MlflowClient(workspace.tracking_uri)


def columns(follower: Follower) -> TrialColumns:
    return follower.index.open("e")


def value(follower: Follower, run_id: str, text: str) -> float | str | None:
    """A cell: a number of metrics and times, else a text; None while it is not there."""
    now = columns(follower)
    row = now.row_of(run_id)
    if row is None:
        return None
    number = key(text).kind == "metric" or text in ("started", "ended")
    if number:
        found = float(now.numbers(key(text))[row])
        return None if math.isnan(found) else found
    return now.texts(key(text), np.array([row]))[0]


def is_active(follower: Follower, run_id: str) -> bool:
    row = columns(follower).row_of(run_id)
    return row is not None and bool(columns(follower).active()[row])


def sql(workspace: Workspace, *statements: str) -> None:
    path = sqlite_path(workspace.tracking_uri)
    assert path is not None
    with closing(sqlite3.connect(path, timeout=30)) as database:
        for each in statements:
            if each == "VACUUM":
                database.commit()
            database.execute(each)
        database.commit()


def experiment_of(client: MlflowClient, name: str = "e") -> str:
    found = client.get_experiment_by_name(name)
    assert found is not None
    return str(found.experiment_id)


def many(count: int, first: int = 0) -> list[MemoryTrial]:
    return [
        MemoryTrial(
            f"{number:032x}",
            name=f"trial {number}",
            started=1_700_000_000.0 + number,
            ended=1_700_000_050.0 + number,
            params={"lr": repr(number / 7), "layers": str(number), "kind": "abc"[number % 3]},
            metrics={"loss": [float(number), float(-number)], "acc": [number / 10]},
            tags={"stage": "dev"},
        )
        for number in range(first, first + count)
    ]


def test_what_another_process_records_is_seen_while_it_goes_on(workspace: Workspace, follower: Follower) -> None:
    command = [sys.executable, "-W", "ignore", "-c", CLIENT, workspace.tracking_uri]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        run = process.stdout.readline().strip()
        follower.until(lambda: value(follower, run, "tags.stage") == "dev")
        assert value(follower, run, "name") == "from elsewhere"
        assert value(follower, run, "status") == "RUNNING"
        assert value(follower, run, "params.lr") == "0.5"
        assert [value(follower, run, f"metrics.loss{each}") for each in ("", ".min", ".max")] == [2.0, 1.0, 3.0]
        assert value(follower, run, "ended") is None
        process.stdin.write("\n")
        process.stdin.flush()
        follower.until(lambda: value(follower, run, "status") == "FINISHED")
        assert [value(follower, run, f"metrics.loss{each}") for each in ("", ".min", ".max")] == [0.5, 0.5, 3.0]
        assert value(follower, run, "ended") is not None


def test_edits_of_trials_that_are_over(follower: Follower, client: MlflowClient) -> None:
    run = client.create_run(experiment_of(client), run_name="before", tags={"a": "1", "b": "2"}).info.run_id
    client.set_terminated(run)
    follower.until(lambda: value(follower, run, "status") == "FINISHED")
    client.set_tag(run, "a", "changed")
    client.delete_tag(run, "b")
    client.update_run(run, name="after")
    follower.until(lambda: value(follower, run, "name") == "after")
    follower.until(lambda: value(follower, run, "tags.a") == "changed" and value(follower, run, "tags.b") is None)
    client.log_metric(run, "late", 7.0)
    follower.until(lambda: value(follower, run, "metrics.late") == 7.0)


def test_deleted_restored_and_gone(workspace: Workspace, follower: Follower, client: MlflowClient) -> None:
    experiment = experiment_of(client)
    runs = [client.create_run(experiment).info.run_id for _ in range(3)]
    for run in runs:
        client.set_terminated(run)
    follower.until(lambda: all(is_active(follower, run) for run in runs))
    client.delete_run(runs[1])
    follower.until(lambda: not is_active(follower, runs[1]))
    assert is_active(follower, runs[0])
    client.restore_run(runs[1])
    follower.until(lambda: is_active(follower, runs[1]))
    sql(
        workspace,
        *(f"DELETE FROM {table} WHERE run_uuid = '{runs[0]}'" for table in ("tags", "params", "metrics", "runs")),
    )
    follower.until(lambda: not is_active(follower, runs[0]))
    assert is_active(follower, runs[1]) and is_active(follower, runs[2])


def test_rows_that_are_deleted_and_given_out_again(workspace: Workspace, follower: Follower) -> None:
    """The rowids of the last rows are used again."""
    insert(workspace, "e", many(5))
    follower.until(lambda: columns(follower).size == 5)
    generation = columns(follower).generation
    last = many(1, 4)[0].run_id
    tables = ("tags", "params", "metrics", "latest_metrics", "runs")
    sql(workspace, *(f"DELETE FROM {table} WHERE run_uuid = '{last}'" for table in tables))
    insert(workspace, "e", many(1, 9))
    new = many(1, 9)[0].run_id
    follower.until(lambda: value(follower, new, "metrics.loss") == -9.0 and not is_active(follower, last))
    assert value(follower, new, "params.layers") == "9"
    assert columns(follower).generation != generation, "it was built anew"


def test_a_file_that_is_packed(workspace: Workspace, follower: Follower) -> None:
    """Rowids change then."""
    insert(workspace, "e", many(6))
    follower.until(lambda: columns(follower).size == 6)
    first = many(1)[0].run_id
    tables = ("tags", "params", "metrics", "latest_metrics", "runs")
    sql(workspace, *(f"DELETE FROM {table} WHERE run_uuid = '{first}'" for table in tables), "VACUUM")
    insert(workspace, "e", many(1, 7))
    new = many(1, 7)[0].run_id
    follower.until(lambda: value(follower, new, "params.layers") == "7" and not is_active(follower, first))
    assert columns(follower).active().sum() == 6


def test_a_store_that_is_away_and_comes_back(workspace: Workspace, follower: Follower) -> None:
    insert(workspace, "e", many(3))
    follower.until(lambda: columns(follower).size == 3)
    path = sqlite_path(workspace.tracking_uri)
    assert path is not None
    elsewhere = path.with_name("elsewhere.db")
    for each in ("", "-wal", "-shm"):
        source = path.with_name(path.name + each)
        if source.exists():
            source.rename(elsewhere.with_name(elsewhere.name + each))
    follower.until(lambda: follower.index.state("e").phase is IndexPhase.away)
    state = follower.index.state("e")
    assert str(path) in state.message and state.hint and state.indexed == 3
    assert columns(follower).size == 3, "what was read before is still there"
    for each in ("-wal", "-shm", ""):
        source = elsewhere.with_name(elsewhere.name + each)
        if source.exists():
            source.rename(path.with_name(path.name + each))
    insert(workspace, "e", many(1, 3))
    follower.until(lambda: columns(follower).size == 4)
    assert follower.index.state("e").phase is IndexPhase.ready


def test_a_store_that_is_not_one(tmp_path: Path) -> None:
    wrong = replace(open_workspace(tmp_path / "studio", {}), tracking_uri=f"sqlite:///{tmp_path}/none/at all.db")
    follower = Follower(wrong)
    follower.until(lambda: follower.index.state().phase is IndexPhase.away)
    assert "none/at all.db" in follower.index.state().message
    with pytest.raises(Unavailable, match="cannot be read"):
        follower.index.open("e")
    (tmp_path / "no database.db").write_text("hello " * 1000)
    wrong = replace(wrong, tracking_uri=f"sqlite:///{tmp_path}/no database.db")
    follower = Follower(wrong)
    follower.until(lambda: follower.index.state().phase is IndexPhase.away)
    assert "not a database" in follower.index.state().message


def test_experiments_come_go_and_change_their_names(follower: Follower, client: MlflowClient) -> None:
    identity = client.create_experiment("new one")
    follower.until(lambda: opens(follower, "new one"))
    assert follower.index.open("new one").size == 0
    assert follower.index.open("new one").keys() == []
    client.rename_experiment(identity, "newer one")
    follower.until(lambda: opens(follower, "newer one"))
    with pytest.raises(NotFound, match="no experiment named"):
        answered(follower, lambda: follower.index.open("new one"))
    client.delete_experiment(identity)
    follower.until(lambda: not opens(follower, "newer one"))
    with pytest.raises(NotFound, match="was deleted"):
        answered(follower, lambda: follower.index.open("newer one"))
    client.restore_experiment(identity)
    follower.until(lambda: opens(follower, "newer one"))


def opens(follower: Follower, experiment: str) -> bool:
    return follower.index._find(experiment) is not None


def answered(follower: Follower, ask: Callable[[], object]) -> None:
    """Ask while the index is kept up to date by another thread."""
    stopped = threading.Event()

    def turns() -> None:
        while not stopped.is_set():
            stopped.wait(min(follower.indexer.turn(), 0.05))

    thread = threading.Thread(target=turns)
    thread.start()
    try:
        ask()
    finally:
        stopped.set()
        thread.join()


def test_five_hundred_experiments(workspace: Workspace, follower: Follower) -> None:
    sql(
        workspace,
        *(
            "INSERT INTO experiments (name, lifecycle_stage, creation_time, last_update_time, artifact_location) "
            f"VALUES ('many {number}', 'active', 1, 1, '/nowhere')"
            for number in range(500)
        ),
    )
    for number in (0, 77, 499):
        insert(workspace, f"many {number}", many(2, 10 * number))
    follower.until(lambda: opens(follower, "many 499") and follower.index.open("many 499").size == 2)
    assert follower.index.open("many 3").size == 0
    assert follower.index.open("many 77").texts(key("params.layers"), np.arange(2)) in (["770", "771"], ["771", "770"])


def test_is_taken_up_again_and_can_be_thrown_away(workspace: Workspace, follower: Follower) -> None:
    insert(workspace, "e", many(40))
    follower.until(lambda: columns(follower).size == 40)
    generation = columns(follower).generation
    follower.close()
    insert(workspace, "e", many(1, 40))
    again = Follower(workspace)
    again.until(lambda: columns(again).size == 41)
    assert columns(again).generation == generation
    new = many(1, 40)[0].run_id
    assert value(again, new, "params.layers") == "40"
    old = columns(again)
    shutil.rmtree(Paths.of(workspace).root)
    assert old.texts(key("params.layers"), np.array([0])) != [None], "what is open stays readable"
    again.until(lambda: opens(again, "e") and columns(again).size == 41)
    assert columns(again).generation != generation
    assert value(again, new, "metrics.loss.max") == 40.0
    again.close()


def test_a_power_cut_and_another_version(workspace: Workspace, follower: Follower) -> None:
    insert(workspace, "e", many(3))
    follower.until(lambda: columns(follower).size == 3)
    store = Paths.of(workspace).generation(columns(follower).generation) / "store.json"
    text = store.read_text()
    for old, new in (('"boot": "', '"boot": "other '), ('"version": 1', '"version": 0')):
        assert old in text
        generation = columns(follower).generation
        store = Paths.of(workspace).generation(generation) / "store.json"
        store.write_text(store.read_text().replace(old, new))
        again = Follower(workspace)
        again.build()
        assert columns(again).generation != generation and columns(again).size == 3


def test_survives_a_restart_of_the_machine_when_it_was_closed(workspace: Workspace, follower: Follower) -> None:
    insert(workspace, "e", many(3))
    follower.until(lambda: columns(follower).size == 3)
    follower.close()
    generation = columns(follower).generation
    store = Paths.of(workspace).generation(generation) / "store.json"
    store.write_text(store.read_text().replace('"boot": "', '"boot": "other '))
    again = Follower(workspace)
    again.build()
    assert columns(again).generation == generation and columns(again).size == 3
    again.close()


def test_two_workspaces_on_one_store(tmp_path: Path, workspace: Workspace, follower: Follower) -> None:
    other = replace(open_workspace(tmp_path / "other", {}), tracking_uri=workspace.tracking_uri)
    beside = Follower(other)
    beside.build()
    insert(workspace, "e", many(3))
    follower.until(lambda: columns(follower).size == 3)
    beside.until(lambda: columns(beside).size == 3)
    shutil.rmtree(Paths.of(workspace).root)
    assert columns(beside).size == 3
    beside.close()


def test_shows_what_is_there_while_it_is_built(workspace: Workspace) -> None:
    insert(workspace, "e", many(1200))
    follower = Follower(workspace)
    with pytest.raises(Unavailable, match="being read"):
        follower.index.open("e")
    follower.until(lambda: opens(follower, "e"))
    state = follower.index.state("e")
    assert state.phase is IndexPhase.building and state.expected == 1200
    assert 0 < columns(follower).size < 1200
    newest = many(1, 1199)[0].run_id
    assert value(follower, newest, "params.layers") == "1199", "the newest come first"
    follower.build()
    assert columns(follower).size == 1200
    assert follower.index.state("e").phase is IndexPhase.ready
    assert np.nansum(columns(follower).numbers(key("metrics.loss.max"))) == sum(range(1200))
    assert np.nansum(columns(follower).numbers(key("metrics.loss"))) == -sum(range(1200))
    follower.close()


def test_a_store_that_goes_away_while_everything_is_read(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(workspace, "e", many(1200))
    real, asked = SqlReading.whole, 0

    def whole(self: SqlReading, run_ids: Sequence[str], *, extremes: bool = True) -> Batch:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise Unavailable("The line is cut.", hint="Wait.")
        return real(self, run_ids, extremes=extremes)

    monkeypatch.setattr(SqlReading, "whole", whole)
    follower = Follower(workspace)
    follower.until(lambda: follower.index.state("e").phase is IndexPhase.away)
    assert follower.index.state("e").message == "The line is cut."
    assert 0 < columns(follower).size < 1200
    follower.build()
    assert columns(follower).size == 1200 and follower.index.state("e").phase is IndexPhase.ready
    assert np.nansum(columns(follower).numbers(key("metrics.loss"))) == -sum(range(1200))
    follower.close()


def test_a_full_disk(workspace: Workspace, follower: Follower, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(workspace, "e", many(3))
    follower.until(lambda: columns(follower).size == 3)

    def full(file: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(writing.os, "pwrite", full)
        insert(workspace, "e", many(2, 3))
        follower.until(lambda: follower.index.state("e").phase is IndexPhase.away)
        state = follower.index.state("e")
        assert "No space left" in state.message and "Make room" in state.hint
        assert columns(follower).size == 3
    follower.until(lambda: columns(follower).size == 5)
    assert value(follower, many(1, 4)[0].run_id, "params.layers") == "4"
    assert follower.index.state("e").phase is IndexPhase.ready


def test_another_file_in_the_place_of_the_store(workspace: Workspace, follower: Follower, empty_store: Path) -> None:
    """A backup that was put back."""
    insert(workspace, "e", many(3))
    follower.until(lambda: columns(follower).size == 3)
    path = sqlite_path(workspace.tracking_uri)
    assert path is not None
    backup = path.with_name("backup.db")
    shutil.copy(empty_store, backup)
    for each in ("-wal", "-shm"):
        path.with_name(path.name + each).unlink(missing_ok=True)
    backup.replace(path)
    follower.until(lambda: columns(follower).active().sum() == 0)
    insert(workspace, "e", many(2, 7))
    follower.until(lambda: columns(follower).active().sum() == 2)


def test_twelve_thousand_metrics(workspace: Workspace, follower: Follower) -> None:
    wide = replace(many(1)[0], metrics={f"layer {number}/norm": [float(number)] for number in range(12_000)})
    insert(workspace, "e", [wide, *many(20, 1)])
    follower.until(lambda: columns(follower).size == 21)
    now = columns(follower)
    assert len(now.keys(text="norm")) == 12_000
    row = now.row_of(wide.run_id)
    assert now.numbers(key("metrics.`layer 11999/norm`"))[row] == 11_999
    facts = now.facts(key("metrics.`layer 7/norm`"))
    assert facts is not None and facts.count == 1 and facts.constant and facts.maximum == 7.0


def test_numbers_that_come_again_and_again(follower: Follower, client: MlflowClient) -> None:
    """The extremes of values that are seen in several looks, NaN and infinity among them."""
    run = client.create_run(experiment_of(client)).info.run_id
    seen: list[float] = []
    for step, number in enumerate([5.0, math.nan, -math.inf, 9.0, 7.0]):
        client.log_metric(run, "m", number, step=step)
        seen.append(number)
        numbers = [each for each in seen if not math.isnan(each)]

        def is_there(numbers: list[float] = numbers, last: float = number) -> bool:
            row = columns(follower).row_of(run)
            if row is None:
                return False
            found = [float(columns(follower).numbers(key(f"metrics.m{each}"))[row]) for each in ("", ".min", ".max")]
            return np.array_equal(found, [last, min(numbers), max(numbers)], equal_nan=True)

        follower.until(is_there, f"for {number}")


def test_extremes_after_a_commit_that_broke_off(
    follower: Follower, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last value is written before the smallest finds no room: what was the smallest is known from it no more."""
    run = client.create_run(experiment_of(client)).info.run_id
    client.log_metric(run, "m", 1.0, step=0)

    def found() -> list[float]:
        row = columns(follower).row_of(run)
        names = ("m", "m.min", "m.max")
        return [] if row is None else [float(columns(follower).numbers(key(f"metrics.{each}"))[row]) for each in names]

    follower.until(lambda: found() == [1.0, 1.0, 1.0])
    pwrite, left = os.pwrite, [1]

    def full(file: int, data: bytes, offset: int) -> int:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        return pwrite(file, data, offset)

    for room in range(1, 6):
        with monkeypatch.context() as patched:
            left[0] = room
            patched.setattr(writing.os, "pwrite", full)
            client.log_metric(run, "m", 5.0 + room, step=room)
            follower.until(lambda: left[0] == 0 or found()[0] == 5.0 + room)  # noqa: B023
            follower.indexer.turn()
        follower.until(lambda: found() == [5.0 + room, 1.0, 5.0 + room], f"room for {room}")  # noqa: B023


def test_asks_for_trials_that_were_just_changed(follower: Follower, client: MlflowClient) -> None:
    """Whoever changes a trial that is over says so, and does not wait for the sweep."""
    run = client.create_run(experiment_of(client)).info.run_id
    client.set_terminated(run)
    follower.until(lambda: value(follower, run, "status") == "FINISHED")
    follower.until(lambda: follower.indexer._sweeping is None and not follower.indexer._source.needs_sweep())
    follower.indexer._sweep_due = time.monotonic() + 3600  # no sweep
    client.delete_run(run)
    follower.index.look_at([run])
    follower.until(lambda: not is_active(follower, run))


def test_hides_what_is_there_from_others(workspace: Workspace, follower: Follower) -> None:
    insert(workspace, "e", many(1))
    follower.until(lambda: columns(follower).size == 1)
    root = Paths.of(workspace).root
    for each in [root, *root.rglob("*")]:
        assert each.stat().st_mode & 0o077 == 0, each
