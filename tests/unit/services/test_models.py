"""Registering models and moving aliases, on a store in memory."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.contract.models import LoggedModel, RegisteredModel, RegisterModel, SetAlias, UpdateModel
from studio_ext.ports.models import SourceTrial
from studio_ext.services.models import Models, important
from studio_ext.testing.memory_models import MemoryModels

TRIAL = SourceTrial(
    run_id="r1", name="depth 8", experiment="houses", status="FINISHED", job_id="j1", metrics={"rmse": 1.5, "lr": 0.1}
)


@pytest.fixture
def store() -> MemoryModels:
    store = MemoryModels()
    store.add(TRIAL, "model")
    store.add(dataclasses.replace(TRIAL, run_id="r2", name="two", job_id=None), "a", "b")
    store.add(dataclasses.replace(TRIAL, run_id="r3", name="none"))
    return store


@pytest.fixture
def models(store: MemoryModels) -> Models:
    return Models(store)


def request(**fields: object) -> RegisterModel:
    return RegisterModel.model_validate({"run_id": "r1", "name": "houses", **fields})


def test_a_version_knows_its_trial(models: Models) -> None:
    made = models.register(request(alias="champion", description="best so far"))
    assert (made.name, made.version, made.aliases, made.description) == ("houses", "1", ["champion"], "best so far")
    assert (made.run_id, made.trial, made.experiment, made.job_id) == ("r1", "depth 8", "houses", "j1")
    assert made.metrics == {"rmse": 1.5, "lr": 0.1}
    assert models.all()[0].aliases == {"champion": "1"}
    assert models.versions("houses").items == [made]
    found = models.of_trial("r1")
    assert [each.name for each in found.models] == ["model"] and found.versions == [made]


def test_the_alias_moves_to_the_new_version(models: Models) -> None:
    models.register(request(alias="champion", held_by=""))
    second = models.register(request(run_id="r2", path="a", alias="champion", held_by="1"))
    assert (second.version, second.aliases) == ("2", ["champion"])
    assert models.version("houses", "1").aliases == []


def test_two_people_move_one_alias(models: Models) -> None:
    models.register(request(alias="champion"))
    models.register(request())
    models.register(request())
    assert models.set_alias("houses", "champion", SetAlias(version="2", held_by="1")).aliases == {"champion": "2"}
    with pytest.raises(Conflict, match="stands for version 2 now") as caught:
        models.set_alias("houses", "champion", SetAlias(version="3", held_by="1"))
    assert caught.value.hint
    assert models.model("houses").aliases == {"champion": "2"}
    models.delete_alias("houses", "champion")
    with pytest.raises(Conflict, match="no version now"):
        models.set_alias("houses", "champion", SetAlias(version="3", held_by="2"))
    assert models.set_alias("houses", "champion", SetAlias(version="3")).aliases == {"champion": "3"}


def test_two_people_remove_one_alias(models: Models) -> None:
    models.register(request(alias="champion"))
    models.register(request(alias="champion"))
    with pytest.raises(Conflict, match="stands for version 2 now") as caught:
        models.delete_alias("houses", "champion", "1")
    assert caught.value.hint
    assert models.delete_alias("houses", "champion", "2").aliases == {}
    # Whoever is later wanted it to be gone, and it is.
    assert models.delete_alias("houses", "champion", "2").aliases == {}
    models.set_alias("houses", "champion", SetAlias(version="1"))
    assert models.delete_alias("houses", "champion").aliases == {}


Describe = Callable[[str, str | None], str]


@pytest.fixture(params=["model", "version"])
def describe(request: pytest.FixtureRequest, models: Models) -> Describe:
    """Sets the description of a model, or of a version of it, and gives back what is there then."""
    models.register(RegisterModel(run_id="r1", name="houses"))
    if request.param == "model":
        return lambda text, seen: models.describe("houses", change(text, seen)).description
    return lambda text, seen: models.describe_version("houses", "1", change(text, seen)).description


def change(text: str, seen: str | None) -> UpdateModel:
    return UpdateModel(description=text, if_description=seen)


def test_two_people_write_one_description(describe: Describe) -> None:
    assert describe("one", "") == "one"
    assert describe("theirs", "one") == "theirs"
    with pytest.raises(Conflict, match="Somebody else") as caught:
        describe("mine", "one")
    assert [(each.field, each.message) for each in caught.value.fields] == [("description", "theirs")]
    assert caught.value.hint
    assert describe("theirs\nmine", "theirs") == "theirs\nmine"
    # The answer to a request was lost, and it is sent again: what is there is what was wanted.
    assert describe("theirs\nmine", "theirs") == "theirs\nmine"
    assert describe("over it", None) == "over it"


def test_of_many_writers_one_wins(models: Models, store: MemoryModels) -> None:
    """All looked at the same description: whoever comes second must hear of it, however close they come."""
    models.register(request())
    barrier, read = threading.Barrier(8), store.model

    def slowly(name: str) -> RegisteredModel:
        found = read(name)
        time.sleep(0.001)  # long enough for the others to come between looking and writing
        return found

    store.model = slowly  # type: ignore[method-assign]

    def write(number: int) -> str:
        barrier.wait()
        try:
            return models.describe("houses", change(f"of {number}", "")).description
        except Conflict as error:
            return error.fields[0].message

    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(write, range(8)))
    assert said == {read("houses").description} and said != {""}


def test_a_lost_race_registers_nothing(models: Models) -> None:
    models.register(request(alias="champion"))
    with pytest.raises(Conflict) as caught:
        models.register(request(alias="champion", held_by=""))
    assert [each.field for each in caught.value.fields] == ["alias"]
    assert [each.version for each in models.versions("houses").items] == ["1"]


def test_which_model_of_a_trial(models: Models) -> None:
    with pytest.raises(InvalidRequest, match="several models") as caught:
        models.register(request(run_id="r2"))
    assert caught.value.fields[0].field == "path" and "m-r2-a, m-r2-b" in caught.value.hint
    assert models.register(request(run_id="r2", path="b")).source == "/nowhere/m-r2-b"
    assert models.register(request(run_id="r2", path="m-r2-a")).source == "/nowhere/m-r2-a"
    with pytest.raises(InvalidRequest, match="no model 'c'"):
        models.register(request(run_id="r2", path="c"))


def test_a_trial_without_a_model_says_what_to_do(models: Models) -> None:
    with pytest.raises(InvalidRequest, match="'none' has no model") as caught:
        models.register(request(run_id="r3"))
    assert "log_model" in caught.value.hint
    assert models.of_trial("r3").models == []


def test_a_model_that_is_still_being_logged(store: MemoryModels, models: Models) -> None:
    store.logged["r1"] = [LoggedModel(path="m-1", name="model", status="PENDING")]
    with pytest.raises(Conflict, match="not logged to its end"):
        models.register(request())


def test_trials_that_are_gone(store: MemoryModels, models: Models) -> None:
    models.register(request())
    store.add(dataclasses.replace(TRIAL, is_deleted=True))
    assert models.version("houses", "1").is_trial_deleted
    with pytest.raises(NotFound, match="was deleted"):
        models.register(request())
    del store.known["r1"]
    found = models.version("houses", "1")
    assert (found.is_trial_deleted, found.trial, found.experiment, found.job_id) == (True, "depth 8", "houses", "j1")
    with pytest.raises(NotFound, match="no trial"):
        models.of_trial("r1")


@pytest.mark.parametrize("fields", [{"name": "a/b"}, {"alias": "v1"}, {"alias": "a b"}, {"name": " "}])
def test_names_are_checked_before_anything_is_done(models: Models, fields: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        models.register(request(**fields))
    assert models.all() == []


def test_a_blank_alias_is_none(models: Models) -> None:
    assert models.register(request(alias="  ")).aliases == []


def test_what_is_not_there(models: Models) -> None:
    for ask in (
        lambda: models.model("x"),
        lambda: models.versions("x"),
        lambda: models.version("x", "1"),
        lambda: models.describe("x", UpdateModel(description="", if_description="")),
        lambda: models.delete("x"),
        lambda: models.delete_alias("x", "a"),
        lambda: models.set_alias("x", "a", SetAlias(version="1")),
    ):
        with pytest.raises(NotFound, match="no model named 'x'"):
            ask()
    models.register(request())
    for ask in (
        lambda: models.version("houses", "2"),
        lambda: models.describe_version("houses", "2", UpdateModel(description="")),
        lambda: models.set_alias("houses", "a", SetAlias(version="2")),
        lambda: models.delete_version("houses", "2"),
    ):
        with pytest.raises(NotFound, match="no version 2"):
            ask()


def test_notes_and_the_end_of_a_model(models: Models) -> None:
    models.register(request(alias="champion"))
    assert models.describe("houses", UpdateModel(description="prices of houses")).description == "prices of houses"
    assert models.describe_version("houses", "1", UpdateModel(description="the first")).description == "the first"
    with pytest.raises(Conflict, match="has versions"):
        models.delete("houses")
    models.delete_version("houses", "1")
    assert models.model("houses").latest is None and models.model("houses").aliases == {}
    models.delete("houses")
    assert models.all() == []


def test_numbers_of_versions_are_not_used_again(models: Models) -> None:
    models.register(request())
    models.register(request())
    models.delete_version("houses", "1")
    assert [each.version for each in models.versions("houses").items] == ["2"]


def test_the_metrics_that_say_most() -> None:
    metrics = {"a": 1.0, "b": 2.0, "training_rmse": 0.1, "rmse": 3.0, "val_accuracy": None, "c": 4.0}
    assert important(metrics) == {"rmse": 3.0, "val_accuracy": None, "a": 1.0, "b": 2.0}
    assert important({}) == {}
