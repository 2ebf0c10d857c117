"""What a submission needs of the outside: notebooks, kernels, snapshots, and a controller that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from studio_ext.contract.jobs import ImageChoice, KernelChoice, KernelEnvironment, NotebookParameter, Snapshot

CHANGES_FILE = "uncommitted.diff.txt"
"""File of a job directory with what of the notebook's repository was in no commit."""


@dataclass(frozen=True)
class Notebook:
    """A notebook that was read and is valid."""

    path: Path
    document: Any
    """The parsed document (nbformat 4)."""
    sha256: str
    """Of the file's bytes, or the document's."""
    kernel: str | None
    """Kernel spec that its metadata names."""
    language: str | None
    code_cells: int
    has_parameters_cell: bool


class Notebooks(Protocol):
    """Reads and prepares notebooks. Never runs them."""

    def read(self, path: Path) -> Notebook:
        """Raises ``NotFound`` or ``InvalidRequest`` (field ``notebook``) saying what is wrong with the file."""

    def from_document(self, path: Path, document: Mapping[str, Any]) -> Notebook:
        """A notebook that is not in the file at ``path``, but given. Raises as :meth:`read` does."""

    def parameters(self, notebook: Notebook, environment: KernelEnvironment | None) -> list[NotebookParameter]:
        """What papermill's inspection finds in the parameters cell."""

    def write_parameterized(
        self, notebook: Notebook, target: Path, parameters: Mapping[str, Any], environment: KernelEnvironment
    ) -> None:
        """Write the notebook to run: parameters injected, outputs cleared, kernel set. The caller syncs it."""

    def displayed(self, path: Path) -> list[tuple[str, bytes]]:
        """What cells of an executed notebook displayed: pictures and plots (``plots/cell-01.png``) and tables
        (``tables/cell-02.json``, with ``columns`` and ``data``), as (path, bytes)."""


class Environments(Protocol):
    """Kernels that are installed for the submitter."""

    def kernels(self) -> list[KernelChoice]:
        """All installed kernels."""

    def default(self) -> str | None:
        """The kernel for notebooks that name none."""

    def resolve(self, kernel: str, variables: Sequence[str]) -> KernelEnvironment:
        """How to start a kernel. Raises ``InvalidRequest`` (field ``kernel``) if it is not installed."""

    def base_variables(self, environment: KernelEnvironment) -> dict[str, str]:
        """Variables that every job gets: PATH, HOME, LANG, ..."""

    def values(self, variables: Sequence[str]) -> dict[str, str]:
        """Values of named variables. Raises ``InvalidRequest`` (field ``variables``) for one that is not set."""


class Images(Protocol):
    """Images of the container engine that jobs may run in. Answers within two seconds, whatever the engine does."""

    def choices(self) -> list[ImageChoice]:
        """Images that are there and allowed, those made for notebooks first; none while the engine is away."""

    def default(self) -> str:
        """The image for submissions that name none. It need not be there."""

    def how_to_get(self, image: str) -> str:
        """What to do when an image is not there."""

    def resolve(self, image: str, *, pull: bool, network_access: bool) -> KernelEnvironment:
        """How a job runs in an image.

        Raises ``InvalidRequest`` (field ``image``) when it is not allowed, not there and not to be pulled, or made for
        another architecture; ``Unavailable`` when the engine does not answer.
        """


class Snapshots(Protocol):
    """Copies the notebook's folder."""

    def take(self, notebook: Path, target: Path) -> Snapshot:
        """Copy the folder of ``notebook`` below ``target``. What does not fit is linked. The caller syncs it.

        What is in no commit is written, without secrets, to :data:`CHANGES_FILE` beside ``target``.
        """


class ControllerLauncher(Protocol):
    """Sees to it that a controller runs."""

    def ensure(self) -> None:
        """Start a controller if none holds the lease. Returns at once."""

    def running(self) -> bool:
        """Whether a controller holds the lease."""
