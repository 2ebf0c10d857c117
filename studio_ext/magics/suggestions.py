"""What can come next in the line of a magic: options, experiments, notebooks, jobs, parameters of the notebook."""

from __future__ import annotations

import ast
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from studio_ext.core.cell_values import assigned_names
from studio_ext.magics.running import options
from studio_ext.magics.this_notebook import find_notebook, found_notebook
from studio_ext.sdk.connection import current

if TYPE_CHECKING:
    from studio_ext.magics.session import Session

_PATIENCE = 0.5
"""Seconds that a person waits for what has to be asked elsewhere; what comes later is there the next time."""
_FRESH = 2.0
_MOST_BYTES = 20 * 1024 * 1024
_MOST_FILES = 2000


def suggestions(session: Session, name: str, words: Sequence[str], typed: str) -> Iterable[str]:
    """Candidates for the word that begins with ``typed``, after these words of the magic ``name``."""
    option, place = _open_option(name, words)
    if option is not None:
        return _values(session, name, option, place, words)
    if typed.startswith("-"):
        return sorted(text for each in options(name) if isinstance(each, click.Option) for text in each.opts)
    if name in ("logs", "stop"):
        return _job_ids() if not _arguments(name, words) else []
    if name == "submit":
        return _paths(typed, ".ipynb") if not _arguments(name, words) else []
    if name in ("experiment", "compare"):
        return _experiments() if not _arguments(name, words) else []
    return []


def _open_option(name: str, words: Sequence[str]) -> tuple[click.Option | None, int]:
    """The option that the next word belongs to, and which of its values it is."""
    known = {text: each for each in options(name) if isinstance(each, click.Option) for text in each.opts}
    position = 0
    while position < len(words):
        option = known.get(words[position])
        count = 0 if option is None or option.is_flag or option.count else option.nargs
        if option is not None and "--trials" in option.opts:  # takes all that follow
            return (option, 0) if not any(word.startswith("-") for word in words[position + 1 :]) else (None, 0)
        if option is not None and position + count >= len(words) and count:
            return option, len(words) - position - 1
        position += 1 + count
    return None, 0


def _arguments(name: str, words: Sequence[str]) -> list[str]:
    """Words that belong to no option."""
    known = {text: each for each in options(name) if isinstance(each, click.Option) for text in each.opts}
    found: list[str] = []
    position = 0
    while position < len(words):
        option = known.get(words[position])
        if option is None:
            found.append(words[position])
        position += 1 + (0 if option is None or option.is_flag else option.nargs)
    return found


def _values(session: Session, name: str, option: click.Option, place: int, words: Sequence[str]) -> Iterable[str]:
    if isinstance(option.type, click.Choice):
        return list(option.type.choices)
    match option.name:
        case "experiment":
            return _experiments()
        case "trials":
            wanted = [word for word in _arguments(name, words) if word not in ("--trials", "-t")]
            return _trials(session, wanted[0] if words and not words[0].startswith("-") and wanted else None)
        case "notebook":
            return _paths("", ".ipynb")
        case "parameters":
            return _parameters(session, name, words) if place == 0 else []
        case "runner":
            return _runners()
        case "kernel":
            return _kernels()
        case "variables":
            return sorted(os.environ)
        case "params" | "metrics":
            return sorted(each for each, value in session.shell.user_ns.items() if _is_plain(each, value))
    return []


def _is_plain(name: str, value: Any) -> bool:
    return not name.startswith("_") and isinstance(value, int | float | str)


def _paths(typed: str, suffix: str) -> list[str]:
    """Files with the suffix, and folders."""
    begun = typed.strip("\"'")
    folder, slash, _ = begun.rpartition("/")
    found: list[str] = []
    with os.scandir(os.path.expanduser(folder + slash) or ".") as entries:  # noqa: PTH111  a Path would lose "./"
        for count, entry in enumerate(entries):
            if count >= _MOST_FILES:
                break
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                found.append(f"{folder}{slash}{entry.name}/")
            elif entry.name.endswith(suffix):
                found.append(f"{folder}{slash}{entry.name}")
    return sorted(found)


def _parameters(session: Session, name: str, words: Sequence[str]) -> list[str]:
    """Names in the cell tagged ``parameters`` of the notebook that is meant; read without papermill, which is slow."""
    if name == "submit":
        given = [word for word in _arguments(name, words) if word.endswith(".ipynb")]
        path = Path(given[0]).expanduser() if given else None
    else:
        named = words[words.index("--notebook") + 1] if "--notebook" in words[:-1] else None
        path = find_notebook(session.shell.user_ns, named)
    if path is None or not path.is_file() or path.stat().st_size > _MOST_BYTES:
        return []
    for cell in json.loads(path.read_text("utf-8-sig"))["cells"]:
        if "parameters" in cell.get("metadata", {}).get("tags", []):
            source = cell["source"]
            source = source if isinstance(source, str) else "".join(source)
            ast.parse(source)
            return sorted(assigned_names(source))
    return []


def _job_ids() -> list[str]:
    return _asked("jobs", lambda: [job.id for job in current().jobs(limit=50).items])


def _experiments() -> list[str]:
    return _asked("experiments", lambda: [each.name for each in current().experiments()])


def _trials(session: Session, experiment: str | None) -> list[str]:
    from studio_ext.sdk.current_experiment import current_experiment
    from studio_ext.services.submission import default_experiment

    notebook = found_notebook(session.shell.user_ns)
    name = experiment or current_experiment() or (default_experiment(notebook) if notebook else "Default")
    return _asked(f"trials of {name}", lambda: [each.name for each in current().trials(name, limit=50).items])


def _runners() -> list[str]:
    from importlib.metadata import entry_points

    return sorted(point.name for point in entry_points(group="studio_ext.runners"))


def _kernels() -> list[str]:
    from jupyter_client.kernelspec import KernelSpecManager

    return sorted(KernelSpecManager().find_kernel_specs())


class _Answer:
    """What was answered last, and whether somebody is asking."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self.at = float("-inf")
        self.thread: threading.Thread | None = None


_answers: dict[tuple[int, str], _Answer] = {}


def _asked(what: str, ask: Callable[[], list[str]]) -> list[str]:
    """The answer, if it comes at once; else the one before it. It is asked in a thread, which may take its time."""
    answer = _answers.setdefault((id(current()), what), _Answer())
    if time.monotonic() - answer.at < _FRESH:
        return answer.values

    def go() -> None:
        try:
            answer.values = ask()
            answer.at = time.monotonic()
        except Exception:  # nothing to suggest, then
            answer.at = time.monotonic()

    if answer.thread is None or not answer.thread.is_alive():
        answer.thread = threading.Thread(target=go, name="studio-completion", daemon=True)
        answer.thread.start()
    answer.thread.join(_PATIENCE)
    return answer.values
