"""Runs are found among very many."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from studio_ext.adapters.trial_index.run_map import RunMap, fits, hashes_of_texts


@pytest.mark.parametrize("parts", [1, 3, 400])
def test_finds_all_of_them(parts: int) -> None:
    ids = [uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex for number in range(20_000)]
    runs = RunMap()
    size = len(ids) // parts
    for number in range(0, len(ids), size):
        some = ids[number : number + size]
        assert runs.add(some, number % 7, number) == number
    assert len(runs) == len(ids)
    assert runs.find([*ids[::-1], "0" * 32]).tolist() == [*range(len(ids) - 1, -1, -1), -1]
    assert runs.rows.tolist() == list(range(len(ids)))
    runs.fingerprints[5] = 3
    assert runs.find([]).tolist() == [] and int(runs.fingerprints.sum()) == 3


def test_ids() -> None:
    assert fits("a" * 32) and fits("r1")
    assert not any(fits(each) for each in ("", "a" * 33, "é", "a\0"))
    assert len(np.unique(hashes_of_texts([f"{number:032x}" for number in range(10_000)]))) == 10_000
    assert hashes_of_texts(["ab"]) != hashes_of_texts(["ba"])
