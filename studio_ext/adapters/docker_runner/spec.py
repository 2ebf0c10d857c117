"""What a container of a job is made of: a pure description that the SDK turns into a request."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio_ext.adapters.docker_runner.engine import EngineInfo, sockets
from studio_ext.adapters.docker_runner.image_facts import ImageFacts
from studio_ext.contract.jobs import ContainerProfile
from studio_ext.ports.runner import Launch
from studio_ext.worker.limits import CONTAINER, CONTAINER_SAMPLING

JOB_DIR = "/opt/ml"
"""The job directory, where the training-container contract has it."""
WORKER = "/opt/studio/worker.pyz"
SDK = "/opt/studio/sdk.zip"
HOST_NAME = "algo-1"
WORKSPACE_LABEL, JOB_LABEL, ATTEMPT_LABEL = "studio.workspace", "studio.job", "studio.attempt"
HELPER_LABEL = "studio.helper"
"""Containers of ours that run no job; they live for seconds."""
DIRECTORY_LABEL = "studio.directory"
"""The job directory as the controller names it."""
_LOG_SIZE = "1m"
"""What the engine keeps of the output of the first process: only what is said before the job's own log is open."""
_STOP_MARGIN_SECONDS = 10
_SHARED_MEMORY = 2 * 1024**3


@dataclass(frozen=True)
class Mounted:
    """Something of the engine's machine at a place in the container."""

    source: str
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Spec:
    """A container that is to be made."""

    launch: Launch
    workspace: str
    """Names the workspace on the engine's machine, where several may use one engine."""
    image: ImageFacts
    engine: EngineInfo
    job: Mapping[str, Any]
    mounts: Sequence[Mounted]
    owner: tuple[int, int]
    """User and group that the job directory belongs to."""
    pids_limit: int
    groups: Sequence[int] = ()
    """Further groups of the submitter."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """More options of the supervisor."""

    @property
    def name(self) -> str:
        """One container an attempt: the engine refuses a second one of the same name."""
        return container_name(self.launch.job_id, self.launch.attempt)

    @property
    def user(self) -> str:
        """Who the supervisor is in the container.

        In the profile ``contract`` it is root, which runs the user's code as the image's user. Where root in the
        container is the engine's own user, it is root in both.
        """
        if self.image.profile is ContainerProfile.contract or self.engine.rootless:
            return "0:0"
        return "{}:{}".format(*self.owner)

    def command(self) -> list[str]:
        """Arguments of the interpreter."""
        options = {**self.options, "limits": CONTAINER if self.engine.limits else CONTAINER_SAMPLING}
        options["processes"] = self.pids_limit
        options["sdk"] = SDK
        if self.image.profile is ContainerProfile.contract and has_own_user(self.image):
            options["user"] = self.image.user
        return [WORKER, "supervise", JOB_DIR, str(self.launch.attempt), json.dumps(options)]

    def request(self, api: Any, python: str) -> dict[str, Any]:
        """Arguments of ``create_container``; ``python``: the interpreter's name in the image."""
        has_network = bool(self.job["environment"]["container"].get("network_access"))
        return {
            "image": self.image.id,
            "name": self.name,
            "entrypoint": [python],
            "command": self.command(),
            "user": self.user,
            "hostname": HOST_NAME,
            "working_dir": f"{JOB_DIR}/{self.job.get('workdir', 'code')}",
            "environment": {"STUDIO_JOB_ID": self.launch.job_id},
            "labels": {
                WORKSPACE_LABEL: self.workspace,
                JOB_LABEL: self.launch.job_id,
                ATTEMPT_LABEL: str(self.launch.attempt),
                DIRECTORY_LABEL: str(self.launch.directory),
            },
            # Podman would make a timer of the system for it also where there is nothing to be left out.
            "healthcheck": {"test": ["NONE"]} if self.image.has_health_check else None,
            "stop_signal": "SIGTERM",
            "stop_timeout": int(self.job.get("grace_seconds") or 10) + _STOP_MARGIN_SECONDS,
            "use_config_proxy": has_network,
            "host_config": api.create_host_config(**self._host(has_network)),
        }

    def _host(self, has_network: bool) -> dict[str, Any]:
        from docker.types import DeviceRequest, LogConfig, Mount

        wanted = self.job.get("resources") or {}
        memory, cpus, gpus = wanted.get("memory_bytes"), wanted.get("cpus"), wanted.get("gpus")
        host: dict[str, Any] = {
            "mounts": [Mount(each.target, each.source, type="bind", read_only=each.read_only) for each in self.mounts],
            # Only the loopback: on an internal bridge a job would still reach this machine and the other jobs.
            "network_mode": "bridge" if has_network else "none",
            "security_opt": ["no-new-privileges", "label=disable"],
            "log_config": LogConfig(type="json-file", config={"max-size": _LOG_SIZE}),
            # Data loaders pass tensors through it; what lies there counts as memory of the job.
            "shm_size": min(memory // 2, _SHARED_MEMORY) if memory else _SHARED_MEMORY,
        }
        if not has_network:
            host["extra_hosts"] = {HOST_NAME: "127.0.0.1"}
        if self.engine.limits:  # others refuse containers that ask for them, or take no notice
            host["pids_limit"] = self.pids_limit
            host |= {"mem_limit": memory, "memswap_limit": memory} if memory else {}
            host |= {"nano_cpus": int(cpus * 1_000_000_000)} if cpus else {}
        if gpus:
            host["device_requests"] = [DeviceRequest(count=gpus, capabilities=[["gpu"]])]
        if self.image.profile is ContainerProfile.notebook:
            host["cap_drop"] = ["ALL"]
            if self.groups and not self.engine.rootless:
                host["group_add"] = [str(group) for group in self.groups]
        if self.engine.remapped:
            host["userns_mode"] = "host"  # else nobody in the container could write to the job directory
        return host


def has_own_user(image: ImageFacts) -> bool:
    """Whether an image's programs run as somebody else than root by its own configuration."""
    return image.user.partition(":")[0] not in ("", "0", "root")


def container_name(job_id: str, attempt: int) -> str:
    """The name of the container of an attempt."""
    return f"studio-{job_id}-{attempt}"


def data_mounts(links: Sequence[str], engine_address: str, home: Path) -> list[str]:
    """Which of the places that a snapshot links to are mounted: none that holds the socket of an engine, or the
    workspace at ``home`` with the values and databases of other jobs."""
    closed = [*sockets(engine_address), home.resolve()]
    kept = []
    for link in links:
        try:
            real = Path(link).resolve(strict=True)
        except OSError:
            continue  # it went away: in the container the link leads nowhere, as it does here
        if any(place.is_relative_to(real) for place in closed):
            continue
        if not Path(link).is_absolute() or Path(link).is_relative_to(JOB_DIR):
            continue
        kept.append(link)
    return kept
