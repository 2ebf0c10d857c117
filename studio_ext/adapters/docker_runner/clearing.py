"""What comes after the last process of a container: why it ended, its files handed back, the container removed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.adapters import host
from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.attempts.progress import ProgressReader
from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.engine import Engine, engine_errors
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.contract.jobs import Exit, ExitReason
from studio_ext.core.plain_text import one_line
from studio_ext.ports.runner import Launch
from studio_ext.worker import container, records, verdict
from studio_ext.worker.exit_record import tail

LINGER_SECONDS = 5
"""How long a container may outlive the record of its end."""
_RECORD_SECONDS = 1.0
"""How long after the end of a container its record may come to light: mounts of some engines are slow."""
_SAID_BYTES = 64 * 1024
_GIVE_BACK_SECONDS = 60


@dataclass(frozen=True)
class Clearer:
    """Clears containers of one workspace away. Blocks as long as the engine does; safe to repeat."""

    engine: Engine
    places: Places

    def clear(self, launch: Launch, identity: str | None) -> None:
        """See to it that the attempt has its record, its files their owner, and its container is gone.

        ``identity``: the container; None where the engine has none. Raises ``Unavailable`` while the engine is away.
        """
        files = records.AttemptFiles(launch.directory, launch.attempt)
        state: Mapping[str, Any] | None = None
        if identity is not None:
            state = self._ended(identity, patient=files.exit.exists())
            said = self._said(identity)
            if said and not files.claim.exists():
                fd = records.open_append(files.log)
                records.append(fd, said)
                os.close(fd)
        if evidence.read_end(files.exit) is None:
            if not _appears(files.exit):
                evidence.write_end(files, _epitaph(launch, files, state))
        else:
            _mend_memory(files, state)
        self._hand_back(launch, identity)

    def remove(self, identity: str) -> None:
        """Remove a container, whatever it does."""
        from docker.errors import APIError, DockerException, NotFound

        api = self.engine.api()
        with engine_errors(self.engine.address), contextlib.suppress(NotFound):
            with contextlib.suppress(DockerException):
                api.kill(identity, "SIGKILL")  # Podman would stop it first, with all the patience that stopping has
            try:
                api.remove_container(identity, v=True, force=True)
            except APIError as error:
                if error.status_code != 409:  # its removal is under way already
                    raise

    def _ended(self, identity: str, *, patient: bool) -> Mapping[str, Any] | None:
        """The state of a container that runs no more; None if it is gone."""
        from docker.errors import NotFound

        api = self.engine.api()
        with engine_errors(self.engine.address), contextlib.suppress(NotFound):
            state: Mapping[str, Any] = api.inspect_container(identity)["State"]
            if state.get("Running") and patient:
                with contextlib.suppress(Exception):  # it lingers: see below
                    api.wait(identity, timeout=LINGER_SECONDS)
                state = api.inspect_container(identity)["State"]
            if state.get("Running"):
                with contextlib.suppress(Exception):
                    api.unpause(identity)
                api.kill(identity, "SIGKILL")
                api.wait(identity, timeout=LINGER_SECONDS)
                state = api.inspect_container(identity)["State"]
            return state
        return None

    def _said(self, identity: str) -> bytes:
        """What the first process printed before the job's log was open."""
        from docker.errors import DockerException

        with contextlib.suppress(DockerException):
            return bytes(self.engine.api().logs(identity, tail=200))[-_SAID_BYTES:]
        return b""

    def _hand_back(self, launch: Launch, identity: str | None) -> None:
        """Files of other users are handed to us, where the supervisor could not do it any more."""
        owner = launch.directory.stat()
        if os.geteuid() == 0:
            container.give_back(launch.directory)
        elif identity is not None and _has_files_of_others(launch.directory, owner.st_uid):
            self._hand_back_by_container(launch, identity)

    def _hand_back_by_container(self, launch: Launch, identity: str) -> None:
        from docker.types import Mount

        api = self.engine.api()
        with engine_errors(self.engine.address):
            dead = api.inspect_container(identity)
            worker = next(each["Source"] for each in dead["Mounts"] if each["Destination"] == spec.WORKER)
            mounts = [
                Mount(spec.JOB_DIR, self.places.source(launch.directory), type="bind"),
                Mount(spec.WORKER, worker, type="bind", read_only=True),
            ]
            made = api.create_container(
                dead["Image"],
                entrypoint=dead["Config"]["Entrypoint"],
                command=[spec.WORKER, "give-back", spec.JOB_DIR],
                user="0:0",
                labels={spec.WORKSPACE_LABEL: self.places.workspace()},
                host_config=api.create_host_config(
                    mounts=mounts, network_mode="none", security_opt=["no-new-privileges", "label=disable"]
                ),
            )
            try:
                api.start(made["Id"])
                api.wait(made["Id"], timeout=_GIVE_BACK_SECONDS)
            finally:
                self.remove(made["Id"])


def _appears(path: Path) -> bool:
    deadline = time.monotonic() + _RECORD_SECONDS
    while not path.exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _epitaph(launch: Launch, files: records.AttemptFiles, state: Mapping[str, Any] | None) -> evidence.Ended:
    """What the exit record would have said, as far as that can be known."""
    if ended := evidence.read_result(files):
        return ended
    reader = ProgressReader()
    reader.read(files.progress)
    cell = reader.current
    where = f" at cell {cell}" if cell else ""
    job = records.read(files.job) or {}
    limit = records.whole((job.get("resources") or {}).get("memory_bytes"), most=1 << 62)
    began_in = (records.read(files.launch) or {}).get("boot_id")
    code = (state or {}).get("ExitCode")
    if began_in and began_in != host.boot_id():
        reason, message = ExitReason.host_restarted, f"The machine was restarted{where}."
    elif records.read(files.stop) is not None:
        reason, message = ExitReason.stopped, f"Stopped{where}."
    elif state is None:
        reason, message = ExitReason.engine_lost, f"The container was removed from outside{where}."
    elif state.get("OOMKilled"):
        reason, message = ExitReason.out_of_memory, verdict.out_of_memory(cell, limit)
    elif not files.claim.exists():
        last = next((line.strip() for line in reversed(tail(files.log).splitlines()) if line.strip()), "")
        if "exec format error" in last:
            message = "The image is made for another processor than the engine's machine has."
            return evidence.Ended(Exit(reason=ExitReason.start_failed, message=message, code=code), time.time())
        why = f": {one_line(last)[:300].rstrip('.')}" if last else ""
        reason, message = ExitReason.start_failed, f"The container ended before the job could begin{why}."
    elif code == 137:
        reason = ExitReason.engine_lost
        message = f"The container was killed{where}: by its engine, which was restarted, or by hand."
    else:
        reason = ExitReason.worker_lost
        message = f"The process that looked after the job ended unexpectedly{where} (exit code {code})."
    return evidence.Ended(
        Exit(reason=reason, message=message, cell=cell, code=code if isinstance(code, int) else None), time.time()
    )


def _mend_memory(files: records.AttemptFiles, state: Mapping[str, Any] | None) -> None:
    """The engine knows that memory ran out where the supervisor could not see the control group."""
    ended = evidence.read_end(files.exit)
    if not ended or not state or not state.get("OOMKilled"):
        return
    if ended.exit.reason is ExitReason.kernel_died and ended.exit.code == 137:
        job = records.read(files.job) or {}
        limit = records.whole((job.get("resources") or {}).get("memory_bytes"), most=1 << 62)
        told = {"reason": ExitReason.out_of_memory, "message": verdict.out_of_memory(ended.exit.cell, limit)}
        evidence.write_end(files, evidence.Ended(ended.exit.model_copy(update=told), ended.at))


def _has_files_of_others(directory: Path, uid: int) -> bool:
    for parent, folders, files in os.walk(directory):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                if os.lstat(f"{parent}/{name}").st_uid != uid:
                    return True
    return False
