"""The papermill engine ``studio``: executes a notebook against a kernel that already runs.

Differs from papermill's own engine in that it starts no kernel, saves at most every two seconds, reports
progress, and notices at once when the kernel or the supervisor is gone. Imported by executors only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines

from . import capture, faults
from .clock import Clock
from .kernel_output import MESSAGES
from .messages import Messages
from .notebook_client import NotebookClient
from .notebook_file import NotebookSaver, label, number_cells
from .outputs import NOTEBOOK_BYTES, KeptOutputs
from .reporter import Reporter

_READY_SECONDS = 120.0
_SHUTDOWN_SECONDS = 1.0
_EXIT = "get_ipython().ask_exit()"
_EXIT_SECONDS = 0.5
_IOPUB_SECONDS = 120


class StopRequested(Exception):
    """The supervisor wants the attempt to stop."""

    def __init__(self, cell: int | None) -> None:
        super().__init__("stop requested")
        self.cell = cell


class SupervisorLost(Exception):
    """The supervisor is gone."""


class KernelGone(Exception):
    """The kernel's process has ended."""

    def __init__(self, cell: int | None, source: str | None) -> None:
        super().__init__("kernel gone")
        self.cell = cell
        self.source = source


@dataclass
class Session:
    """One execution: what it talks to, and how far it is."""

    connection_file: str
    kernel_pid: int
    interrupt_mode: str
    link: socket.socket
    clock: Clock
    reporter: Reporter
    saver: NotebookSaver
    exits_by_itself: bool = False
    """Whether the kernel is an ipykernel of its own command."""
    holds_back: bool = False
    """Whether the kernel waits until its output is taken (see ``kernel_output``); others drop it."""
    fault: str | None = None
    capture: dict[str, Any] | None = None
    """Settings for a kernel that has to be told to record what it does (see ``capture``)."""
    output_bytes: int = NOTEBOOK_BYTES
    """Bytes of outputs that the output notebook may have."""
    stopping: bool = False
    supervisor_lost: bool = False
    failed_cell: int | None = None
    failed: bool = False
    kernel_gone: asyncio.Event = field(default_factory=asyncio.Event)


class _Manager(NotebookExecutionManager):  # type: ignore[misc]
    """papermill's bookkeeping, saving through the session's saver."""

    def __init__(self, notebook: Any, session: Session) -> None:
        self.session = session
        super().__init__(notebook, output_path=None, progress_bar=False)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.session.clock.now(), UTC)

    def save(self, **kwargs: Any) -> None:
        self.session.saver.touch()

    def notebook_complete(self, **kwargs: Any) -> None:
        super().notebook_complete(**kwargs)
        # papermill calls cells completed that never ran.
        for cell in self.nb.cells:
            if cell.cell_type == "code" and cell.metadata.papermill["start_time"] is None:
                cell.metadata.papermill["status"] = self.PENDING

    def autosave_cell(self, **kwargs: Any) -> None:
        self.session.saver.touch()


class StudioEngine(Engine):  # type: ignore[misc]
    """Entry in papermill's registry; ``session`` comes through papermill's engine arguments."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, *, session: Session, **kwargs: Any) -> Any:
        """Execute ``nb`` in place and return it; saved on the way and at the end by the session's saver."""
        manager = _Manager(nb, session)
        session.saver.notebook = nb
        # papermill has noted the notebook itself, which it was given instead of a path.
        nb.metadata.papermill["input_path"] = "input/notebook.ipynb"
        nb.metadata.papermill["output_path"] = f"output/{session.saver.path.name}"
        manager.notebook_start()
        session.saver.save()
        try:
            asyncio.run(_execute(manager, kernel_name, session))
        finally:
            manager.notebook_complete()
        return nb


def register() -> None:
    """Make the engine known to papermill, which need not write the notebook at the end: the saver does."""
    import papermill.execute

    papermill.execute.write_ipynb = lambda *_: None
    papermill_engines.register("studio", StudioEngine)


async def _execute(manager: Any, kernel_name: str, session: Session) -> None:
    loop = asyncio.get_running_loop()
    session.kernel_gone = asyncio.Event()
    watch = _watch_kernel(session, loop)
    messages = Messages(session.link)
    kc = _connect(session)

    def hear() -> None:
        for message in messages.receive():
            if message is None:
                loop.remove_reader(session.link)
                session.supervisor_lost = True
                session.kernel_gone.set()
            elif message.get("op") == "stop" and not session.stopping:
                session.stopping = True
                session.saver.save()
                _interrupt(session, kc, messages)

    loop.add_reader(session.link, hear)
    saving = asyncio.ensure_future(_keep_saved(session.saver))
    try:
        client = NotebookClient(
            manager,
            kernel_name=kernel_name,
            iopub_timeout=_IOPUB_SECONDS,
            raise_on_iopub_timeout=False,
        )
        client.session = session
        client.kept = KeptOutputs(session.output_bytes, session.reporter.log_bytes)
        client.widget_bytes = session.output_bytes // 4
        client.kc = kc
        client.reset_execution_trackers()
        info = await _ready(kc, session)
        session.reporter.kernel(session.kernel_pid)
        manager.nb.metadata["language_info"] = info["content"]["language_info"]
        if session.capture:  # carried out before the first cell, whose reply is waited for
            kc.execute(capture.start_code(session.capture), silent=True, store_history=False)
        await _execute_cells(manager, client, session)
        client.set_widgets_metadata()
    finally:
        saving.cancel()
        loop.remove_reader(session.link)
        if not session.kernel_gone.is_set():
            messages.send({"op": "closing"})
            await _shut_down(kc, session)
        kc.stop_channels()
        if watch is not None:
            loop.remove_reader(watch)
            os.close(watch)


def _connect(session: Session) -> Any:
    import zmq
    import zmq.asyncio

    context = zmq.asyncio.Context()
    # The kernel may not listen yet; outputs must not be dropped when they come faster than they are taken.
    context.setsockopt(zmq.RECONNECT_IVL, 5)
    context.setsockopt(zmq.RECONNECT_IVL_MAX, 50)
    context.setsockopt(zmq.RCVHWM, MESSAGES if session.holds_back else 0)
    context.setsockopt(zmq.LINGER, 200)
    kc = AsyncKernelClient(context=context)
    kc.load_connection_file(session.connection_file)
    kc.start_channels(stdin=False, hb=False)
    kc.allow_stdin = False
    return kc


async def _ready(kc: Any, session: Session) -> Any:
    """Wait until the kernel answers on shell and is heard on iopub; returns its kernel_info reply."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _READY_SECONDS
    info = None
    while loop.time() < deadline:
        if session.kernel_gone.is_set():
            _raise_gone(session, None, None)
        if session.stopping:
            raise StopRequested(None)
        kc.kernel_info()
        heard = asyncio.ensure_future(kc.iopub_channel.get_msg(timeout=1.0 if info is None else 0.2))
        with contextlib.suppress(Exception):
            reply = await _or_gone(kc.shell_channel.get_msg(timeout=1.0), session)
            if reply and reply["header"]["msg_type"] == "kernel_info_reply":  # to this or to an earlier question
                info = reply
        # Only a subscription that is in force hears of outputs: wait for the first message of any kind.
        if info is None:
            heard.cancel()
            continue
        with contextlib.suppress(Exception):
            await heard
            return info
    raise KernelGone(None, None)


async def _or_gone(awaitable: Any, session: Session) -> Any:
    """The value of ``awaitable``, or None as soon as the kernel is gone."""
    task = asyncio.ensure_future(awaitable)
    gone = asyncio.ensure_future(session.kernel_gone.wait())
    done, pending = await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
    for other in pending:
        other.cancel()
    return task.result() if task in done else None


async def _execute_cells(manager: Any, client: Any, session: Session) -> None:
    cells = manager.nb.cells
    numbers = number_cells(cells)
    for position, cell in enumerate(cells):
        number = numbers.get(position)
        if session.stopping:
            raise StopRequested(number)
        if cell.cell_type != "code":
            continue
        if number:
            session.reporter.cell(number, label(cell.source))
        manager.cell_start(cell, position)
        client.kept.begin()
        try:
            await client.async_execute_cell(cell, position)
        except CellExecutionError as error:
            manager.cell_exception(cells[position], cell_index=position, exception=error)
            if session.stopping:
                raise StopRequested(number) from None
            session.failed, session.failed_cell = True, number
            return
        except DeadKernelError:
            manager.cell_exception(cells[position], cell_index=position)
            _raise_gone(session, number, cell.source)
        finally:
            manager.cell_complete(cells[position], cell_index=position)
        if session.stopping:  # not every kernel calls an interrupted cell an error
            raise StopRequested(number)
        if number:
            session.reporter.done(number)
            if number == 1:
                faults.point("after_first_cell", session.fault)


def _raise_gone(session: Session, cell: int | None, source: str | None) -> None:
    if session.supervisor_lost:
        raise SupervisorLost
    if session.stopping:
        raise StopRequested(cell)
    raise KernelGone(cell, source)


async def _keep_saved(saver: NotebookSaver) -> None:
    """Save what changed, as often as the saver allows."""
    while True:
        await asyncio.sleep(max(0.05, saver.due()))
        saver.save_if_due()


def _watch_kernel(session: Session, loop: asyncio.AbstractEventLoop) -> int | None:
    """Have ``session.kernel_gone`` set when the kernel's process ends; returns a descriptor to let go of."""
    try:
        fd = os.pidfd_open(session.kernel_pid)
    except ProcessLookupError:
        session.kernel_gone.set()
        return None

    def gone() -> None:
        loop.remove_reader(fd)
        session.kernel_gone.set()

    loop.add_reader(fd, gone)
    return fd


def _interrupt(session: Session, kc: Any, messages: Messages) -> None:
    """Interrupt the cell that runs: only the supervisor, its parent, may signal the kernel."""
    if session.interrupt_mode == "message":
        kc.control_channel.send(kc.session.msg("interrupt_request", content={}))
    else:
        messages.send({"op": "interrupt"})


async def _shut_down(kc: Any, session: Session) -> None:
    """Ask the kernel to end, so that the exit handlers of the user's code run; the supervisor sees to the rest."""
    if session.exits_by_itself:
        # An ipykernel that gets a shutdown request may hang: its main thread closes the output thread while its
        # control thread still flushes through it. Asked from inside, its control thread is idle.
        with contextlib.suppress(Exception):
            kc.execute(_EXIT, silent=True, store_history=False)
            reply = await _or_gone(kc.shell_channel.get_msg(timeout=_EXIT_SECONDS), session)
            if reply is None or reply["content"]["status"] == "ok":
                return
    with contextlib.suppress(Exception):
        kc.control_channel.send(kc.session.msg("shutdown_request", content={"restart": False}))
        await _or_gone(kc.control_channel.get_msg(timeout=_SHUTDOWN_SECONDS), session)
