"""CPU and memory limits of an attempt: by control group where one can be made, else by sampling the tree.

Sampling looks at the processes every half second (ten times a second near a limit), ends a tree that is over its
memory limit, binds the tree to as many CPUs as the limit, rounded up, and holds a tree that is over a fractional
CPU limit by ``SIGSTOP`` until its time allowance has caught up.
"""

from __future__ import annotations

import math
import os
import signal
import zlib
from pathlib import Path

from . import cgroups, processes
from .container import ContainerGroup

SETTING = "STUDIO_LIMITS"
"""``sampling`` in this variable of the controller keeps control groups out of it."""
CONTAINER = "container"
"""The setting of a supervisor that is in a container: its limits are the container's."""
CONTAINER_SAMPLING = "container sampling"
"""The setting of a supervisor that is in a container of an engine that cannot hold limits."""

PROCESSES = 4096
"""Processes and threads that a job may have at once, unless the attempt's options say otherwise."""

_IDLE, _RELAXED, _CLOSE, _THROTTLE = 2.0, 0.5, 0.1, 0.1
"""Seconds between two looks: without limits, far from a limit, near it, and while CPU time is shared out."""


def mechanism(setting: str | None) -> tuple[str, str]:
    """How limits would hold here: a word (``cgroup v2``, ``cgroup v1``, ``sampling``) and a sentence."""
    plan = None if setting == "sampling" else cgroups.find()
    if plan:
        return (
            f"cgroup v{plan.version}",
            f"The kernel enforces limits in control groups below {plan.parents['memory']}.",
        )
    why = f"{SETTING}=sampling is set" if setting == "sampling" else "no control group can be written here"
    return "sampling", f"The supervisor of each job looks at its processes every 0.5 s ({why})."


class Limits:
    """Limits of one attempt, and what its processes used so far."""

    def __init__(
        self,
        name: str,
        cpus: float | None,
        memory_bytes: int | None,
        setting: str | None = None,
        processes: int = PROCESSES,
    ) -> None:
        self.cpus = cpus
        self.memory_bytes = memory_bytes
        self.processes = processes
        self.peak_bytes = 0
        self.cgroup = _group(name, setting)
        self._affinity = _affinity(name, cpus)
        self._stopped: list[int] = []
        self._allowance = 0.0
        self._seen: dict[int, float] = {}
        self._last: float | None = None
        self._machine_kills = _machine_kills()

    @property
    def group_paths(self) -> list[str]:
        """Directories of the job's control groups."""
        return [str(path) for path in self.cgroup.paths] if self.cgroup else []

    def prepare(self) -> None:
        """Make the control groups; where the system refuses after all, sampling takes over."""
        if self.cgroup:
            try:
                self.cgroup.create(self.cpus, self.memory_bytes, self.processes)
            except OSError:
                self.cgroup.remove()
                self.cgroup = None

    def enter(self) -> None:
        """Put the calling process, which is about to run user code, under the limits."""
        if self.cgroup:
            self.cgroup.enter()
        elif self._affinity:
            os.sched_setaffinity(0, self._affinity)

    def sample(self, root: int, now: float) -> tuple[str | None, float]:
        """Look at the tree below ``root``: which limit it is over (``memory``, ``processes``), and in how many seconds
        to look again."""
        pids = self.cgroup.members() if self.cgroup else processes.descendants(root)
        resident = 0
        spent = 0.0
        before, self._seen = self._seen, {}
        for pid in pids:
            size, seconds = processes.usage(pid)
            resident += size
            spent += max(0.0, seconds - before.get(pid, 0.0))
            self._seen[pid] = seconds
        over = False
        limit = self.memory_bytes
        if self.cgroup:
            over = self.cgroup.out_of_memory_kills() > 0
        elif limit and resident > limit:
            # Shared pages are counted once only by PSS, which is too slow to be read every time.
            resident = sum(processes.proportional_bytes(pid) for pid in pids)
            over = resident > limit
        self.peak_bytes = max(self.peak_bytes, min(resident, limit) if limit and not over else resident)
        cause = "memory" if over else None
        if self.cgroup:
            return cause, _RELAXED
        if len(pids) > self.processes:
            cause = cause or "processes"
        if self.cpus:
            self._throttle(pids, spent, now)
            return cause, _THROTTLE
        if not limit:
            return cause, _CLOSE if len(pids) > self.processes // 4 else _IDLE
        return cause, _CLOSE if limit and resident > 0.7 * limit else _RELAXED

    def _throttle(self, pids: list[int], spent: float, now: float) -> None:
        assert self.cpus
        if self._last is not None:
            self._allowance = min(self.cpus * 0.2, self._allowance + (now - self._last) * self.cpus) - spent
        self._last = now
        if self._allowance < 0:
            self._stopped = pids
            processes.send(pids, signal.SIGSTOP)
        else:
            self.release()

    def release(self) -> None:
        """Let a held tree go on."""
        processes.send(self._stopped, signal.SIGCONT)
        self._stopped = []

    def killed_for_memory(self) -> bool:
        """Whether the system killed a process of the job because of the job's own limit."""
        return self.cgroup is not None and self.cgroup.out_of_memory_kills() > 0

    def machine_ran_out(self) -> bool:
        """Whether the system killed any process for want of memory since the attempt began."""
        return _machine_kills() > self._machine_kills

    def cpu_seconds(self) -> float | None:
        """CPU time of the user's processes, where a control group counted it."""
        return self.cgroup.cpu_seconds() if self.cgroup else None

    def members(self) -> list[int]:
        """Processes that the control group holds."""
        return self.cgroup.members() if self.cgroup else []

    def remove(self) -> None:
        """Remove what :meth:`prepare` made."""
        if self.cgroup:
            self.cgroup.remove()


def _group(name: str, setting: str | None) -> cgroups.Cgroup | ContainerGroup | None:
    if setting == CONTAINER:
        return ContainerGroup()
    plan = None if setting in ("sampling", CONTAINER_SAMPLING) else cgroups.find()
    return cgroups.Cgroup(plan, name) if plan else None


def _affinity(name: str, cpus: float | None) -> set[int] | None:
    """As many CPUs as the limit, rounded up; different jobs get different ones."""
    if not cpus or not hasattr(os, "sched_getaffinity"):
        return None
    available = sorted(os.sched_getaffinity(0))
    count = math.ceil(cpus)
    if count >= len(available):
        return None
    first = zlib.crc32(name.encode()) % len(available)
    return {available[(first + step) % len(available)] for step in range(count)}


def _machine_kills() -> int:
    try:
        for line in Path("/proc/vmstat").read_text("ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except OSError:
        pass
    return 0
