"""The client port over HTTP: a Jupyter server with Studio, reached with its token."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx
from pydantic import TypeAdapter, ValidationError

from studio_ext._version import __version__
from studio_ext.adapters.http_models import HttpModels
from studio_ext.contract.comparison import CompareQuery, Comparison, Importance, ImportanceQuery
from studio_ext.contract.errors import (
    ErrorBody,
    Forbidden,
    InvalidRequest,
    StudioError,
    TooLarge,
    Unavailable,
    from_body,
)
from studio_ext.contract.experiments import CreateExperiment, Experiment, Trial
from studio_ext.contract.jobs import (
    FileEntry,
    InspectRequest,
    Job,
    JobDetail,
    JobsDelta,
    JobStatus,
    LogChunk,
    NotebookInspection,
    SubmitOptions,
    SubmitRequest,
)
from studio_ext.contract.live import MetricHistory, ResourceUsage
from studio_ext.contract.page import Page
from studio_ext.contract.report import ViewExport
from studio_ext.contract.series import SeriesPage, SeriesQuery
from studio_ext.contract.trial_detail import TrialChildren, TrialDetail, UpdateTrial
from studio_ext.contract.trial_diff import DiffPart, TrialDiff
from studio_ext.contract.trial_table import (
    ColumnPage,
    ExportFormat,
    FilterCheck,
    FilterQuery,
    RunIds,
    TrialQuery,
    TrialTablePage,
)
from studio_ext.contract.views import View
from studio_ext.contract.workspace import Diagnosis, ServerInfo

T = TypeVar("T")

_PAGES = ("/lab", "/tree", "/doc", "/notebooks", "/edit", "/login", "/hub")
"""Where an address copied from the browser goes on after the server's base URL."""

_RETRIES = (0.1, 0.4)
"""Seconds to wait before a request that may be repeated is sent again."""

_TIMEOUT = httpx.Timeout(60.0, connect=5.0)
FILE_TIMEOUT = httpx.Timeout(60.0, connect=5.0, read=4 * 3600.0)
"""The server answers when the file is in a store that may be far away."""


def split_address(address: str) -> tuple[str, str | None]:
    """Base URL (with a slash at its end) and token of an address, which may be one copied from the browser."""
    parts = urlsplit(address.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidRequest(
            f"{address!r} is not the address of a server.", hint="It looks like http://localhost:8888."
        )
    path = parts.path
    for page in _PAGES:
        position = path.find(page)
        if position >= 0 and path[position + len(page) :][:1] in ("", "/"):
            path = path[:position]
    token = parse_qs(parts.query).get("token", [None])[0]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path.rstrip('/')}/", token


class HttpClient(HttpModels):
    """Keeps the promises of :class:`studio_ext.ports.client.Client` by asking a Jupyter server.

    Paths of notebooks are relative to the server's root. Requests that may be repeated without harm are
    repeated after a lost connection; a submission is one of them, because it carries an idempotency key.
    """

    def __init__(self, url: str, token: str | None = None, transport: httpx.BaseTransport | None = None) -> None:
        self.url, found = split_address(url)
        token = token or found
        headers = {"Accept": "application/json", "User-Agent": f"studio_ext/{__version__}"}
        if token:
            # A token in this header also tells Jupyter that the request does not come from another site's page.
            headers["Authorization"] = f"token {token}"
        self._has_token = bool(token)
        self._headers = headers
        self._transport = transport
        self._pid = 0
        self._connections: httpx.Client | None = None

    def __repr__(self) -> str:
        return f"<HttpClient {self.url}>"

    # Requests

    @property
    def _http(self) -> httpx.Client:
        """Connections of this process: a forked one must not speak over its parent's, nor close them."""
        if self._connections is None or self._pid != os.getpid():
            base = f"{self.url}studio/api/"
            self._connections, self._pid = (
                httpx.Client(base_url=base, headers=self._headers, timeout=_TIMEOUT, transport=self._transport),
                os.getpid(),
            )
        return self._connections

    def ask(
        self,
        answer: type[T],
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        content: Any = None,
        repeat: bool | None = None,
    ) -> T:
        """The answer to a request; see :meth:`send`. ``repeat`` None: what changes nothing is repeated."""
        repeat = method == "GET" if repeat is None else repeat
        reply = self.send(method, path, params=params, body=body, content=content, repeat=repeat)
        try:
            return TypeAdapter(answer).validate_json(reply.content)
        except ValidationError as error:
            raise self._mismatch(path) from error

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        content: Any = None,
        length: int | None = None,
        repeat: bool = False,
        timeout: httpx.Timeout = _TIMEOUT,
    ) -> httpx.Response:
        """Send a request below ``studio/api/``; ``body``: JSON, ``content``: bytes, or an iterator of them, that
        yields ``length`` bytes.

        ``repeat``: send it again after a lost connection. Raises ``StudioError``.
        """
        query = {key: _query(value) for key, value in (params or {}).items() if value is not None}
        headers = None if length is None else {"Content-Length": str(length)}
        pauses = iter(_RETRIES if repeat else ())
        while True:
            try:
                reply = self._http.request(
                    method, path, params=query, json=body, content=content, headers=headers, timeout=timeout
                )
            except httpx.TimeoutException as error:
                raise Unavailable(
                    f"{self.url} did not answer in time.", hint="Try again; if it stays so, look at the server's log."
                ) from error
            except httpx.HTTPError as error:
                pause = next(pauses, None)
                if pause is None or not isinstance(error, httpx.TransportError):
                    raise Unavailable(
                        f"{self.url} cannot be reached: {_reason(error)}.",
                        hint="Is the Jupyter server running, and is this its address?",
                    ) from error
                time.sleep(pause)
                continue
            if reply.is_success:
                return reply
            raise self._error(reply)

    def _error(self, reply: httpx.Response) -> StudioError:
        try:
            return from_body(ErrorBody.model_validate_json(reply.content))
        except ValidationError:
            pass
        if reply.status_code in (401, 403) or (reply.is_redirect and "login" in reply.headers.get("location", "")):
            return Forbidden(
                f"{self.url} refuses the token." if self._has_token else f"{self.url} wants a token.",
                hint="jupyter server list shows it; give it with --token, STUDIO_TOKEN or studio.connect(token=...).",
            )
        if reply.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:  # of a proxy in between
            return TooLarge(f"{self.url} takes no request that is so large.", hint="A proxy may set the limit.")
        if reply.status_code in (404, 405) or reply.is_redirect:
            return Unavailable(
                f"{self.url} is not a Jupyter server with Studio.",
                hint="Look at the address; on the server, jupyter server extension list should name studio_ext.",
            )
        return Unavailable(
            f"{self.url} answered {reply.status_code} {reply.reason_phrase}.", hint="Look at the server's log."
        )

    def _mismatch(self, path: str) -> StudioError:
        """What to say of an answer that this version does not understand."""
        try:
            version = self._http.get("info").json()["version"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            version = None
        if not isinstance(version, str):
            return Unavailable(
                f"{self.url} is not a Jupyter server with Studio.", hint="Look at the address of the server."
            )
        if version != __version__:
            return Unavailable(
                f"The server runs Studio {version}, this is {__version__}; they do not understand each other.",
                hint="Install the same version of studio_ext on both.",
            )
        return StudioError(f"The answer to {path} is not what was agreed.", hint="Please report this as a bug.")

    # The port

    def info(self) -> ServerInfo:
        """Version and workspace of the server."""
        return self.ask(ServerInfo, "GET", "info")

    def submit(self, request: SubmitRequest) -> JobDetail:
        """Commit a job. A parameter that is not a number, or infinite, is refused: JSON would make it null."""
        for name, value in request.parameters.items():
            try:
                json.dumps(value, allow_nan=False)
            except ValueError as error:
                raise InvalidRequest.field(
                    f"parameters.{name}",
                    "NaN and infinity cannot be sent to a server",
                    hint="Hand over None or a text, and let the notebook turn it into the number.",
                ) from error
        if request.idempotency_key is None:
            request = request.model_copy(update={"idempotency_key": uuid.uuid4().hex})
        return self.ask(JobDetail, "POST", "jobs", body=request.model_dump(mode="json"), repeat=True)

    def inspect(self, notebook: str) -> NotebookInspection:
        """Parameters, kernel and cells of a notebook below the server's root."""
        body = InspectRequest(notebook=notebook).model_dump(mode="json")
        return self.ask(NotebookInspection, "POST", "notebooks/inspect", body=body, repeat=True)

    def options(self) -> SubmitOptions:
        """What can be chosen at submission."""
        return self.ask(SubmitOptions, "GET", "options")

    def job(self, job_id: str) -> JobDetail:
        """One job."""
        return self.ask(JobDetail, "GET", f"jobs/{segment(job_id)}")

    def jobs(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        statuses: Sequence[JobStatus] = (),
        experiment: str | None = None,
        text: str = "",
    ) -> Page[Job]:
        """Jobs, newest first."""
        params = {
            "limit": limit,
            "cursor": cursor,
            "status": ",".join(statuses) or None,
            "experiment": experiment,
            "text": text or None,
        }
        return self.ask(Page[Job], "GET", "jobs", params=params)

    def changes(self, since: int, *, limit: int = 200) -> JobsDelta:
        """What changed after a revision."""
        return self.ask(JobsDelta, "GET", "jobs/changes", params={"since": since, "limit": limit})

    def stop(self, job_id: str) -> JobDetail:
        """Ask a job to stop; asked again, kill it (so this is never repeated by itself)."""
        return self.ask(JobDetail, "POST", f"jobs/{segment(job_id)}/stop")

    def delete(self, job_id: str, *, trial: bool = False) -> None:
        """Delete a finished job."""
        self.send("DELETE", f"jobs/{segment(job_id)}", params={"trial": trial}, repeat=False)

    def restore(self, job_id: str) -> JobDetail:
        """Undo a deletion."""
        return self.ask(JobDetail, "POST", f"jobs/{segment(job_id)}/restore")

    def log(self, job_id: str, *, offset: int = 0, limit: int = 262_144, attempt: int | None = None) -> LogChunk:
        """A range of the log."""
        params = {"offset": offset, "limit": limit, "attempt": attempt}
        return self.ask(LogChunk, "GET", f"jobs/{segment(job_id)}/log", params=params)

    def files(self, job_id: str, path: str = "") -> list[FileEntry]:
        """What lies in the job directory."""
        return self.ask(list[FileEntry], "GET", f"jobs/{segment(job_id)}/files", params={"path": path})

    def metrics(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """The metrics of a job's runs."""
        params = {"max_points": max_points, "cursor": cursor}
        return self.ask(MetricHistory, "GET", f"jobs/{segment(job_id)}/metrics", params=params)

    def resources(self, job_id: str, *, max_points: int = 500, cursor: str | None = None) -> ResourceUsage:
        """What a job uses."""
        params = {"max_points": max_points, "cursor": cursor}
        return self.ask(ResourceUsage, "GET", f"jobs/{segment(job_id)}/resources", params=params)

    def experiments(self) -> list[Experiment]:
        """All experiments."""
        return self.ask(list[Experiment], "GET", "experiments")

    def create_experiment(self, name: str) -> Experiment:
        """Make an experiment."""
        try:
            body = CreateExperiment(name=name).model_dump(mode="json")
        except ValidationError as error:
            raise InvalidRequest.field("name", "must have 1 to 250 characters") from error
        return self.ask(Experiment, "POST", "experiments", body=body)

    def trials(
        self,
        experiment: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        sort: str = "started",
        descending: bool = True,
        filter: str = "",
    ) -> Page[Trial]:
        """A page of trials."""
        params = {"experiment": experiment, "limit": limit, "cursor": cursor, "sort": sort, "desc": descending}
        params["filter"] = filter or None
        return self.ask(Page[Trial], "GET", "trials", params=params)

    def trial(self, run_id: str) -> Trial:
        """One trial."""
        return self.ask(Trial, "GET", f"trials/{segment(run_id)}")

    def trial_metrics(self, run_id: str, *, max_points: int = 500, cursor: str | None = None) -> MetricHistory:
        """The metrics of one run."""
        params = {"max_points": max_points, "cursor": cursor}
        return self.ask(MetricHistory, "GET", f"trials/{segment(run_id)}/metrics", params=params)

    def trial_detail(self, run_id: str) -> TrialDetail:
        """Everything about one trial."""
        return self.ask(TrialDetail, "GET", f"trials/{segment(run_id)}/detail")

    def trial_children(self, run_id: str, *, cursor: str = "", limit: int = 50) -> TrialChildren:
        """Trials below one."""
        params = {"cursor": cursor or None, "limit": limit}
        return self.ask(TrialChildren, "GET", f"trials/{segment(run_id)}/children", params=params)

    def update_trial(self, run_id: str, change: UpdateTrial) -> TrialDetail:
        """Change a trial."""
        body = change.model_dump(mode="json", exclude_unset=True)
        return self.ask(TrialDetail, "PATCH", f"trials/{segment(run_id)}", body=body)

    def trial_series(self, query: SeriesQuery) -> SeriesPage:
        """Histories of metrics of many trials."""
        return self.ask(SeriesPage, "POST", "trials/series", body=query.model_dump(mode="json"), repeat=True)

    def trial_diff(self, first: str, second: str, part: DiffPart, *, path: str = "") -> TrialDiff:
        """One part of what differs between two trials."""
        params = {"part": part.value} | ({"path": path} if path else {})
        return self.ask(TrialDiff, "GET", f"trials/{segment(first)}/diff/{segment(second)}", params=params)

    def trial_table(self, query: TrialQuery) -> TrialTablePage:
        """Some rows of the table of trials."""
        return self.ask(TrialTablePage, "POST", "trials/table", body=query.model_dump(mode="json"), repeat=True)

    def compare(self, query: CompareQuery) -> Comparison:
        """Trials side by side."""
        return self.ask(Comparison, "POST", "trials/compare", body=query.model_dump(mode="json"), repeat=True)

    def importance(self, query: ImportanceQuery) -> Importance:
        """Which parameters matter."""
        return self.ask(Importance, "POST", "trials/importance", body=query.model_dump(mode="json"), repeat=True)

    def export_view(self, view: View, colours: Mapping[str, int] | None = None) -> bytes:
        """A view as a file."""
        body = ViewExport(view=view, colours=dict(colours or {})).model_dump(mode="json")
        with self._stream("POST", "views/export", body=body) as reply:
            try:
                return reply.read()
            except httpx.HTTPError as error:
                raise Unavailable(f"{self.url} broke off: {_reason(error)}.", hint="Try again.") from error

    def trial_columns(
        self, experiment: str, *, text: str = "", kinds: Sequence[str] = (), offset: int = 0, limit: int = 100
    ) -> ColumnPage:
        """Parameters, metrics and tags whose name holds a text."""
        params = {"experiment": experiment, "text": text or None, "kind": ",".join(kinds) or None}
        return self.ask(ColumnPage, "GET", "trials/columns", params={**params, "offset": offset, "limit": limit})

    def check_filter(self, query: FilterQuery) -> FilterCheck:
        """A filter, looked at."""
        return self.ask(FilterCheck, "POST", "trials/filter", body=query.model_dump(mode="json"), repeat=True)

    def export_trials(self, query: TrialQuery, format: ExportFormat) -> Iterator[bytes]:
        """Trials as a file."""
        reply = self._stream("POST", "trials/export", {"format": format}, query.model_dump(mode="json"))
        opened = reply.__enter__()  # what is wrong is told before the first piece is asked for

        def pieces() -> Iterator[bytes]:
            try:
                yield from opened.iter_bytes()
            except httpx.HTTPError as error:
                raise Unavailable(f"{self.url} broke off: {_reason(error)}.", hint="Try again.") from error
            finally:
                reply.__exit__(None, None, None)

        return pieces()

    def delete_trials(self, run_ids: Sequence[str]) -> None:
        """Delete trials and what belongs to them."""
        self.send("POST", "trials/delete", body=_run_ids(run_ids), repeat=True)

    def restore_trials(self, run_ids: Sequence[str]) -> None:
        """Undo it."""
        self.send("POST", "trials/restore", body=_run_ids(run_ids), repeat=True)

    def doctor(self) -> Diagnosis:
        """What works on the server, and what does not."""
        return self.ask(Diagnosis, "GET", "doctor")

    def download(self, path: str) -> AbstractContextManager[httpx.Response]:
        """The answer to a GET whose body is read piece by piece. Raises ``StudioError`` when it is an error."""
        return self._stream("GET", path)

    @contextmanager
    def _stream(
        self, method: str, path: str, params: Mapping[str, Any] | None = None, body: Any = None
    ) -> Iterator[httpx.Response]:
        try:
            with self._http.stream(method, path, params=params, json=body, timeout=FILE_TIMEOUT) as reply:
                if not reply.is_success:
                    reply.read()
                    raise self._error(reply)
                yield reply
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.url} cannot be reached: {_reason(error)}.") from error

    def close(self) -> None:
        """Close the connections. Who asks again opens new ones."""
        connections, self._connections = self._connections, None
        if connections is not None and self._pid == os.getpid():
            connections.close()


def segment(text: str) -> str:
    """``text`` as one segment of a path; an id never holds what could leave it."""
    if not text or text in (".", ".."):
        raise InvalidRequest(f"{text!r} is not an id.", hint="Ids have twelve letters and digits.")
    return quote(text, safe="")


def _query(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _reason(error: httpx.HTTPError) -> str:
    text = str(error)
    if "refused" in text.lower():
        return "the connection was refused"
    if "name or service" in text.lower() or "getaddrinfo" in text.lower() or "nodename" in text.lower():
        return "no such host"
    return text.rstrip(".") or type(error).__name__


def _run_ids(run_ids: Sequence[str]) -> dict[str, Any]:
    try:
        return RunIds(run_ids=list(run_ids)).model_dump()
    except ValidationError:
        raise InvalidRequest.field("run_ids", "must be 1 to 1,000 ids of runs") from None
