"""Packs the worker into one file that any interpreter from Python 3.11 on runs, and the SDK into another."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
import py_compile
import tempfile
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import studio_ext.worker

_PACKAGE = "studio_worker"
_NOT_SDK = ("labextension", "routes", "testing")
_MAIN = f"""import sys
if sys.version_info < (3, 11):
    sys.exit("Jobs need Python 3.11 or newer; this is %d.%d." % sys.version_info[:2])
from {_PACKAGE}.main import main
sys.exit(main(sys.argv[1:]))
"""


def worker_archive(cache: Path) -> Path:
    """``worker-<hash>.pyz`` in the directory ``cache``, made if it is not there. Raises ``OSError``.

    Its package has another name than ours, so that user code that imports ``studio_ext`` gets the real one.
    """
    root = Path(studio_ext.worker.__file__).parent
    sources = {f"{_PACKAGE}/{path.name}": path.read_bytes() for path in sorted(root.glob("*.py"))}
    sources["__main__.py"] = _MAIN.encode()
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + data for name, data in sources.items()))
    digest.update(importlib.util.MAGIC_NUMBER)
    target = cache / f"worker-{digest.hexdigest()[:16]}.pyz"
    if target.exists():
        return target
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    spare = cache / f".{target.name}.{os.getpid()}-{threading.get_ident():x}"
    with zipfile.ZipFile(spare, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**_compiled(sources), **sources}.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    spare.replace(target)
    return target


def sdk_archive(cache: Path) -> Path:
    """``sdk-<hash>.zip`` in the directory ``cache``, made if it is not there: this package, for jobs whose environment
    or image does not have it. Raises ``OSError``.

    Without byte code: that would make the first job wait two seconds, and the import is half a second slower without.
    """
    digest, sources = _sdk()
    target = cache / f"sdk-{digest}.zip"
    if target.exists():
        return target
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    spare = cache / f".{target.name}.{os.getpid()}-{threading.get_ident():x}"
    with zipfile.ZipFile(spare, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sources.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    spare.replace(target)
    return target


@functools.cache
def _sdk() -> tuple[str, dict[str, bytes]]:
    """Digest and sources of the package that runs: one that is installed meanwhile is for the processes after this."""
    root = Path(studio_ext.__file__).parent
    paths = (path for path in sorted(root.rglob("*.py")) if path.relative_to(root).parts[0] not in _NOT_SDK)
    sources = {path.relative_to(root.parent).as_posix(): path.read_bytes() for path in paths}
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + data for name, data in sources.items()))
    return digest.hexdigest()[:16], sources


def _compiled(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """Byte code of this Python's version, which saves 50 ms a start; other versions pass over it."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        source, code = Path(folder, "source.py"), Path(folder, "code.pyc")
        for name, data in sources.items():
            source.write_bytes(data)
            py_compile.compile(
                str(source),
                str(code),
                dfile=name,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
            found[f"{name}c"] = code.read_bytes()
    return found
