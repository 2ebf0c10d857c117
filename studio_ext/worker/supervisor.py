"""The supervisor of one attempt: claims it, starts kernel and executor, enforces limits, says how it ended.

Standard library only. It leads its own session and adopts orphans, so that every process of the user's code is
below it; when it says in ``exit.json`` that the attempt is over, none of them is left.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import capture, container, exit_record, faults, processes, records, verdict
from .clock import Clock
from .environment import job_environment
from .executor_link import ExecutorLink
from .kernels import Kernel, fork_kernel, runtime_directory, write_connection_file
from .limits import Limits
from .log_limit import LogGuard
from .measuring import Measuring
from .options import Options
from .relaying import Recording
from .tree import JobTree

_DEATH_NOTICE_SECONDS = 5.0
"""How long the executor may take to save and report after the kernel died."""
_REPORT_SECONDS = 60.0
"""The same after it has asked the kernel to end: it may have a large notebook to save on a busy machine."""
_OTHER_CLOSING_SECONDS = 3.0
"""How long kernels of other languages may take to end; those built on ipykernel hang now and then (see engine)."""
_LAST_SAVE_SECONDS = 5.0
"""How long the executor may take to save and go when everything else is over."""

_LONGEST_NOTE = 500
_MOST_NOTES = 5


@dataclass
class _State:
    cause: str | None = None
    stop_reason: str = "Stopped"
    deadline: float | None = None
    """Monotonic time at which everything left is killed."""
    second_interrupt: float | None = None
    kernel_status: int | None = None
    executor_status: int | None = None
    executor_gone: bool = False
    kernel_closing: bool = False
    """Whether the executor has asked the kernel to end."""
    own_kill: bool = False
    signals: int = 0


def supervise(job_dir: Path, attempt: int, options: Options) -> Callable[[], None] | None:
    """Run one attempt to its end. In the process that becomes an IPython kernel: returns its main function."""
    faults.point("after_fork", options.fault)
    files = records.AttemptFiles(job_dir, attempt)
    job = records.read(files.job)
    launch = records.read(files.launch)
    if job is None or launch is None:
        raise SystemExit(f"{job_dir}: job.json or launch.json of attempt {attempt} cannot be read")
    with contextlib.suppress(OSError):
        os.setsid()
    processes.adopt_orphans()
    processes.mark_self(str(job["id"]))
    os.environ[processes.MARK] = str(job["id"])
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    supervisor = Supervisor(files, job, launch, options)
    if not supervisor.claim():
        return None
    faults.point("after_claim", options.fault)
    return supervisor.run()


class Supervisor:
    """One attempt, from its claim to its exit record."""

    def __init__(
        self, files: records.AttemptFiles, job: dict[str, Any], launch: dict[str, Any], options: Options
    ) -> None:
        self.files = files
        self.job = job
        self.launch = launch
        self.options = options
        self.clock = Clock()
        self.job_id = str(job["id"])
        wanted = job.get("resources") or {}
        self.time_limit: float | None = wanted.get("time_limit_seconds")
        self.grace = float(job.get("grace_seconds") or 10.0)
        self.tenant: container.Tenant | None = None
        self.ownership = container.Ownership(files.job_dir) if options.in_container else None
        container.own_files(self.ownership.owner if self.ownership else None)
        self.runtime = runtime_directory()
        name = f"studio-{self.job_id}-{files.attempt}"
        self.limits = Limits(
            name, wanted.get("cpus"), wanted.get("memory_bytes"), options.limits, processes=options.processes
        )
        self.kernel: Kernel | None = None
        self.link: ExecutorLink | None = None
        self.recording: Recording | None = None
        self.measuring = Measuring(files.resources, self.limits, self.clock)
        self.state = _State()
        self.log_guard = LogGuard(1, options.log_bytes)
        self.tree = JobTree(self.job_id, self.limits, self._reap)
        self._wake_write: socket.socket | None = None
        self.started = time.monotonic()
        self.error: str | None = None
        self.refusal: str | None = None

    def claim(self) -> bool:
        """Take the attempt. False: somebody else has it, and nothing may be touched."""
        pid = os.getpid()
        record = {
            "attempt": self.files.attempt,
            "pid": pid,
            "start_time": processes.start_time(pid),
            "boot_id": processes.boot_id(),
            "token": os.urandom(8).hex(),
            "claimed": self.clock.now(),
            "clock": self.clock.offset,
            "runtime": self.runtime,
            "cgroups": self.limits.group_paths,
        }
        if records.create_exclusively(self.files.claim, record):
            return True
        shutil.rmtree(self.runtime, ignore_errors=True)
        return False

    def run(self) -> Callable[[], None] | None:
        """Everything after the claim."""
        self.files.reserve()
        log = records.open_append(self.files.log)
        processes.redirect(log)
        os.close(log)
        with contextlib.suppress(OSError):
            os.close(records.open_append(self.files.reads))
        self._read_stop()
        if self.state.cause is None:
            try:
                kernel = self._start()
            except container.NoSuchUser as error:
                self.refusal = str(error)
            except Exception as error:
                self._fail(error)
            else:
                if kernel is not None:
                    return kernel
        try:
            self._watch()
        except Exception as error:
            self._fail(error)
        self._end()
        return None

    def _fail(self, error: Exception) -> None:
        import traceback

        self.error = f"{type(error).__name__}: {error}"
        traceback.print_exc()

    # -- starting ------------------------------------------------------------------------------------------------

    def _start(self) -> Callable[[], None] | None:
        """Start kernel, executor and relay; returns a function in the process that becomes the kernel."""
        environment = self.job["environment"]
        argv = environment["argv"]
        if self.options.in_container and argv[0] == "python3":  # whatever the image calls it
            argv = [sys.executable, *argv[1:]]
        self.limits.prepare()
        connection_file = write_connection_file(self.runtime, argv, environment.get("kernel", ""))
        if self.ownership and self.options.user:
            self.tenant = container.Tenant.of(self.options.user)
            self.ownership.lend(self.tenant, Path(self.runtime), self.files.reads)
        workdir = self.files.job_dir / self.job.get("workdir", "code")
        captured = self._captured(workdir)
        kernel = fork_kernel(
            argv=argv,
            connection_file=connection_file,
            cwd=workdir,
            job_id=self.job_id,
            limits=self.limits,
            in_process=self.options.in_process,
            tenant=self.tenant,
            captured=captured,
        )
        if not isinstance(kernel, Kernel):
            return kernel
        self.kernel = kernel
        request = {
            "job_dir": str(self.files.job_dir),
            "attempt": self.files.attempt,
            "connection_file": connection_file,
            "kernel_pid": kernel.pid,
            "exits_by_itself": "ipykernel_launcher" in argv and not self.options.in_process,
            "log_bytes": self.options.log_bytes,
            "output_bytes": self.options.output_bytes,
            "holds_back": self.options.in_process,
            "clock": self.clock.offset,
            "fault": self.options.fault,
            "owner": self.ownership.owner if self.ownership else None,
            # A kernel of our own process has begun already.
            "capture": captured.as_record() if captured and not self.options.in_process else None,
        }
        self.link = ExecutorLink.open(request, self.options.worker_socket, self.options.executor)
        self.tree.spared = self.link.pid
        self.recording = Recording(self.files, self.launch)
        variables = self._variables()
        self.measuring.visible_gpus = variables.get("CUDA_VISIBLE_DEVICES")
        kernel.open_gate(self.recording.environment(variables))
        self._list_packages()
        return None

    def _captured(self, workdir: Path) -> capture.Settings | None:
        """How the kernel records what it does by itself; None for languages in which it cannot."""
        if self.job["environment"].get("language") != "python" or not self.files.reads.exists():
            return None
        wish = str(self.job.get("autolog") or capture.OFF)
        return capture.Settings(str(self.files.reads), str(self.files.job_dir), str(workdir), wish, self.options.sdk)

    def _variables(self) -> dict[str, str]:
        base = container.own_variables() if self.options.in_container else {}
        if self.tenant:
            base = self.tenant.variables(base)
        return job_environment(self.files.job_dir, self.job, base)

    def _list_packages(self) -> None:
        """Write which packages the kernel has and what it runs on; another interpreter is asked in the background."""
        from . import machine, packages

        with contextlib.suppress(OSError):
            self.files.packages.parent.mkdir(parents=True, exist_ok=True)
            if self.options.in_process:
                records.write(self.files.packages, packages.listing(sys.path).encode(), sync=False)
                records.write(self.files.packages.with_name(records.MACHINE), machine.listing(), sync=False)
            else:
                packages.ask(self.job["environment"], self.files.packages, self.options.executor)

    # -- watching ------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """Until the executor is gone and the kernel has had its time to end."""
        selector = selectors.DefaultSelector()
        wake, self._wake_write = socket.socketpair()
        wake.setblocking(False)
        self._wake_write.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # the wake-up descriptor has the number
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})
        selector.register(wake, selectors.EVENT_READ)
        if self.link:
            selector.register(self.link.socket, selectors.EVENT_READ)
        else:
            self.state.executor_gone = True
        self.measuring.begin()
        sample_at = 0.0
        kernel_died_at: float | None = None
        closing_at: float | None = None
        while True:
            now = time.monotonic()
            self._reap()
            looked = now >= sample_at
            if looked:
                over, pause = self.limits.sample(os.getpid(), now)
                if over and self.state.cause is None:
                    self._begin_end(over, kill=True)
                sample_at = now + pause
                self.log_guard.look()
                if self.options.in_container:  # no signal comes while the engine is away
                    self._read_stop()
            self.measuring.look(now, looked=looked)
            if self.time_limit and now - self.started >= self.time_limit and self.state.cause is None:
                self._begin_end("time")
            kernel_alive = self.kernel is not None and self.state.kernel_status is None
            if self.state.executor_gone:
                if not kernel_alive:
                    return
                # A kernel that was asked to end runs the exit handlers of the user's code now.
                closing_at = closing_at or now + (self._closing_seconds() if self.state.kernel_closing else 0.0)
                if now >= closing_at:
                    return
            elif not kernel_alive:
                kernel_died_at = kernel_died_at or now
                if now >= kernel_died_at + self._report_seconds():
                    return
            if self.state.deadline is not None and now >= self.state.deadline:
                return
            if self.state.second_interrupt is not None and now >= self.state.second_interrupt:
                self.state.second_interrupt = None
                self._interrupt()
            moments = [sample_at, self.measuring.due, closing_at, self.state.deadline, self.state.second_interrupt]
            if kernel_died_at is not None:
                moments.append(kernel_died_at + self._report_seconds())
            if self.time_limit and self.state.cause is None:
                moments.append(self.started + self.time_limit)
            wait = min(moment for moment in moments if moment is not None) - now
            for key, _ in selector.select(max(0.0, wait)):
                if key.fileobj is wake:
                    for received in wake.recv(4096):
                        if received == signal.SIGTERM:
                            self._on_terminate()
                elif self.link and not self._hear(self.link):
                    selector.unregister(self.link.socket)
                    self.state.executor_gone = True

    def _report_seconds(self) -> float:
        return _REPORT_SECONDS if self.state.kernel_closing else _DEATH_NOTICE_SECONDS

    def _closing_seconds(self) -> float:
        is_python = self.job["environment"].get("language") == "python"
        return self.grace if is_python else min(self.grace, _OTHER_CLOSING_SECONDS)

    def _hear(self, link: ExecutorLink) -> bool:
        """Take what the executor says. False: it is gone."""
        messages = link.receive()
        if messages is None:
            return False
        for message in messages:
            if message.get("op") == "interrupt":
                self._interrupt()
            elif message.get("op") == "closing":
                self.state.kernel_closing = True
        return True

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self.kernel and pid == self.kernel.pid:
                self.state.kernel_status = status
            elif self.link and pid == self.link.pid:
                self.state.executor_status = status

    def _on_terminate(self) -> None:
        """SIGTERM: ``stop.json`` says what is wanted; without it the first one stops and the second one kills."""
        self.state.signals += 1
        if not self._read_stop():
            cause = "engine" if self.options.in_container else "stopped"
            self._begin_end(cause, kill=self.state.signals > 1)

    def _read_stop(self) -> bool:
        wanted = records.read(self.files.stop)
        if wanted is None:
            return False
        self.state.stop_reason = str(wanted.get("reason") or "Stopped").rstrip(".")
        self._begin_end("stopped", kill=bool(wanted.get("kill")))
        return True

    def _begin_end(self, cause: str, *, kill: bool = False) -> None:
        """Ask the executor to save and stop; whatever is left after the grace is killed. May be called again."""
        now = time.monotonic()
        if self.state.cause is None:
            self.state.cause = cause
            self.state.deadline = now + self.grace
            if not kill and self.job["environment"].get("interrupt_mode") != "message":
                self.state.second_interrupt = now + self.grace / 2  # the first one may have come between two cells
            self.limits.release()
            if self.link:
                self.link.send({"op": "stop", "reason": cause})
        if kill:
            self.state.own_kill = True
            # For a limit: the tree goes at once, the executor (no user code in it) may still save the notebook.
            if cause in ("memory", "processes"):
                self.tree.kill()
                self.state.deadline = now + min(self.grace, 5.0)
            else:
                self.state.deadline = now

    def _interrupt(self) -> None:
        if self.kernel and self.state.kernel_status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.kernel.pid, signal.SIGINT)

    # -- ending --------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Kill what is left, then write the exit record: nothing of the attempt is left after it."""
        kernel_status = self.state.kernel_status  # what it is killed by from now on says nothing
        self.measuring.look(time.monotonic(), looked=False, last=True)
        self.tree.end(gently=not self.state.own_kill and self.state.deadline is None)
        self._end_executor()
        if self.recording:
            with contextlib.suppress(Exception):
                self.recording.close()
        faults.point("before_exit_record", self.options.fault)
        self.log_guard.look()
        self._tell_notes()
        record = self._record(kernel_status)
        if record["reason"] != "Completed" and record["message"]:
            records.append(1, f"--- {record['message']} ---\n".encode("utf-8", "replace"))
        self.limits.remove()
        shutil.rmtree(self.runtime, ignore_errors=True)
        if self.ownership:
            self.ownership.take_back()
        self.files.finish(self.files.exit, record)
        self.files.drop_spares()
        for spare in (self.files.job_dir / "output").glob(f"{records.SPARE_PREFIX}*.tmp"):
            with contextlib.suppress(OSError):  # the job may have made a folder of that name
                spare.unlink()

    def _tell_notes(self) -> None:
        """Put into the log what could not be recorded by itself, and why."""
        events, _ = records.read_events(self.files.reads)
        notes = dict.fromkeys(str(event["note"])[:_LONGEST_NOTE] for event in events if "note" in event)
        for note in list(notes)[:_MOST_NOTES]:
            records.append(1, f"--- {' '.join(note.split())} ---\n".encode("utf-8", "replace"))

    def _end_executor(self) -> None:
        """The executor has been told; it is killed if it does not go."""
        if not self.link:
            return
        at_once = self.state.own_kill and self.state.cause == "stopped"
        patience = time.monotonic() + (0.0 if at_once else _LAST_SAVE_SECONDS)
        while not self.state.executor_gone and time.monotonic() < patience:
            if self.link.wait(0.05) and not self._hear(self.link):
                self.state.executor_gone = True
        self.link.end()
        self._reap()

    def _record(self, kernel_status: int | None) -> dict[str, Any]:
        facts = verdict.Facts(
            cause=self.state.cause,
            stop_reason=self.state.stop_reason,
            kernel_status=kernel_status,
            executor_status=self.state.executor_status,
            memory_limit=self.limits.memory_bytes,
            process_limit=self.limits.processes,
            time_limit=self.time_limit,
            machine_out_of_memory=self.limits.machine_ran_out(),
            kernel_command=tuple(self.job["environment"]["argv"]),
            error=self.error,
            refusal=self.refusal,
        )
        if facts.cause is None and self.limits.killed_for_memory():
            facts.cause = "memory"
        exit_record.complete(facts, self.files)
        is_child = self.link is not None and self.link.is_child
        figures = exit_record.figures(facts.result, self.limits, executor_is_child=is_child)
        return verdict.judge(facts) | figures | {"ended": self.clock.now(), "attempt": self.files.attempt}
