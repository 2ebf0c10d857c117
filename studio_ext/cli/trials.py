"""Commands about experiments and trials."""

from __future__ import annotations

import click

from studio_ext.cli.context import Context, json_option, pass_context, print_json


@click.command()
@click.option("-e", "--experiment", required=True, help="The experiment.")
@json_option
@pass_context
def trials(context: Context, experiment: str, json: bool) -> None:
    """List the trials of an experiment, newest first."""
    from studio_ext.sdk.frames import all_trials

    rows = list(all_trials(context.client, experiment))
    if json:
        print_json(rows)
        return
    from studio_ext.cli.tables import print_trials

    print_trials(rows)


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
