"""Conformance suite of the client port. Subclass :class:`ClientSuite` and provide the fixtures it names."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.comparison import CompareQuery, ImportanceQuery
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, StudioError
from studio_ext.contract.jobs import CELLS_TAG, JobDetail, JobStatus, SubmitRequest
from studio_ext.contract.lineage import LineageKind
from studio_ext.contract.models import RegisterModel, SetAlias
from studio_ext.contract.report import ViewReport
from studio_ext.contract.series import SeriesQuery
from studio_ext.contract.trial_detail import UpdateTrial
from studio_ext.contract.trial_diff import DiffPart
from studio_ext.contract.trial_table import ExportFormat, FilterQuery, SortKey, TrialQuery
from studio_ext.contract.views import LineChartSpec, TrialSource, View
from studio_ext.core.states import FINAL
from studio_ext.ports.client import Client

PARAMETERS = "# Parameters\ndepth: int = 3  # how deep\nlabel = 'a'"
PRINT = "# Print\nprint('hello from', depth, flush=True)"
RECORD = "# Record\nimport mlflow\nmlflow.log_metric('score', depth / 2)"
FAIL = "# Fail\nraise ValueError('no good')"
SLEEP = "# Sleep\nimport time\nprint('sleeping', flush=True)\ntime.sleep(600)"

SCENARIOS = {"completes": [PRINT, RECORD], "fails": [PRINT, FAIL], "sleeps": [SLEEP]}
"""Code cells after the parameters cell. ``completes`` prints ``hello from <depth>`` and logs the metric ``score``."""

PATIENCE = 60.0
"""Longest wait for a job, seconds."""


def write_notebook(path: Path, cells: list[str]) -> None:
    """A notebook with a cell tagged ``parameters`` and then these code cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": ["parameters"] if number == 0 else []},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for number, source in enumerate([PARAMETERS, *cells])
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    path.write_text(json.dumps(document), "utf-8")


def until(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """Wait until ``condition`` holds, ``patience`` seconds at most; returns what it returned."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if found := condition():
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"waited {patience:g} s in vain until {what}")


class ClientSuite:
    """What every client promises.

    Fixtures to provide, both of class scope: ``client``, with a controller at work, and ``folder``, the
    directory that relative notebook paths are relative to.
    """

    @classmethod
    def notebook(cls, client: Client, folder: Path, scenario: str) -> str:
        """The path to submit for one of :data:`SCENARIOS`."""
        write_notebook(folder / "work" / f"{scenario}.ipynb", SCENARIOS[scenario])
        return f"work/{scenario}.ipynb"

    @classmethod
    def submit(cls, client: Client, folder: Path, scenario: str, **fields: Any) -> JobDetail:
        """Submit a scenario."""
        return client.submit(SubmitRequest(notebook=cls.notebook(client, folder, scenario), **fields))

    @classmethod
    def ended(cls, client: Client, job: JobDetail) -> JobDetail:
        """The job when it is over."""

        def look() -> JobDetail | None:
            found = client.job(job.id)
            return found if found.status in FINAL else None

        found = until(look, f"job {job.id} was over")
        assert isinstance(found, JobDetail)
        return found

    @pytest.fixture(scope="class")
    @classmethod
    def completed(cls, client: Client, folder: Path) -> JobDetail:
        """A job that completed."""
        submitted = cls.submit(
            client, folder, "completes", name="first", experiment="suite", parameters={"depth": 8}, tags={"team": "red"}
        )
        return cls.ended(client, submitted)

    # Jobs

    def test_a_document_runs_in_place_of_the_file_and_again(self, client: Client, folder: Path) -> None:
        notebook = self.notebook(client, folder, "completes")
        document = json.loads((folder / notebook).read_text("utf-8"))
        document["cells"] = document["cells"][:1]
        first = client.submit(SubmitRequest(notebook=notebook, document=document))
        again = client.submit(SubmitRequest(notebook=notebook, cells_of=first.id, parameters={"depth": 9}))
        for job in (first, again):
            assert CELLS_TAG in job.tags
            assert self.ended(client, job).status == JobStatus.Completed

    def test_a_submission_is_known_at_once(self, client: Client, folder: Path) -> None:
        job = self.submit(client, folder, "completes")
        assert job.status == JobStatus.Pending and job.attempt == 1
        assert client.job(job.id).created == job.created
        self.ended(client, job)

    def test_a_job_completes(self, client: Client, completed: JobDetail) -> None:
        assert (completed.status, completed.secondary_status) == ("Completed", "Completed")
        assert (completed.name, completed.trial.experiment, completed.runner) == ("first", "suite", "process")
        assert completed.parameters == {"depth": 8} and completed.tags == {"team": "red"}
        assert completed.exit is not None and (completed.exit.code, completed.exit.reason) == (0, "Completed")
        assert completed.progress.done == completed.progress.total == 3
        assert completed.started is not None and completed.ended is not None
        assert completed.created <= completed.started <= completed.ended
        assert completed.output_notebook is not None and completed.output_notebook.endswith("completes.ipynb")

    def test_it_is_recorded(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id
        assert run_id is not None
        trial = until(lambda: (t := client.trial(run_id)).status != "RUNNING" and t, "the trial was closed")
        assert trial.status == "FINISHED" and trial.experiment == "suite" and trial.job_id == completed.id
        assert trial.parameters["depth"] == "8"
        assert run_id in [row.run_id for row in client.trials("suite").items]
        with pytest.raises(NotFound):
            client.trial("0" * 32)

    def test_a_job_fails(self, client: Client, folder: Path) -> None:
        job = self.ended(client, self.submit(client, folder, "fails"))
        assert job.status == "Failed" and job.exit is not None
        assert job.exit.reason == "CellFailed" and job.exit.message and job.exit.code != 0

    def test_a_job_is_stopped(self, client: Client, folder: Path) -> None:
        job = self.submit(client, folder, "sleeps")
        until(lambda: client.job(job.id).status == "InProgress", "the job ran")
        assert client.stop(job.id).stop_requested
        ended = self.ended(client, job)
        assert ended.status == "Stopped" and ended.exit is not None and ended.exit.reason == "Stopped"
        assert client.stop(job.id).status == "Stopped", "a job that is over stays as it is"

    def test_one_key_makes_one_job(self, client: Client, folder: Path) -> None:
        made = {self.submit(client, folder, "completes", idempotency_key="same").id for _ in range(3)}
        assert len(made) == 1
        self.ended(client, client.job(made.pop()))

    def test_wrong_fields_are_named(self, client: Client, folder: Path) -> None:
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"parameters": {"depth": "bad"}}, "parameters.depth"),
            ({"runner": "nowhere"}, "runner"),
            ({"kernel": "no-such-kernel"}, "kernel"),
        ]
        for fields, name in wrong:
            with pytest.raises(InvalidRequest) as caught:
                self.submit(client, folder, "completes", **fields)
            assert [field.field for field in caught.value.fields] == [name]
        with pytest.raises(StudioError) as missing:
            client.submit(SubmitRequest(notebook="work/missing.ipynb"))
        assert 400 <= missing.value.status < 500

    def test_a_job_is_found_by_the_beginning_of_its_id(self, client: Client, completed: JobDetail) -> None:
        assert client.job(completed.id[:11]).id == completed.id
        for unknown in ("zzzzzzzzzzzz", "no such id", "../x"):
            with pytest.raises(StudioError) as caught:
                client.job(unknown)
            assert 400 <= caught.value.status < 500

    def test_jobs_come_in_pages(self, client: Client, folder: Path, completed: JobDetail) -> None:
        for number in range(3):
            self.ended(client, self.submit(client, folder, "completes", name=f"page {number}", experiment="pages"))
        found, cursor = [], None
        while True:
            page = client.jobs(limit=2, cursor=cursor, experiment="pages")
            found += [job.name for job in page.items]
            assert page.total == 3 and len(page.items) <= 2
            if (cursor := page.next_cursor) is None:
                break
        assert found == ["page 2", "page 1", "page 0"]
        assert client.jobs(limit=1).items[0].name == "page 2"
        assert [job.name for job in client.jobs(text="PAGE 1").items] == ["page 1"]
        assert not client.jobs(statuses=[JobStatus.Stopping]).items
        mixed = client.jobs(statuses=[JobStatus.Completed, JobStatus.Stopping], experiment="pages", limit=100)
        assert mixed.total == 3

    def test_changes_say_what_is_new(self, client: Client, folder: Path) -> None:
        before = client.changes(0).revision
        while (delta := client.changes(before)).more or delta.revision > before:
            before = delta.revision
        job = self.submit(client, folder, "completes")
        delta = client.changes(before)
        assert job.id in [row.id for row in delta.items] and delta.revision > before
        self.ended(client, job)
        until(lambda: any(r.id == job.id and r.ended for r in client.changes(before).items), "its end was told")

    # Trials

    def test_trials_are_filtered_and_sorted(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id
        assert run_id is not None
        until(lambda: client.trial(run_id).status != "RUNNING", "the trial was closed")

        def found(filter: str, **query: Any) -> list[str]:
            return [each.run_id for each in client.trials("suite", filter=filter, **query).items]

        assert run_id in found("params.depth = 8 and status = completed and started > -1d")
        assert run_id in found('"first" and name ~ FIRST', sort="params.depth", descending=False)
        assert run_id not in found("params.depth < 8 or status = failed")
        with pytest.raises(InvalidRequest) as caught:
            found("params.depth <")
        assert [each.field for each in caught.value.fields] == ["filter"]
        with pytest.raises(InvalidRequest):
            found("", sort="depth")

    def test_trials_are_held_against_each_other(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id or ""
        until(lambda: client.trial(run_id).status != "RUNNING", "the trial was closed")
        for part in DiffPart:
            diff = client.trial_diff(run_id, run_id, part)
            assert (diff.part, diff.first.run_id, diff.second.run_id) == (part, run_id, run_id)
            assert diff.state != "different" and diff.message
        with pytest.raises(NotFound):
            client.trial_diff(run_id, "0" * 32, DiffPart.code)
        with pytest.raises(NotFound):
            client.trial_diff(run_id, run_id, DiffPart.artifacts, path="never/made.txt")

    def test_everything_about_a_trial(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id
        assert run_id is not None
        until(lambda: client.trial_detail(run_id).trial.status != "RUNNING", "the trial was closed")
        detail = client.trial_detail(run_id)
        assert detail.trial.parameters["depth"] == "8" and detail.trial.run_id == run_id
        assert detail.job is not None and detail.job.is_there and detail.job.id == completed.id
        assert detail.code.notebook.endswith("completes.ipynb") and not detail.is_deleted
        assert client.trial_children(run_id, limit=5).items == detail.children.items == []
        for unknown in ("f" * 32, "../x"):
            with pytest.raises(StudioError) as caught:
                client.trial_detail(unknown)
            assert 400 <= caught.value.status < 500

    def test_a_trial_is_changed(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id
        assert run_id is not None
        changed = client.update_trial(run_id, UpdateTrial(note="# Best", if_note="", tags={"stage": "new"}))
        assert changed.note == "# Best" and changed.trial.tags["stage"] == "new"
        with pytest.raises(Conflict) as conflict:
            client.update_trial(run_id, UpdateTrial(note="mine", if_note=""))
        assert [(each.field, each.message) for each in conflict.value.fields] == [("note", "# Best")]
        with pytest.raises(InvalidRequest):
            client.update_trial(run_id, UpdateTrial(tags={"studio.job_id": "x"}))
        cleared = client.update_trial(run_id, UpdateTrial(note="", removed_tags=["stage"]))
        assert cleared.note == "" and "stage" not in cleared.trial.tags
        client.delete_trials([run_id])
        assert client.trial_detail(run_id).is_deleted
        with pytest.raises(Conflict):
            client.update_trial(run_id, UpdateTrial(note="late"))
        client.restore_trials([run_id])
        assert not client.trial_detail(run_id).is_deleted

    def test_the_table_of_trials(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id

        def row() -> Any:
            page = client.trial_table(TrialQuery(experiment="suite", columns=["params.depth", "status"], limit=500))
            return next((each for each in page.rows if each.id == run_id and each.status == "FINISHED"), None)

        one = until(row, "the trial was in the table")
        assert (one.name, one.job_id, one.values) == ("first", completed.id, [8, "FINISHED"])
        query = TrialQuery(experiment="suite", filter="params.depth = 8", sort=[SortKey(key="started")], limit=1)
        first = client.trial_table(query)
        assert first.matched >= 1 and first.trials >= first.matched and len(first.rows) == 1
        again = client.trial_table(query.model_copy(update={"result": first.result}))
        assert again.rows[0].id == first.rows[0].id
        groups = client.trial_table(TrialQuery(experiment="suite", group_by="params.depth"))
        assert all(each.is_group for each in groups.rows) and sum(each.children for each in groups.rows) == first.trials
        with pytest.raises(NotFound):
            client.trial_table(TrialQuery(experiment="never made"))
        with pytest.raises(InvalidRequest):
            client.trial_table(TrialQuery(experiment="suite", columns=["depth"]))

    def test_which_parameters_matter(self, client: Client, completed: JobDetail) -> None:
        source = TrialSource(experiment="suite")
        answer = client.importance(ImportanceQuery(sources=[source], metric="metrics.score"))
        assert (answer.metric, answer.items, answer.score) == ("metrics.score", [], None)
        assert "it takes 10" in answer.thin
        with pytest.raises(InvalidRequest):
            client.importance(ImportanceQuery(sources=[source], metric="score"))

    def test_a_view_to_take_away(self, client: Client, completed: JobDetail) -> None:
        source = TrialSource(experiment="suite", run_ids=[completed.trial.run_id or ""])
        chart = LineChartSpec(id="a", type="line", metrics=[next(iter(client.trial(source.run_ids[0]).metrics))])
        page = client.export_view(View(title="<b>suite</b>", sources=[source], charts=[chart])).decode()
        assert page.startswith("<!DOCTYPE html>") and page.rstrip().endswith("</html>")
        assert "<title>&lt;b&gt;suite&lt;/b&gt;</title>" in page
        report = ViewReport.model_validate_json(page.partition('id="data">')[2].partition("</script>")[0])
        assert [each.name for each in report.comparison.trials] == ["first"]
        assert [(each.name, each.run_id) for each in report.histories[0].series] == [
            (chart.metrics[0], source.run_ids[0])
        ]
        with pytest.raises(InvalidRequest):
            client.export_view(View())

    def test_trials_side_by_side(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id or ""
        source = TrialSource(experiment="suite", run_ids=[run_id, "never made"])

        def found() -> Any:
            answer = client.compare(CompareQuery(sources=[source], text="DEPTH", keys=["name"]))
            return answer if answer.trials and answer.trials[0].status == "FINISHED" and answer.rows else None

        answer = until(found, "the trial was compared")
        assert [(each.run_id, each.name, each.job_id) for each in answer.trials] == [(run_id, "first", completed.id)]
        assert answer.missing == ["never made"]
        assert [(each.key, each.values, each.differs) for each in answer.rows] == [
            ("params.depth", [8], False),
            ("name", ["first"], False),
        ]
        with pytest.raises(NotFound):
            client.compare(CompareQuery(sources=[TrialSource(experiment="never made")]))
        with pytest.raises(InvalidRequest):
            client.compare(CompareQuery(sources=[TrialSource(experiment="suite", filter="depth <")]))

    def test_histories_of_trials(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id or ""
        name = next(iter(client.trial(run_id).metrics))
        query = SeriesQuery(run_ids=[run_id, "none"], metrics=[name, "none"], x="relative")

        def read() -> Any:
            page = client.trial_series(query)
            return page if page.complete else None

        page = until(read, "the history was complete")
        (series,) = page.series
        assert (series.run_id, series.name, series.first) == (run_id, name, 0)
        assert series.count == series.shown == len(series.value) == len(series.time) and series.step == []
        assert page.missing == ["none"] and not page.more and page.message == ""
        known = {"known": [[series.count, 0], [0, 0]], "generation": page.generation}
        assert client.trial_series(query.model_copy(update=known)).series == []

    def test_columns_of_trials(self, client: Client, completed: JobDetail) -> None:
        def depth() -> Any:
            found = client.trial_columns("suite", text="DEPTH", kinds=["parameter", "tag"], limit=5)
            return next((each for each in found.items if each.key == "params.depth"), None)

        column = until(depth, "the parameter was there")
        assert column.numeric and column.count >= 1 and column.kind == "parameter"
        assert client.trial_columns("suite", text="no such name").total == 0
        with pytest.raises(InvalidRequest):
            client.trial_columns("suite", kinds=["file"])

    def test_filters_are_looked_at(self, client: Client, completed: JobDetail) -> None:
        until(lambda: client.trial_columns("suite", text="depth").items, "the parameter was there")
        wrong = client.check_filter(FilterQuery(experiment="suite", filter="depth < 5", cursor=5))
        assert wrong.error is not None and (wrong.error.start, wrong.error.end) == (0, 5)
        assert "params.depth" in wrong.error.hint
        assert "params.depth" in [each.text for each in wrong.completions]
        right = client.check_filter(FilterQuery(filter="params.depth<5"))
        assert right.error is None and right.conditions is not None and right.conditions[0].operator == "<"

    def test_trials_are_exported(self, client: Client, completed: JobDetail) -> None:
        query = TrialQuery(experiment="suite", filter="params.depth = 8", columns=["run_id", "params.depth"])
        text = b"".join(client.export_trials(query, ExportFormat.csv)).decode()
        assert text.splitlines()[0] == "run_id,params.depth" and f"{completed.trial.run_id},8" in text.splitlines()
        assert b"".join(client.export_trials(query, ExportFormat.parquet))[:4] == b"PAR1"
        for wrong in ({"filter": "("}, {"columns": ["depth"]}):
            with pytest.raises(InvalidRequest):
                client.export_trials(query.model_copy(update=wrong), ExportFormat.csv)

    def test_trials_are_deleted_and_restored(self, client: Client, folder: Path) -> None:
        job = self.ended(client, self.submit(client, folder, "completes", experiment="to delete"))
        run_id = job.trial.run_id
        assert run_id is not None
        until(lambda: client.trial(run_id).status != "RUNNING", "the trial was closed")

        def shown() -> list[str]:
            return [each.id for each in client.trial_table(TrialQuery(experiment="to delete")).rows]

        assert [each.run_id for each in client.trials("to delete").items] == [run_id] == shown()
        for _ in range(2):
            client.delete_trials([run_id])
            assert shown() == [] and client.trials("to delete").items == []
            with pytest.raises(NotFound):
                client.trial(run_id)
        for _ in range(2):
            client.restore_trials([run_id])
            assert shown() == [run_id] and client.trial(run_id).run_id == run_id
        with pytest.raises(NotFound):
            client.restore_trials(["0" * 32])

    # Files

    def test_a_log_is_read_in_ranges(self, client: Client, completed: JobDetail) -> None:
        whole = client.log(completed.id)
        assert whole.complete and whole.offset == 0 and whole.next_offset == whole.size == len(whole.text.encode())
        pieces, offset = [], 0
        while offset < whole.size:
            piece = client.log(completed.id, offset=offset, limit=7)
            assert piece.offset == offset < piece.next_offset <= offset + 7
            pieces.append(piece.text)
            offset = piece.next_offset
        assert "".join(pieces) == whole.text
        assert client.log(completed.id, offset=-5).text == whole.text[-5:]
        assert client.log(completed.id, offset=10**9).text == ""

    def test_metrics_of_a_job(self, client: Client, completed: JobDetail) -> None:
        run_id = completed.trial.run_id
        assert run_id is not None
        for history in (client.metrics(completed.id), client.trial_metrics(run_id, max_points=10)):
            assert [(each.run_id, each.count, len(each.value)) for each in history.series] == [(run_id, 1, 1)]
            assert history.whole and not history.more
        later = client.metrics(completed.id, cursor=client.metrics(completed.id).cursor)
        assert later.series == [] and later.complete and not later.whole
        for unknown in ("zzzzzzzzzzzz", "../x"):
            with pytest.raises(StudioError) as caught:
                client.metrics(unknown)
            assert 400 <= caught.value.status < 500

    def test_resources_of_a_job(self, client: Client, completed: JobDetail) -> None:
        usage = client.resources(completed.id)
        assert usage.whole and usage.complete and usage.measured_by
        assert len(usage.time) == len(usage.cpus) == len(usage.memory_bytes) == usage.count >= 1
        assert usage.peak_memory_bytes and usage.peak_memory_bytes >= max(usage.memory_bytes) > 0
        later = client.resources(completed.id, cursor=usage.cursor)
        assert later.time == [] and not later.whole and later.count == usage.count
        with pytest.raises(StudioError) as caught:
            client.resources("zzzzzzzzzzzz")
        assert 400 <= caught.value.status < 500

    def test_files_lie_in_the_job_directory(self, client: Client, completed: JobDetail) -> None:
        for outside in ("..", "../..", "/etc", "output/../../.."):
            with pytest.raises(StudioError) as caught:
                client.files(completed.id, outside)
            assert 400 <= caught.value.status < 500
        names = {entry.name: entry for entry in client.files(completed.id)}
        assert {"output", "code"} <= names.keys() and names["output"].type == "directory"
        output = client.files(completed.id, "output")
        assert "completes.ipynb" in [entry.name for entry in output]
        assert all(entry.path.startswith("output/") for entry in output)

    def test_a_job_is_deleted_and_restored(self, client: Client, folder: Path) -> None:
        job = self.submit(client, folder, "sleeps")
        with pytest.raises(Conflict):
            client.delete(job.id)
        until(lambda: client.job(job.id).status == "InProgress", "the job ran")
        client.stop(job.id)
        client.stop(job.id)
        self.ended(client, job)
        client.delete(job.id)
        with pytest.raises(NotFound):
            client.job(job.id)
        assert job.id not in [row.id for row in client.jobs(limit=200).items]
        assert client.restore(job.id).id == client.job(job.id).id == job.id

    # The rest

    def test_inspection(self, client: Client, folder: Path) -> None:
        found = client.inspect(self.notebook(client, folder, "completes"))
        assert [(each.name, each.type) for each in found.parameters] == [("depth", "int"), ("label", "str")]
        assert found.parameters[0].value == 3 and found.cells == 3 and found.kernel == "python3"

    def test_options(self, client: Client) -> None:
        options = client.options()
        assert "process" in [runner.name for runner in options.runners]
        assert "python3" in [kernel.name for kernel in options.kernels]
        assert options.cpus >= 1 and options.memory_bytes > 0

    def test_experiments(self, client: Client) -> None:
        made = client.create_experiment("made by hand")
        assert made.name == "made by hand"
        assert made.name in [each.name for each in client.experiments()]
        assert client.trials(made.name).items == []
        with pytest.raises(Conflict):
            client.create_experiment("made by hand")
        with pytest.raises(InvalidRequest):
            client.create_experiment("")
        with pytest.raises(NotFound):
            client.trials("never made")

    # Models

    def test_a_trial_without_a_model(self, client: Client, completed: JobDetail) -> None:
        run_id = str(completed.trial.run_id)
        found = client.trial_models(run_id)
        assert (found.run_id, found.models, found.versions) == (run_id, [], [])
        with pytest.raises(InvalidRequest) as caught:
            client.register_model(RegisterModel(run_id=run_id, name="häuser & co", alias="champion"))
        assert "has no model" in caught.value.message and "log_model" in caught.value.hint
        assert "häuser & co" not in [each.name for each in client.models()]

    def test_models_that_are_not_there(self, client: Client) -> None:
        name = "never made: 100 %/?#"
        asks: list[Callable[[], Any]] = [
            lambda: client.model(name),
            lambda: client.model_versions(name),
            lambda: client.model_version(name, "1"),
            lambda: client.describe_model(name, "x"),
            lambda: client.describe_model_version(name, "1", "x"),
            lambda: client.set_model_alias(name, "champion", SetAlias(version="1")),
            lambda: client.delete_model_alias(name, "champion"),
            lambda: client.delete_model_version(name, "1"),
            lambda: client.delete_model(name),
            lambda: client.trial_models("0" * 32),
            lambda: client.register_model(RegisterModel(run_id="0" * 32, name="a")),
        ]
        for ask in asks:
            with pytest.raises(NotFound) as caught:
                ask()
            assert caught.value.hint

    def test_lineage_of_a_trial(self, client: Client, completed: JobDetail) -> None:
        run_id = str(completed.trial.run_id)
        found = client.lineage(LineageKind.trial, run_id, depth=1)
        assert (found.nodes[0].kind, found.nodes[0].id, found.nodes[0].experiment) == ("trial", run_id, "suite")
        jobs = [node for node in found.nodes if node.kind is LineageKind.job]
        assert [(node.id, node.label, node.is_deleted) for node in jobs] == [(completed.id, "first", False)]
        assert (completed.id, run_id) in {(each.source, each.target) for each in found.edges}
        for kind, identity in ((LineageKind.trial, "0" * 32), (LineageKind.job, "0"), (LineageKind.data, "0:x")):
            with pytest.raises(NotFound):
                client.lineage(kind, identity)
        with pytest.raises(InvalidRequest):
            client.lineage(LineageKind.model, "no number")
        with pytest.raises(InvalidRequest):
            client.lineage(LineageKind.trial, run_id, depth=11)

    def test_doctor(self, client: Client) -> None:
        diagnosis = client.doctor()
        assert diagnosis.version and diagnosis.workspace and diagnosis.checks
