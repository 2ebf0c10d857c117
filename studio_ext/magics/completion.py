"""Completion of the magics' lines, in any front end of IPython. Quick, and silent about what goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from studio_ext.magics.session import Session

_LINE = re.compile(r"^\s*(?:[\w.,\s\[\]]+=\s*)?(?P<escape>%{1,2})(?P<name>\w+)[ \t](?P<rest>.*)$", re.DOTALL)
_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|'[^']*'?|\S+")
_MOST = 200


class Completion:
    """The matcher of a session, among those of its shell."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._matcher: Any = None

    def register(self) -> None:
        """Ask it first: what it knows is better than names of files."""
        from IPython.core.completer import context_matcher

        @context_matcher(identifier="studio_ext.magics")  # type: ignore[untyped-decorator]
        def match(context: Any) -> Any:
            return self._match(context)

        self._matcher = match
        self._session.shell.Completer.custom_matchers.append(match)

    def unregister(self) -> None:
        """Ask it no more."""
        matchers = self._session.shell.Completer.custom_matchers
        if self._matcher in matchers:
            matchers.remove(self._matcher)

    def _match(self, context: Any) -> dict[str, Any]:
        from IPython.core.completer import SimpleCompletion

        try:
            found = self._complete(context.text_until_cursor, context.token)
        except Exception:  # a completer that throws prints a traceback where somebody types
            found = []
        return {
            "completions": [SimpleCompletion(text=text, type="param") for text in found],
            "suppress": bool(found),
            "ordered": True,
        }

    def _complete(self, text: str, token: str) -> list[str]:
        from studio_ext.magics.session import MAGICS

        line = _LINE.match(text)
        if line is None or line["name"] not in MAGICS or (line["escape"] == "%%") != ("cell" in MAGICS[line["name"]]):
            return []
        words = [match.group() for match in _WORD.finditer(line["rest"])]
        typed = words.pop() if words and not line["rest"][-1].isspace() else ""
        if typed and typed[0] not in "\"'" and line["rest"].count('"') % 2:  # inside of quotes that hold spaces
            return []
        from studio_ext.magics.suggestions import suggestions

        candidates = suggestions(self._session, line["name"], [word.strip("\"'") for word in words], typed)
        return _fitted(candidates, typed, token)


def _fitted(candidates: Iterable[str], typed: str, token: str) -> list[str]:
    """What has to be put in the place of ``token``, the end of ``typed``, to get each candidate."""
    quote = typed[0] if typed[:1] in ("'", '"') else ""
    begun = typed[1:] if quote else typed
    found: list[str] = []
    for candidate in candidates:
        if not candidate.startswith(begun):
            continue
        needs_quotes = bool(re.search(r"[\s'\"]", candidate))
        if quote:
            whole = quote + candidate + (quote if needs_quotes or not candidate.endswith("/") else "")
        elif needs_quotes:
            whole = f'"{candidate}"' if '"' not in candidate else f"'{candidate}'"
            if token != typed:
                continue
        else:
            whole = candidate
        if typed.endswith(token):
            found.append(whole[len(typed) - len(token) :])
        if len(found) >= _MOST:
            break
    return list(dict.fromkeys(found))
