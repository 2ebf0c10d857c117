"""Commands about registered models."""

from __future__ import annotations

import click

from studio_ext.cli.context import Context, json_option, pass_context, print_json


@click.group()
def models() -> None:
    """Register models of trials, list them, and move their aliases."""


@models.command("list")
@json_option
@pass_context
def list_(context: Context, json: bool) -> None:
    """List registered models, last changed first."""
    rows = context.client.models()
    if json:
        print_json(rows)
        return
    from studio_ext.cli.tables import print_models

    print_models(rows)


@models.command()
@click.argument("name")
@json_option
@pass_context
def show(context: Context, name: str, json: bool) -> None:
    """List the versions of the model NAME, newest first, with the trials that they came from."""
    found = context.client.model_versions(name)
    if json:
        print_json(found.items)
        return
    from studio_ext.cli.tables import print_versions

    print_versions(found.items)
    if found.more:
        click.echo("There are older versions.", err=True)


@models.command()
@click.argument("run_id")
@click.argument("name")
@click.option("--alias", metavar="ALIAS", help="Alias that stands for the new version from then on, such as champion.")
@click.option("--path", metavar="PATH", help="Which model of the trial, where it has several.")
@click.option("--note", default="", metavar="TEXT", help="A note on the version.")
@json_option
@pass_context
def register(
    context: Context, run_id: str, name: str, alias: str | None, path: str | None, note: str, json: bool
) -> None:
    """Make a version of the model NAME out of the model of the trial RUN_ID."""
    from studio_ext.sdk.connection import use
    from studio_ext.sdk.registry import register_model

    use(context.client)
    made = register_model(run_id, name, alias=alias, path=path, description=note)
    if json:
        print_json(made)
    else:
        _say(f"Registered version {made.version} of {made.name}.")


@models.command()
@click.argument("name")
@click.argument("alias")
@click.argument("version", required=False)
@click.option("--remove", is_flag=True, help="Remove the alias.")
@json_option
@pass_context
def alias(context: Context, name: str, alias: str, version: str | None, remove: bool, json: bool) -> None:
    """Let ALIAS stand for VERSION of the model NAME, whatever it stood for before."""
    from studio_ext.contract.models import SetAlias
    from studio_ext.core.model_names import alias_name, version_number

    if remove == (version is not None):
        raise click.UsageError("Name a version, or --remove.")
    if version is None:
        model = context.client.delete_model_alias(name, alias)
        said = f"{alias} stands for no version of {name}."
    else:
        model = context.client.set_model_alias(name, alias_name(alias), SetAlias(version=version_number(version)))
        said = f"{alias} stands for version {version} of {name}."
    if json:
        print_json(model)
    else:
        _say(said)


def _say(text: str) -> None:
    from studio_ext.core.plain_text import one_line

    click.echo(one_line(text))


COMMANDS = (models,)
