"""nbclient's handling of what a kernel says: text goes to the log too, and of the outputs what fits is kept."""

from __future__ import annotations

import asyncio
from typing import Any

from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

from .outputs import KeptOutputs, data_cost
from .verdict import size

_LAST_WORDS_SECONDS = 0.2
"""How long outputs of a dead kernel that are still under way are waited for."""
_SHOWN = ("display_data", "execute_result", "update_display_data")


class NotebookClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes cells against the kernel of a session."""

    session: Any
    """The engine's session."""
    kept: KeptOutputs
    widget_bytes: int
    """Bytes of widgets' state above which it is looked at; half of it is kept."""
    clear_before_next_output: bool
    store_widget_state: bool
    _widget_cost = 0

    def process_message(self, msg: Any, cell: Any, cell_index: int) -> Any:
        """Take one message of the cell that runs."""
        kind, content = msg["msg_type"], msg["content"]
        if kind == "stream":
            self.session.reporter.log(content["text"])
        elif kind == "error":
            self.session.reporter.log("\n".join(content["traceback"]) + "\n", own_line=True)
            self.kept.shorten_error(content)
        elif kind in _SHOWN:
            display_id = (content.get("transient") or {}).get("display_id")
            places = sum(map(len, self._display_id_map.get(display_id, {}).values()))
            if display_id and places:
                self.kept.replaces(content, display_id, places)
        return super().process_message(msg, cell, cell_index)

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        """Append an output to those of the cell.

        Text that goes on where the last output ended becomes part of it: progress bars send a lot of it.
        """
        kind, content = msg["msg_type"], msg["content"]
        if self.output_hook_stack[msg["parent_header"].get("msg_id")]:
            # A widget catches it, and sends all that it has caught back to the kernel each time.
            return super().output(outs, msg, display_id, cell_index) if self.kept.admits_hidden(content) else None
        if self.clear_before_next_output:
            outs[:] = []
            self.clear_display_id_mapping(cell_index)
            self.clear_before_next_output = False
        if not outs:
            self.kept.cleared()
        if kind == "stream":
            self.kept.add_text(outs, content["name"], content["text"])
            return None
        if kind in _SHOWN and not self.kept.admits(outs, content, display_id):
            return None
        return super().output(outs, msg, display_id, cell_index)

    def handle_comm_msg(self, outs: Any, msg: Any, cell_index: int) -> None:
        """Note the state of widgets, as long as it is not too much."""
        super().handle_comm_msg(outs, msg, cell_index)
        if not self.store_widget_state:
            self.widget_state.setdefault(msg["content"]["comm_id"], {})  # output widgets count on it
            return
        self._widget_cost += data_cost(msg["content"].get("data", {})) + sum(map(len, msg.get("buffers", ())))
        if self._widget_cost <= self.widget_bytes:
            return
        # The messages may have replaced each other: look at what is there.
        self._widget_cost = data_cost(self.widget_state) + sum(map(data_cost, self.widget_buffers.values()))
        if self._widget_cost > self.widget_bytes // 2:
            self.store_widget_state = False
            self.widget_buffers.clear()
            for state in self.widget_state.values():
                state.clear()
            note = f"--- The state of the widgets is left out of the notebook: more than {size(self.widget_bytes // 2)}"
            self.session.reporter.log(f"{note} ---\n", own_line=True)

    async def _async_poll_kernel_alive(self) -> None:
        await self.session.kernel_gone.wait()
        await asyncio.sleep(_LAST_WORDS_SECONDS)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    async def _async_check_alive(self) -> None:
        if self.session.kernel_gone.is_set():
            raise DeadKernelError("Kernel died")
