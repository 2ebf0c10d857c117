"""What the build of an image gets from this machine."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner.build_inputs import (
    build_context,
    dockerfile_folder,
    host_build_arguments,
    host_certificates,
)
from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.image_names import DEFAULT_BASE


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a machine whose pip has no settings but those that the test gives it."""
    return {"PATH": os.defpath, "HOME": str(tmp_path), "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}


def files_of(archive: bytes) -> dict[str, str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {each.name: (tar.extractfile(each) or io.BytesIO()).read().decode() for each in tar.getmembers()}


def test_the_build_sees_our_files_and_the_persons_packages(tmp_path: Path) -> None:
    requirements, certificates = tmp_path / "mine.txt", tmp_path / "ca.pem"
    requirements.write_text("torch\n# mine")
    certificates.write_text("CERTIFICATE")
    files = files_of(build_context(["mlflow<3", "polars"], requirements, certificates))
    assert set(files) == {"Dockerfile", "requirements.txt", "more-requirements.txt", "ca-certificates.crt"}
    assert files["more-requirements.txt"].splitlines() == ["torch", "# mine", "mlflow<3", "polars"]
    assert files["ca-certificates.crt"] == "CERTIFICATE"
    assert f"ARG BASE_IMAGE={DEFAULT_BASE}\n" in files["Dockerfile"]
    assert {"mlflow", "papermill", "ipykernel"} <= {
        line.partition(">=")[0] for line in files["requirements.txt"].split()
    }


def test_without_any_they_are_empty() -> None:
    files = files_of(build_context([], None, None))
    assert files["more-requirements.txt"] == files["ca-certificates.crt"] == ""


def test_a_file_that_cannot_be_taken_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"--requirements: .*/absent cannot be read: No such file"):
        build_context([], tmp_path / "absent", None)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    with pytest.raises(InvalidRequest, match=r"--ca-certificates: .*/large is larger than 16 MiB"):
        build_context([], None, large)


def test_the_dockerfile_is_there() -> None:
    assert (dockerfile_folder() / "Dockerfile").is_file()


def test_pip_s_settings_are_handed_over_as_far_as_they_are_addresses(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://ada:secret@index.example/simple\ntrusted-host = index.example\n"
        "extra-index-url =\n  file:///opt/packages\n  http://more.example/simple\nfind-links = /opt/wheels\n"
        "[install]\nindex-url = https://install.example/simple\n"
    )
    assert host_build_arguments(environ) == {
        "PIP_INDEX_URL": "https://install.example/simple",
        "PIP_EXTRA_INDEX_URL": "http://more.example/simple",
        "PIP_TRUSTED_HOST": "index.example",
    }
    environ |= {"PIP_INDEX_URL": "https://env.example/simple", "PIP_EXTRA_INDEX_URL": "file:///opt"}
    assert host_build_arguments(environ) == {
        "PIP_INDEX_URL": "https://env.example/simple",
        "PIP_TRUSTED_HOST": "index.example",
    }


def test_proxies_are_handed_over_and_nothing_else(environ: dict[str, str]) -> None:
    environ |= {"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost", "AWS_SECRET_ACCESS_KEY": "canary"}
    assert host_build_arguments(environ) == {"https_proxy": "http://proxy:3128", "NO_PROXY": "localhost"}


def test_the_certificates_that_this_machine_trusts(environ: dict[str, str], tmp_path: Path) -> None:
    assert host_certificates(environ) is None
    assert host_certificates({**environ, "SSL_CERT_FILE": str(tmp_path / "absent")}) is None
    given = tmp_path / "ca.pem"
    given.write_text("x")
    assert host_certificates({**environ, "REQUESTS_CA_BUNDLE": str(given)}) == given
