"""What jobs use is logged to their runs under MLflow's names, each value once, whoever the controller is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from studio_ext.contract.errors import Unavailable
from studio_ext.contract.jobs import JobDetail, Resources
from studio_ext.core.log_calls import LoggedValue
from studio_ext.services import system_metrics
from studio_ext.services.system_metrics import SystemMetrics
from studio_ext.testing.sample_jobs import sample_job


class Store:
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.values: list[LoggedValue] = []
        self.fault: Exception | None = None

    def log_values(self, run_id: str, values: Sequence[LoggedValue]) -> None:
        if self.fault is not None:
            raise self.fault
        self.values += values

    def of(self, name: str) -> list[tuple[int, float, float]]:
        """Step, time and value."""
        return [(each.step, each.time, each.value) for each in self.values if each.name == f"system/{name}"]


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def job(tmp_path: Path) -> JobDetail:
    (tmp_path / "attempts" / "1").mkdir(parents=True)
    made = sample_job(resources=Resources(cpus=2, memory_bytes=1_000_000_000))
    return made.model_copy(update={"directory": str(tmp_path)})


def write(job: JobDetail, *lines: dict[str, Any]) -> None:
    with (Path(job.directory) / "attempts" / "1" / "resources.jsonl").open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)


def sample(t: float, **more: Any) -> dict[str, Any]:
    return {"t": t, "cpus": 1.0, "memory": 250_000_000, "processes": 1, "read": 5_000_000, "written": 0} | more


MACHINE = {"machine": {"cpus": 4, "memory": 8_000_000_000}, "measured": "cgroup v2"}


def follow(store: Store) -> SystemMetrics:
    return SystemMetrics(store)  # type: ignore[arg-type]


def test_names_and_units_are_those_of_mlflow(job: JobDetail, store: Store) -> None:
    write(job, MACHINE, sample(1000), sample(1001, cpus=0.5, memory=500_000_000, written=3_000_000))
    follow(store).turn(job, "run", last=True)
    assert {each.name: (each.step, each.time, each.value) for each in store.values} == {
        "system/cpu_utilization_percentage": (0, 1001, 37.5),
        "system/system_memory_usage_megabytes": (0, 1001, 500),
        "system/system_memory_usage_percentage": (0, 1001, 50),
        "system/disk_read_megabytes": (0, 1001, 5),
        "system/disk_written_megabytes": (0, 1001, 3),
    }
    assert {each.run_id for each in store.values} == {"run"}


def test_the_names_are_known_to_mlflow() -> None:
    """Where MLflow has a name for the same thing, it is this one."""
    from mlflow.system_metrics.metrics.cpu_monitor import CPUMonitor

    monitor = CPUMonitor()
    monitor.collect_metrics()
    names = set(monitor.aggregate_metrics())
    assert names == {
        "cpu_utilization_percentage", "system_memory_usage_megabytes", "system_memory_usage_percentage",
    }  # fmt: skip


def test_without_limits_percentages_are_of_the_machine(job: JobDetail, store: Store) -> None:
    write(job, MACHINE, sample(1000))
    follow(store).turn(job.model_copy(update={"resources": Resources()}), "run")
    assert store.of("cpu_utilization_percentage") == [(0, 1000, 25)]
    assert store.of("system_memory_usage_percentage") == [(0, 1000, 3.125)]


def test_a_value_stands_for_ten_seconds(job: JobDetail, store: Store) -> None:
    write(job, MACHINE, *(sample(1000 + second, memory=second * 1_000_000) for second in range(25)))
    follow(store).turn(job, "run")
    assert store.of("system_memory_usage_megabytes") == [(0, 1009, 9), (1, 1019, 19), (2, 1024, 24)]


def test_a_turn_is_taken_every_ten_seconds_and_at_the_end(
    job: JobDetail, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics = follow(store)
    write(job, MACHINE, sample(1000))
    metrics.turn(job, "run")
    write(job, sample(1001))
    metrics.turn(job, "run")
    assert len(store.of("cpu_utilization_percentage")) == 1
    metrics.turn(job, "run", last=True)
    assert [step for step, _, _ in store.of("cpu_utilization_percentage")] == [0, 1]
    monkeypatch.setattr(system_metrics, "WINDOW", 0.0)
    metrics.turn(job, "run", last=True)
    assert len(store.of("cpu_utilization_percentage")) == 2


def test_a_new_controller_goes_on(job: JobDetail, store: Store) -> None:
    write(job, MACHINE, sample(1000), sample(1011))
    follow(store).turn(job, "run")
    write(job, sample(1022))
    follow(store).turn(job, "run", last=True)
    follow(store).turn(job, "run", last=True)
    assert store.of("cpu_utilization_percentage") == [(0, 1000, 50), (1, 1011, 50), (2, 1022, 50)]


def test_nothing_is_lost_while_the_store_is_away(job: JobDetail, store: Store) -> None:
    metrics = follow(store)
    write(job, MACHINE, sample(1000))
    store.fault = Unavailable("away")
    for _ in range(2):
        with pytest.raises(Unavailable):
            metrics.turn(job, "run", last=True)
        with pytest.raises(Unavailable):
            metrics.turn(job, "run")
    store.fault = None
    metrics.turn(job, "run", last=True)
    assert store.of("cpu_utilization_percentage") == [(0, 1000, 50)]


@pytest.mark.parametrize("note", ["", "{", "[]", '{"position": 10000, "step": 5}', '{"position": "x", "step": 1}'])
def test_a_note_that_makes_no_sense_is_left(job: JobDetail, store: Store, note: str) -> None:
    (Path(job.directory) / "attempts" / "1" / "resources.logged.json").write_text(note)
    write(job, MACHINE, sample(1000))
    follow(store).turn(job, "run", last=True)
    assert store.of("cpu_utilization_percentage") == [(0, 1000, 50)]


def test_a_fault_does_not_hold_up_the_job(job: JobDetail, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    metrics = follow(store)
    write(job, MACHINE, sample(1000))
    (Path(job.directory) / "attempts" / "1" / "resources.logged.json").mkdir()
    metrics.turn(job, "run")
    assert "cannot be logged" in caplog.text
    write(job, sample(1020))
    metrics.turn(job, "run", last=True)
    assert len(store.of("cpu_utilization_percentage")) == 1


def test_a_link_is_not_followed(job: JobDetail, store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside.jsonl"
    outside.write_text(json.dumps(sample(1)) + "\n")
    (Path(job.directory) / "attempts" / "1" / "resources.jsonl").symlink_to(outside)
    follow(store).turn(job, "run", last=True)
    assert store.values == []


def test_it_can_be_turned_off(job: JobDetail, store: Store) -> None:
    write(job, MACHINE, sample(1000))
    SystemMetrics(store, enabled=False).turn(job, "run", last=True)  # type: ignore[arg-type]
    assert store.values == []


def test_gpus(job: JobDetail, store: Store) -> None:
    card = {"index": 1, "utilization": 50, "memory": 2_000_000, "memory_total": 8_000_000}
    write(job, MACHINE, sample(1000, gpus=[card]), sample(1001, gpus=[{**card, "utilization": 100}, {"index": 2}]))
    follow(store).turn(job, "run", last=True)
    assert store.of("gpu_1_utilization_percentage") == [(0, 1001, 75)]
    assert store.of("gpu_1_memory_usage_megabytes") == [(0, 1001, 2)]
    assert store.of("gpu_1_memory_usage_percentage") == [(0, 1001, 25)]
    assert store.of("gpu_2_utilization_percentage") == []
