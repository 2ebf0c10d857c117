"""Small images for tests, made from the notebook image: what other people's images are like."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters.docker_runner import images
from studio_ext.adapters.docker_runner.engine import Engine

NOTEBOOK = "studio/notebook:1"
MLFLOW2 = "studio/notebook:mlflow2"
_OTHER_PROFILE = f"FROM {NOTEBOOK}\nLABEL studio.profile=none\n"
_ARM64_HEADER = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + b"\x02\0\xb7\0\x01\0\0\0" + b"\0" * 100

RECIPES = {
    "root": _OTHER_PROFILE,
    "app": _OTHER_PROFILE + "RUN useradd --uid 4321 --create-home app\nENV HOME=/root\nUSER app\n",
    "ghost": _OTHER_PROFILE + "USER ghost\n",
    "python-only": _OTHER_PROFILE + "RUN rm /opt/venv/bin/python3 && rm /opt/venv/bin/python && "
    "ln -s $(readlink -f /usr/bin/python3) /opt/venv/bin/python && rm /usr/bin/python3\n",
    "old-python": _OTHER_PROFILE + "RUN echo \"import sys; sys.version_info = (3, 9, 2, 'final', 0)\" "
    "> $(/opt/venv/bin/python -c 'import sysconfig; print(sysconfig.get_path(\"purelib\"))')/old.pth\n",
    "read-only": f"FROM {NOTEBOOK}\nRUN chmod 0555 /home/studio /tmp /var/tmp\n",
}


_PACKAGES = (
    "mlflow sklearn scipy pandas matplotlib pyarrow numpy numpy.libs scipy.libs sqlalchemy fontTools pip PIL "
    "pillow.libs kiwisolver joblib narwhals alembic databricks google graphene graphql opentelemetry cryptography "
    "debugpy setuptools"
)
_LEFT_OUT = [
    *(f"site-packages/{name}" for name in _PACKAGES.split()),
    *("jedi/third_party", "usr/share/man", "usr/share/doc", "usr/share/locale", "var/cache", "var/lib/apt"),
    *("usr/lib/python3/dist-packages", "perl-base", "gconv", "usr/share/zoneinfo", "var/lib/dpkg/info"),
]
"""What the notebooks of these tests do not import, and copying would take long."""


@contextmanager
def patient_with_engines(answer: float = 60.0, look: float = 20.0) -> Iterator[None]:
    """What this process asks an engine, about images and itself, may take these seconds: what a busy machine needs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "ANSWER_SECONDS", answer)
        patch.setattr(images.bounded, "__defaults__", (answer,))
        patch.setattr(Engine.describe, "__defaults__", (look,))
        yield


def copy_notebook(source: Engine, target: Engine, folder: Path) -> None:
    """Put a smaller copy of one engine's notebook image into another engine; ``folder`` is for the time between."""
    from docker.types import Mount

    api, own = source.api(300.0), target.api(300.0)
    pack = ["--create", "--file=/copy/image.tar", "--one-file-system", *(f"--exclude={each}" for each in _LEFT_OUT)]
    made = api.create_container(
        NOTEBOOK,
        entrypoint=["tar"],
        command=[*pack, "--directory=/", "."],
        user="0:0",
        host_config=api.create_host_config(mounts=[Mount("/copy", str(folder), type="bind")]),
    )["Id"]
    try:
        api.start(made)
        assert api.wait(made)["StatusCode"] == 0, api.logs(made)
        image = api.inspect_image(NOTEBOOK)["Config"]
        changes = [f"ENV {each}" for each in image["Env"]]
        changes += [f"LABEL {name}={value}" for name, value in image["Labels"].items()]
        with (folder / "image.tar").open("rb") as archive:
            own.import_image_from_stream(iter(lambda: archive.read(1 << 20), b""), repository=NOTEBOOK, changes=changes)
    finally:
        api.remove_container(made, force=True)
        (folder / "image.tar").unlink(missing_ok=True)


def make(engine: Engine, name: str) -> str:
    """The reference of a test image, built if it is not there."""
    from docker.errors import ImageNotFound

    reference = f"studio-test/{name}:1"
    api = engine.api(120.0)
    try:
        api.inspect_image(reference)
    except ImageNotFound:
        if name == "other-processor":
            _from_files(api, reference, {"usr/bin/python3": _ARM64_HEADER})
        elif name == "empty":
            _from_files(api, reference, {"readme": b"no program here"})
        else:
            recipe = io.BytesIO(RECIPES[name].encode())
            for line in api.build(fileobj=recipe, tag=reference, rm=True, forcerm=True, decode=True):
                if "error" in line:
                    raise AssertionError(line["error"]) from None
    return reference


def _from_files(api: Any, reference: str, files: dict[str, bytes]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
    api.import_image_from_data(buffer.getvalue(), repository=reference)
