"""Control groups of a job: where they can be made, and what they say. Version 2, and version 1 where it is mounted.

A job's group is made below the group that the supervisor itself is in, so that a job never escapes a limit that
holds for its submitter. Version 2 forbids processes in a group that has children with controllers; there the
job's group is made beside the supervisor's own, provided that this one carries no limit itself.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, field
from pathlib import Path

_PERIOD_MICROSECONDS = 100_000
_V1_CONTROLLERS = ("memory", "cpu", "cpuacct", "pids")


@dataclass
class CgroupPlan:
    """Directories in which groups for jobs can be made."""

    version: int
    parents: dict[str, Path] = field(default_factory=dict)
    """Parent group by controller; one directory may serve several."""

    def paths(self, name: str) -> list[Path]:
        """Directories of the group ``name``, each one once."""
        return list(dict.fromkeys(parent / name for parent in self.parents.values()))


def find(root: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> CgroupPlan | None:
    """Where this process can make groups that limit memory and CPU; None where it cannot."""
    try:
        lines = own.read_text("utf-8").splitlines()
    except OSError:
        return None
    places = {}
    for line in lines:
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            places[controller] = path.lstrip("/")
    if "memory" in places and "cpu" in places:
        plan = _find_v1(root, places)
    elif "" in places:
        plan = _find_v2(root, places[""])
    else:
        plan = None
    return plan if plan and _works(plan) else None


def _find_v1(root: Path, places: dict[str, str]) -> CgroupPlan | None:
    parents = {}
    for controller in _V1_CONTROLLERS:
        directory = root / controller / places.get(controller, "")
        if os.access(directory, os.W_OK):
            parents[controller] = directory
    return CgroupPlan(1, parents) if {"memory", "cpu"} <= parents.keys() else None


def _find_v2(root: Path, place: str) -> CgroupPlan | None:
    own = root / place
    candidates = [own]
    if place and _unlimited(own):
        candidates.append(own.parent)
    for directory in candidates:
        enabled = _read(directory / "cgroup.subtree_control").split()
        if {"memory", "cpu"} <= set(enabled) and os.access(directory, os.W_OK):
            return CgroupPlan(2, {"memory": directory, "cpu": directory})
    return None


def _unlimited(group: Path) -> bool:
    return _read(group / "memory.max") in ("", "max") and _read(group / "cpu.max").split()[:1] in ([], ["max"])


def _works(plan: CgroupPlan) -> bool:
    """Permission bits lie (read-only mounts, name spaces): make a group and remove it again."""
    try:
        for path in plan.paths(f"studio-probe-{os.getpid()}"):
            path.mkdir()
            path.rmdir()
    except OSError:
        return False
    return True


class Cgroup:
    """The groups of one attempt."""

    def __init__(self, plan: CgroupPlan, name: str) -> None:
        self.version = plan.version
        self._by_controller = {controller: parent / name for controller, parent in plan.parents.items()}
        self.paths = plan.paths(name)

    def create(self, cpus: float | None, memory_bytes: int | None, processes: int) -> None:
        """Make the groups and set their limits. Raises ``OSError`` when the system refuses."""
        for path in self.paths:
            path.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):  # not delegated everywhere: whoever samples counts them too
            (self._by_controller.get("pids", self.paths[0]) / "pids.max").write_text(str(processes))
        if memory_bytes:
            self._limit_memory(memory_bytes)
        if cpus:
            quota = max(1000, int(cpus * _PERIOD_MICROSECONDS))
            group = self._by_controller["cpu"]
            if self.version == 2:
                (group / "cpu.max").write_text(f"{quota} {_PERIOD_MICROSECONDS}")
            else:
                (group / "cpu.cfs_period_us").write_text(str(_PERIOD_MICROSECONDS))
                (group / "cpu.cfs_quota_us").write_text(str(quota))

    def _limit_memory(self, limit: int) -> None:
        group = self._by_controller["memory"]
        if self.version == 2:
            (group / "memory.max").write_text(str(limit))
            with contextlib.suppress(OSError):
                (group / "memory.swap.max").write_text("0")
        else:
            (group / "memory.limit_in_bytes").write_text(str(limit))
            with contextlib.suppress(OSError):
                (group / "memory.memsw.limit_in_bytes").write_text(str(limit))

    def enter(self) -> None:
        """Move the calling process into the groups; what it forks is born there."""
        for path in self.paths:
            (path / "cgroup.procs").write_text("0")

    def members(self) -> list[int]:
        """Processes in the groups."""
        return members(self.paths)

    def out_of_memory_kills(self) -> int:
        """How many processes of the job the system killed because the memory limit was reached."""
        return out_of_memory_kills(self._by_controller["memory"], self.version)

    def cpu_seconds(self) -> float | None:
        """CPU time of everything that ever ran in the group."""
        if self.version == 2:
            return cpu_seconds(self._by_controller["cpu"], 2)
        return cpu_seconds(self._by_controller["cpuacct"], 1) if "cpuacct" in self._by_controller else None

    def memory_bytes(self) -> int | None:
        """What the memory limit is held against, without file contents that the system can drop."""
        return memory_bytes(self._by_controller["memory"], self.version)

    def peak_bytes(self) -> int | None:
        """The most that the group held at any moment, with file contents; None where it is not counted."""
        return peak_bytes(self._by_controller["memory"], self.version)

    def disk_bytes(self) -> tuple[int, int] | None:
        """Bytes read from and written to disks; None where the group does not count them."""
        return disk_bytes(self._by_controller["memory"], 2) if self.version == 2 else None

    def remove(self) -> None:
        """Remove the groups; they must be empty."""
        remove(self.paths)


def out_of_memory_kills(group: Path, version: int) -> int:
    """How many processes of a memory group the system killed because the group's limit was reached."""
    name = "memory.events" if version == 2 else "memory.oom_control"
    for line in _read(group / name).splitlines():
        if line.startswith("oom_kill "):
            return int(line.split()[1])
    return 0


def cpu_seconds(group: Path, version: int) -> float | None:
    """CPU time of everything that ever ran in a group; None where it is not counted."""
    if version == 2:
        for line in _read(group / "cpu.stat").splitlines():
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / 1e6
        return None
    text = _read(group / "cpuacct.usage")
    return int(text) / 1e9 if text else None


def memory_bytes(group: Path, version: int) -> int | None:
    """Memory of a group without what it holds of files and has not used of late: the system drops that first, so a
    job that reads large files is not near its limit. None where it is not counted."""
    text = _read(group / ("memory.current" if version == 2 else "memory.usage_in_bytes"))
    if not text.isdigit():
        return None
    name = "inactive_file " if version == 2 else "total_inactive_file "
    lines = _read(group / "memory.stat").splitlines()
    files = next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
    return max(0, int(text) - files)


def peak_bytes(group: Path, version: int) -> int | None:
    """The most memory that a group held at any moment, file contents included; None where it is not counted."""
    text = _read(group / ("memory.peak" if version == 2 else "memory.max_usage_in_bytes"))
    return int(text) if text.isdigit() else None


def disk_bytes(group: Path, version: int) -> tuple[int, int] | None:
    """Bytes that a group read from and wrote to disks; None where they are not counted."""
    if version == 2:
        if not (group / "io.stat").exists():
            return None
        fields = [field.partition("=") for field in _read(group / "io.stat").split()]
        return _sum(fields, "rbytes"), _sum(fields, "wbytes")
    text = _read(group / "blkio.throttle.io_service_bytes")
    if not text:
        return None
    rows = [line.split() for line in text.splitlines()]
    fields = [(row[1], "", row[2]) for row in rows if len(row) == 3]
    return _sum(fields, "Read"), _sum(fields, "Write")


def _sum(fields: list[tuple[str, str, str]], name: str) -> int:
    return sum(int(value) for key, _, value in fields if key == name and value.isdigit())


def members(paths: list[Path]) -> list[int]:
    """Processes in any of some groups."""
    return sorted({int(pid) for path in paths for pid in _read(path / "cgroup.procs").split() if pid.isdigit()})


def remove(paths: list[Path]) -> None:
    """Remove groups, those that a job made inside them first."""
    for path in paths:
        for directory, _, _ in os.walk(path, topdown=False):
            with contextlib.suppress(OSError):
                Path(directory).rmdir()


def _read(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
