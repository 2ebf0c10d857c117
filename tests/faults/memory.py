"""How much memory a process takes at most while something happens."""

from __future__ import annotations

from pathlib import Path


class Peak:
    """The most resident memory of a process since the last :meth:`reset`, counted by the system."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.before = 0
        self.reset()

    def reset(self) -> None:
        """Begin to count."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")
        self.before = self._kib("VmRSS")

    def grown(self) -> float:
        """MiB that the process took at most beyond what it had when counting began."""
        return (self._kib("VmHWM") - self.before) / 1024

    def _kib(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))
