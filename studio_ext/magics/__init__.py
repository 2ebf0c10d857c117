"""IPython magics: ``%load_ext studio_ext``.

Loading registers names only; what a magic needs is imported when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from studio_ext.magics.session import Session

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_sessions: WeakKeyDictionary[Any, Session] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Register the magics in a shell. Idempotent."""
    if shell not in _sessions:
        _sessions[shell] = session = Session(shell)
        session.register()


def unload(shell: InteractiveShell) -> None:
    """Take everything out of a shell that :func:`load` put into it. Idempotent."""
    session = _sessions.pop(shell, None)
    if session is not None:
        session.unregister()


__all__ = ["load", "unload"]
