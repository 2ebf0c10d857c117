"""What waits to be sent keeps its order, in memory and on the disk."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from studio_ext.adapters.spool import Spool
from studio_ext.contract.errors import Unavailable


def test_first_in_first_out_whatever_is_on_the_disk() -> None:
    chance = random.Random(7)
    spool, kept, number = Spool(memory_bytes=500), [], 0
    for _ in range(2000):
        if chance.random() < 0.6:
            item = f"{number} ".encode() * chance.randint(1, 30)
            spool.put(item)
            kept.append(item)
            number += 1
        else:
            found = spool.first(chance.randint(1, 5), chance.randint(1, 400))
            assert found == kept[: len(found)]
            assert len(found) >= min(1, len(kept))
            done = chance.randint(0, len(found))
            spool.drop(done)
            del kept[:done]
        assert len(spool) == len(kept)
    while kept:
        assert spool.first(1, 1) == [kept.pop(0)]
        spool.drop(1)
    assert spool.first(5, 100) == []


def test_a_limit_and_nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    spool = Spool(memory_bytes=10, disk_bytes=100)
    for _ in range(2):
        for _ in range(11):
            spool.put(b"0123456789")
        with pytest.raises(Unavailable, match="cannot be kept"):
            spool.put(b"0123456789")
        assert len(spool) == 11
        assert not list(tmp_path.iterdir())
        spool.drop(11)  # and there is room again


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> int:
        raise OSError(28, "No space left on device")

    spool = Spool(memory_bytes=0)
    spool.put(b"one")
    monkeypatch.setattr(os, "pwrite", no_room)
    with pytest.raises(Unavailable, match="No space left"):
        spool.put(b"two")
    monkeypatch.setattr(os, "pwrite", lambda *_: 1)
    with pytest.raises(Unavailable):
        spool.put(b"two")
    assert spool.first(5, 100) == [b"one"]
