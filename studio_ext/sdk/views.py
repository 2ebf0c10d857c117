"""Views in notebooks and as files: some trials side by side, with their charts."""

from __future__ import annotations

import os
import uuid
from html import escape
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.views import View
from studio_ext.core.plain_text import one_line
from studio_ext.core.views import MAX_BYTES, SUFFIX, read_view
from studio_ext.sdk.connection import current

HEIGHT = 640
"""Of a view in a notebook, in pixels."""
_MAX_HEIGHT = 10_000


class ShownView:
    """A view as it was when it was asked for. As the value of a cell it shows itself, in a frame of its own that can
    reach neither the notebook nor a network."""

    def __init__(self, view: View, page: bytes, height: int) -> None:
        """``page``: the HTML file; ``height``: of the frame, in pixels."""
        self.view = view
        self.page = page
        self._height = height

    def save(self, to: str | os.PathLike[str]) -> Path:
        """Write the HTML file. Raises ``InvalidRequest`` where that cannot be done."""
        return write_page(self.page, Path(to))

    def __repr__(self) -> str:
        view = self.view
        trials = [
            f"{len(each.run_ids)} of {each.experiment}"
            if each.run_ids
            else f"of {each.experiment}" + (f" where {each.filter}" if each.filter else "")
            for each in view.sources
        ]
        charts = "charts that suit them" if view.charts is None else f"{len(view.charts)} charts"
        return one_line(f"View {view.title or 'without a title'}: trials {', '.join(trials)}; {charts}")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        page = escape(self.page.decode(), quote=True)
        return {
            "text/plain": repr(self),
            "text/html": f'<iframe class="jp-StudioFrame" srcdoc="{page}" sandbox="allow-scripts" '
            f'title="{escape(repr(self), quote=True)}" '
            f'style="width: 100%; height: {self._height}px; border: 0"></iframe>',
        }


def view(path: str | os.PathLike[str] | View, *, height: int = HEIGHT) -> ShownView:
    """Show the trials and charts of a ``.studio-view`` file in a notebook, with the values of now.

    What is shown is kept in the notebook (about 1 MB and the data), so that others see it without a server.

    :param path: the file, or a :class:`studio_ext.contract.views.View`.
    :param height: in pixels.
    :raises studio_ext.contract.errors.InvalidRequest: for a file that is not there or holds no view, a view without
        trials, and one that is too large.
    """
    if not 50 <= height <= _MAX_HEIGHT:
        raise InvalidRequest.field("height", f"must be from 50 to {_MAX_HEIGHT:,}")
    found = path if isinstance(path, View) else load_view(path)
    return ShownView(found, current().export_view(found), int(height))


def export_view(path: str | os.PathLike[str] | View, to: str | os.PathLike[str] | None = None) -> Path:
    """Write the trials and charts of a ``.studio-view`` file to one HTML file that needs no server.

    :param to: the HTML file; None: beside the view, with the same name. A file that is there is replaced.
    :raises studio_ext.contract.errors.InvalidRequest: as :func:`view`, and for a file that cannot be written.
    """
    if to is None:
        if isinstance(path, View):
            raise InvalidRequest.field("to", "is needed for a view that is no file")
        to = Path(path).with_suffix(".html") if Path(path).name else ""
    found = path if isinstance(path, View) else load_view(path)
    return write_page(current().export_view(found), Path(to))


def load_view(path: str | os.PathLike[str]) -> View:
    """The view that a file holds. Raises ``InvalidRequest`` for one that is not there or holds none."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(
            f"{os.fspath(path)} cannot be read: {error.strerror}.", hint=f"Views are files that end in {SUFFIX}."
        ) from error
    return read_view(text)


def write_page(page: bytes, to: Path) -> Path:
    """Write beside a file and then into its place: who opens it meanwhile sees the whole of one of the two.

    Raises ``InvalidRequest`` where it cannot be written.
    """
    if not to.name:
        raise InvalidRequest.field("to", "is no name of a file")
    part = to.with_name(f".{to.name[:200]}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(page)
        part.replace(to)
    except OSError as error:
        raise InvalidRequest(f"{to} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return to
