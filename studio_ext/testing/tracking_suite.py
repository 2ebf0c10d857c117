"""Conformance suite of the tracking port. An adapter's test inherits from it and gives it a ``tracking`` fixture."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound
from studio_ext.core.log_calls import LoggedValue
from studio_ext.ports.tracking import DataInput, RunHandle, RunStart, Tracking

ReadInputs = Callable[[RunHandle], dict[str, tuple[str, str, dict[str, str]]]]


def start(experiment: str = "houses", name: str = "run", started: float = 1000.0, **parameters: str) -> RunStart:
    """A start with tags as a job has them."""
    tags = {
        "studio.notebook": "work/train.ipynb",
        "mlflow.source.name": "work/train.ipynb",
        "mlflow.source.type": "NOTEBOOK",
        "mlflow.source.git.commit": "0123abc",
        "studio.git_dirty": "true",
    }
    return RunStart(experiment, name, started, "ada", parameters, tags)


class TrackingSuite:
    """What every adapter promises. Override ``tracking`` (a fresh store) and, where possible, ``log_metric``."""

    @pytest.fixture
    def tracking(self) -> Tracking:
        """An adapter on a store that no other test uses."""
        raise NotImplementedError

    @pytest.fixture
    def log_metric(self) -> Callable[[str, str, float], None]:
        """Logs ``(run_id, key, value)`` past the adapter."""
        raise NotImplementedError

    @pytest.fixture
    def add_child(self) -> Callable[[RunHandle, str], str]:
        """Makes a run that the job of ``run`` (with the given id) made; returns its id. It is RUNNING."""
        raise NotImplementedError

    @pytest.fixture
    def listed(self) -> Callable[[str], list[str]]:
        """Ids of the runs of an experiment that are not deleted, past the adapter."""
        raise NotImplementedError

    @pytest.fixture
    def read_inputs(self) -> ReadInputs:
        """Digest, kind and source of what a run read, by name, past the adapter."""
        raise NotImplementedError

    # ---- runs of jobs

    def test_a_run_says_where_it_comes_from(self, tracking: Tracking) -> None:
        """Parameters, notebook, commit, user and times are there before the job starts."""
        run = tracking.start_run("job1", start(name="first", depth="8", city="Zürich 🏔"))
        trial = tracking.trial(run.run_id)
        assert trial.name == "first"
        assert trial.status == "RUNNING"
        assert trial.experiment == "houses"
        assert trial.parameters == {"depth": "8", "city": "Zürich 🏔"}
        assert (trial.notebook, trial.commit, trial.dirty) == ("work/train.ipynb", "0123abc", True)
        assert (trial.user, trial.job_id, trial.parent_run_id) == ("ada", "job1", None)
        assert (trial.started, trial.ended) == (1000.0, None)
        assert run.artifact_uri and run.experiment_id

    def test_starting_a_run_again_gives_the_same_run(
        self, tracking: Tracking, listed: Callable[[str], list[str]]
    ) -> None:
        """A controller that died after the call makes it again."""
        first = tracking.start_run("job1", start(depth="8"))
        assert tracking.start_run("job1", start(depth="8")) == first
        assert tracking.start_run("job2", start()).run_id != first.run_id
        assert len(listed("houses")) == 2

    def test_a_run_is_found_by_its_job(self, tracking: Tracking) -> None:
        """A controller that died after the call has noted no run."""
        assert tracking.find_run("job1", "houses") is None
        assert tracking.experiments() == [] or "houses" not in [each.name for each in tracking.experiments()]
        run, other = tracking.start_run("job1", start()), tracking.start_run("job2", start())
        assert tracking.find_run("job1", "houses") == run
        assert tracking.find_run("job3", "houses") is None
        assert tracking.find_run("job1", "nowhere") is None
        tracking.end_run(run.run_id, "KILLED", 1060.0, {})
        assert tracking.find_run("job1", "houses") == run
        tracking.delete_run(run.run_id)
        assert tracking.find_run("job1", "houses") is None
        assert tracking.find_run("job2", "houses") == other

    def test_long_values_are_cut_and_said_to_be(self, tracking: Tracking) -> None:
        """A parameter longer than the store takes is no reason for a job not to start."""
        run = tracking.start_run("job1", start(text="x" * 100_000, short="y"))
        trial = tracking.trial(run.run_id)
        assert 250 <= len(trial.parameters["text"]) < 100_000
        assert trial.parameters["short"] == "y"
        assert "text" in json.dumps(trial.tags)

    def test_many_parameters(self, tracking: Tracking) -> None:
        """More than MLflow takes in one call."""
        wanted = {f"p{number}": str(number) for number in range(250)}
        run = tracking.start_run("job1", replace(start(), parameters=wanted))
        assert tracking.trial(run.run_id).parameters == wanted

    def test_names_that_are_hard_to_write(self, tracking: Tracking, listed: Callable[[str], list[str]]) -> None:
        """Quotes, emoji and blanks in the name of an experiment are its own affair."""
        name = 'Ada\'s `best` "🏠" 100%'
        run = tracking.start_run("job1", start(experiment=name))
        assert listed(name) == [run.run_id]

    @pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
    def test_a_run_ends_once_and_for_all(self, tracking: Tracking, status: str) -> None:
        """Ending is idempotent and adds tags."""
        run = tracking.start_run("job1", start())
        for _ in range(2):
            tracking.end_run(run.run_id, status, 1060.5, {"studio.exit_reason": "x"})
        trial = tracking.trial(run.run_id)
        assert (trial.status, trial.ended, trial.tags["studio.exit_reason"]) == (status, 1060.5, "x")

    def test_an_empty_tag_is_written_only_over_another(self, tracking: Tracking) -> None:
        """What was said of an earlier end does not stay."""
        run = tracking.start_run("job1", start())
        tracking.end_run(run.run_id, "FAILED", 1060.0, {"message": "", "other": "x"})
        assert "message" not in tracking.trial(run.run_id).tags
        tracking.end_run(run.run_id, "FAILED", 1060.0, {"message": "it broke"})
        tracking.end_run(run.run_id, "FINISHED", 1070.0, {"message": ""})
        trial = tracking.trial(run.run_id)
        assert (trial.status, trial.tags["message"], trial.tags["other"]) == ("FINISHED", "", "x")

    def test_ending_a_run_that_is_gone_is_no_error(self, tracking: Tracking) -> None:
        """A person may have deleted it while the job ran."""
        run = tracking.start_run("job1", start())
        tracking.delete_run(run.run_id)
        tracking.end_run(run.run_id, "FINISHED", 1060.0, {"a": "b"})
        tracking.end_run("0" * 32, "FINISHED", 1060.0, {})

    def test_children_end_with_the_run(self, tracking: Tracking, add_child: Callable[[RunHandle, str], str]) -> None:
        """No run stays RUNNING when its job is over."""
        run, other = tracking.start_run("job1", start()), tracking.start_run("job2", start())
        child, foreign = add_child(run, "job1"), add_child(other, "job2")
        tracking.end_run(run.run_id, "KILLED", 1060.0, {})
        assert tracking.trial(child).status == "KILLED"
        assert tracking.trial(child).parent_run_id == run.run_id
        assert tracking.trial(foreign).status == "RUNNING"

    def test_deleting_takes_the_children_along_and_restoring_brings_them_back(
        self, tracking: Tracking, add_child: Callable[[RunHandle, str], str], listed: Callable[[str], list[str]]
    ) -> None:
        """Deleted trials are not listed; deleting or restoring again is no error."""
        run, other = tracking.start_run("job1", start()), tracking.start_run("job2", start())
        child = add_child(run, "job1")
        for _ in range(2):
            tracking.delete_run(run.run_id)
        assert listed("houses") == [other.run_id]
        with pytest.raises(NotFound):
            tracking.trial(run.run_id)
        for _ in range(2):
            tracking.restore_run(run.run_id)
        assert sorted(listed("houses")) == sorted([run.run_id, child, other.run_id])
        assert tracking.trial(run.run_id).run_id == run.run_id
        with pytest.raises(NotFound):
            tracking.restore_run("0" * 32)

    def test_artifacts_are_moved(self, tracking: Tracking, tmp_path: Path) -> None:
        """A file or what lies below a folder; nothing is left; a second call has nothing to do."""
        run = tracking.start_run("job1", start())
        folder = tmp_path / "outputs"
        (folder / "deep").mkdir(parents=True)
        (folder / "a.txt").write_text("a")
        (folder / "deep" / "b.txt").write_text("b")
        single = tmp_path / "single.txt"
        single.write_text("c")
        tracking.log_artifacts(run.run_id, folder)
        tracking.log_artifacts(run.run_id, single, "extra")
        tracking.log_artifacts(run.run_id, folder)
        tracking.log_artifacts(run.run_id, single, "extra")
        assert not single.exists() and not (folder / "a.txt").exists()
        assert self.artifacts(run) == {"a.txt": "a", "deep/b.txt": "b", "extra/single.txt": "c"}

    def test_inputs_are_added_once(self, tracking: Tracking, read_inputs: ReadInputs) -> None:
        """However often; whatever their names, kinds and sizes are."""
        run = tracking.start_run("job1", start())
        inputs = [
            DataInput("data/häuser.csv", "0a1b", "local", "/w/data/häuser.csv", {"num_rows": 3, "size_bytes": 12}),
            DataInput("x.csv", "v1", "http", "https://h/x.csv"),
            DataInput("k" * 700, "d" * 50, "s3", "s3://b/k"),
            *(DataInput(f"{number}", "d", "local", f"/w/{number}") for number in range(120)),
        ]
        tracking.log_inputs(run.run_id, inputs)
        tracking.log_inputs(run.run_id, inputs)
        found = read_inputs(run)
        assert len(found) == 123
        assert found["data/häuser.csv"] == ("0a1b", "local", {"uri": "/w/data/häuser.csv"})
        assert found["x.csv"] == ("v1", "http", {"url": "https://h/x.csv"})
        assert found["k" * 500] == ("d" * 36, "s3", {"uri": "s3://b/k"})

    def test_tables_are_listed_once_beside_what_is_there(self, tracking: Tracking) -> None:
        """The list is a tag, which has an end."""
        run = tracking.start_run("job1", start())
        tracking.show_tables(run.run_id, ["tables/a.json"])
        tracking.show_tables(run.run_id, ["tables/a.json", "tables/b.json"])
        listed = json.loads(tracking.trial(run.run_id).tags["mlflow.loggedArtifacts"])
        assert listed == [{"path": f"tables/{name}.json", "type": "table"} for name in "ab"]
        tracking.show_tables(run.run_id, [f"tables/{'x' * 100}{number}.json" for number in range(200)])
        assert listed == json.loads(tracking.trial(run.run_id).tags["mlflow.loggedArtifacts"])[:2]

    def test_a_run_that_was_deleted_gets_nothing_more(self, tracking: Tracking, read_inputs: ReadInputs) -> None:
        """And that is no error."""
        run = tracking.start_run("job1", start())
        tracking.delete_run(run.run_id)
        tracking.log_inputs(run.run_id, [DataInput("a", "b", "local", "/a")])
        tracking.show_tables(run.run_id, ["tables/a.json"])
        assert read_inputs(run) == {}

    def artifacts(self, run: RunHandle) -> dict[str, str]:
        """Text by path of all artefacts of a run."""
        root = Path(run.artifact_uri)
        return {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*") if path.is_file()}

    # ---- metrics

    def test_values_are_logged_once_and_read_back(self, tracking: Tracking) -> None:
        """More than MLflow takes in one call, and all of it twice: values that are known change nothing."""
        run = tracking.start_run("job1", start())
        values = [LoggedValue(run.run_id, "loss", step, 1000.0 + step, step / 4) for step in range(1200)]
        values += [LoggedValue(run.run_id, "a b/c", 3, 1000.5, -1.0)]
        for _ in range(2):
            tracking.log_values(run.run_id, values)
        assert sorted(tracking.metric_history(run.run_id)) == sorted(values)
        assert tracking.trial(run.run_id).metrics == {"loss": 1199 / 4, "a b/c": -1.0}
        with pytest.raises(NotFound):
            list(tracking.metric_history("0" * 32))

    def test_what_a_run_used_stays_out_of_tables(self, tracking: Tracking) -> None:
        """Metrics of the system are there for MLflow, not among the trial's."""
        run = tracking.start_run("job1", start())
        name = "system/cpu_utilization_percentage"
        tracking.log_values(run.run_id, [LoggedValue(run.run_id, name, 0, 1000.0, 50.0)])
        assert tracking.trial(run.run_id).metrics == {}
        assert list(tracking.metric_history(run.run_id)) == []

    def test_logging_to_a_run_that_is_gone_is_no_error(self, tracking: Tracking) -> None:
        run = tracking.start_run("job1", start())
        tracking.delete_run(run.run_id)
        for run_id in (run.run_id, "0" * 32):
            tracking.log_values(run_id, [LoggedValue(run_id, "loss", 0, 1000.0, 1.0)])

    # ---- experiments

    def test_experiments(self, tracking: Tracking) -> None:
        """Made once, found by name."""
        made = tracking.create_experiment("fresh")
        assert made.name == "fresh"
        assert made.id in {each.id for each in tracking.experiments() if each.name == "fresh"}
        with pytest.raises(Conflict):
            tracking.create_experiment("fresh")
        for name in ("", "   ", "n" * 5000):
            with pytest.raises(InvalidRequest) as caught:
                tracking.create_experiment(name)
            assert caught.value.fields[0].field == "name"

    def test_an_experiment_knows_when_something_ran_in_it(
        self, tracking: Tracking, log_metric: Callable[[str, str, float], None]
    ) -> None:
        """Whoever can count its trials does; the one used last comes first."""
        self._fill(tracking, log_metric)
        tracking.create_experiment("empty")
        found = {each.name: each for each in tracking.experiments()}
        assert found["houses"].trials in (7, None)
        assert found["empty"].trials in (0, None)
        updated = [each.updated or 0.0 for each in tracking.experiments()]
        assert updated == sorted(updated, reverse=True)

    def test_an_unknown_experiment_is_not_found(self, tracking: Tracking) -> None:
        """Reading makes nothing."""
        with pytest.raises(NotFound):
            tracking.trial("0" * 32)
        assert "nowhere" not in {each.name for each in tracking.experiments()}

    def test_two_threads_may_make_the_same_experiment(self, tracking: Tracking) -> None:
        """Two jobs into a new experiment at the same moment."""
        barrier, runs, errors = threading.Barrier(4), [], []

        def go(number: int) -> None:
            barrier.wait()
            try:
                runs.append(tracking.start_run(f"job{number}", start(experiment="contested")))
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=go, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert errors == []
        assert len({run.experiment_id for run in runs}) == 1
        assert len({run.run_id for run in runs}) == 4

    # ---- trials

    def _fill(self, tracking: Tracking, log_metric: Callable[[str, str, float], None]) -> list[RunHandle]:
        runs = []
        for number in range(7):
            started = start(name=f"run{number}", started=1000.0 + number, depth=str(number % 3))
            run = tracking.start_run(f"job{number}", started)
            log_metric(run.run_id, "val/rmse", float(10 - number))
            if number < 5:
                tracking.end_run(run.run_id, "FINISHED" if number % 2 else "FAILED", 1100.0 + number * 3, {})
            runs.append(run)
        return runs

    def test_nan_has_no_value(self, tracking: Tracking, log_metric: Callable[[str, str, float], None]) -> None:
        """JSON has no word for it."""
        run = tracking.start_run("job1", start())
        log_metric(run.run_id, "loss", float("nan"))
        log_metric(run.run_id, "accuracy", 0.5)
        assert tracking.trial(run.run_id).metrics == {"loss": None, "accuracy": 0.5}
        tracking.trial(run.run_id).model_dump_json()
