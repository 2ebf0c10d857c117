"""What is recorded of the user's code without a line of it: runs in the kernel, before the first cell.

Standard library only, and nothing of it can be seen from the notebook: its modules are gone from ``sys.modules`` when
the first cell runs. Whatever goes wrong in here is noted, and never the user's problem.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from . import reads
from .autolog import OFF, ON, Autolog
from .kernel_output import catch_up
from .post_import import PostImport
from .readers import Readers

_LONGEST_NOTE = 500
_MOST_NOTES = 5


@dataclass(frozen=True)
class Settings:
    """What the supervisor tells the kernel."""

    report: str
    """File that is written to (see ``job-directory.md``)."""
    job_dir: str
    workdir: str
    """Working directory of the job."""
    autolog: str = ON
    sdk: str = ""
    """Archive with the SDK, for an environment that does not have it."""

    def as_record(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def start(settings: Settings) -> None:
    """Begin. Returns soon, raises nothing."""
    notes = _Notes(settings.report)
    if settings.sdk:
        sys.path.append(settings.sdk)  # last: what the environment has itself comes first
    try:
        imports = PostImport(notes.failed)
        files = reads.Reads(settings.report, settings.job_dir, settings.workdir, settings.sdk)
        Readers(files, imports)
        if settings.autolog != OFF:
            Autolog(settings.autolog, imports, notes.say).watch()
        imports.install()
        files.listen()
        catch_up(sys.stdout)
        catch_up(sys.stderr)
    except Exception as error:
        notes.failed(error)


class _Notes:
    """Sentences for the job's log."""

    def __init__(self, report: str) -> None:
        self._report = report
        self._left = _MOST_NOTES

    def say(self, sentence: str) -> None:
        if self._left > 0:
            self._left -= 1
            reads.append(self._report, {"note": sentence[:_LONGEST_NOTE]})

    def failed(self, error: BaseException) -> None:
        self.say(f"Not everything is recorded by itself: {type(error).__name__}: {error}")


def forget() -> None:
    """Take our modules out of the process: what the user's code imports is its own."""
    package = __package__ or "studio_worker"
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]
    archive = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  (exactly as the entry has it)
    if archive.endswith(".pyz"):
        sys.path[:] = [entry for entry in sys.path if entry != archive]


def start_code(settings: Mapping[str, Any]) -> str:
    """Code that starts this in a kernel of its own command, as one expression that leaves no name behind."""
    place = str(Path(__file__).absolute().parent.parent)
    package = __package__ or "studio_worker"
    lines = f"""
import sys
sys.path.insert(0, {place!r})
try:
    from {package} import capture
finally:
    sys.path.remove({place!r})
capture.forget()
capture.start(capture.Settings(**{dict(settings)!r}))
"""
    return f"exec({lines!r}, {{}})"


__all__ = ["OFF", "Settings", "forget", "start", "start_code"]
