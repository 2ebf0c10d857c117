"""What a job uses is measured where the limits are held, cheaply, and written in few lines."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from studio_ext.worker import cgroups, gpus, limits, processes
from studio_ext.worker.clock import Clock
from studio_ext.worker.container import ContainerGroup
from studio_ext.worker.gpus import Gpus
from studio_ext.worker.limits import Limits, Usage
from studio_ext.worker.resources import Sampler, interval

BUSY = "import sys, time\nheld = bytearray(80_000_000)\nprint('ready', flush=True)\nwhile True: sum(range(1000))"


class Given(Limits):
    """Limits whose figures are given."""

    def __init__(self) -> None:
        super().__init__("given", None, None, "sampling")
        self.disk: tuple[int, int] | None = (0, 0)

    def disk_bytes(self) -> tuple[int, int] | None:
        return self.disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "attempts" / "1").mkdir(parents=True)
    return tmp_path / "attempts" / "1" / "resources.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_says_what_was_used_since_the_one_before(path: Path) -> None:
    given = Given()
    sampler = Sampler(path, given, Clock(), 100.0)
    given.usage, given.disk = Usage(1000, 0.1, 2), (5, 6)
    sampler.look(100.1)
    sampler.look(100.2)
    given.usage = Usage(3000, 1.6, 3)
    sampler.look(101.2)
    given.peak_bytes, given.disk = 9000, None
    given.usage = Usage(0, 1.6, 0)
    sampler.close(101.7)
    sampler.close(101.8)
    machine, first, second, last = lines(path)
    assert machine["machine"]["cpus"] >= 1 and machine["machine"]["memory"] > 2**28
    assert machine["measured"] == "sampling"
    assert (first["cpus"], first["memory"], first["processes"]) == (0.5, 1000, 2)
    assert (first["read"], first["written"]) == (5, 6)
    assert (second["cpus"], second["cpu_seconds"], second["memory"]) == (1.5, 1.6, 3000)
    assert last["last"] and last["peak_memory"] == 9000 and last["cpus"] == 0 and "read" not in last
    assert abs(last["t"] - time.time()) < 5


def test_cpu_time_never_shrinks(path: Path) -> None:
    given = Given()
    sampler = Sampler(path, given, Clock(), 0.0)
    for second, used in enumerate((1.0, 0.4, 2.0), 1):
        given.usage = Usage(0, used, 1)
        sampler.look(float(second))
    assert [line["cpus"] for line in lines(path)[1:]] == [1.0, 0.0, 1.0]


def test_the_file_of_a_long_job_stays_small() -> None:
    age, count = 0.0, 0
    while age < 28 * 86400:
        age += interval(age)
        count += 1
    assert count < 13_000
    assert [interval(each) for each in (0, 599, 600, 7199, 7200, 86399, 86400)] == [1, 1, 5, 5, 30, 30, 300]


def test_a_file_that_cannot_be_made_is_said(path: Path) -> None:
    path.mkdir()
    with pytest.raises(OSError):
        Sampler(path, Given(), Clock(), 0.0)


def test_a_tree_is_measured(path: Path) -> None:
    """By sampling: a busy process below us holds 80 MB and keeps a processor busy, its dead children count on."""
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    try:
        assert child.stdout and child.stdout.readline()
        held = Limits("tree", None, None, "sampling")
        held.sample(os.getpid(), time.monotonic())
        before, started = held.usage, time.monotonic()
        while held.usage.cpu_seconds < before.cpu_seconds + 0.3:
            assert time.monotonic() < started + 60
            time.sleep(0.05)
            held.measure()
        assert held.usage.memory_bytes >= 80_000_000 and held.usage.processes >= 1
        assert held.disk_bytes() is not None
    finally:
        child.kill()
        child.wait()
    held.measure()
    assert held.usage.cpu_seconds >= before.cpu_seconds + 0.3


def test_measuring_does_not_disturb_the_limit(tmp_path: Path) -> None:
    """A look between two samples must not hide CPU time from the one that holds the limit."""
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    try:
        assert child.stdout and child.stdout.readline()
        held = Limits("half", 0.5, None, "sampling")
        held.sample(os.getpid(), time.monotonic())
        seen = dict(held._seen)
        until = time.monotonic() + 60
        while processes.usage(child.pid)[1] <= seen[child.pid]:
            assert time.monotonic() < until
        held.measure()
        assert held._seen == seen
        held.release()
    finally:
        child.kill()
        child.wait()


# Control groups


def test_memory_of_a_group_leaves_out_what_can_be_dropped(tmp_path: Path) -> None:
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("anon 300\ninactive_file 600\nactive_file 100\n")
    assert cgroups.memory_bytes(tmp_path, 2) == 400
    (tmp_path / "memory.usage_in_bytes").write_text("900\n")
    (tmp_path / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 500\n")
    assert cgroups.memory_bytes(tmp_path, 1) == 400
    assert cgroups.memory_bytes(tmp_path / "nowhere", 2) is None


def test_disk_bytes_of_a_group(tmp_path: Path) -> None:
    assert cgroups.disk_bytes(tmp_path, 2) is None and cgroups.disk_bytes(tmp_path, 1) is None
    (tmp_path / "io.stat").write_text("8:0 rbytes=100 wbytes=7 rios=1 wios=2\n8:16 rbytes=1 wbytes=2 rios=0 wios=0\n")
    assert cgroups.disk_bytes(tmp_path, 2) == (101, 9)
    text = "8:0 Read 100\n8:0 Write 7\n8:0 Total 107\n8:16 Read 1\n8:16 Write 2\nTotal 110\n"
    (tmp_path / "blkio.throttle.io_service_bytes").write_text(text)
    assert cgroups.disk_bytes(tmp_path, 1) == (101, 9)


def test_the_peak_is_not_more_than_the_group_held(tmp_path: Path) -> None:
    held = Given()
    held.peak_bytes = 100
    assert held.highest(300) == 300 and held.highest(50) == 100
    (tmp_path / "memory").mkdir()
    held.cgroup = ContainerGroup(tmp_path)
    assert held.highest(300) == 300
    (tmp_path / "memory" / "memory.max_usage_in_bytes").write_text("200\n")
    assert held.highest(300) == 200 and held.highest(150) == 150 and held.highest(50) == 100
    (tmp_path / "memory.peak").write_text("700\n")
    assert cgroups.peak_bytes(tmp_path, 2) == 700


def test_the_group_of_a_container(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.usage_in_bytes").write_text("900\n")
    group = ContainerGroup(tmp_path)
    assert group.version == 1 and group.memory_bytes() == 900 and group.disk_bytes() is None


def test_the_usage_of_a_group_is_the_limit_s(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = cgroups.find()
    if plan is None:
        pytest.skip("no control group can be made here")
    held = Limits(f"studio-test-{os.getpid()}", None, 2**30)
    held.prepare()
    try:
        code = f"import os\nopen('{held.group_paths[0]}/cgroup.procs', 'w').write('0')\n" + BUSY
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        try:
            assert child.stdout and child.stdout.readline()
            assert held.measured_by.startswith("cgroup")
            held.sample(os.getpid(), time.monotonic())
            assert 80_000_000 <= held.usage.memory_bytes < 2**30
            assert held.peak_bytes == held.usage.memory_bytes
            assert held.disk_bytes() is not None
        finally:
            child.kill()
            child.wait()
    finally:
        held.remove()


# GPUs

SMI = "0, 73, 2048, 8192, Card A, 8 GB\n1, [N/A], 1024, 8192, Card B\nrubbish\n"


def program(tmp_path: Path, script: str) -> str:
    tmp_path.mkdir(exist_ok=True)
    (tmp_path / "nvidia-smi").write_text(f"#!/bin/sh\n{script}")
    (tmp_path / "nvidia-smi").chmod(0o755)
    return str(tmp_path)


def test_gpus_are_parsed() -> None:
    first, second = gpus.parse(SMI)
    assert first == {"index": 0, "name": "Card A, 8 GB", "utilization": 73, "memory": 2**31, "memory_total": 2**33}
    assert second == {"index": 1, "name": "Card B", "memory": 2**30, "memory_total": 2**33}
    assert [each["index"] for each in gpus.parse(SMI, frozenset({1}))] == [1]
    assert gpus.parse("No devices were found") == [] == gpus.parse("")


def test_gpus_are_asked_where_there_are_any(tmp_path: Path, path: Path) -> None:
    place = program(tmp_path / "bin", f"cat <<'END'\n{SMI}END\n")
    assert Gpus.find(str(tmp_path), None) is None
    assert Gpus.find(place, "") is None
    found = Gpus.find(f"{place}:/bin:/usr/bin", "0")
    assert found is not None
    until = time.monotonic() + 30
    while not found.latest():
        assert time.monotonic() < until
        time.sleep(0.02)
    sampler = Sampler(path, Given(), Clock(), 0.0, found)
    sampler.close(1.0)
    assert [each["index"] for each in lines(path)[-1]["gpus"]] == [0]


def test_a_driver_that_hangs_holds_up_nothing(tmp_path: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_PATIENCE", 0.2)
    monkeypatch.setattr(gpus, "_SECONDS", 0.01)
    marks = tmp_path / "asked"
    place = program(tmp_path / "bin", f"echo >> {marks}\nexec sleep 60\n")
    found = Gpus.find(f"{place}:/bin:/usr/bin", None)
    assert found is not None
    started = time.monotonic()
    sampler = Sampler(path, Given(), Clock(), 0.0, found)
    sampler.look(1.0)
    assert time.monotonic() - started < 20  # the program would take a minute
    assert "gpus" not in lines(path)[-1]
    while not marks.exists() or len(marks.read_text().splitlines()) < 3:
        assert time.monotonic() < started + 30
        time.sleep(0.02)
    sampler.close(2.0)


def test_the_program_that_tells_of_gpus_is_none_of_the_job(tmp_path: Path) -> None:
    place = program(tmp_path / "bin", "exec sleep 60\n")
    held = Limits("gpus", None, None, "sampling")
    child = subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE)
    try:
        assert child.stdout and child.stdout.readline()
        found = Gpus.find(f"{place}:/bin:/usr/bin", None, held.ours)
        started = time.monotonic()
        while not held.ours:
            assert time.monotonic() < started + 30
            time.sleep(0.002)
        (asked,) = held.ours
        seen: list[int] = []
        held._look = lambda pids, **_: (seen.extend(pids), (0, 0.0))[1]  # type: ignore[method-assign]
        held.sample(os.getpid(), time.monotonic())
        assert found is not None and asked in processes.descendants(os.getpid())
        assert child.pid in seen and asked not in seen
        found.stop()
        os.kill(asked, signal.SIGKILL)
        while held.ours:
            assert time.monotonic() < started + 30
            time.sleep(0.002)
    finally:
        child.kill()
        child.wait()


def test_looking_is_cheap(path: Path) -> None:
    """About 1 ms a line, see benchmarks.md; the bound is 2 % of a processor at one line a second."""
    held = limits.Limits("cheap", None, None, "sampling")
    held.sample(os.getpid(), time.monotonic())
    sampler = Sampler(path, held, Clock(), 0.0)
    before = time.process_time()
    for second in range(1, 201):
        held.measure()
        sampler.look(float(second))
    assert len(lines(path)) == 201
    assert (time.process_time() - before) / 200 < 0.02
