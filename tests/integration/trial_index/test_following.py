"""The trial index follows a store that others write with MLflow's own clients."""

from __future__ import annotations

import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient

from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.workspace import Workspace
from studio_ext.testing.trial_columns_suite import key
from tests.integration.trial_stores import (
    Follower,
    answered,
    columns,
    experiment_of,
    insert,
    is_active,
    many,
    opens,
    row_of,
    sql,
    value,
)

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


def test_twelve_thousand_metrics(workspace: Workspace, follower: Follower) -> None:
    wide = replace(many(1)[0], metrics={f"layer {number}/norm": [float(number)] for number in range(12_000)})
    insert(workspace, "e", [wide, *many(20, 1)])
    follower.until(lambda: columns(follower).size == 21)
    now = columns(follower)
    assert len(now.keys(text="norm")) == 12_000
    row = row_of(now, wide.run_id)
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
            row = row_of(columns(follower), run)
            if row is None:
                return False
            found = [float(columns(follower).numbers(key(f"metrics.m{each}"))[row]) for each in ("", ".min", ".max")]
            return np.array_equal(found, [last, min(numbers), max(numbers)], equal_nan=True)

        follower.until(is_there, f"for {number}")


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
