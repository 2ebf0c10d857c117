"""What the widgets share: a state that a thread keeps up to date, and a picture that stays in the notebook.

One side writes each thing: the thread writes the state, the front end sends messages, and the thread answers them. So
nothing waits for the kernel's shell, and no two threads write one trait.

**What stays in a saved notebook.** A front end that finds a widget in an output whose model is gone shows an error in
its place, whatever else the output holds. So JupyterLab and Notebook are sent no widget, but the picture, with a class
that names its place; the widget's module, which runs when the model is made, puts the live view there. Other front
ends get the usual bundle, with the picture beside the widget. See decision 20.
"""

from __future__ import annotations

import queue
import threading
import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from studio_ext.contract.errors import StudioError, Unavailable
from studio_ext.core.plain_text import one_line
from studio_ext.widgets.places import FrontEnd, front_end

_STATIC = Path(__file__).parent / "static"
_WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"

PICTURE_SECONDS = 10.0
"""Between two pictures while the state changes; where no live view has answered, ``UNSEEN_PICTURE_SECONDS``."""
UNSEEN_PICTURE_SECONDS = 1.0
BEAT_SECONDS = 8.0
"""A view that has heard nothing for three times as long says so."""
FAULT_SECONDS = 5.0
"""Until the next look after one that failed."""


@cache
def packed(name: str) -> str:
    """A file of the widgets' front end. Raises ``Unavailable`` where it was not built."""
    try:
        return (_STATIC / name).read_text(encoding="utf-8")
    except OSError as error:
        raise Unavailable(
            "The front end of the widgets is not there.", hint="In a checkout, make install builds it."
        ) from error


class LiveWidget(anywidget.AnyWidget):
    """A widget whose state a thread of its own keeps up to date until there is nothing more to come.

    Subclasses say what the state is in :meth:`_look`, and draw it in :meth:`_picture`.
    """

    # Set and not declared as they are: exporters leave out what has its declared value.
    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)

    kind: ClassVar[str]
    shortest_pause: ClassVar[float] = 0.25
    longest_pause: ClassVar[float] = 2.0
    """Seconds between two looks: short after a change, longer the longer nothing changes."""

    _kind = traitlets.Unicode().tag(sync=True)
    _place = traitlets.Unicode().tag(sync=True)
    _state = traitlets.Dict().tag(sync=True)
    _beat = traitlets.Float(0.0).tag(sync=True)
    """When the thread last looked (seconds since the epoch)."""

    def __init__(self) -> None:
        self._messages: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._awake = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._answered = False
        self._views = 1
        self._display_id: str | None = None
        self._pictured: dict[str, Any] | None = None
        self._pictured_at = 0.0
        super().__init__(
            _esm=packed("widgets.js"),
            _css=packed("widgets.css"),
            _kind=self.kind,
            _place=f"studio-place-{uuid.uuid4().hex}",
            _state=self._first(),
        )
        self._answer_while_cells_run()
        self.on_msg(self._heard)
        self._start()

    def _answer_while_cells_run(self) -> None:
        """Take messages of the front end where it sends them: JupyterLab has a subshell for widgets.

        ipykernel (from 7.3) would take them to the shell that last sent something to the view, which is the one that a
        cell may hold for hours. What is done with them here is safe in any thread.
        """
        if hasattr(self.comm, "_reply_subshell_for"):
            self.comm._reply_subshell_for = lambda _data, asked: asked

    # -- what subclasses say

    def _first(self) -> dict[str, Any]:
        """The state before the first look; quick."""
        raise NotImplementedError

    def _look(self) -> tuple[dict[str, Any], bool]:
        """The state now, and whether nothing more will come. In the widget's thread; may be slow, may raise."""
        raise NotImplementedError

    def _said(self, message: dict[str, Any]) -> None:
        """The front end said something; in the widget's thread. What makes no sense is passed over."""

    def _picture(self, state: dict[str, Any]) -> str:
        """The state as HTML that needs nothing: no script, no style sheet, nothing from elsewhere."""
        raise NotImplementedError

    def _milestone(self, state: dict[str, Any]) -> object:
        """What of the state the picture in the notebook must never be behind with."""
        return None

    def _words(self, state: dict[str, Any]) -> str:
        """The state as plain text."""
        raise NotImplementedError

    def _images(self, state: dict[str, Any]) -> dict[str, str]:
        """Further representations of the picture by media type."""
        return {}

    def _endless(self) -> bool:
        """Whether more may always come. Then it rests while no view is open."""
        return False

    def _hurried(self) -> bool:
        """Whether there is more to look at, at once."""
        return False

    # -- the thread

    def _looking(self) -> bool:
        return self._views > 0 or not self._endless()

    def _start(self) -> None:
        with self._starting:
            if not self._closed and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._run, name=f"studio-{self.kind}", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        pause = self.shortest_pause
        while not self._closed:
            self._awake.clear()
            self._answer()
            over = False
            if self._looking():
                changed, over, failed = self._step()
                pause = self.shortest_pause if changed or not pause else min(pause * 1.3, self.longest_pause)
                pause = FAULT_SECONDS if failed else 0.0 if self._hurried() else pause
            with self._starting:
                if over and self._messages.empty():
                    self._thread = None
                    return
            if not over:
                self._awake.wait(pause if self._looking() else None)

    def _step(self) -> tuple[bool, bool, bool]:
        """Look once: whether the state is another, whether that is all, whether it failed."""
        failed = False
        try:
            state, over = self._look()
        except StudioError as error:
            # What was there stays; it is only no longer fresh.
            failed, over = True, False
            state = {**self._state, "error": f"{one_line(error.message)} {one_line(error.hint or '')}".strip()}
        except Exception as error:  # a fault of ours is told, not lost in a thread
            failed, over = True, False
            state = {**self._state, "error": f"This view failed: {type(error).__name__}: {one_line(str(error))[:300]}"}
        changed = bool(state != self._state)
        now = time.time()
        if changed:
            self._state = state
        if changed or over or now - self._beat > BEAT_SECONDS:
            self._beat = now
        self._refresh_picture(over)
        return changed, over, failed

    def _answer(self) -> None:
        while True:
            try:
                message = self._messages.get_nowait()
            except queue.Empty:
                return
            message()

    def _soon(self, what: Callable[[], None]) -> None:
        """Have the thread do something and look again."""
        self._messages.put(what)
        self._awake.set()
        self._start()

    def _heard(self, _widget: object, content: object, _buffers: object) -> None:
        if not isinstance(content, dict):
            return
        if content.get("kind") == "views":
            count = content.get("count")
            self._views = count if isinstance(count, int) else 1
            self._answered = True
            self._soon(lambda: None)
        else:
            self._soon(lambda: self._said(content))

    def close(self) -> None:
        """Take the widget away. Its thread ends; the picture stays where it was shown."""
        self._closed = True
        if hasattr(self, "_awake"):  # one whose arguments were refused has no thread
            self._awake.set()
        super().close()

    # -- how it is shown

    def _ipython_display_(self) -> None:
        place = front_end()
        if place is FrontEnd.none:
            raise NotImplementedError  # IPython then shows the text
        self.show(place)

    def show(self, place: FrontEnd) -> None:
        """Show it in the present cell, as suits the front end."""
        from IPython.display import publish_display_data

        self._display_id = self._display_id or uuid.uuid4().hex
        self._lab = place is FrontEnd.lab
        self._pictured, self._pictured_at = self._state, time.time()
        publish_display_data(self._bundle(), transient={"display_id": self._display_id})

    def _bundle(self) -> dict[str, Any]:
        return {**({} if self._lab else self._live_view()), **self._still(self._state)}

    _lab = False

    def _live_view(self) -> dict[str, Any]:
        return {_WIDGET_VIEW: {"version_major": 2, "version_minor": 1, "model_id": self.model_id}}

    def _still(self, state: dict[str, Any]) -> dict[str, str]:
        picture = f'<div class="studio-widget {self._place}">{self._picture(state)}</div>'
        return {"text/html": picture, "text/plain": self._words(state), **self._images(state)}

    def _repr_mimebundle_(self, **_kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]] | None:
        """As a widget, with the picture beside it: what a container of widgets or an exporter asks for."""
        found = super()._repr_mimebundle_()
        if found is None:
            return None
        data, metadata = found
        return {**data, **self._still(self._state)}, metadata

    def _refresh_picture(self, over: bool) -> None:
        """Bring the picture in the notebook up to date: now and then, at milestones, and at the end."""
        if self._display_id is None or not self._lab or self._closed:
            return
        state, now = self._state, time.time()
        pause = PICTURE_SECONDS if self._answered else UNSEEN_PICTURE_SECONDS
        before = self._pictured
        if state == before:
            return
        due = over or before is None or self._milestone(state) != self._milestone(before)
        if not due and now - self._pictured_at < pause:
            return
        from IPython.display import publish_display_data

        self._pictured, self._pictured_at = state, now
        publish_display_data(self._still(state), transient={"display_id": self._display_id}, update=True)

    def __repr__(self) -> str:
        return self._words(self._state)
