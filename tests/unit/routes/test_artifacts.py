"""Files of runs on their way through the server."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.routes import artifacts


def test_what_is_stale_goes_while_others_come_to_their_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long_ago = time.time() - 2 * 86400
    for name in ("a.part", "ended.part", "z.part", "other"):
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (long_ago, long_ago))
    (tmp_path / "new.part").write_bytes(b"x")
    scan = os.scandir

    def scandir(folder: Any) -> Iterator[os.DirEntry[str]]:
        found = sorted(scan(folder), key=lambda each: each.name)
        (tmp_path / "ended.part").unlink()
        return iter(found)

    monkeypatch.setattr(os, "scandir", scandir)
    artifacts._clear_stale(tmp_path)
    monkeypatch.undo()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["new.part", "other"]
