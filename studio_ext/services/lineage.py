"""What came from what: data and jobs, the trials that read and made them, and the models of these trials."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import quote, unquote

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.contract.lineage import MAX_DEPTH, MAX_NODES, Lineage, LineageEdge, LineageKind, LineageNode
from studio_ext.contract.models import ModelVersion
from studio_ext.core.model_names import version_number
from studio_ext.ports.models import DataRef, KnownJob, ModelStore, SourceTrial

MAX_BESIDE = 50
"""Trials that are listed of one thing: of data those that read it, of a job and of a trial those it made."""
_NAMES_DATA = re.compile(r"[0-9a-f-]{16,36}", re.ASCII)
"""A digest that is long enough to be of one content only."""

Key = tuple[LineageKind, str]


def data_id(digest: str, name: str) -> str:
    """What names data: two trials that read files of the same content read the same, whatever their names."""
    return digest if _NAMES_DATA.fullmatch(digest) else f"{quote(digest, safe='')}:{name}"


def _is_named(data: DataRef, identity: str) -> bool:
    """Whether that is the data's id, however its digest is quoted."""
    digest, _, name = identity.partition(":")
    return data_id(data.digest, data.name) in (identity, data_id(unquote(digest), name))


def lineage(
    store: ModelStore, job: Callable[[str], KnownJob | None], kind: LineageKind, identity: str, depth: int
) -> Lineage:
    """See :meth:`studio_ext.ports.models.ModelsClient.lineage`."""
    if not 1 <= depth <= MAX_DEPTH:
        raise InvalidRequest.field("depth", f"must be from 1 to {MAX_DEPTH}")
    walk = _Walk(store, job)
    root = walk.begin(kind, identity)
    for step in (walk.up, walk.down):
        level = [root]
        for _ in range(depth):
            level = step(level)
    return walk.result(root)


class _Walk:
    """Goes up (to what things came from) and down (to what came from them), a level of things at a time."""

    def __init__(self, store: ModelStore, job: Callable[[str], KnownJob | None]) -> None:
        self._store = store
        self._job = job
        self._nodes: dict[Key, LineageNode] = {}
        self._edges: dict[tuple[Key, Key], None] = {}
        self._trials: dict[str, SourceTrial] = {}
        self._versions: dict[str, ModelVersion] = {}
        self._went_up: set[Key] = set()
        self._went_down: set[Key] = set()
        self._is_cut = False

    def begin(self, kind: LineageKind, identity: str) -> Key:
        """The node that was asked for. Raises ``NotFound``."""
        if kind is LineageKind.trial:
            self._know([identity])
            if identity not in self._trials:
                raise NotFound(f"There is no trial {identity}.", hint="It may have been deleted for good in MLflow.")
            key = self._add_trial(identity)
        elif kind is LineageKind.model:
            name, _, number = identity.rpartition("/")
            if not number.isdecimal():
                raise InvalidRequest.field("id", f"{identity[:100]!r} is not <name>/<version>")
            key = self._add_version(self._store.version(name, version_number(number)))
        elif kind is LineageKind.job:
            trials = self._store.trials_of_job(identity, 1)
            if self._job(identity) is None and not trials:
                raise NotFound(f"There is no job {identity[:50]}, and no trial of it.")
            key = self._add_job(identity)
        else:
            found = (each for reader in self._readers(identity, 1) for each in reader.inputs)
            data = next((each for each in found if _is_named(each, identity)), None)
            if data is None:
                raise NotFound("No trial says that it read this data.", hint="Trials that did may have been deleted.")
            key = self._add_data(data)
        assert key is not None, "there is room for the first"
        return key

    def result(self, root: Key) -> Lineage:
        """The answer."""
        for key, node in self._nodes.items():
            kind = key[0]
            has_no_more_above = kind in (LineageKind.data, LineageKind.job) or key in self._went_up
            has_no_more_below = kind is LineageKind.model or key in self._went_down
            if kind is LineageKind.model:
                has_no_more_above |= any(target == key for _, target in self._edges)
            node.is_whole = has_no_more_above and has_no_more_below and not node.more
        edges = [
            LineageEdge(source_kind=source[0], source=source[1], target_kind=target[0], target=target[1])
            for source, target in self._edges
        ]
        first = [self._nodes[root], *(node for key, node in self._nodes.items() if key != root)]
        return Lineage(kind=root[0], id=root[1], nodes=first, edges=edges, is_cut=self._is_cut)

    # ---- steps

    def up(self, level: Sequence[Key]) -> list[Key]:
        """What some things came from: the next level."""
        level = [key for key in level if key not in self._went_up]
        self._went_up |= set(level)
        found: list[Key] = []
        owners = {key: self._versions[key[1]].run_id or "" for key in level if key[0] is LineageKind.model}
        self._know([run_id for run_id in owners.values() if run_id])
        for key, run_id in owners.items():
            if run_id:
                found += self._link(self._add_trial(run_id, self._versions[key[1]]), key, key)
        trials = {key: self._trials[key[1]] for key in level if key[0] is LineageKind.trial and key[1] in self._trials}
        self._know([trial.parent for trial in trials.values() if trial.parent])
        for key, trial in trials.items():
            for data in trial.inputs:
                found += self._link(self._add_data(data), key, key)
            if trial.parent:
                found += self._link(self._add_trial(trial.parent), key, key)
            elif trial.job_id:
                found += self._link(self._add_job(trial.job_id), key, key)
        return found

    def down(self, level: Sequence[Key]) -> list[Key]:
        """What came from some things: the next level."""
        level = [key for key in level if key not in self._went_down]
        self._went_down |= set(level)
        found: list[Key] = []
        runs = [identity for kind, identity in level if kind is LineageKind.trial]
        for version in self._store.versions_of(runs) if runs else []:
            owner = (LineageKind.trial, version.run_id or "")
            found += self._link(owner, self._add_version(version), owner)
        for key in level:
            for trial in self._made_of(key):
                self._trials[trial.run_id] = trial
                found += self._link(key, self._add_trial(trial.run_id), key)
        return found

    def _made_of(self, key: Key) -> list[SourceTrial]:
        kind, identity = key
        if kind is LineageKind.model:
            return []
        if kind is LineageKind.data:
            found = self._readers(identity, MAX_BESIDE + 1)
        elif kind is LineageKind.job:
            # A component of one of them stands below that one.
            found = [each for each in self._store.trials_of_job(identity, MAX_BESIDE + 1) if not each.parent]
        else:
            found = self._store.components_of(identity, MAX_BESIDE + 1)
        if len(found) > MAX_BESIDE:
            self._nodes[key].more = True
        return found[:MAX_BESIDE]

    def _readers(self, identity: str, limit: int) -> list[SourceTrial]:
        if _NAMES_DATA.fullmatch(identity):
            return self._store.readers_of(identity, "", limit)
        digest, colon, name = identity.partition(":")
        return self._store.readers_of(unquote(digest), name, limit) if colon and digest and name else []

    # ---- nodes

    def _know(self, run_ids: Sequence[str]) -> None:
        missing = [each for each in run_ids if each not in self._trials]
        if missing:
            self._trials |= self._store.trials(missing)

    def _link(self, source: Key | None, target: Key | None, known: Key) -> list[Key]:
        """An edge, where both ends have a place; the end that is not ``known`` is of the next level."""
        if source is None or target is None:
            return []
        self._edges[source, target] = None
        return [target if source == known else source]

    def _add(self, node: LineageNode) -> Key | None:
        key = (node.kind, node.id)
        if key not in self._nodes:
            if len(self._nodes) >= MAX_NODES:
                self._is_cut = True
                return None
            self._nodes[key] = node
        return key

    def _add_trial(self, run_id: str, version: ModelVersion | None = None) -> Key | None:
        """``version``: one that came from it, and remembers its name when nothing else does."""
        trial = self._trials.get(run_id)
        if trial is None:
            name = version.trial if version else ""
            experiment = version.experiment if version else ""
            return self._add(
                LineageNode(
                    kind=LineageKind.trial,
                    id=run_id,
                    label=name or run_id[:8],
                    detail=experiment,
                    experiment=experiment,
                    is_deleted=True,
                )
            )
        return self._add(
            LineageNode(
                kind=LineageKind.trial,
                id=run_id,
                label=trial.name or run_id[:8],
                detail=trial.experiment,
                status=trial.status,
                time=trial.started,
                experiment=trial.experiment,
                is_deleted=trial.is_deleted,
            )
        )

    def _add_version(self, version: ModelVersion) -> Key | None:
        identity = f"{version.name}/{version.version}"
        self._versions[identity] = version
        return self._add(
            LineageNode(
                kind=LineageKind.model,
                id=identity,
                label=f"{version.name} {version.version}",
                detail=", ".join(version.aliases),
                status=version.status,
                time=version.created,
            )
        )

    def _add_job(self, job_id: str) -> Key | None:
        known = self._job(job_id)
        node = LineageNode(kind=LineageKind.job, id=job_id, label=job_id, is_deleted=known is None)
        if known is not None:
            node = node.model_copy(update={"label": known.name, "status": known.status, "time": known.created})
        return self._add(node)

    def _add_data(self, data: DataRef) -> Key | None:
        identity = data_id(data.digest, data.name)
        return self._add(
            LineageNode(kind=LineageKind.data, id=identity, label=data.name, detail=data.source or data.digest)
        )
