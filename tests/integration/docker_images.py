"""Small images for tests, made from the notebook image: what other people's images are like."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from studio_ext.adapters.docker_runner.engine import Engine

NOTEBOOK = "studio/notebook:1"
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
    repository, _, tag = reference.rpartition(":")
    api.import_image_from_data(buffer.getvalue(), repository=repository, tag=tag)
