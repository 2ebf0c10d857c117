"""Makes a folder survive a power cut."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

MANY = 256
"""Entries from which one sync of everything costs less than one of each."""
_AT_ONCE = 16


def sync_tree(folder: Path) -> None:
    """Sync what lies in ``folder``, the folder itself and its entry in its parent; links are not followed.

    All at once: file systems with a journal then commit once, and not once a file (measured on ext4: 2 ms
    instead of 22 for eight files).
    """
    paths = [folder.parent, folder]
    for parent, folders, files in os.walk(folder):
        paths += [Path(parent, name) for name in (*folders, *files) if not Path(parent, name).is_symlink()]
        if len(paths) > MANY:
            os.sync()
            return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(_sync, paths))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
