"""The store port on SQLite."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, func, insert, or_, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from studio_ext.adapters.sql_store import rows
from studio_ext.adapters.sql_store.engine import make_engine, read_only_uri
from studio_ext.adapters.sql_store.migrate import HEAD, schema_of, unknown_schema
from studio_ext.adapters.sql_store.schema import attempts, jobs, leases, revisions, tombstones, transitions
from studio_ext.contract.errors import Conflict, InvalidRequest, NotFound, Unavailable
from studio_ext.contract.jobs import Attempt, Exit, Job, JobDetail, JobsDelta, JobStatus, Progress, SecondaryStatus
from studio_ext.contract.page import Page
from studio_ext.core.states import ACTIVE, FINAL, is_legal
from studio_ext.ports.store import Lease

_CONTROLLER = "controller"
_TOGETHER = 500


class SqlStore:
    """Jobs, attempts and transitions of one workspace. See :class:`studio_ext.ports.store.Store`."""

    def __init__(self, database: Path) -> None:
        """Open a database that has the schema this version knows.

        Raises ``Unavailable`` when there is no schema yet (a controller makes it) and ``Conflict`` when it is
        one that this version does not know.
        """
        schema = schema_of(database)
        if schema is None:
            raise Unavailable(
                f"The workspace database {database} has not been made yet.",
                hint="Start the controller: studio controller",
            )
        if schema != HEAD:
            raise unknown_schema(schema)
        self._writer = make_engine(database)
        self._progress_writer = make_engine(database, synchronous="NORMAL")
        self._reader = make_engine(database, begin="BEGIN")
        self._watch = sqlite3.connect(read_only_uri(database), uri=True, check_same_thread=False)
        self._watch_lock = threading.Lock()

    def close(self) -> None:
        """Close all connections."""
        for engine in (self._writer, self._progress_writer, self._reader):
            engine.dispose()
        self._watch.close()

    # -- submissions ------------------------------------------------------------------------------------------

    def add(self, job: JobDetail, idempotency_key: str | None) -> tuple[JobDetail, bool]:
        """Commit a submission. With a known key: the job it made, and False."""
        try:
            with self._write() as connection:
                connection.execute(
                    insert(jobs).values(
                        **rows.job_columns(job), idempotency_key=idempotency_key, revision=_next_revision(connection)
                    )
                )
                connection.execute(
                    insert(transitions).values(
                        job_id=job.id,
                        attempt=job.attempt,
                        status=job.status,
                        secondary_status=job.secondary_status,
                        started=job.created,
                        message=job.message,
                    )
                )
                row = connection.execute(select(jobs).where(jobs.c.id == job.id)).mappings().one()
                added = _detail(connection, row)  # read before the commit: after it nothing may fail
        except IntegrityError:
            existing = self.by_key(idempotency_key) if idempotency_key is not None else None
            if existing is None:
                raise
            return existing, False
        return added, True

    def by_key(self, idempotency_key: str) -> JobDetail | None:
        """The job that a key made."""
        with self._read() as connection:
            row = _one(connection, select(jobs).where(jobs.c.idempotency_key == idempotency_key))
            return _detail(connection, row) if row else None

    # -- reading ----------------------------------------------------------------------------------------------

    def get(self, job_id: str, *, deleted: bool = False) -> JobDetail:
        """One job, by its id or by the beginning of it when that names one job only."""
        query = select(jobs).where(jobs.c.id.startswith(job_id, autoescape=True)).limit(2)
        if not deleted:
            query = query.where(jobs.c.deleted.is_(None))
        with self._read() as connection:
            found = connection.execute(query).mappings().all() if job_id else []
            if not found:
                raise NotFound(f"There is no job {job_id}.", hint="studio jobs lists what there is.")
            if len(found) > 1:
                raise InvalidRequest.field("id", f"{job_id} is the beginning of several ids; give more of it")
            return _detail(connection, found[0])

    def jobs(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        statuses: Sequence[JobStatus] = (),
        experiment: str | None = None,
        text: str = "",
    ) -> Page[Job]:
        """Jobs, newest first. The cursor is the id of the last job seen."""
        where: list[ColumnElement[bool]] = [jobs.c.deleted.is_(None)]
        if statuses:
            where.append(jobs.c.status.in_([str(status) for status in statuses]))
        if experiment is not None:
            where.append(jobs.c.experiment == experiment)
        if text:
            where.append(
                or_(*(column.icontains(text, autoescape=True) for column in (jobs.c.name, jobs.c.notebook, jobs.c.id)))
            )
        query = select(jobs).where(*where).order_by(jobs.c.id.desc()).limit(limit + 1)
        if cursor is not None:
            query = query.where(jobs.c.id < cursor)
        with self._read() as connection:
            total = connection.execute(select(func.count()).select_from(jobs).where(*where)).scalar_one()
            found = connection.execute(query).mappings().all()
        items = [rows.job(row) for row in found[:limit]]
        return Page(items=items, total=total, next_cursor=items[-1].id if len(found) > limit else None)

    def changed(self, since: int, limit: int) -> JobsDelta:
        """What changed after revision ``since``."""
        with self._read() as connection:
            newest = connection.execute(select(revisions.c.revision)).scalar_one()
            found: list[RowMapping] = []
            for table in (jobs, tombstones):
                query = select(table).where(table.c.revision > since).order_by(table.c.revision).limit(limit + 1)
                found += connection.execute(query).mappings()
        found.sort(key=lambda row: int(row["revision"]))
        more, found = len(found) > limit, found[:limit]
        is_there = [row.get("deleted", row.get("purged")) is None for row in found]
        return JobsDelta(
            revision=found[-1]["revision"] if more else newest,
            items=[rows.job(row) for row, there in zip(found, is_there, strict=True) if there],
            removed=[row["id"] for row, there in zip(found, is_there, strict=True) if not there],
            more=more,
        )

    def active(self, waiting: int | None = None) -> list[JobDetail]:
        """Jobs that are not in a final state, oldest first; of those that just wait at most ``waiting``."""
        query = select(jobs).where(jobs.c.status.in_([str(each) for each in ACTIVE]))
        if waiting is not None:
            waits = (jobs.c.status == str(JobStatus.Pending)) & (jobs.c.stop_level == 0)
            oldest = select(jobs.c.id).where(waits).order_by(jobs.c.id).limit(waiting)
            query = query.where(or_(~waits, jobs.c.id.in_(oldest)))
        return self._details(query.order_by(jobs.c.id))

    def has_work(self) -> bool:
        """Whether there is a job that is not over, or whose trial is not."""
        todo = or_(jobs.c.status.in_([str(each) for each in ACTIVE]), jobs.c.recorded.is_(False))
        with self._read() as connection:
            return connection.execute(select(jobs.c.id).where(todo).limit(1)).first() is not None

    def unfinished_recording(self) -> list[JobDetail]:
        """Jobs in a final state whose MLflow run is not closed yet, or has not been looked for."""
        final = [str(each) for each in FINAL]
        return self._details(
            select(jobs).where(jobs.c.recorded.is_(False), jobs.c.status.in_(final)).order_by(jobs.c.id)
        )

    def deleted_before(self, when: float) -> list[tuple[JobDetail, bool]]:
        """Jobs deleted before a time, with whether their trial goes too."""
        query = select(jobs).where(jobs.c.deleted < when)
        with self._read() as connection:
            found = connection.execute(query).mappings().all()
            return list(zip(_all_details(connection, found), [row["delete_trial"] for row in found], strict=True))

    def attempts(self, job_id: str) -> list[Attempt]:
        """Attempts of a job, first one first."""
        return self.get(job_id, deleted=True).attempts

    # -- moving jobs ------------------------------------------------------------------------------------------

    def step(
        self,
        job_id: str,
        *,
        expect: Sequence[JobStatus],
        status: JobStatus,
        secondary_status: SecondaryStatus,
        message: str = "",
        at: float | None = None,
        **fields: Any,
    ) -> bool:
        """Move a job if it is in one of ``expect`` and the move is legal; records the transition."""
        at = time.time() if at is None else at
        if isinstance(fields.get("exit"), Exit):
            fields["exit"] = fields["exit"].model_dump(mode="json")
        with self._write() as connection:
            row = _one(connection, select(jobs).where(jobs.c.id == job_id))
            if row is None or row["status"] not in expect:
                return False
            if not is_legal(JobStatus(row["status"]), status, secondary_status):
                return False
            attempt = fields.get("attempt", row["attempt"])
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(
                    status=str(status),
                    secondary_status=str(secondary_status),
                    message=message,
                    revision=_next_revision(connection),
                    **fields,
                )
            )
            if (row["status"], row["secondary_status"], row["attempt"]) != (status, secondary_status, attempt):
                _begin_transition(connection, job_id, attempt, status, secondary_status, message, at)
            if status is JobStatus.Starting:
                connection.execute(
                    insert(attempts).prefix_with("OR IGNORE").values(job_id=job_id, number=attempt, started=at)
                )
        return True

    def set_run(self, job_id: str, run_id: str, experiment_id: str, artifact_uri: str) -> None:
        """Note the MLflow run of a job."""
        with self._write() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(
                    run_id=run_id,
                    experiment_id=experiment_id,
                    artifact_uri=artifact_uri,
                    revision=_next_revision(connection),
                )
            )

    def set_progress(self, job_id: str, progress: Progress, message: str | None = None) -> None:
        """Note progress; not synced, because the job directory holds the truth."""
        values: dict[str, Any] = {"progress": progress.model_dump(mode="json")}
        if message is not None:
            values["message"] = message
        with self._errors(), self._progress_writer.begin() as connection:
            connection.execute(
                update(jobs).where(jobs.c.id == job_id).values(**values, revision=_next_revision(connection))
            )

    def end_attempt(self, job_id: str, number: int, exit: Exit, ended: float) -> None:
        """Note how an attempt ended."""
        with self._write() as connection:
            connection.execute(
                update(attempts)
                .where(attempts.c.job_id == job_id, attempts.c.number == number)
                .values(exit=exit.model_dump(mode="json"), ended=ended)
            )

    def request_stop(self, job_id: str) -> JobDetail:
        """Note that a person wants the job to stop; a second request asks for a kill."""
        with self._write() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.status.in_([str(each) for each in ACTIVE]))
                .values(stop_level=func.min(jobs.c.stop_level + 1, 2), revision=_next_revision(connection))
            )
        return self.get(job_id)

    def stop_level(self, job_id: str) -> int:
        """0: go on, 1: stop, 2: kill."""
        with self._read() as connection:
            return int(connection.execute(select(jobs.c.stop_level).where(jobs.c.id == job_id)).scalar() or 0)

    def recorded(self, job_id: str) -> None:
        """Note that the job's MLflow run is closed, or that it has none."""
        with self._write() as connection:
            connection.execute(
                update(jobs).where(jobs.c.id == job_id).values(recorded=True, revision=_next_revision(connection))
            )

    # -- deleting ---------------------------------------------------------------------------------------------

    def delete(self, job_id: str, *, trial: bool) -> None:
        """Mark a finished job as deleted. Raises ``Conflict`` while it runs."""
        with self._write() as connection:
            row = _one(connection, select(jobs).where(jobs.c.id == job_id, jobs.c.deleted.is_(None)))
            if row is None:
                raise NotFound(f"There is no job {job_id}.")
            if row["status"] not in FINAL:
                raise Conflict(f"{row['name']} is still running.", hint="Stop the job first, then delete it.")
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(deleted=time.time(), delete_trial=trial, revision=_next_revision(connection))
            )

    def restore(self, job_id: str) -> JobDetail:
        """Undo :meth:`delete`, as long as it was not purged."""
        with self._write() as connection:
            found = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(deleted=None, delete_trial=False, revision=_next_revision(connection))
            ).rowcount
        if not found:
            raise NotFound(f"Job {job_id} is gone for good.", hint="Its trial is still in the experiment.")
        return self.get(job_id)

    def purge(self, job_id: str, *, deleted_before: float = math.inf) -> bool:
        """Forget a job deleted before a time. False: it was restored meanwhile, or is gone already."""
        query = sql_delete(jobs).where(jobs.c.id == job_id, jobs.c.deleted < deleted_before)
        with self._write() as connection:
            row = connection.execute(query.returning(jobs.c.run_id, jobs.c.delete_trial)).mappings().first()
            if row is None:
                return False
            connection.execute(
                insert(tombstones).values(
                    id=job_id,
                    revision=_next_revision(connection),
                    purged=time.time(),
                    trial_to_delete=row["run_id"] if row["delete_trial"] else None,
                )
            )
        return True

    def trials_to_delete(self) -> list[tuple[str, str]]:
        """Purged jobs whose trial has to go too, as ``(job id, run id)``."""
        query = select(tombstones.c.id, tombstones.c.trial_to_delete).where(tombstones.c.trial_to_delete.is_not(None))
        with self._read() as connection:
            return [(row[0], row[1]) for row in connection.execute(query.order_by(tombstones.c.id))]

    def trial_deleted(self, job_id: str) -> None:
        """Note that the trial of a purged job is gone."""
        with self._write() as connection:
            connection.execute(update(tombstones).where(tombstones.c.id == job_id).values(trial_to_delete=None))

    def forget_purged(self, when: float) -> None:
        """Drop what is left of jobs purged before a time, unless their trial has still to go."""
        with self._write() as connection:
            connection.execute(
                sql_delete(tombstones).where(tombstones.c.purged < when, tombstones.c.trial_to_delete.is_(None))
            )

    # -- watching ---------------------------------------------------------------------------------------------

    def revision(self) -> int:
        """Grows with every change of any job."""
        with self._read() as connection:
            return int(connection.execute(select(revisions.c.revision)).scalar_one())

    def data_version(self) -> int:
        """Changes when any connection of another process, or another of ours, wrote."""
        with self._errors(), self._watch_lock:
            return int(self._watch.execute("PRAGMA data_version").fetchone()[0])

    def lease(self) -> Lease | None:
        """The controller's lease, expired or not."""
        with self._read() as connection:
            row = _one(connection, select(leases).where(leases.c.name == _CONTROLLER))
        return Lease(**{key: row[key] for key in row if key != "name"}) if row else None

    def beat(self, lease: Lease) -> None:
        """Write the controller's lease."""
        with self._errors(), self._progress_writer.begin() as connection:
            connection.execute(
                insert(leases)
                .prefix_with("OR REPLACE")
                .values(
                    name=_CONTROLLER,
                    pid=lease.pid,
                    start_time=lease.start_time,
                    boot_id=lease.boot_id,
                    version=lease.version,
                    heartbeat=lease.heartbeat,
                )
            )

    # -- inside -----------------------------------------------------------------------------------------------

    def _details(self, query: Select[Any]) -> list[JobDetail]:
        with self._read() as connection:
            return _all_details(connection, connection.execute(query).mappings().all())

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._errors(), self._reader.begin() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._errors(), self._writer.begin() as connection:
            yield connection

    @staticmethod
    @contextmanager
    def _errors() -> Iterator[None]:
        try:
            yield
        except (OperationalError, PoolTimeout, sqlite3.OperationalError) as error:
            raise Unavailable(
                f"The workspace database cannot be used: {getattr(error, 'orig', None) or error}.",
                hint="Another process may hold its lock, or the disk may be full: studio doctor says more.",
            ) from error


def _one(connection: Connection, query: Select[Any]) -> RowMapping | None:
    return connection.execute(query).mappings().first()


def _detail(connection: Connection, row: RowMapping) -> JobDetail:
    return _all_details(connection, [row])[0]


def _all_details(connection: Connection, found: Sequence[RowMapping]) -> list[JobDetail]:
    """Two queries for many jobs at a time: the controller asks for all that wait."""
    details = []
    for start in range(0, len(found), _TOGETHER):
        part = found[start : start + _TOGETHER]
        ids = [row["id"] for row in part]
        tries, steps = (
            _by_job(connection, select(table).where(table.c.job_id.in_(ids)).order_by(table.c.number))
            for table in (attempts, transitions)
        )
        details += [rows.job_detail(row, tries[row["id"]], steps[row["id"]]) for row in part]
    return details


def _by_job(connection: Connection, query: Select[Any]) -> defaultdict[str, list[RowMapping]]:
    grouped: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        grouped[row["job_id"]].append(row)
    return grouped


def _next_revision(connection: Connection) -> int:
    return int(
        connection.execute(
            update(revisions).values(revision=revisions.c.revision + 1).returning(revisions.c.revision)
        ).scalar_one()
    )


def _begin_transition(
    connection: Connection,
    job_id: str,
    attempt: int,
    status: JobStatus,
    secondary_status: SecondaryStatus,
    message: str,
    at: float,
) -> None:
    """End the open transition and begin one, no earlier than that: the machine's clock may have been set back."""
    is_open = (transitions.c.job_id == job_id) & transitions.c.ended.is_(None)
    at = max(at, connection.execute(select(func.max(transitions.c.started)).where(is_open)).scalar() or at)
    connection.execute(update(transitions).where(is_open).values(ended=at))
    connection.execute(
        insert(transitions).values(
            job_id=job_id,
            attempt=attempt,
            status=str(status),
            secondary_status=str(secondary_status),
            started=at,
            ended=at if status in FINAL else None,
            message=message,
        )
    )
