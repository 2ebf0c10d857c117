"""What all commands share: the client, the ways to print, and how errors become exit codes."""

from __future__ import annotations

import json as json_module
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from studio_ext.contract.errors import StudioError
    from studio_ext.ports.client import Client

EXIT_JOB = 1
"""The job that was waited for did not complete, or doctor found a problem."""
EXIT_INPUT = 2
EXIT_UNAVAILABLE = 3
EXIT_INTERRUPTED = 130


@dataclass
class Context:
    """The options given before the command, and the client that they lead to."""

    url: str | None = None
    token: str | None = None
    workspace: str | None = None
    _client: Client | None = field(default=None, repr=False)

    @property
    def client(self) -> Client:
        """The client, opened at the first use."""
        if self._client is None:
            from studio_ext.sdk.connection import open_client

            self._client = open_client(self.url, self.token, self.workspace)
        return self._client

    def close(self) -> None:
        """Close what was opened."""
        if self._client is not None:
            self._client.close()


pass_context = click.make_pass_decorator(Context)

json_option = click.option("--json", "json", is_flag=True, help="Print one JSON document.")


def print_json(document: Any) -> None:
    """Print one JSON document: a wire type, or a list of them."""
    click.echo(json_module.dumps(_dump(document), indent=2, ensure_ascii=False))


def _dump(document: Any) -> Any:
    if isinstance(document, list):
        return [_dump(item) for item in document]
    return document.model_dump(mode="json") if hasattr(document, "model_dump") else document


def fail(error: StudioError, *, json: bool = False) -> int:
    """Say what went wrong in one to three lines on stderr; returns the exit code."""
    from studio_ext.core.plain_text import one_line

    click.echo(f"Error: {one_line(error.message)}", err=True)
    if error.hint:
        click.echo(f"Hint: {one_line(error.hint)}", err=True)
    if json:
        print_json({"error": error.body().model_dump(mode="json")})
    return EXIT_INPUT if 400 <= error.status < 500 else EXIT_UNAVAILABLE
