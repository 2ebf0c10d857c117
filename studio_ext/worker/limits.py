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
from dataclasses import dataclass, replace
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


@dataclass(frozen=True)
class Usage:
    """What the processes of an attempt used at one moment."""

    memory_bytes: int = 0
    """What the memory limit is held against: of a control group without file contents that the system can drop."""
    cpu_seconds: float = 0.0
    """Since the attempt began."""
    processes: int = 0


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
        self.usage = Usage()
        """As :meth:`sample` or :meth:`measure` saw it last."""
        self.ours: set[int] = set()
        """Processes below the root that are none of the job."""
        self.cgroup = _group(name, setting)
        self._affinity = _affinity(name, cpus)
        self._stopped: list[int] = []
        self._allowance = 0.0
        self._seen: dict[int, float] = {}
        self._disk = (0, 0)
        self._last: float | None = None
        self._machine_kills = _machine_kills()

    @property
    def group_paths(self) -> list[str]:
        """Directories of the job's control groups."""
        return [str(path) for path in self.cgroup.paths] if self.cgroup else []

    @property
    def measured_by(self) -> str:
        """What tells the usage: ``cgroup v2``, ``cgroup v1`` or ``sampling``."""
        return f"cgroup v{self.cgroup.version}" if self.cgroup else "sampling"

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
        pids = [pid for pid in pids if pid not in self.ours]
        resident, spent = self._look(pids)
        over = False
        limit = self.memory_bytes
        if self.cgroup:
            over = self.cgroup.out_of_memory_kills() > 0
        elif limit and resident > limit:
            # Shared pages are counted once only by PSS, which is too slow to be read every time.
            resident = sum(processes.proportional_bytes(pid) for pid in pids)
            over = resident > limit
            self.usage = replace(self.usage, memory_bytes=resident)
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

    def measure(self) -> None:
        """Look again at the processes that the last :meth:`sample` found, which costs less than to find them."""
        self._look(self.cgroup.members() if self.cgroup else list(self._seen), keep=True)

    def _look(self, pids: list[int], *, keep: bool = False) -> tuple[int, float]:
        """Note the usage of processes: their memory, and their CPU seconds since the last sample.

        ``keep``: this is no sample, the next one counts from the last one.
        """
        resident, spent, total, count = 0, 0.0, 0.0, 0
        seen: dict[int, float] = {}
        for pid in pids:
            size, seconds, family = processes.usage(pid)
            resident += size
            spent += max(0.0, seconds - self._seen.get(pid, 0.0))
            total += family
            count += family > 0 or size > 0
            seen[pid] = seconds
        if not keep:
            self._seen = seen
        if self.cgroup:
            total = self.cgroup.cpu_seconds() or total
            resident = self.cgroup.memory_bytes() or resident
        self.usage = Usage(resident, max(self.usage.cpu_seconds, total), count)
        return resident, spent

    def disk_bytes(self) -> tuple[int, int] | None:
        """Bytes read from and written to disks since the attempt began; None where nobody tells."""
        group = self.cgroup
        moved = group.disk_bytes() if group and group.version == 2 else None
        if moved is None:  # version 1 does not know who wrote what is written later
            each = [found for pid in self._seen if (found := processes.disk_bytes(pid)) is not None]
            if each:
                moved = sum(read for read, _ in each), sum(written for _, written in each)
            else:
                moved = group.disk_bytes() if group else None
        if moved is None and self._disk == (0, 0):
            return None
        moved = moved or (0, 0)
        self._disk = max(self._disk[0], moved[0]), max(self._disk[1], moved[1])
        return self._disk

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

    def highest(self, resident: int) -> int:
        """The most memory at any moment. ``resident``: the largest resident size that a process had, which also knows
        of what came and went between two looks. It counts pages that a process shares with whom it was forked from,
        so it is no more than the control group ever held."""
        held = self.cgroup.peak_bytes() if self.cgroup else None
        return max(self.peak_bytes, resident if held is None else min(resident, held))

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
