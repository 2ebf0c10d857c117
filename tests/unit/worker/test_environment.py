"""The environment of a job."""

from __future__ import annotations

import json
from pathlib import Path

from studio_ext.worker.environment import acts_early, job_environment, training_variables


def job(**more: object) -> dict[str, object]:
    return {"id": "abc", "base_env": {"PATH": "/bin", "A": "base"}, "environment": {"spec_env": {"A": "spec"}}} | more


def test_later_layers_win(tmp_path: Path) -> None:
    (tmp_path / "environment.json").write_text(json.dumps({"A": "named", "STUDIO_JOB_ID": "forged"}))
    variables = job_environment(tmp_path, job())
    assert (variables["PATH"], variables["A"], variables["STUDIO_JOB_ID"]) == ("/bin", "named", "abc")
    assert "OMP_NUM_THREADS" not in variables


def test_cpu_limit_sets_thread_limits(tmp_path: Path) -> None:
    variables = job_environment(tmp_path, job(resources={"cpus": 1.5}, base_env={"MKL_NUM_THREADS": "7"}))
    assert (variables["OMP_NUM_THREADS"], variables["OPENBLAS_NUM_THREADS"]) == ("2", "2")
    assert variables["MKL_NUM_THREADS"] == "7"
    assert variables["SM_NUM_CPUS"] == "2"


def test_values_that_no_environment_takes_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "input/config").mkdir(parents=True)
    (tmp_path / "input/config/hyperparameters.json").write_text(json.dumps({"big": "x" * 200_000, "nul": "a\0b"}))
    variables = job_environment(tmp_path, job())
    assert "SM_HP_BIG" not in variables
    assert "SM_HP_NUL" not in variables
    assert all(len(value) < 128 * 1024 for value in variables.values())


def test_channels_come_from_configuration_and_folders(tmp_path: Path) -> None:
    (tmp_path / "input/config").mkdir(parents=True)
    (tmp_path / "input/config/inputdataconfig.json").write_text('{"train": {}}')
    (tmp_path / "input/data/my-ch").mkdir(parents=True)
    variables = training_variables(tmp_path)
    assert json.loads(variables["SM_CHANNELS"]) == ["my-ch", "train"]
    assert variables["SM_CHANNEL_MY-CH"] == str(tmp_path / "input/data/my-ch")


def test_what_acts_before_an_interpreter_starts() -> None:
    early = acts_early({"PYTHONPATH": "/x", "LD_PRELOAD": "y", "HOME": "/h", "LANG": "en_US.UTF-8"})
    assert early == {"PYTHONPATH": "/x", "LD_PRELOAD": "y", "encoding": "utf-8"}
    assert acts_early({})["encoding"] == "utf-8"
    assert acts_early({"LANG": "de_DE.ISO-8859-1"})["encoding"] == "de_DE.ISO-8859-1"
    assert acts_early({"LANG": "x", "LC_ALL": "C.utf8"})["encoding"] == "utf-8"
