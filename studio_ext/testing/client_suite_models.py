"""Conformance suite of the client port: models and lineage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.jobs import JobDetail
from studio_ext.contract.lineage import LineageKind
from studio_ext.contract.models import RegisterModel, SetAlias, UpdateModel
from studio_ext.ports.client import Client
from studio_ext.testing.client_suite_parts import ClientSuitePart


class ModelsSuite(ClientSuitePart):
    """What every client promises of models."""

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
            lambda: client.describe_model(name, UpdateModel(description="x")),
            lambda: client.describe_model_version(name, "1", UpdateModel(description="x", if_description="")),
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
