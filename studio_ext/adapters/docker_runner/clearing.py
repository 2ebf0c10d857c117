"""What comes after the last process of a container: why it ended, its files handed back, the container removed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio_ext.adapters.attempts import evidence
from studio_ext.adapters.docker_runner import spec
from studio_ext.adapters.docker_runner.engine import Engine, engine_errors
from studio_ext.adapters.docker_runner.epitaph import epitaph, mended
from studio_ext.adapters.docker_runner.places import Places
from studio_ext.ports.runner import Launch
from studio_ext.worker import container, records

LINGER_SECONDS = 5
"""How long a container may outlive the record of its end."""
_RECORD_SECONDS = 1.0
"""How long after the end of a container its record may come to light: mounts of some engines are slow."""
_SAID_BYTES = 64 * 1024
_GIVE_BACK_SECONDS = 60
_HELPER_MEMORY, _HELPER_PIDS = 256 * 1024**2, 64
"""What a container may use that hands files back: its image is anybody's."""


@dataclass(frozen=True)
class Clearer:
    """Clears containers of one workspace away. Blocks as long as the engine does; safe to repeat."""

    engine: Engine
    places: Places

    def clear(self, launch: Launch, identity: str | None) -> evidence.Ended:
        """See to it that nothing of the attempt runs, that it has its record, and its files their owner.

        ``identity``: the container, which is left for :meth:`remove`; None where the engine has none. Returns how the
        attempt ended, also where that cannot be written down. Raises ``Unavailable`` while the engine is away.
        """
        files = records.AttemptFiles(launch.directory, launch.attempt)
        state: Mapping[str, Any] | None = None
        if identity is not None:
            state = self._ended(identity, patient=evidence.read_end(files.exit) is not None)
            if not evidence.size(files.log):
                self._keep_what_was_said(identity, files)
        ended = _appearing(files) if launch.directory.is_dir() else None
        if ended is None:
            ended = epitaph(files, state, time.time())
            evidence.write_end(files, ended)
        elif (better := mended(ended, files, state)) is not ended:
            ended = better
            evidence.write_end(files, ended)
        return ended

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

    def _keep_what_was_said(self, identity: str, files: records.AttemptFiles) -> None:
        """Put what the first process printed before the job's log was open into that log."""
        from docker.errors import DockerException

        with contextlib.suppress(DockerException, OSError):
            said = bytes(self.engine.api().logs(identity, tail=200))[-_SAID_BYTES:]
            if said:
                fd = records.open_append(files.log)
                records.append(fd, said)
                os.close(fd)

    def hand_back(self, launch: Launch, identity: str | None) -> None:
        """Hand files of other users to the directory's owner, where the supervisor could not do it any more."""
        if not launch.directory.is_dir():
            return
        if os.geteuid() == 0:
            container.give_back(launch.directory)
        elif identity is not None and _has_files_of_others(launch.directory, launch.directory.stat().st_uid):
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
                labels={spec.WORKSPACE_LABEL: self.places.workspace(), spec.HELPER_LABEL: "give-back"},
                host_config=api.create_host_config(
                    mounts=mounts,
                    network_mode="none",
                    mem_limit=_HELPER_MEMORY,
                    pids_limit=_HELPER_PIDS,
                    cap_drop=["ALL"],
                    cap_add=["CHOWN", "DAC_OVERRIDE", "FOWNER"],
                    security_opt=["no-new-privileges", "label=disable"],
                ),
            )
            try:
                api.start(made["Id"])
                api.wait(made["Id"], timeout=_GIVE_BACK_SECONDS)
            finally:
                self.remove(made["Id"])


def _appearing(files: records.AttemptFiles) -> evidence.Ended | None:
    """The record of the end, waited for a little."""
    deadline = time.monotonic() + _RECORD_SECONDS
    while (ended := evidence.read_end(files.exit)) is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return ended


def _has_files_of_others(directory: Path, uid: int) -> bool:
    for parent, folders, files in os.walk(directory):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                if os.lstat(f"{parent}/{name}").st_uid != uid:
                    return True
    return False
