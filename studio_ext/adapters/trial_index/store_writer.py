"""A generation of the index: all experiments of a store, and how far it was read."""

from __future__ import annotations

import contextlib
import json
import logging
import shutil
import time
from typing import Any
from urllib.parse import unquote

import numpy as np

from studio_ext.adapters.host import boot_id
from studio_ext.adapters.trial_index import layout, words
from studio_ext.adapters.trial_index.ingest import FLAGS, Ingest
from studio_ext.adapters.trial_index.layout import ExperimentEntry, Part, Paths
from studio_ext.adapters.trial_index.records import LIVE
from studio_ext.adapters.trial_index.run_map import RunMap
from studio_ext.adapters.trial_index.words import text_of_word
from studio_ext.adapters.trial_index.writing import FINGERPRINTS, ExperimentWriter
from studio_ext.core.trial_keys import Kind
from studio_ext.services.durable import sync_tree

log = logging.getLogger(__name__)

_STORE = "store.json"


class StoreWriter:
    """Writes a generation. Raises ``OSError`` when the disk does not take it; it is then made anew."""

    def __init__(self, paths: Paths, name: str) -> None:
        self.paths = paths
        self.name = name
        self.folder = paths.generation(name)
        self.marks: dict[str, Any] = {}
        """How far the store was read: what the source wants to find again."""
        self.is_complete = False
        """Whether everything was read once."""
        self.runs = RunMap()
        self.experiments: list[ExperimentEntry] = []
        self._ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._writers: dict[int, ExperimentWriter] = {}
        self.ingest = Ingest(self.runs, self._writer, self._number)
        self._noted: tuple[Any, ...] | None = None

    @classmethod
    def resume(cls, paths: Paths) -> StoreWriter | None:
        """The generation that is read; None where it has to be built anew.

        What was written before a power cut may not be there after it, or only in part: only what was synced counts.
        """
        try:
            name = paths.current.read_text("utf-8").strip()
            found = layout.read_json(paths.generation(name) / _STORE) if name else None
            if not isinstance(found, dict) or found.get("version") != layout.VERSION or not found.get("complete"):
                return None
            if found.get("boot") != boot_id() and not found.get("clean"):
                return None
            writer = cls(paths, name)
            writer._load(found)
            if not found.get("clean"):
                writer._expire()
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.info("the trial index is built anew: %s", error)
            return None
        return writer

    @classmethod
    def create(cls, paths: Paths) -> StoreWriter:
        """An empty generation. It is read at once where there is none that can be, else when it is complete."""
        writer = cls(paths, f"g{time.time_ns():x}")
        writer.folder.mkdir(parents=True, mode=0o700)
        writer.set_experiments([])
        writer.commit()
        return writer

    @property
    def exists(self) -> bool:
        """False when somebody threw the index away."""
        return (self.folder / _STORE).exists()

    def publish(self) -> None:
        """Have this generation read, and remove those before it."""
        layout.write_whole(self.paths.current, self.name.encode())
        for each in self.paths.root.iterdir():
            if each.is_dir() and each.name != self.name:
                shutil.rmtree(each, ignore_errors=True)

    def set_experiments(self, entries: list[ExperimentEntry]) -> None:
        """Replace the list of experiments."""
        if entries != self.experiments or not (self.folder / "experiments.json").exists():
            layout.write_experiments(self.folder, entries)
            self.experiments = entries

    def commit(self) -> None:
        """Make visible what was ingested."""
        touched, self.ingest.touched = self.ingest.touched, set()
        try:
            for experiment in touched:
                self._writer(experiment).commit()
            self._note(clean=False)
        except OSError:
            self.ingest.touched |= touched
            raise

    def close(self) -> None:
        """Have it survive a power cut."""
        with contextlib.suppress(OSError):
            if self.exists:
                self.commit()
                sync_tree(self.folder)
                self._note(clean=True)
                sync_tree(self.folder)

    def rows(self) -> int:
        """Rows of all experiments."""
        return len(self.runs)

    def experiment_id(self, number: int) -> str:
        """Id of the experiment with a number."""
        return self._ids[number]

    def _note(self, *, clean: bool) -> None:
        noted = (json.dumps(self.marks, sort_keys=True), self.is_complete, clean)
        if noted == self._noted:
            return
        record = {
            "version": layout.VERSION,
            "boot": boot_id(),
            "clean": clean,
            "complete": self.is_complete,
            "marks": self.marks,
        }
        layout.write_whole(self.folder / _STORE, json.dumps(record).encode())
        self._noted = noted

    def _number(self, experiment_id: str) -> int:
        number = self._numbers.get(experiment_id)
        if number is None:
            number = self._numbers[experiment_id] = len(self._ids)
            self._ids.append(experiment_id)
        return number

    def _writer(self, number: int) -> ExperimentWriter:
        writer = self._writers.get(number)
        if writer is None:
            writer = ExperimentWriter(layout.experiment_folder(self.folder, self._ids[number]))
            self._writers[number] = writer
        return writer

    def _load(self, found: dict[str, Any]) -> None:
        experiments = layout.read_experiments(self.folder)
        if experiments is None:
            raise ValueError("its list of experiments cannot be read")
        self.experiments = experiments
        self.marks, self.is_complete = dict(found["marks"]), True
        for each in sorted(self.folder.iterdir()):
            if (each / layout.HEADER).exists():
                self._load_runs(self._number(unquote(each.name[1:])))

    def _expire(self) -> None:
        """The writer before may have ended in the middle of a commit."""
        for number, each in self._writers.items():
            each.expire()
            self.ingest.touched.add(number)

    def _load_runs(self, number: int) -> None:
        writer = self._writer(number)
        if not writer.rows:
            return
        ids = writer.run_ids().astype(str)
        self.runs.add(ids.tolist(), number, 0)
        rows = np.arange(writer.rows)
        marks = writer.get(writer.stream(*FINGERPRINTS), rows)
        self.runs.fingerprints[-len(rows) :] = np.where(marks < np.uint64(1 << 32), marks, np.uint64(0)).astype(
            np.int64
        )
        flags = writer.get(writer.stream(*FLAGS), rows)
        writer.header.active = int((flags == words.MISSING_WORD).sum())
        statuses = writer.get(writer.stream(Kind.attribute, "status"), rows)
        heap = writer.find(Kind.attribute, "status", Part.heap)
        texts = writer.texts(heap) if heap else []
        for word in np.unique(statuses).tolist():
            entry = word & ((1 << 48) - 1)
            text = texts[entry] if word >> 48 == words.TEXT and entry < len(texts) else text_of_word(word)
            if text in LIVE or text is None:
                self.ingest.live.update(dict.fromkeys(ids[(statuses == word) & (flags == words.MISSING_WORD)].tolist()))
