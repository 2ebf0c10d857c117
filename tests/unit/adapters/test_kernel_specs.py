"""Kernels and the environment that jobs get: clean but for what was named."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.kernel_specs import KernelSpecs
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import KernelEnvironment

CANARY = "canary-value"
ENVIRON = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/home/ada",
    "LANG": "C.UTF-8",
    "LC_NUMERIC": "de_DE",
    "AWS_SECRET_ACCESS_KEY": CANARY,
    "PYTHONPATH": CANARY,
    "JUPYTER_TOKEN": CANARY,
    "STUDIO_TOKEN": CANARY,
    "http_proxy": "http://proxy:3128",
    "HTTPS_PROXY": f"http://ada:{CANARY}@proxy:3128",
    "no_proxy": "localhost",
    "VIRTUAL_ENV": "/elsewhere",
}


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for kernel specs that only this test sees beside the installed ones."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return tmp_path / "kernels"


def install(kernels: Path, name: str, spec: Any) -> None:
    (kernels / name).mkdir(parents=True)
    (kernels / name / "kernel.json").write_text(spec if isinstance(spec, str) else json.dumps(spec))


def python(prefix: str = sys.prefix) -> KernelEnvironment:
    return KernelEnvironment(kernel="k", display_name="k", language="python", argv=["python"], prefix=prefix)


def test_the_environment_is_clean() -> None:
    values = KernelSpecs(ENVIRON).base_variables(python())
    assert CANARY not in json.dumps(values)
    assert {"HOME", "LANG", "LC_NUMERIC", "PATH", "VIRTUAL_ENV", "http_proxy", "no_proxy"} == set(values)


def test_the_kernels_own_programs_come_first() -> None:
    specs = KernelSpecs(ENVIRON | {"PATH": f"/usr/bin:{sys.prefix}/bin:/bin"})
    values = specs.base_variables(python())
    assert values["PATH"] == f"{sys.prefix}/bin:/usr/bin:/bin"
    assert values["VIRTUAL_ENV"] == sys.prefix
    other = specs.base_variables(python(""))
    assert other["PATH"] == f"/usr/bin:{sys.prefix}/bin:/bin"
    assert "VIRTUAL_ENV" not in other


def test_conda(tmp_path: Path) -> None:
    (tmp_path / "conda-meta").mkdir()
    assert KernelSpecs(ENVIRON).base_variables(python(str(tmp_path)))["CONDA_PREFIX"] == str(tmp_path)


def test_an_empty_environment() -> None:
    assert set(KernelSpecs({}).base_variables(python(""))) == {"PATH"}


def test_named_values() -> None:
    specs = KernelSpecs(ENVIRON)
    assert specs.values([]) == {}
    assert specs.values(["AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY"]) == {
        "AWS_SECRET_ACCESS_KEY": CANARY,
        "HTTPS_PROXY": ENVIRON["HTTPS_PROXY"],
    }


@pytest.mark.parametrize("name", ["NOT_SET", "", "A=B", "A\0", "STUDIO_TOKEN", "STUDIO_HOME", "JUPYTER_TOKEN"])
def test_values_that_are_not_passed(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        KernelSpecs(ENVIRON).values(["HOME", name])
    assert [field.field for field in caught.value.fields] == ["variables"]
    assert CANARY not in caught.value.body().model_dump_json()


def test_every_missing_value_is_named() -> None:
    with pytest.raises(InvalidRequest) as caught:
        KernelSpecs(ENVIRON).values(["X", "HOME", "Y"])
    assert [field.message for field in caught.value.fields] == ["X is not set", "Y is not set"]


def test_our_own_kernel() -> None:
    specs = KernelSpecs(ENVIRON)
    environment = specs.resolve("python3", ["HOME"])
    assert environment.prefix == sys.prefix
    assert Path(environment.argv[0]).is_absolute()
    assert "{connection_file}" in environment.argv
    assert environment.variables == ["HOME"]
    assert specs.default() == "python3"
    first = specs.kernels()[0]
    assert (first.name, first.fast) == ("python3", True)


@pytest.mark.parametrize("name", ["no-such-kernel", "", "../python3", "python3\n", "😀"])
def test_unknown_kernels(name: str) -> None:
    with pytest.raises(InvalidRequest, match="python3") as caught:
        KernelSpecs(ENVIRON).resolve(name, [])
    assert caught.value.fields[0].field == "kernel"


def test_kernels_of_other_environments_and_languages(kernels: Path) -> None:
    install(kernels, "other", {"argv": ["/opt/env/bin/python", "-m", "x"], "language": "Python", "display_name": "O"})
    install(kernels, "ir", {"argv": ["/usr/bin/R"], "language": "R", "display_name": "R", "env": {"A": "1"}})
    install(kernels, "plain", {"argv": ["python3", "-m", "x"], "language": "python", "display_name": "P"})
    specs = KernelSpecs(ENVIRON)
    other, r, plain = (specs.resolve(name, []) for name in ("other", "ir", "plain"))
    assert (other.language, other.prefix) == ("python", "/opt/env")
    assert (r.language, r.prefix, r.spec_env) == ("R", "", {"A": "1"})
    assert plain.argv[0] == sys.executable
    fast = {choice.name: choice.fast for choice in specs.kernels()}
    assert (fast["python3"], fast["other"], fast["ir"]) == (True, False, False)


@pytest.mark.parametrize(
    "spec", ["{", "[]", "", {"argv": []}, {"display_name": "x"}, {"argv": "python"}, {"argv": ["x"], "env": 3}]
)
def test_broken_kernels_are_passed_by(kernels: Path, spec: Any) -> None:
    install(kernels, "broken", spec)
    specs = KernelSpecs(ENVIRON)
    assert "python3" in [choice.name for choice in specs.kernels()]
    assert specs.resolve("python3", []).kernel == "python3"


def test_another_default(kernels: Path) -> None:
    install(kernels, "aaa", {"argv": ["/bin/x"], "language": "x", "display_name": "x"})
    assert KernelSpecs(ENVIRON, "aaa").default() == "aaa"
    assert KernelSpecs(ENVIRON, "gone").default() == "aaa"
    assert KernelSpecs(ENVIRON, "aaa").kernels()[0].name == "aaa"
