"""Notes that several people write: nobody overwrites what they have not seen."""

from __future__ import annotations

from studio_ext.contract.errors import Conflict, FieldError


def check_seen(field: str, there: str, seen: str | None, wanted: str) -> None:
    """Raises ``Conflict`` where a note is neither what its writer saw nor what they want; None: they do not ask.

    The error's field then is the note that is there.
    """
    if seen is not None and there not in (seen, wanted):
        raise Conflict(
            "Somebody else changed the note meanwhile.",
            hint="Look at what it says now, then save yours over it or take it over.",
            fields=[FieldError(field=field, message=there)],
        )
