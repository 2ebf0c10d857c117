"""Conformance suite of the client port. Subclass :class:`ClientSuite` and provide the fixtures it names."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, StudioError
from studio_ext.contract.jobs import CELLS_TAG, JobDetail, JobStatus, SubmitRequest
from studio_ext.ports.client import Client
from studio_ext.testing.client_suite_models import ModelsSuite
from studio_ext.testing.client_suite_parts import (
    FAIL,
    PARAMETERS,
    PATIENCE,
    PRINT,
    RECORD,
    SCENARIOS,
    SLEEP,
    until,
    write_notebook,
)
from studio_ext.testing.client_suite_trials import TrialsSuite

__all__ = [
    "FAIL",
    "PARAMETERS",
    "PATIENCE",
    "PRINT",
    "RECORD",
    "SCENARIOS",
    "SLEEP",
    "ClientSuite",
    "until",
    "write_notebook",
]


class ClientSuite(TrialsSuite, ModelsSuite):
    """What every client promises.

    Fixtures to provide, both of class scope: ``client``, with a controller at work, and ``folder``, the
    directory that relative notebook paths are relative to.
    """

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

    def test_doctor(self, client: Client) -> None:
        diagnosis = client.doctor()
        assert diagnosis.version and diagnosis.workspace and diagnosis.checks
