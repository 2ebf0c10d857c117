"""Wire types of what differs between two trials beyond numbers: notebook, code, environment, data, artefacts."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from studio_ext.contract.base import Wire


class DiffPart(StrEnum):
    """What two trials are held against each other in; each part is fetched when it is shown."""

    notebook = "notebook"
    code = "code"
    environment = "environment"
    data = "data"
    artifacts = "artifacts"


DiffState = Literal["same", "different", "unknown"]
"""``unknown``: what was recorded cannot tell."""
Change = Literal["same", "changed", "added", "removed", "unknown"]
"""``added``: only the second trial has it; ``removed``: only the first."""


class DiffTrial(Wire):
    """One of the two trials."""

    run_id: str
    name: str
    experiment: str
    job_id: str | None = None


class TextBlock(Wire):
    """Lines of two texts that belong together."""

    kind: Literal["same", "removed", "added", "gap"]
    """``gap``: unchanged lines that were left out."""
    first: int
    """Number of its first line in the first text, from 1."""
    second: int
    """The same in the second text."""
    count: int
    """How many lines it stands for."""
    lines: list[str]
    """Without line ends; empty for a gap."""


class TextDiff(Wire):
    """Two texts, line by line. Removed lines stand before the added ones that replace them."""

    blocks: list[TextBlock]
    added: int
    removed: int
    note: str = ""
    """What is not shown, in a sentence; empty: all is."""


class PicturePair(Wire):
    """A picture that a cell of each notebook displayed, at the same place."""

    media_type: str
    """``image/png`` or ``image/jpeg``."""
    first: str | None = None
    """Base64; None where there is none."""
    second: str | None = None


class CellDiff(Wire):
    """A cell, in one notebook or both."""

    change: Change
    """``changed``: the source; outputs have a word of their own."""
    kind: str
    """``code``, ``markdown`` or ``raw``."""
    first: int | None = None
    """Place among the cells of the first notebook, from 1."""
    second: int | None = None
    label: str
    """First line that says anything."""
    source: TextDiff
    outputs: Literal["none", "same", "changed"]
    output_text: TextDiff | None = None
    """What it printed and the values and errors it showed, as plain text; None where that is the same."""
    pictures: list[PicturePair] = []
    """Pictures that differ."""


class NotebookDiff(Wire):
    """Two notebooks cell by cell, in the order of both."""

    first_place: str
    """Where the first notebook was found, in words."""
    second_place: str
    cells: list[CellDiff]
    changed: int
    """Cells whose source differs, those that only one notebook has included."""
    outputs_changed: int


class FileDiff(Wire):
    """A file of the code of one trial or both."""

    path: str
    change: Change
    first_bytes: int | None = None
    second_bytes: int | None = None
    text: TextDiff | None = None
    """None for what is no text, too large, or may hold secrets."""
    note: str = ""
    """Why there is no text, in a sentence."""


class CodeDiff(Wire):
    """The code of two trials."""

    basis: Literal["snapshots", "commits", "records", "none"]
    """What was held against each other: the folders that were copied for the jobs, commits of a repository, or only
    what was recorded as artefacts."""
    first_commit: str | None = None
    second_commit: str | None = None
    first_dirty: bool | None = None
    """Whether there was more than the commit; None: not known."""
    second_dirty: bool | None = None
    files: list[FileDiff]
    """Those that differ."""
    unchanged: int
    """Files that are the same."""
    left_out: int = 0
    """Files that differ and are not listed."""


class FactDiff(Wire):
    """One fact about where the trials ran."""

    name: str
    """``python``, ``platform``, ``kernel``, ..."""
    change: Change
    first: str | None = None
    second: str | None = None


class PackageDiff(Wire):
    """A package that differs."""

    name: str
    change: Literal["added", "removed", "newer", "older", "changed"]
    """``newer``: the second trial had a newer version; ``changed``: of versions nobody can order."""
    first: str | None = None
    second: str | None = None


class EnvironmentDiff(Wire):
    """Where two trials ran."""

    facts: list[FactDiff]
    packages: list[PackageDiff]
    """Those that differ, by name."""
    same_packages: int
    has_packages: bool
    """Whether the packages of both are known."""


class DataVersion(Wire):
    """Which data one trial read, as far as it was recorded."""

    source: str
    """Path or address."""
    kind: str
    """``local``, ``http``, ``s3``, ..."""
    digest: str = ""
    size_bytes: int | None = None
    sha256: str | None = None
    modified: float | str | None = None
    """Seconds since the epoch; of an address what its server said."""
    etag: str | None = None
    rows: int | None = None
    columns: int | None = None
    files: int | None = None
    """Of a folder."""


class DataDiff(Wire):
    """Data of one name."""

    name: str
    change: Change
    reason: str
    """What tells, in a sentence."""
    first: DataVersion | None = None
    second: DataVersion | None = None


class ArtifactDiff(Wire):
    """An artefact of one trial or both."""

    path: str
    kind: Literal["confusion_matrix", "roc_curve", "precision_recall", "table", "image", "text", "notebook", "other"]
    change: Change
    first_bytes: int | None = None
    second_bytes: int | None = None
    text: TextDiff | None = None
    """The differences of its text, where this one artefact was asked for and is a text."""
    note: str = ""
    """Why something is not known, in a sentence."""


class TrialDiff(Wire):
    """One part of what differs between two trials. Of the last five fields one is there, or none."""

    first: DiffTrial
    second: DiffTrial
    part: DiffPart
    state: DiffState
    message: str
    """The answer in a sentence: what differs, that nothing does, or why that is not known."""
    hint: str = ""
    """What could be done where it is not known."""
    notes: list[str] = []
    """What was left out, in sentences."""
    notebook: NotebookDiff | None = None
    code: CodeDiff | None = None
    environment: EnvironmentDiff | None = None
    data: list[DataDiff] | None = None
    artifacts: list[ArtifactDiff] | None = None
