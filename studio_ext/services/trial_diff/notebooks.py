"""The notebooks of two trials."""

from __future__ import annotations

import json
from typing import Any

from studio_ext.contract.trial_diff import DiffPart, NotebookDiff, TrialDiff
from studio_ext.core.notebook_diff import MAX_CELLS, cells_of, diff_cells
from studio_ext.services.trial_diff.sides import Found, Side, TooLarge

MAX_BYTES = 100 << 20
"""Of a notebook."""


def notebook_diff(first: Side, second: Side) -> TrialDiff:
    """Cell by cell. A notebook that is not there, or is none, is a sentence and no error."""
    documents: list[tuple[Found, dict[str, Any]]] = []
    for side in (first, second):
        try:
            found = side.notebook(MAX_BYTES)
        except TooLarge:
            message = f"The notebook of {side.name} is larger than {MAX_BYTES >> 20} MB."
            return _unknown(first, second, message, "Open both notebooks; large outputs are better kept as artefacts.")
        if found is None:
            message = f"No notebook is recorded for {side.name}."
            return _unknown(first, second, message, "Trials of jobs have one; in a notebook, run it as a job.")
        document = _parsed(found.data)
        if document is None:
            return _unknown(first, second, f"What is recorded for {side.name} ({found.place}) is no notebook.", "")
        documents.append((found, document))
    (ours, one), (theirs, other) = documents
    diffs = diff_cells(cells_of(one), cells_of(other))
    changed = sum(cell.change != "same" for cell in diffs.cells)
    outputs = sum(cell.outputs == "changed" for cell in diffs.cells)
    notes = []
    if diffs.left_out:
        notes.append(f"{diffs.left_out:,} cells beyond the first {MAX_CELLS:,} are not looked at.")
    if diffs.is_cut:
        notes.append("They differ so much that not all of it is shown.")
    return TrialDiff(
        first=first.wire,
        second=second.wire,
        part=DiffPart.notebook,
        state="different" if changed or outputs else "unknown" if diffs.left_out else "same",
        message=_sentence(changed, outputs),
        notes=notes,
        notebook=NotebookDiff(
            first_place=ours.place,
            second_place=theirs.place,
            cells=diffs.cells,
            changed=changed,
            outputs_changed=outputs,
        ),
    )


def _sentence(changed: int, outputs: int) -> str:
    if not changed and not outputs:
        return "The notebooks are the same."
    cells = f"{changed:,} {'cell differs' if changed == 1 else 'cells differ'}" if changed else "No cell differs"
    if not outputs:
        return f"{cells}; the outputs are the same."
    return f"{cells}; {'the outputs of 1 cell differ' if outputs == 1 else f'outputs differ in {outputs:,} cells'}."


def _parsed(data: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and isinstance(document.get("cells"), list) else None


def _unknown(first: Side, second: Side, message: str, hint: str) -> TrialDiff:
    return TrialDiff(
        first=first.wire,
        second=second.wire,
        part=DiffPart.notebook,
        state="unknown",
        message=message,
        hint=hint,
    )
