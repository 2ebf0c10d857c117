"""What every benchmark needs: samples and their table rows, CPU time and memory of families of processes."""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
MIB = 1024 * 1024


@dataclass(frozen=True)
class Options:
    """What the command line asked for."""

    quick: bool = False
    idle: float = 60.0
    """Seconds that a controller (and a peer's server) rests before each submission that is timed."""
    repeat: int = 10
    trials: int = 0
    """Trials among which some are found; 0: as many as the benchmark says."""

    @property
    def timeout(self) -> float:
        """Seconds after which a single measurement is given up."""
        return 300.0


@dataclass
class Samples:
    """Measured values of one thing."""

    unit: str
    values: list[float] = field(default_factory=list)

    def add(self, value: float) -> None:
        """Note one value."""
        self.values.append(value)

    @property
    def median(self) -> float:
        """The middle value."""
        return statistics.median(self.values)

    def shown(self) -> str:
        """Median and range, as people read them."""
        if not self.values:
            return "not measured"
        if len(self.values) == 1:
            return f"{_digits(self.values[0])} {self.unit}"
        low, high = _digits(min(self.values)), _digits(max(self.values))
        return f"{_digits(self.median)} {self.unit} ({low} to {high}, n={len(self.values)})"


@dataclass
class Row:
    """A line of the table: our figure, the target, and the peers' figures of the same run."""

    what: str
    ours: Samples
    target: float | None = None
    peers: dict[str, Samples] = field(default_factory=dict)
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether our median is within the target; None without a target or a figure."""
        if self.target is None or not self.ours.values:
            return None
        return self.ours.median <= self.target

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Row:
        """The line that :meth:`as_json` made."""
        peers = {name: Samples(each["unit"], each["values"]) for name, each in data["peers"].items()}
        return cls(data["what"], Samples(data["unit"], data["ours"]), data["target"], peers, data["note"])

    def as_json(self) -> dict[str, Any]:
        """The line as data."""
        return {
            "what": self.what,
            "unit": self.ours.unit,
            "ours": self.ours.values,
            "median": self.ours.median if self.ours.values else None,
            "target": self.target,
            "met": self.is_met,
            "peers": {name: {"unit": each.unit, "values": each.values} for name, each in self.peers.items()},
            "note": self.note,
        }


Benchmark = Callable[[Options], list[Row]]


def _digits(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def say(text: str) -> None:
    """Tell the person who waits what goes on."""
    print(f"  {text}", flush=True)


def wait_for(condition: Callable[[], Any], what: str, *, timeout: float = 120.0, pause: float = 0.005) -> Any:
    """What ``condition`` returns once it is true. Raises ``TimeoutError`` after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not (result := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"gave up waiting for {what} after {timeout:.0f} s")
        time.sleep(pause)
    return result


class Orphans:
    """Adopts processes whose parents have gone, and waits for those that end.

    Jobs lead sessions of their own and outlive their parents. With this process as the subreaper of all that it
    started, no CPU second of a job is lost: whatever ends is waited for by its parent or by us, and the time
    is in the waiting process's ``cutime``.
    """

    def __init__(self) -> None:
        self._ours: set[int] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to adopt."""
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        threading.Thread(target=self._reap, name="reaper", daemon=True).start()

    def run(self, command: Sequence[str], **options: Any) -> float:
        """Run a command to its end; returns CPU seconds of it and its children. Raises when it fails."""
        with self._lock:  # the reaper must not take it between its start and our noting it
            process = subprocess.Popen(command, **options)
            self._ours.add(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        self._ours.discard(process.pid)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        return usage.ru_utime + usage.ru_stime

    def _reap(self) -> None:
        while True:
            try:
                ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
            except ChildProcessError:
                time.sleep(0.05)
                continue
            with self._lock:
                is_ours = ended is not None and ended.si_pid in self._ours
            if ended is None or is_ours:
                time.sleep(0.005)
                continue
            with contextlib.suppress(ChildProcessError):  # a Popen of the code under test was faster
                os.waitpid(ended.si_pid, 0)


ORPHANS = Orphans()


def descendants(pid: int) -> list[int]:
    """A process and all below it."""
    children: dict[int, list[int]] = {}
    for each in Path("/proc").iterdir():
        if each.name.isdigit() and (stat := _stat(int(each.name))):
            children.setdefault(int(stat[1]), []).append(int(each.name))
    found, pending = [], [pid]
    while pending:
        found.append(pending[-1])
        pending.extend(children.get(pending.pop(), ()))
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time of processes and of their children that they waited for."""
    ticks = 0
    for pid in pids:
        if stat := _stat(pid):
            ticks += sum(int(each) for each in stat[11:15])
    return ticks / TICKS


def own_tree_seconds() -> float:
    """CPU time of everything that this process started and of itself, ended or not."""
    return cpu_seconds(descendants(os.getpid()))


def pss_bytes(pids: Iterable[int]) -> int:
    """Memory of processes; a page that several share is counted once, in shares."""
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


def end(pid: int, *, grace: float = 15.0) -> None:
    """End a process by its pid: SIGTERM, then SIGKILL."""
    import signal

    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        with contextlib.suppress(TimeoutError):
            wait_for(lambda: not is_alive(pid), f"the end of {pid}", timeout=patience, pause=0.02)
            return


def is_alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    stat = _stat(pid)
    return stat is not None and stat[0] not in ("Z", "X")


def _stat(pid: int) -> list[str] | None:
    """Fields of ``/proc/<pid>/stat`` from the state on: 0 state, 1 parent, 11 to 14 the CPU times."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return None
