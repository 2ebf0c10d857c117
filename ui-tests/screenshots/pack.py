"""``python pack.py FILE...``: makes PNG files small, with a palette of the 256 colours that fit best."""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image


def pack(path: Path) -> None:
    """Take the file's place; nobody sees a half one."""
    beside = path.with_suffix(".part")
    with Image.open(path) as picture:
        packed = picture.convert("RGB").quantize(
            256, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
        )
    packed.save(beside, format="PNG", optimize=True)
    beside.replace(path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        pack(Path(name))
