"""What the extension puts into a shell: names, hooks, and what it remembers of the cells that ran."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio_ext.magics.completion import Completion
from studio_ext.magics.history import History
from studio_ext.magics.trial_lines import trial_lines

if TYPE_CHECKING:
    from studio_ext.magics.trial_cell import TrialCells

MAGICS = {
    "compare": "line",
    "experiment": "line",
    "job": "cell",
    "jobs": "line",
    "logs": "line",
    "stop": "line",
    "submit": "line",
    "trial": "line_cell",
}
"""Names of the magics, and whether they take a line (``%``) or a cell (``%%``)."""


class Session:
    """The extension in one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.history = History(shell)
        self._trials: TrialCells | None = None
        self._completion = Completion(self)
        self._functions = {name: _function(self, name) for name in MAGICS}

    @property
    def trials(self) -> TrialCells:
        """The trials of this shell; imported when there is one."""
        from studio_ext.magics.trial_cell import TrialCells

        if self._trials is None:
            self._trials = TrialCells(self.shell, self.history)
        return self._trials

    def register(self) -> None:
        """Put everything in its place."""
        for name, kind in MAGICS.items():
            self.shell.register_magic_function(self._functions[name], kind, name)
        for event, hook in self._hooks():
            self.shell.events.register(event, hook)
        self.shell.input_transformers_cleanup.append(trial_lines)
        self._completion.register()

    def unregister(self) -> None:
        """Take it all away; what others put in the same place stays."""
        if self._trials is not None:
            self._trials.abandon()
        for kind in ("line", "cell"):
            table = self.shell.magics_manager.magics[kind]
            for name, function in self._functions.items():
                if table.get(name) is function:
                    del table[name]
        for event, hook in self._hooks():
            self.shell.events.unregister(event, hook)
        if trial_lines in self.shell.input_transformers_cleanup:
            self.shell.input_transformers_cleanup.remove(trial_lines)
        self._completion.unregister()

    def _hooks(self) -> list[tuple[str, Callable[..., None]]]:
        return [
            ("pre_run_cell", self.history.begin),
            ("post_run_cell", self._end),
        ]

    def _end(self, result: Any) -> None:
        """A cell is over: first its trial, which asks whether it is the one."""
        if self._trials is not None:
            self._trials.end(result)
        self.history.end(result)


def _function(session: Session, name: str) -> Any:
    """The function of a magic; its help is written by the command that it stands for."""

    def magic(line: str, cell: str | None = None) -> Any:
        from studio_ext.magics.running import run

        return run(session, name, line, cell)

    def getdoc() -> str:
        from studio_ext.magics.running import usage

        return usage(name)

    magic.__name__ = magic.__qualname__ = name
    magic.getdoc = getdoc  # type: ignore[attr-defined]  # IPython asks it for help
    return magic
