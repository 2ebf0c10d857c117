"""The records port over HTTP: a Jupyter server keeps the experiments and runs."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from studio_ext.adapters.http_client import FILE_TIMEOUT, HttpClient, segment
from studio_ext.adapters.pages import every, whole_history
from studio_ext.adapters.run_order import run_order
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.page import MAX_PAGE
from studio_ext.contract.records import (
    MAX_RUNS,
    ArtifactEntry,
    Artifacts,
    CreateExperimentRecord,
    CreateRunRecord,
    ExperimentRecord,
    HistoryPage,
    MetricLast,
    Moments,
    RunMoments,
    RunPage,
    RunRecord,
    UpdateExperimentRecord,
    UpdateRunRecord,
)
from studio_ext.contract.trial_detail import ArtifactPreview
from studio_ext.core.paths import relative
from studio_ext.ports.contents import Download

_LARGE = 64 << 20
"""From this size on a file is not sent before it is known that the server takes it."""
_PIECE = 1 << 16


class HttpRecords:
    """Implements :class:`studio_ext.ports.records.Records`."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    # ---- experiments

    def experiment(self, name: str) -> ExperimentRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        if not name or len(name) > 500:
            raise InvalidRequest.field("experiment_name", "must have 1 to 250 characters")
        return self._client.ask(list[ExperimentRecord], "GET", "records/experiments", params={"name": name})[0]

    def experiment_by_id(self, experiment_id: str) -> ExperimentRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        return self._client.ask(ExperimentRecord, "GET", f"records/experiments/{segment(experiment_id)}")

    def experiments(self) -> list[ExperimentRecord]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return self._client.ask(list[ExperimentRecord], "GET", "records/experiments")

    def create_experiment(self, name: str, tags: Mapping[str, str]) -> ExperimentRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        body = _document(CreateExperimentRecord, name=name, tags=dict(tags))
        return self._client.ask(ExperimentRecord, "POST", "records/experiments", body=body)

    def tag_experiment(self, experiment_id: str, tags: Mapping[str, str]) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        body = _document(UpdateExperimentRecord, tags=dict(tags))
        self._client.send("PATCH", f"records/experiments/{segment(experiment_id)}", body=body, repeat=True)

    def delete_experiment(self, experiment_id: str) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        self._client.send("DELETE", f"records/experiments/{segment(experiment_id)}")

    # ---- runs

    def create_run(self, experiment_id: str, name: str, tags: Mapping[str, str], started: float) -> RunRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        body = _document(CreateRunRecord, experiment_id=experiment_id, name=name, tags=dict(tags), started=started)
        return self._client.ask(RunRecord, "POST", "records/runs", body=body)

    def run(self, run_id: str) -> RunRecord:
        """See :class:`~studio_ext.ports.records.Records`."""
        return self._client.ask(RunRecord, "GET", _address(run_id))

    def run_page(
        self,
        experiment_ids: Sequence[str],
        filter_: str = "",
        *,
        order_by: Sequence[str] = (),
        limit: int = MAX_PAGE,
        cursor: str = "",
    ) -> RunPage:
        """See :class:`~studio_ext.ports.records.Records`."""
        params = {
            "experiments": ",".join(experiment_ids),
            "filter": filter_ or None,
            "order_by": ",".join(order_by) or None,
            "limit": limit,
            "cursor": cursor or None,
        }
        return self._client.ask(RunPage, "GET", "records/runs", params=params)

    def runs(
        self, experiment_ids: Sequence[str], filter_: str = "", *, order_by: Sequence[str] = ()
    ) -> Iterator[RunRecord]:
        """See :class:`~studio_ext.ports.records.Records`."""
        starts = range(0, len(experiment_ids), MAX_RUNS)  # an address cannot hold any number of them
        parts = [self._runs(experiment_ids[first : first + MAX_RUNS], filter_, order_by) for first in starts]
        return parts[0] if len(parts) == 1 else heapq.merge(*parts, key=run_order(order_by))

    def _runs(self, experiment_ids: Sequence[str], filter_: str, order_by: Sequence[str]) -> Iterator[RunRecord]:
        return every(lambda cursor: self.run_page(experiment_ids, filter_, order_by=order_by, cursor=cursor))

    def update_run(self, run_id: str, *, status: str = "", ended: float | None = None, name: str = "") -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        self._patch(run_id, status=status or None, ended=ended, name=name or None)

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        self._patch(run_id, tags=dict(tags))

    def delete_tag(self, run_id: str, key: str) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        self._patch(run_id, removed_tags=[key])

    def delete_run(self, run_id: str) -> None:
        """See :class:`~studio_ext.ports.records.Records`."""
        self._client.send("DELETE", _address(run_id))

    def _patch(self, run_id: str, **change: Any) -> None:
        self._client.send("PATCH", _address(run_id), body=_document(UpdateRunRecord, **change), repeat=True)

    # ---- metrics

    def moments(self, run_ids: Sequence[str]) -> dict[str, dict[str, Moments]]:
        """See :class:`~studio_ext.ports.records.Records`."""
        found: dict[str, dict[str, Moments]] = {}
        for first in range(0, len(run_ids), MAX_RUNS):
            params = {"runs": ",".join(run_ids[first : first + MAX_RUNS])}
            found |= self._client.ask(RunMoments, "GET", "records/moments", params=params).runs
        return found

    def history_page(self, run_id: str, metric: str, cursor: str = "") -> HistoryPage:
        """See :class:`~studio_ext.ports.records.Records`."""
        params = {"metric": metric, "cursor": cursor or None}
        return self._client.ask(HistoryPage, "GET", _address(run_id, "history"), params=params)

    def history(self, run_id: str, metric: str) -> list[MetricLast]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return whole_history(lambda cursor: self.history_page(run_id, metric, cursor))

    # ---- artefacts

    def log_artifact(self, run: RunRecord, source: Path, name: str, *, move: bool = False) -> None:
        """See :class:`~studio_ext.ports.records.Records`. A file that grows meanwhile is sent as long as it was."""
        address = _artifact(run, name)
        try:
            with source.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size > _LARGE:
                    most = self._artifacts(run, "").max_bytes
                    if size > most:
                        raise InvalidRequest.field("file_path", f"has {size} bytes; the server takes at most {most}")
                self._client.send("PUT", address, content=_pieces(file, size), length=size, timeout=FILE_TIMEOUT)
        except OSError as error:
            raise InvalidRequest.field("file_path", f"cannot be read: {error.strerror or error}") from error
        if move:
            source.unlink()

    def artifacts(self, run: RunRecord, folder: str = "") -> list[ArtifactEntry]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return self._artifacts(run, folder).items

    def open_artifact(self, run: RunRecord, name: str) -> AbstractContextManager[Download]:
        """See :class:`~studio_ext.ports.records.Records`."""
        return self._download(_artifact(run, name), name)

    def preview(self, run: RunRecord, name: str) -> ArtifactPreview:
        """See :class:`~studio_ext.ports.records.Records`."""
        path = quote(relative(name).as_posix())
        return self._client.ask(ArtifactPreview, "GET", f"trials/{segment(run.run_id)}/preview/{path}")

    @contextmanager
    def _download(self, address: str, name: str) -> Iterator[Download]:
        with self._client.download(address) as reply:
            size = int(reply.headers.get("Content-Length", 0))
            yield Download(name.rpartition("/")[2], size, reply.iter_bytes())

    def _artifacts(self, run: RunRecord, folder: str) -> Artifacts:
        params = {"folder": folder or None}
        return self._client.ask(Artifacts, "GET", _address(run.run_id, "artifacts"), params=params)


def _document(kind: type[BaseModel], **fields: Any) -> dict[str, Any]:
    """A request's body. Raises ``InvalidRequest`` for what the server would refuse."""
    try:
        return kind(**fields).model_dump(mode="json")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        raise InvalidRequest.field(".".join(map(str, first["loc"])), str(first["msg"])) from None


def _pieces(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The first bytes of a file. Raises ``InvalidRequest`` when there are fewer by now."""
    left = size
    while left:
        piece = file.read(min(left, _PIECE))
        if not piece:
            raise InvalidRequest.field("file_path", f"became shorter than {size} bytes while it was sent")
        left -= len(piece)
        yield piece


def _address(run_id: str, part: str = "") -> str:
    return f"records/runs/{segment(run_id)}" + (f"/{part}" if part else "")


def _artifact(run: RunRecord, name: str) -> str:
    """Address of an artefact; a path that leads elsewhere is refused here, where nobody straightens it."""
    return _address(run.run_id, f"artifacts/{quote(relative(name).as_posix())}")
