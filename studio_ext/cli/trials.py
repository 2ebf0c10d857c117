"""Commands about experiments and trials."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import click

from studio_ext.cli.context import Context, json_option, pass_context, print_json

_AROUND = 50
"""Characters that are shown before, in and behind what is wrong with a filter."""
_FILTER_HELP = (
    "Only trials that match, for example 'params.lr < 0.1 and metrics.rmse.min < 50000 and started > -7d', "
    "or '\"resnet\"' for a text anywhere."
)
_SORT_HELP = (
    "Column to sort by, smallest first: metrics.rmse, metrics.rmse.min, params.lr, tags.stage, name, started, "
    "duration, ... Default: newest first."
)


@click.command()
@click.option("-e", "--experiment", required=True, help="The experiment.")
@click.option("-f", "--filter", "filter_", metavar="TEXT", default="", help=_FILTER_HELP)
@click.option("-s", "--sort", metavar="KEY", help=_SORT_HELP)
@click.option("--desc", is_flag=True, help="Largest first.")
@click.option("-n", "--limit", type=click.IntRange(1), help="How many at most. Default: all.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a file instead, with all columns: .csv or .parquet.",
)
@json_option
@pass_context
def trials(
    context: Context,
    experiment: str,
    filter_: str,
    sort: str | None,
    desc: bool,
    limit: int | None,
    output: Path | None,
    json: bool,
) -> None:
    """List the trials of an experiment."""
    from studio_ext.sdk.frames import all_trials

    if desc and sort is None:
        raise click.UsageError("--desc needs --sort: without it the newest come first.")
    with _shown(context, experiment, filter_):
        if output is not None:
            if limit is not None or json:
                raise click.UsageError("--output takes neither --limit nor --json.")
            _export(context, experiment, filter_, sort, desc, output)
            return
        descending = desc if sort is not None else None
        rows = list(
            all_trials(context.client, experiment, filter=filter_, sort=sort, descending=descending, limit=limit)
        )
    if filter_ and not rows:
        _note(context, experiment, filter_)
    if json:
        print_json(rows)
        return
    from studio_ext.cli.tables import print_trials

    print_trials(rows, empty="No trial matches." if filter_ else "No trials yet.")


@contextlib.contextmanager
def _shown(context: Context, experiment: str, text: str) -> Iterator[None]:
    """Shows what is wrong with a filter with a caret below the place."""
    from studio_ext.contract.errors import InvalidRequest
    from studio_ext.contract.trial_table import MAX_FILTER, FilterQuery

    try:
        yield
    except InvalidRequest as error:
        if [each.field for each in error.fields] == ["filter"]:
            wrong = None
            if len(text) <= MAX_FILTER:
                wrong = context.client.check_filter(FilterQuery(filter=text, experiment=experiment)).error
            if wrong is not None:
                click.echo(_pointed(text, wrong.start, wrong.end), err=True)
        raise


def _pointed(text: str, start: int, end: int) -> str:
    """A filter with carets below a part of it; of a long one, what is around that."""
    from rich.cells import cell_len

    text = "".join(each if each.isprintable() else " " for each in text)
    first = max(0, start - _AROUND)
    before = ("..." if first else "") + text[first:start]
    wrong = text[start : min(end, start + _AROUND)]
    after = text[end : end + _AROUND] if end - start <= _AROUND else "..."
    return f"  {before}{wrong}{after}\n  {' ' * cell_len(before)}{'^' * max(cell_len(wrong), 1)}"


def _note(context: Context, experiment: str, text: str) -> None:
    from studio_ext.contract.trial_table import FilterQuery
    from studio_ext.core.plain_text import one_line

    for note in context.client.check_filter(FilterQuery(filter=text, experiment=experiment)).notes:
        click.echo(one_line(f"{note.message} {note.hint}"), err=True)


def _export(context: Context, experiment: str, text: str, sort: str | None, desc: bool, output: Path) -> None:
    from studio_ext.contract.trial_table import ExportFormat, SortKey, TrialQuery

    try:
        format = ExportFormat(output.suffix.removeprefix(".").lower())
    except ValueError:
        raise click.UsageError(f"{output.name!r} must end in .csv or .parquet.") from None
    order = [] if sort is None else [SortKey.model_construct(key=sort, descending=desc)]
    query = TrialQuery.model_construct(experiment=experiment, filter=text, sort=order)
    pieces = context.client.export_trials(query, format)
    part = output.with_name(f".{output.name}.part")
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.replace(output)
    except OSError as error:
        raise click.UsageError(f"{output} cannot be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)


@click.command()
@json_option
@pass_context
def experiments(context: Context, json: bool) -> None:
    """List experiments, last updated first."""
    rows = context.client.experiments()
    if json:
        print_json(rows)
        return
    from studio_ext.cli.tables import print_experiments

    print_experiments(rows)


COMMANDS = (trials, experiments)
