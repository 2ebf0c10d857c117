"""``python -m studio_ext.cli``: the same as the program ``studio``."""

from __future__ import annotations

from studio_ext.cli.root import main

main()
