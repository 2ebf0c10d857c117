"""Changes to a component as tags: MLflow has no other place for what comes later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.record_names import MAX_PARAMETER, MAX_TAG, checked_name, refuse_reserved, sound_text
from studio_ext.ports.records import RunRecord
from studio_ext.sdk import entities
from studio_ext.sdk.component_types import TrialComponentArtifact

Artifacts = tuple[Mapping[str, TrialComponentArtifact], Sequence[str]]
"""Inputs or outputs to record, and names of those to remove."""


def changes(
    run: RunRecord,
    parameters: Mapping[str, object],
    parameters_to_remove: Sequence[str],
    inputs: Artifacts,
    outputs: Artifacts,
    tags: Mapping[str, str],
    tags_to_remove: Sequence[str],
) -> tuple[dict[str, str], list[str]]:
    """Tags to set and tags to remove. Raises ``InvalidRequest`` for what MLflow cannot do."""
    found: dict[str, str] = {}
    removed: list[str] = []
    for name, value in parameters.items():
        text = sound_text(value)
        if len(text) > MAX_PARAMETER:
            raise InvalidRequest.field(f"parameters.{name}", f"has {len(text)} characters; {MAX_PARAMETER} are allowed")
        key = checked_name(entities.PARAMETER + name, "parameters")
        if run.parameters.get(name) != text:
            found[key] = text[:MAX_TAG]
        elif key in run.tags:  # as it was at first
            removed.append(key)
    for name in parameters_to_remove:
        if name in run.parameters:
            raise InvalidRequest.field(
                "parameters_to_remove",
                f"MLflow does not remove parameters, and {name!r} is one of the run's",
                hint="Give it another value, or record another component.",
            )
        removed.append(entities.PARAMETER + name)
    for (artifacts, gone), prefix, types in (
        (inputs, entities.INPUT, entities.INPUT_TYPE),
        (outputs, entities.OUTPUT, entities.OUTPUT_TYPE),
    ):
        for name, artifact in artifacts.items():
            if not isinstance(artifact, TrialComponentArtifact):
                raise InvalidRequest.field("artifacts", f"{name!r} must be a TrialComponentArtifact")
            found[checked_name(prefix + name, "artifacts")] = sound_text(artifact.value)[:MAX_TAG]
            if artifact.media_type:
                found[checked_name(types + name, "artifacts")] = sound_text(artifact.media_type)[:MAX_TAG]
            else:
                removed.append(types + name)
        removed += [kind + name for name in gone for kind in (prefix, types)]
    refuse_reserved([*tags, *tags_to_remove])
    found |= tags
    removed += tags_to_remove
    return found, [key for key in dict.fromkeys(removed) if key in run.tags and key not in found]
