"""``python -m studio_ext.worker``: the same entry points as ``python worker.pyz``."""

from __future__ import annotations

import sys

from .main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
