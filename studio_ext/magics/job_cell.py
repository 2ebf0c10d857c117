"""A cell as a job: ``%%job``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import Conflict, InvalidRequest
from studio_ext.magics.this_notebook import Cells, find_notebook, with_setup
from studio_ext.sdk.connection import current
from studio_ext.sdk.handles import Job

if TYPE_CHECKING:
    from studio_ext.magics.running import Call

_OURS = re.compile(r"[ \t]*%(?:(?:re)?load_ext[ \t]+studio_ext\b|experiment\b).*")


def submit_cell(call: Call, notebook: str | None, experiment: str | None, **options: Any) -> tuple[Job, str]:
    """Submit a cell with the setup cells of its notebook; returns the job, and a sentence that says which those are."""
    from studio_ext.adapters.local_client import LocalClient
    from studio_ext.adapters.recorders import in_job
    from studio_ext.cli.submit_options import submit_request

    if in_job(os.environ):
        raise Conflict("This notebook runs as a job already.", hint="Take %%job away to have the cell run in it.")
    client = current()
    if not isinstance(client, LocalClient):
        raise InvalidRequest(
            "A cell can be a job only in a workspace on this machine, and a Jupyter server elsewhere is connected.",
            hint="Submit a notebook that lies there: %submit NOTEBOOK.",
        )
    path = find_notebook(call.session.shell.user_ns, notebook)
    cells = with_setup(path, call.cell or "", call.session.history)
    if options["image"] or options["runner"] not in (None, "process"):
        _leave_out_ours(cells.document)
    name = options.pop("name") or f"{path.stem[:180]} [{call.session.history.number}]"
    request = submit_request(client, str(path), experiment=experiment, name=name, **options)
    job = client.submit(request.model_copy(update={"document": cells.document}))
    return Job(client, job), _sentence(path.name, cells)


def _leave_out_ours(document: dict[str, Any]) -> None:
    """An image need not have this package; without it these lines of a setup cell would fail, and they set nothing."""
    for cell in document["cells"]:
        cell["source"] = "".join(
            f"# {line}" if _OURS.fullmatch(line.rstrip("\n")) else line
            for line in cell["source"].splitlines(keepends=True)
        )


def _sentence(name: str, cells: Cells) -> str:
    if not cells.numbers:
        return f"Submitted this cell alone: no cell of {name}, as it was saved, is tagged 'setup'."
    several = len(cells.numbers) > 1
    numbers = ", ".join(map(str, cells.numbers))
    newer = ""
    if cells.newer:
        newer = f" {cells.newer} of them as run here, which is newer than the file."
    which = f"code cells {numbers}" if several else f"code cell {numbers}"
    return f"Submitted this cell after {which} of {name}.{newer}"
