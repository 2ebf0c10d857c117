"""Packs the worker into one file that any interpreter from Python 3.11 on runs."""

from __future__ import annotations

import hashlib
import os
import zipfile
from pathlib import Path

import studio_ext.worker

_PACKAGE = "studio_worker"
_MAIN = f"import sys\nfrom {_PACKAGE}.main import main\nsys.exit(main(sys.argv[1:]))\n"


def worker_archive(cache: Path) -> Path:
    """``worker-<hash>.pyz`` in the directory ``cache``, made if it is not there. Raises ``OSError``.

    Its package has another name than ours, so that user code that imports ``studio_ext`` gets the real one.
    """
    root = Path(studio_ext.worker.__file__).parent
    sources = {f"{_PACKAGE}/{path.name}": path.read_bytes() for path in sorted(root.glob("*.py"))}
    sources["__main__.py"] = _MAIN.encode()
    digest = hashlib.sha256(b"\0".join(name.encode() + b"\0" + data for name, data in sources.items()))
    target = cache / f"worker-{digest.hexdigest()[:16]}.pyz"
    if target.exists():
        return target
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    spare = cache / f".{target.name}.{os.getpid()}"
    with zipfile.ZipFile(spare, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sources.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    spare.replace(target)
    return target
