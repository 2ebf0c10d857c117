"""How an attempt ended, from what is known."""

from __future__ import annotations

import signal

import pytest

from studio_ext.contract.jobs import Exit, ExitReason
from studio_ext.worker.verdict import Facts, duration, judge, size, start_failed

COMPLETED = {"reason": "Completed", "code": 0}
FAILED = {"reason": "CellFailed", "code": 1, "message": "KeyError in cell 3: 'x'", "cell": 3, "traceback": "tb"}
INTERRUPTED = FAILED | {"message": "KeyboardInterrupt in cell 3"}
DEAD = {"reason": "KernelDied", "cell": 3}
KILLED = int(signal.SIGKILL)
CRASHED = int(signal.SIGSEGV)
EXIT_3 = 3 << 8

CASES = [
    (Facts(result=COMPLETED, kernel_status=0), ExitReason.completed, 0, ""),
    (Facts(result=COMPLETED, cause="stopped"), ExitReason.completed, 0, ""),
    (Facts(result=COMPLETED, cause="time", time_limit=5), ExitReason.completed, 0, ""),
    (Facts(result=FAILED, kernel_status=0), ExitReason.cell_failed, 1, "KeyError in cell 3: 'x'"),
    (Facts(result=INTERRUPTED, cause="stopped"), ExitReason.stopped, None, "Stopped at cell 3."),
    (Facts(cause="stopped"), ExitReason.stopped, None, "Stopped."),
    (
        Facts(result=INTERRUPTED, cause="time", time_limit=5400),
        ExitReason.max_runtime,
        None,
        "Ran longer than the time limit of 1 h 30 min, in cell 3.",
    ),
    (
        Facts(result=DEAD, cause="memory", memory_limit=2 << 30, kernel_status=KILLED),
        ExitReason.out_of_memory,
        137,
        "Ran out of memory at cell 3 (limit 2 GiB).",
    ),
    (
        Facts(cause="memory", cell=7, memory_limit=3 << 29),
        ExitReason.out_of_memory,
        137,
        "Ran out of memory at cell 7 (limit 1.5 GiB).",
    ),
    (
        Facts(result=DEAD, kernel_answered=True, kernel_status=CRASHED),
        ExitReason.kernel_died,
        139,
        "The kernel died in cell 3 (SIGSEGV: segmentation fault).",
    ),
    (
        Facts(result=DEAD, kernel_answered=True, kernel_status=KILLED),
        ExitReason.kernel_died,
        137,
        "The kernel died in cell 3 (SIGKILL: killed from outside).",
    ),
    (
        Facts(result=DEAD, kernel_answered=True, kernel_status=KILLED, machine_out_of_memory=True),
        ExitReason.out_of_memory,
        137,
        "The machine ran out of memory at cell 3, and the system killed the kernel.",
    ),
    (
        Facts(result=DEAD, kernel_answered=True, kernel_status=EXIT_3),
        ExitReason.kernel_died,
        3,
        "The kernel ended itself in cell 3 (exit code 3).",
    ),
    (
        Facts(kernel_status=1 << 8, log_tail="boom\n\n"),
        ExitReason.start_failed,
        1,
        "The kernel did not start: boom.",
    ),
    (
        Facts(executor_status=KILLED, cell=2, kernel_answered=True),
        ExitReason.worker_lost,
        None,
        "The process that drove the notebook ended unexpectedly (killed by SIGKILL) at cell 2.",
    ),
    (Facts(error="OSError: no", result=DEAD), ExitReason.internal, None, "The supervisor failed: OSError: no"),
]


@pytest.mark.parametrize(("facts", "reason", "code", "message"), CASES)
def test_judge(facts: Facts, reason: ExitReason, code: int | None, message: str) -> None:
    exit = Exit(**judge(facts))
    assert (exit.reason, exit.code, exit.message) == (reason, code, message)


def test_a_failing_cell_keeps_its_traceback() -> None:
    assert judge(Facts(result=FAILED))["traceback"] == "tb"
    assert judge(Facts(result=FAILED, cause="stopped"))["traceback"] is None


def test_missing_modules_are_named() -> None:
    message = start_failed(("/env/bin/python",), "/env/bin/python: No module named ipykernel_launcher\n")
    assert message.endswith("Install it with: /env/bin/python -m pip install ipykernel")
    message = start_failed(("py",), "ModuleNotFoundError: No module named 'zmq.backend'\n")
    assert message.endswith("pip install zmq")
    assert start_failed((), "") == "The kernel did not start."


@pytest.mark.parametrize(("value", "text"), [(512 << 20, "512 MiB"), (1536 << 20, "1.5 GiB"), (3 << 40, "3 TiB")])
def test_size(value: int, text: str) -> None:
    assert size(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.5, "0.5 s"), (59, "59 s"), (60, "1 min"), (3661, "1 h 1 min 1 s")])
def test_duration(value: float, text: str) -> None:
    assert duration(value) == text
