"""Where control groups can be made, on trees of plain files that look like the real ones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studio_ext.worker import cgroups, limits


def v2(root: Path, own: str, *, enabled: str = "cpu memory pids", limit: str = "max") -> Path:
    group = root / own
    group.mkdir(parents=True)
    (group / "memory.max").write_text(limit)
    (group / "cpu.max").write_text("max 100000")
    (group / "cgroup.subtree_control").write_text("")
    (group.parent / "cgroup.subtree_control").write_text(enabled)
    proc = root / "proc"
    proc.write_text(f"0::/{own}\n")
    return proc


def test_v2_makes_a_sibling(tmp_path: Path) -> None:
    proc = v2(tmp_path, "user/app.scope")
    plan = cgroups.find(tmp_path, proc)
    assert plan and plan.version == 2
    assert plan.paths("studio-x") == [tmp_path / "user" / "studio-x"]
    assert not list((tmp_path / "user").glob("studio-probe*"))


def test_v2_never_escapes_a_limit(tmp_path: Path) -> None:
    assert cgroups.find(tmp_path, v2(tmp_path, "user/app.scope", limit="1000000")) is None


def test_v2_needs_its_controllers(tmp_path: Path) -> None:
    assert cgroups.find(tmp_path, v2(tmp_path, "user/app.scope", enabled="pids")) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_trees_are_left_alone(tmp_path: Path) -> None:
    proc = v2(tmp_path, "user/app.scope")
    (tmp_path / "user").chmod(0o500)
    assert cgroups.find(tmp_path, proc) is None


def test_v1_goes_below_its_own_group(tmp_path: Path) -> None:
    for controller, place in (("memory", "outer/inner"), ("cpu", ""), ("cpuacct", "")):
        (tmp_path / controller / place).mkdir(parents=True)
    proc = tmp_path / "proc"
    proc.write_text("3:memory:/outer/inner\n2:cpuacct:/\n1:cpu:/\n0::/\n")
    plan = cgroups.find(tmp_path, proc)
    assert plan and plan.version == 1
    assert set(plan.paths("s")) == {
        tmp_path / "memory/outer/inner/s",
        tmp_path / "cpu/s",
        tmp_path / "cpuacct/s",
    }


def test_limits_are_written_as_v2_wants_them(tmp_path: Path) -> None:
    group = cgroups.Cgroup(cgroups.CgroupPlan(2, {"memory": tmp_path, "cpu": tmp_path}), "s")
    group.create(1.5, 1 << 30, 100)
    place = tmp_path / "s"
    assert (place / "cpu.max").read_text() == "150000 100000"
    assert (place / "memory.max").read_text() == str(1 << 30)
    assert (place / "pids.max").read_text() == "100"
    (place / "memory.events").write_text("low 0\noom 3\noom_kill 2\noom_group_kill 0\n")
    (place / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    (place / "cgroup.procs").write_text("7\n5\n")
    assert group.out_of_memory_kills() == 2
    assert group.cpu_seconds() == 2.5
    assert group.members() == [5, 7]


def test_no_groups_without_proc(tmp_path: Path) -> None:
    assert cgroups.find(tmp_path, tmp_path / "absent") is None
    (tmp_path / "odd").write_text("1:name=systemd:/\n")
    assert cgroups.find(tmp_path, tmp_path / "odd") is None


def test_mechanism_says_what_holds() -> None:
    word, sentence = limits.mechanism("sampling")
    assert word == "sampling"
    assert "0.5 s" in sentence
    plan = cgroups.find()
    assert limits.mechanism(None)[0] == (f"cgroup v{plan.version}" if plan else "sampling")
