"""Lineage over a store in memory."""

from __future__ import annotations

import pytest

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.lineage import MAX_DEPTH, MAX_NODES, Lineage, LineageKind
from studio_ext.contract.models import RegisterModel
from studio_ext.ports.models import DataRef, KnownJob, SourceTrial
from studio_ext.services import lineage as module
from studio_ext.services.lineage import MAX_BESIDE, data_id
from studio_ext.services.models import Models
from studio_ext.testing.memory_models import MemoryModels

DIGEST = "0123456789abcdef"
HOUSES = DataRef("data/houses.csv", DIGEST, "/work/data/houses.csv")
SHORT = DataRef("frame", "ab12cd34")


def trial(run_id: str, **fields: object) -> SourceTrial:
    known = {"run_id": run_id, "name": f"trial {run_id}", "experiment": "houses", "status": "FINISHED", **fields}
    return SourceTrial(**known)  # type: ignore[arg-type]


@pytest.fixture
def store() -> MemoryModels:
    """A job whose trial read data, has a component and became a model; another trial that read the same data."""
    store = MemoryModels()
    store.add(trial("r1", job_id="j1", inputs=(HOUSES, SHORT)), "model")
    store.add(trial("c1", job_id="j1", parent="r1"))
    store.add(trial("r2", inputs=(DataRef("copy.csv", DIGEST, "/tmp/copy.csv"),)))
    Models(store).register(RegisterModel(run_id="r1", name="houses", alias="champion"))
    return store


def ask(store: MemoryModels, kind: str, identity: str, depth: int = 3) -> Lineage:
    def job(job_id: str) -> KnownJob | None:
        return KnownJob("train", "Completed", 5.0) if job_id == "j1" else None

    return module.lineage(store, job, LineageKind(kind), identity, depth)


def labels(found: Lineage) -> dict[str, str]:
    return {f"{node.kind}:{node.id}": node.label for node in found.nodes}


def edges(found: Lineage) -> set[tuple[str, str]]:
    return {(each.source, each.target) for each in found.edges}


def test_from_data_to_the_model(store: MemoryModels) -> None:
    found = ask(store, "trial", "r1")
    assert found.nodes[0].id == "r1" and found.nodes[0].is_whole
    assert labels(found) == {
        "trial:r1": "trial r1",
        f"data:{DIGEST}": "data/houses.csv",
        "data:ab12cd34:frame": "frame",
        "job:j1": "train",
        "model:houses/1": "houses 1",
        "trial:c1": "trial c1",
    }
    assert edges(found) == {
        (DIGEST, "r1"),
        ("ab12cd34:frame", "r1"),
        ("j1", "r1"),
        ("r1", "houses/1"),
        ("r1", "c1"),
    }
    details = {node.id: node.detail for node in found.nodes}
    assert (details[DIGEST], details["houses/1"], details["r1"]) == ("/work/data/houses.csv", "champion", "houses")


def test_a_model_goes_back_to_its_data(store: MemoryModels) -> None:
    found = ask(store, "model", "houses/1")
    assert {"trial:r1", f"data:{DIGEST}", "job:j1"} <= set(labels(found))
    assert "trial:c1" not in labels(found) and "trial:r2" not in labels(found)
    whole = {node.id: node.is_whole for node in found.nodes}
    assert whole["houses/1"] and not whole["r1"] and not whole[DIGEST]


def test_data_leads_to_all_that_read_the_same_content(store: MemoryModels) -> None:
    found = ask(store, "data", DIGEST)
    assert {"trial:r1", "trial:r2", "model:houses/1"} <= set(labels(found))
    assert "job:j1" not in labels(found)
    assert set(labels(ask(store, "data", "ab12cd34:frame", 1))) == {"data:ab12cd34:frame", "trial:r1"}


def test_a_job_leads_to_its_trials(store: MemoryModels) -> None:
    found = ask(store, "job", "j1")
    assert (found.nodes[0].label, found.nodes[0].status) == ("train", "Completed")
    assert edges(found) == {("j1", "r1"), ("r1", "c1"), ("r1", "houses/1")}


def test_one_step(store: MemoryModels) -> None:
    found = ask(store, "trial", "c1", 1)
    assert set(labels(found)) == {"trial:c1", "trial:r1"}
    assert {node.id: node.is_whole for node in found.nodes} == {"c1": True, "r1": False}


def test_what_was_deleted_is_still_told(store: MemoryModels) -> None:
    del store.known["r1"]
    found = ask(store, "model", "houses/1")
    gone = next(node for node in found.nodes if node.id == "r1")
    assert (gone.label, gone.experiment, gone.is_deleted) == ("trial r1", "houses", True)
    store.add(trial("r9", job_id="j9", is_deleted=True))
    found = ask(store, "trial", "r9")
    assert found.nodes[0].is_deleted
    assert [(node.label, node.is_deleted) for node in found.nodes[1:]] == [("j9", True)]


@pytest.mark.parametrize(
    ("kind", "identity"),
    [
        ("trial", "x"),
        ("job", "x"),
        ("model", "x/1"),
        ("model", "houses/9"),
        ("data", "f" * 16),
        ("data", ":"),
        ("data", "a:b"),
    ],
)
def test_what_is_not_there(store: MemoryModels, kind: str, identity: str) -> None:
    with pytest.raises(NotFound) as caught:
        ask(store, kind, identity)
    assert caught.value.message


def test_what_makes_no_sense(store: MemoryModels) -> None:
    for depth in (0, -1, MAX_DEPTH + 1):
        with pytest.raises(InvalidRequest):
            ask(store, "trial", "r1", depth)
    for identity in ("houses", "houses/x", ""):
        with pytest.raises(InvalidRequest):
            ask(store, "model", identity)


def test_very_many_readers_are_listed_up_to_a_point(store: MemoryModels) -> None:
    for number in range(2 * MAX_BESIDE):
        store.add(trial(f"n{number}", inputs=(HOUSES,)))
    found = ask(store, "data", DIGEST, 1)
    assert len(found.nodes) == MAX_BESIDE + 1
    assert found.nodes[0].more and not found.nodes[0].is_whole and not found.is_cut


def test_the_whole_is_bounded(store: MemoryModels) -> None:
    for number in range(MAX_BESIDE):
        store.add(trial(f"p{number}", parent="r1"))
        for other in range(20):
            store.add(trial(f"q{number}-{other}", parent=f"p{number}"))
    found = ask(store, "trial", "r1")
    assert len(found.nodes) == MAX_NODES and found.is_cut
    known = {(node.kind, node.id) for node in found.nodes}
    assert all({(each.source_kind, each.source), (each.target_kind, each.target)} <= known for each in found.edges)


def test_a_circle_of_parents_ends(store: MemoryModels) -> None:
    store.add(trial("a", parent="b"))
    store.add(trial("b", parent="a"))
    assert set(labels(ask(store, "trial", "a", MAX_DEPTH))) == {"trial:a", "trial:b"}


def test_names_of_data() -> None:
    assert data_id(DIGEST, "a.csv") == DIGEST
    assert data_id("1a2b3c-18d2f0aa9c1b2c3d", "a.csv") == "1a2b3c-18d2f0aa9c1b2c3d"
    assert data_id("v1", "a:b") == "v1:a:b"
    assert data_id("v:1", "a") == "v%3A1:a"


def test_data_of_a_strange_digest_is_found(store: MemoryModels) -> None:
    store.add(trial("s", inputs=(DataRef("a:b", "v:1"),)))
    assert set(labels(ask(store, "data", "v%3A1:a:b", 1))) == {"data:v%3A1:a:b", "trial:s"}
    store.add(trial("t", inputs=(DataRef("train", "a/b"),)))
    for spelt in ("a%2Fb:train", "a/b:train", "%61%2fb:train"):
        found = ask(store, "data", spelt, 1)
        assert found.id == "a%2Fb:train" and set(labels(found)) == {"data:a%2Fb:train", "trial:t"}
    with pytest.raises(NotFound):
        ask(store, "data", "a%252Fb:train", 1)
