"""Reads the index that the controller writes."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from studio_ext.adapters.controller_launcher import DetachedController
from studio_ext.adapters.trial_index import layout
from studio_ext.adapters.trial_index.cache import Cache
from studio_ext.adapters.trial_index.columns import FileColumns
from studio_ext.adapters.trial_index.layout import ExperimentEntry, Header, Paths
from studio_ext.adapters.trial_index.reading import ExperimentFiles, Snapshot
from studio_ext.adapters.trial_index.state import Standing, read_standing
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.trial_table import IndexPhase, IndexState
from studio_ext.core.workspace import Workspace
from studio_ext.ports.trial_index import TrialColumns

_OPEN = 16
"""Experiments whose files are kept open."""
_LOOK_SECONDS = 2.0
_WAIT_SECONDS = 2.0
_POLL_SECONDS = 0.01


class _Generation:
    """The files of one generation that are open."""

    def __init__(self, name: str, folder: Path, cache: Cache) -> None:
        self.name = name
        self._cache = cache
        self.folder = folder
        self._lock = threading.Lock()
        self._files: OrderedDict[str, ExperimentFiles] = OrderedDict()
        self._listed: tuple[int, int] | None = None
        self._entries: list[ExperimentEntry] = []

    def experiments(self) -> list[ExperimentEntry]:
        """The list of experiments. Raises ``OSError`` where the generation is gone."""
        facts = (self.folder / "experiments.json").stat()
        if (facts.st_ino, facts.st_mtime_ns) != self._listed:
            found = layout.read_experiments(self.folder)
            if found is not None:
                self._entries, self._listed = found, (facts.st_ino, facts.st_mtime_ns)
        return self._entries

    def files(self, experiment_id: str) -> ExperimentFiles | None:
        """Files of an experiment; None where it has none, because it has no trials."""
        with self._lock:
            found = self._files.get(experiment_id)
            if found is None:
                try:
                    found = ExperimentFiles(layout.experiment_folder(self.folder, experiment_id), self._cache)
                except FileNotFoundError:
                    return None
                self._files[experiment_id] = found
                while len(self._files) > _OPEN:
                    self._files.popitem(last=False)
            self._files.move_to_end(experiment_id)
            return found


class FileTrialIndex:
    """Implements :class:`studio_ext.ports.trial_index.TrialIndex`. Sees to it that a controller writes the index."""

    def __init__(self, workspace: Workspace, ensure_writer: Callable[[], object] | None = None) -> None:
        """``ensure_writer``: called every few seconds while somebody reads; by default it starts the controller."""
        self._paths = Paths.of(workspace)
        self._ensure = ensure_writer or DetachedController(workspace).ensure
        self._cache = Cache()
        self._next_look = 0.0
        self._lock = threading.Lock()
        self._generation: _Generation | None = None
        self._standing: tuple[tuple[int, int], Standing] | None = None

    def open(self, experiment: str) -> TrialColumns:
        """See :class:`~studio_ext.ports.trial_index.TrialIndex`."""
        self._see_to_writer()
        columns = self._find(experiment)
        if columns is not None:
            return columns
        asked, answered = self._ask()
        deadline = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            columns = self._find(experiment)
            if columns is not None:
                return columns
            standing = self._read_standing()
            if standing and standing.answered >= asked > answered and standing.phase is not IndexPhase.building:
                break
        return self._give_up(experiment)

    def state(self, experiment: str | None = None) -> IndexState:
        """See :class:`~studio_ext.ports.trial_index.TrialIndex`."""
        self._see_to_writer()
        standing = self._read_standing()
        if standing is None:
            return IndexState(phase=IndexPhase.building)
        indexed = standing.indexed
        expected = sum(standing.expected.values()) if standing.expected else None
        entry = self._entry(experiment) if experiment is not None else None
        if entry is not None:
            indexed = self._rows(entry)
            expected = standing.expected.get(entry.id, 0) if standing.expected else None
        return IndexState(
            phase=standing.phase,
            indexed=indexed,
            expected=expected,
            seen=standing.seen,
            swept=standing.swept,
            message=standing.message,
            hint=standing.hint,
        )

    def look_at(self, run_ids: Sequence[str]) -> None:
        """See :class:`~studio_ext.ports.trial_index.TrialIndex`."""
        self._paths.ask(*run_ids)

    def catch_up(self, seconds: float = 1.0) -> bool:
        """See :class:`~studio_ext.ports.trial_index.TrialIndex`."""
        self._see_to_writer()
        asked, answered = self._ask()
        deadline = time.monotonic() + seconds
        while True:
            standing = self._read_standing()
            if standing is not None and standing.phase is not IndexPhase.ready:
                return False
            if standing is not None and standing.answered >= asked > answered:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_SECONDS)

    # -- inside

    def _see_to_writer(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self._ensure()

    def _find(self, experiment: str) -> TrialColumns | None:
        """Columns of an experiment; None where nothing is known of it."""
        for _ in range(3):  # a generation may be replaced just now
            generation = self._current()
            if generation is None:
                return None
            try:
                entry = _by_name(generation.experiments(), experiment)
                if entry is None or not entry.active:
                    return None
                files = generation.files(entry.id)
                if files is not None:
                    return FileColumns(files, files.snapshot(), generation.name)
            except (OSError, ValueError):
                with self._lock:
                    self._generation = None
                continue
            standing = self._read_standing()
            if standing is None or standing.expected.get(entry.id):
                return None
            return FileColumns(_NO_FILES, _EMPTY, generation.name)
        return None

    def _entry(self, experiment: str) -> ExperimentEntry | None:
        generation = self._current()
        try:
            return _by_name(generation.experiments(), experiment) if generation else None
        except OSError:
            return None

    def _rows(self, entry: ExperimentEntry) -> int:
        generation = self._current()
        try:
            files = generation.files(entry.id) if generation else None
            return files.snapshot().header.rows if files else 0
        except (OSError, ValueError):
            return 0

    def _give_up(self, experiment: str) -> TrialColumns:
        standing = self._read_standing()
        entry = self._entry(experiment)
        if standing and standing.phase is IndexPhase.away and entry is None:
            raise Unavailable(standing.message, hint=standing.hint)
        if entry is not None and not entry.active:
            raise NotFound(f"The experiment {experiment!r} was deleted.", hint="Restore it in MLflow.")
        if standing is None or standing.phase is IndexPhase.building:
            expected = standing.expected if standing else {}
            done = standing.indexed if standing else 0
            far = f" ({done:,} of {sum(expected.values()):,})" if expected else ""
            raise Unavailable(f"The trials are being read{far}.", hint="Try again in a few seconds.")
        raise NotFound(
            f"There is no experiment named {experiment!r}.", hint="studio experiments lists those there are."
        )

    def _current(self) -> _Generation | None:
        try:
            name = self._paths.current.read_text("utf-8").strip()
        except OSError:
            return None
        with self._lock:
            if self._generation is None or self._generation.name != name:
                self._generation = _Generation(name, self._paths.generation(name), self._cache) if name else None
            return self._generation

    def _read_standing(self) -> Standing | None:
        try:
            facts = self._paths.state.stat()
        except OSError:
            return None
        mark = (facts.st_ino, facts.st_mtime_ns)
        known = self._standing
        if known is None or known[0] != mark:
            found = read_standing(self._paths)
            if found is None:
                return None
            known = self._standing = (mark, found)
        return known[1]

    def _ask(self) -> tuple[int, int]:
        """Up to where the requests have to be answered, and up to where they are."""
        standing = self._read_standing()
        self._paths.ask()
        try:
            return os.stat(self._paths.requests).st_size, standing.answered if standing else -1  # noqa: PTH116
        except OSError:
            return 0, 0


def _by_name(entries: list[ExperimentEntry], name: str) -> ExperimentEntry | None:
    """An experiment that is there comes before one of the same name that was deleted."""
    found = [each for each in entries if each.name == name]
    return min(found, key=lambda each: not each.active, default=None)


class _NoFiles(ExperimentFiles):
    """Of an experiment without trials."""

    def __init__(self) -> None:
        self.cache = Cache(0)
        self._mark = object()


_NO_FILES = _NoFiles()
_EMPTY = Snapshot(
    header=Header(),
    streams={},
    facts=np.empty((0, 3), dtype=np.uint64),
    arena=np.empty((0, layout.CELLS), dtype=np.uint64),
    table=np.empty((0, 3), dtype=np.int32),
    bounds=np.zeros(1, dtype=np.int64),
)
