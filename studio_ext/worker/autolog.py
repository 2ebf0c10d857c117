"""Switches MLflow's autologging on as soon as the notebook imports a library that MLflow can log.

MLflow itself (a second) is imported only then, so that a notebook without such a library pays nothing. What the
notebook says of autologging itself comes later, and wins: these are MLflow's own settings, made through its own
function.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from .post_import import PostImport

OFF, ON, MODELS = "off", "on", "models"

_TABLE = re.compile(r"\b(GENAI_)?LIBRARY_TO_AUTOLOG_\w+\s*=\s*\{(.*?)\n    \}", re.DOTALL)
_ENTRY = re.compile(r"^\s*[\"']([\w.]+)[\"']\s*:\s*[\"']?(?:mlflow\.)?([\w.]*)", re.MULTILINE)
_LARGEST_SOURCE = 4 << 20
_USUAL = ("sklearn", "xgboost", "lightgbm", "statsmodels", "tensorflow", "keras", "lightning", "transformers")
"""Libraries to look out for where MLflow's own list cannot be found: it is not installed, or looks different."""


class Autolog:
    """Autologging of one process."""

    def __init__(self, wish: str, imports: PostImport, note: Callable[[str], None]) -> None:
        """``wish``: ``on``, or ``models`` to log models too. ``note``: takes a sentence for the job's log."""
        self._models = wish == MODELS
        self._imports = imports
        self._note = note
        self._names: list[str] = []
        self._left_out: list[str] = []
        self._is_done = False

    def watch(self) -> None:
        """Look out for imports from now on."""
        self._imports.before_the_first_package(self._look_out)

    def _look_out(self) -> None:
        self._names, self._left_out = libraries()
        for name in [*self._names, "mlflow"]:
            self._imports.when(name, self._switch_on)

    def _switch_on(self, module: ModuleType) -> None:
        if self._is_done:
            return
        self._is_done = True
        self._imports.forget([*self._names, "mlflow"], self._switch_on)
        if importlib.util.find_spec("mlflow") is None:
            self._note(
                f"Nothing of {module.__name__} is logged by itself: MLflow is not installed in this environment."
            )
            return
        mlflow = importlib.import_module("mlflow")
        wanted = {
            "log_models": self._models,
            "silent": True,
            # Runs that the notebook opens are the notebook's: there it says itself what is logged.
            "exclusive": True,
            # They record traces only, which a job does not take.
            "exclude_flavors": self._left_out,
        }
        known = inspect.signature(mlflow.autolog).parameters
        mlflow.autolog(**{name: value for name, value in wanted.items() if name in known})


def libraries() -> tuple[list[str], list[str]]:
    """Names of modules that MLflow can log, and of MLflow's parts that are for traces; from the MLflow that is
    installed, without importing it."""
    spec = importlib.util.find_spec("mlflow")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        try:
            with Path(folder, "tracking", "fluent.py").open(encoding="utf-8") as file:
                source = file.read(_LARGEST_SOURCE)
        except (OSError, ValueError):
            continue
        names: dict[str, str] = {}
        for is_genai, table in _TABLE.findall(source):
            if is_genai:
                names = {f"~{module}": module for _, module in _ENTRY.findall(table)} | names
            else:
                names |= dict(_ENTRY.findall(table))
        found = [name for name in names if not name.startswith("~")]
        if found:
            return found, sorted({module for name, module in names.items() if name.startswith("~")})
    return list(_USUAL), []
