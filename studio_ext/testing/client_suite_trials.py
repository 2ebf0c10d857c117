"""Conformance suite of the client port: trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.comparison import CompareQuery, ImportanceQuery
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, StudioError
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.report import ViewReport
from studio_ext.contract.series import SeriesQuery
from studio_ext.contract.trial_detail import UpdateTrial
from studio_ext.contract.trial_diff import DiffPart
from studio_ext.contract.trial_table import ExportFormat, FilterQuery, SortKey, TrialQuery
from studio_ext.contract.views import LineChartSpec, TrialSource, View
from studio_ext.ports.client import Client
from studio_ext.testing.client_suite_parts import ClientSuitePart, until


class TrialsSuite(ClientSuitePart):
    """What every client promises of trials."""

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
        (both,) = client.trial_series(query.model_copy(update={"both": True})).series
        assert both.step == [0] and both.model_copy(update={"step": []}) == series
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
