"""What an image is built from: our Dockerfile, the person's packages, and how this machine reaches package indexes."""

from __future__ import annotations

import ast
import hashlib
import io
import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from studio_ext.contract.errors import InvalidRequest, StudioError

_OURS = ("Dockerfile", "requirements.txt")
_CERTIFICATES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_ADDRESSES = {"index-url": "PIP_INDEX_URL", "extra-index-url": "PIP_EXTRA_INDEX_URL"}
_HOSTS = {"trusted-host": "PIP_TRUSTED_HOST"}
_LARGEST_FILE = 16 * 1024 * 1024
_PIP_SECONDS = 20


def dockerfile_folder(profile: str = "notebook") -> Path:
    """The folder with the Dockerfile: in the installed package, or in the checkout that we run from."""
    package = Path(__file__).parents[2]
    for folder in (package / "images" / profile, package.parent / "images" / profile):
        if (folder / "Dockerfile").is_file():
            return folder
    raise StudioError("Studio was installed without its Dockerfiles.", hint="Install it again: pip install studio_ext")


def recipe() -> str:
    """What our Dockerfile and requirements are like: an image with another ``studio.recipe`` was built from others."""
    folder = dockerfile_folder()
    content = b"".join((folder / name).read_bytes() for name in _OURS)
    return hashlib.sha256(content).hexdigest()[:12]


def build_context(packages: Sequence[str], requirements: Path | None, certificates: Path | None) -> bytes:
    """The files that the build sees, as a tar archive. Raises ``InvalidRequest`` for a file that cannot be read."""
    folder = dockerfile_folder()
    more = "".join(f"{package}\n" for package in packages)
    if requirements is not None:
        more = f"{_read(requirements, 'requirements').decode('utf-8', 'replace')}\n{more}"
    files = {name: (folder / name).read_bytes() for name in _OURS}
    files["more-requirements.txt"] = more.encode()
    files["ca-certificates.crt"] = _read(certificates, "ca-certificates") if certificates else b""
    return archive(files)


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _read(path: Path, option: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise InvalidRequest(
            f"--{option}: {path} cannot be read: {error.strerror}.", hint="Name another one."
        ) from error
    if len(content) > _LARGEST_FILE:
        raise InvalidRequest(f"--{option}: {path} is larger than 16 MiB.", hint="Name another.")
    return content


def host_certificates(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The certificates that this machine was told to trust, where it was."""
    for name in _CERTIFICATES:
        if environ.get(name) and Path(environ[name]).is_file():
            return Path(environ[name])
    return None


def host_build_arguments(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """How this machine reaches package indexes: proxies, and pip's own settings as far as they are addresses.

    They may hold passwords: never shown, and only ever given to the stage of the build that is thrown away.
    """
    arguments = {}
    for name in _PROXIES:
        for spelling in (name, name.lower()):
            if environ.get(spelling):
                arguments[spelling] = environ[spelling]
    settings = _pip_settings(environ)
    for setting, argument in _ADDRESSES.items():
        addresses = [each for each in settings.get(setting, "").split() if each.startswith(("http://", "https://"))]
        if addresses:
            arguments[argument] = " ".join(addresses)
    for setting, argument in _HOSTS.items():
        if settings.get(setting):
            arguments[argument] = " ".join(settings[setting].split())
    return arguments


def _pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings of pip by their long names: of its files, and above them of the environment."""
    try:
        listed = subprocess.run(
            [sys.executable, "-m", "pip", "config", "list"],
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PIP_SECONDS,
            check=False,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        listed = ""
    by_section: dict[str, dict[str, str]] = {"global": {}, "install": {}}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in by_section:
            by_section[section][name] = _unquoted(value)
    settings = {**by_section["global"], **by_section["install"]}
    for name, variable in {**_ADDRESSES, **_HOSTS}.items():
        if given := environ.get(variable):
            settings[name] = given
    return settings


def _unquoted(text: str) -> str:
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text
