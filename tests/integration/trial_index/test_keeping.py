"""The trial index lasts: over restarts, full disks, stores that are away or are others by now."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
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
from studio_ext.contract.errors import Unavailable
from studio_ext.contract.trial_table import IndexPhase
from studio_ext.core.workspace import Workspace
from studio_ext.testing.trial_columns_suite import key
from tests.integration.trial_stores import (
    Follower,
    columns,
    experiment_of,
    insert,
    many,
    opens,
    row_of,
    value,
)


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


def test_extremes_after_a_commit_that_broke_off(
    follower: Follower, client: MlflowClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last value is written before the smallest finds no room: what was the smallest is known from it no more."""
    run = client.create_run(experiment_of(client)).info.run_id
    client.log_metric(run, "m", 1.0, step=0)

    def found() -> list[float]:
        row = row_of(columns(follower), run)
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


def test_hides_what_is_there_from_others(workspace: Workspace, follower: Follower) -> None:
    insert(workspace, "e", many(1))
    follower.until(lambda: columns(follower).size == 1)
    root = Paths.of(workspace).root
    for each in [root, *root.rglob("*")]:
        assert each.stat().st_mode & 0o077 == 0, each
