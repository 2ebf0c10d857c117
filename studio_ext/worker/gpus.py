"""GPUs, as ``nvidia-smi`` tells of them: rarely, and in a thread, because a driver in trouble lets it hang."""

from __future__ import annotations

import shutil
import threading
from typing import Any

_SECONDS = 5.0
"""Between two answers: the program takes up to a second of CPU."""
_PATIENCE = 10.0
_MOST_FAILURES = 3
_QUERY = "index,utilization.gpu,memory.used,memory.total,name"
_MIB = 1 << 20


class Gpus:
    """The GPUs of a machine, asked about while a job runs."""

    def __init__(self, program: str, only: frozenset[int] | None = None, ours: set[int] | None = None) -> None:
        """``only``: the numbers of those that the job may use; None: all. ``ours``: has the pid of the program while it
        runs."""
        self._command = [program, f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits"]
        self._only = only
        self._ours = set() if ours is None else ours
        self._latest: list[dict[str, Any]] = []
        self._ended = threading.Event()
        threading.Thread(target=self._follow, name="gpus", daemon=True).start()

    @classmethod
    def find(cls, path: str | None, visible: str | None, ours: set[int] | None = None) -> Gpus | None:
        """What there is to ask; None where there is no ``nvidia-smi`` in ``path``, or the job may use no GPU.

        ``visible``: the job's own ``CUDA_VISIBLE_DEVICES``.
        """
        program = shutil.which("nvidia-smi", path=path)
        only = (
            None if visible is None else frozenset(int(each) for each in visible.split(",") if each.strip().isdigit())
        )
        if program is None or (visible is not None and not only and not visible.strip().startswith("GPU-")):
            return None
        return cls(program, only or None, ours)

    def latest(self) -> list[dict[str, Any]]:
        """Of each GPU: ``index``, ``name``, ``utilization`` (percent), ``memory`` and ``memory_total`` (bytes).

        Empty as long as nothing is known. What it does not tell is left out.
        """
        return self._latest

    def stop(self) -> None:
        """Ask no more; a program that hangs is left to its fate."""
        self._ended.set()

    def _follow(self) -> None:
        import subprocess

        failures = 0
        while failures < _MOST_FAILURES and not self._ended.is_set():
            try:
                found = parse(self._ask(), self._only)
            except (OSError, subprocess.SubprocessError):
                found = []
            failures = 0 if found else failures + 1
            self._latest = found
            self._ended.wait(_SECONDS)

    def _ask(self) -> str:
        import subprocess

        with subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as asked:
            self._ours.add(asked.pid)
            try:
                return asked.communicate(timeout=_PATIENCE)[0].decode("utf-8", "replace")
            finally:
                asked.kill()
                asked.wait()
                self._ours.discard(asked.pid)


def parse(text: str, only: frozenset[int] | None = None) -> list[dict[str, Any]]:
    """What ``nvidia-smi`` printed; lines that make no sense are passed over."""
    found = []
    for line in text.splitlines():
        fields = [field.strip() for field in line.split(",", 4)]
        if len(fields) < 4 or not fields[0].isdigit() or (only is not None and int(fields[0]) not in only):
            continue
        gpu: dict[str, Any] = {"index": int(fields[0])}
        if len(fields) > 4 and fields[4]:
            gpu["name"] = fields[4][:100]
        for name, field, unit in (
            ("utilization", fields[1], 1),
            ("memory", fields[2], _MIB),
            ("memory_total", fields[3], _MIB),
        ):
            if field.isdigit():  # "[N/A]" where a card does not tell
                gpu[name] = int(field) * unit
        found.append(gpu)
    return found
