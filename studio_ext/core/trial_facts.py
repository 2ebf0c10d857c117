"""What a run's tags and inputs, as MLflow keeps them, say of a trial."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import ExitReason
from studio_ext.contract.trial_detail import TrialCode, TrialEnvironment, TrialInput
from studio_ext.core.plain_text import masked
from studio_ext.core.record_names import RESERVED, checked_name

NOTE_TAG = "mlflow.note.content"
MESSAGE_TAG = "tracker.status_message"
"""What whoever ended a tracker's run said of it."""
CHANGES = "code/uncommitted.diff.txt"
PACKAGES = "environment/packages.txt"
MACHINE = "environment/machine.json"
"""Artefacts of a job's trial."""
MLFLOWS = "mlflow."
"""Beginning of the tags that are MLflow's own."""
_MAX_TEXT = 4_000


def inputs(run: Mapping[str, Any]) -> Iterator[TrialInput]:
    """Data that a run read, in MLflow's JSON. What is not as it should be is told as far as it goes."""
    for each in (run.get("inputs") or {}).get("dataset_inputs") or []:
        dataset = each.get("dataset") or {}
        source, profile = _object(dataset.get("source")), _object(dataset.get("profile"))
        tags = {tag.get("key"): str(tag.get("value", "")) for tag in each.get("tags") or []}
        columns = _whole(profile.get("num_columns"))
        yield TrialInput(
            name=str(dataset.get("name", "")),
            digest=str(dataset.get("digest", "")),
            place=masked(_text(source.get("uri") or source.get("url") or source.get("path"))),
            kind=str(dataset.get("source_type", "")),
            rows=_whole(profile.get("num_rows")),
            columns=_columns_of(dataset.get("schema")) if columns is None else columns,
            size_bytes=_whole(profile.get("size_bytes")),
            sha256=_text(profile.get("sha256")),
            files=_whole(profile.get("num_files")),
            context=tags.get("mlflow.data.context", ""),
        )


def code(tags: Mapping[str, str], artifacts: frozenset[str]) -> TrialCode:
    """What ran. ``artifacts``: paths that are known to be there."""
    notebook = tags.get("studio.notebook", "")
    if not notebook and tags.get("mlflow.source.type") in ("NOTEBOOK", "LOCAL"):
        notebook = tags.get("mlflow.source.name", "")
    dirty = tags.get("studio.git_dirty")
    output = next((path for path in sorted(artifacts) if path.startswith("notebook/") and path.endswith(".ipynb")), "")
    return TrialCode(
        notebook=notebook,
        notebook_sha256=tags.get("studio.notebook_sha256", ""),
        commit=tags.get("mlflow.source.git.commit", ""),
        remote=masked(tags.get("mlflow.source.git.repoURL", "")),
        dirty=None if dirty is None else dirty.lower() == "true",
        source=tags.get("studio.source", ""),
        changes=CHANGES if CHANGES in artifacts else "",
        output=output,
    )


def environment(tags: Mapping[str, str], artifacts: frozenset[str]) -> TrialEnvironment:
    """What it ran in and on. ``artifacts`` as above."""
    return TrialEnvironment(
        **{
            name: tags.get(f"studio.{name}", "")
            for name in ("python", "platform", "cpus", "gpus", "runner", "kernel", "image", "image_id")
        },
        packages=PACKAGES if PACKAGES in artifacts else "",
        machine=MACHINE if MACHINE in artifacts else "",
    )


def failure(tags: Mapping[str, str]) -> str:
    """Why a trial did not end well, in the words of its job or its tracker; empty: it did, or nobody said."""
    if tags.get("studio.exit_reason") == ExitReason.completed:
        return ""
    return (tags.get("studio.exit_message") or tags.get(MESSAGE_TAG, ""))[:_MAX_TEXT]


def check_tags(set_: Iterable[str], removed: Iterable[str] = ()) -> None:
    """Raise ``InvalidRequest`` for tags that Studio and MLflow write themselves, and for names MLflow does not take."""
    set_ = list(set_)
    for key in [*set_, *removed]:
        if key.startswith((RESERVED, MLFLOWS)):
            hint = "The note has a field of its own." if key == NOTE_TAG else "Choose another name."
            raise InvalidRequest.field("tags", f"{key[:80]!r} is not yours to change", hint=hint)
    for key in set_:
        checked_name(key, "tags")


def _object(text: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _columns_of(schema: Any) -> int | None:
    found = _object(schema).get("mlflow_colspec")
    return len(found) if isinstance(found, list) else None


def _whole(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _text(value: Any) -> str:
    return value[:_MAX_TEXT] if isinstance(value, str) else ""
