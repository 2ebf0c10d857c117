"""Writes a report as one HTML file that needs neither a server nor a network.

The file holds the report as JSON, and the program and the style sheet that draw it (``src/report``, packed into
``static/``). Its content security policy lets that one program run and nothing be fetched or sent.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from html import escape
from pathlib import Path

from studio_ext.contract.errors import InvalidRequest, Unavailable
from studio_ext.contract.report import ViewReport

MAX_BYTES = 50_000_000
"""Largest file that is made."""

_STATIC = Path(__file__).parent / "static"
_ESCAPED = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}
"""So that no text can end the element that holds it. All that is not ASCII is escaped anyway."""


def report_page(report: ViewReport) -> bytes:
    """The file, in UTF-8. Raises ``InvalidRequest`` where it would be larger than :data:`MAX_BYTES`."""
    program, style = _parts()
    digest = base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(report.model_dump(mode="json"), allow_nan=False, separators=(",", ":")).translate(_ESCAPED)
    title = escape(report.view.title.strip() or "Trials side by side")
    page = (
        "<!DOCTYPE html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f"<title>{title}</title><style>{style}</style></head>\n"
        '<body><div id="report"><noscript>This report is drawn by a script that it holds.</noscript></div>\n'
        f'<script type="application/json" id="data">{data}</script>\n'
        f"<script>{program}</script></body></html>\n"
    ).encode("utf-8", "replace")
    if len(page) > MAX_BYTES:
        raise InvalidRequest(
            f"The file would have {len(page) // 1_000_000:,} MB; {MAX_BYTES // 1_000_000} MB are the most.",
            hint="Leave out trials or charts of histories.",
        )
    return page


@cache
def _parts() -> tuple[str, str]:
    """The program and the style sheet."""
    try:
        program, style = ((_STATIC / name).read_text("utf-8") for name in ("report.js", "report.css"))
    except FileNotFoundError:
        raise Unavailable(
            "This installation has no files for reports.", hint="In a checkout, run jlpm build:report."
        ) from None
    for text in (program, style):
        if "</script" in text.lower() or "</style" in text.lower() or "<!--" in text:
            raise Unavailable("The files for reports are damaged.", hint="Install studio_ext again.")
    return program, style
