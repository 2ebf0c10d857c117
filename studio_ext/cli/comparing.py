"""The command that shows trials side by side."""

from __future__ import annotations

import click

from studio_ext.cli.context import Context, json_option, pass_context, print_json


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN_ID]...")
@click.option("-e", "--experiment", help="Trials of this experiment, instead of run ids.")
@click.option("-f", "--filter", "filter_", metavar="TEXT", default="", help="Only those that match; see studio trials.")
@click.option("-s", "--sort", metavar="KEY", help="Column to sort by, smallest first; default: newest first.")
@click.option("--desc", is_flag=True, help="Largest first.")
@click.option("-n", "--limit", type=click.IntRange(1, 200), default=5, show_default=True, help="How many at most.")
@click.option("-a", "--all", "all_", is_flag=True, help="Also what is the same in all of them.")
@json_option
@pass_context
def compare(
    context: Context,
    runs: tuple[str, ...],
    experiment: str | None,
    filter_: str,
    sort: str | None,
    desc: bool,
    limit: int,
    all_: bool,
    json: bool,
) -> None:
    """Show trials side by side: what differs, and which is best (*)."""
    from studio_ext.sdk.comparison import compare as ask

    if bool(runs) == (experiment is not None):
        raise click.UsageError("Name trials by their run ids, or an experiment with -e.")
    if runs and (filter_ or sort or desc):
        raise click.UsageError("--filter, --sort and --desc go with --experiment.")
    if desc and sort is None:
        raise click.UsageError("--desc needs --sort: without it the newest come first.")
    by = f"-{sort}" if sort and desc else sort
    found = ask(
        context.client, runs, experiment=experiment, filter=filter_, sort=by, limit=limit, only_differences=not all_
    )
    if json:
        print_json(found.answer)
        return
    from studio_ext.cli.tables import print_comparison

    print_comparison(found)


COMMANDS = (compare,)
