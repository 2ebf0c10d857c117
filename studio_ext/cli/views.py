"""Commands about views."""

from __future__ import annotations

from pathlib import Path

import click

from studio_ext.cli.context import Context, pass_context


@click.group()
def view() -> None:
    """Views: some trials side by side, kept in .studio-view files."""


@view.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The HTML file. Default: FILE with the ending .html.",
)
@pass_context
def export(context: Context, file: Path, output: Path | None) -> None:
    """Write a view to one HTML file that needs no server, with the values of now."""
    from studio_ext.sdk.views import load_view, write_page

    page = context.client.export_view(load_view(file))
    click.echo(write_page(page, output or file.with_suffix(".html")))


COMMANDS = (view,)
