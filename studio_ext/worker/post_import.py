"""Calling something right after a module was imported for the first time.

What importing is made of stays as it is: the module's own finder finds it and its own loader loads it. Nothing is
left on the loader afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

Hook = Callable[[ModuleType], None]


class PostImport:
    """A finder for ``sys.meta_path`` that finds nothing itself."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        """``failed`` is told what a hook raises: an import never fails because of one."""
        self._hooks: dict[str, list[Hook]] = {}
        self._failed = failed
        self._first: Callable[[], None] | None = None

    def install(self) -> None:
        """Be asked before all other finders."""
        sys.meta_path.insert(0, self)

    def when(self, name: str, hook: Hook) -> None:
        """Call ``hook`` with the module ``name`` once it is imported; at once if it is already."""
        module = sys.modules.get(name)
        if module is not None:
            self._call(hook, module)
        else:
            self._hooks.setdefault(name, []).append(hook)

    def before_the_first_package(self, prepare: Callable[[], None]) -> None:
        """Call ``prepare`` when something is imported that is not part of Python: it may still say :meth:`when`."""
        self._first = prepare

    def forget(self, names: Iterable[str], hook: Hook) -> None:
        """Take back what :meth:`when` was told."""
        for name in names:
            if hook in self._hooks.get(name, ()):
                self._hooks[name].remove(hook)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Python's question where a module is. Only where there are hooks for it, the others are asked here."""
        if self._first is not None and "." not in name and not name.startswith("_"):
            self._prepare(name)
        if name not in self._hooks:
            return None
        for finder in list(sys.meta_path):
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: ModuleSpec | None = find(name, path, target)
            if spec is not None:
                self._follow(name, spec)
                return spec
        return None

    def _prepare(self, name: str) -> None:
        prepare = self._first
        if prepare is None or name in sys.stdlib_module_names:
            return
        self._first = None
        try:
            prepare()
        except Exception as error:
            self._failed(error)

    def _follow(self, name: str, spec: ModuleSpec) -> None:
        """Have the hooks called when the loader of ``spec`` has executed the module."""
        loader: Any = spec.loader
        execute = getattr(loader, "exec_module", None)
        if execute is None:
            return

        def exec_module(module: ModuleType) -> None:
            if getattr(module, "__name__", None) != name:  # a loader of several modules
                execute(module)
                return
            loader.__dict__.pop("exec_module", None)
            execute(module)
            for hook in self._hooks.pop(name, []):
                self._call(hook, module)

        try:
            loader.exec_module = exec_module
        except (AttributeError, TypeError):
            self._failed(TypeError(f"the import of {name} cannot be followed"))

    def _call(self, hook: Hook, module: ModuleType) -> None:
        try:
            hook(module)
        except Exception as error:
            self._failed(error)
