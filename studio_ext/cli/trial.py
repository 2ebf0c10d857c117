"""Commands about one trial."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from studio_ext.cli.context import Context, json_option, pass_context, print_json

if TYPE_CHECKING:
    from studio_ext.contract.trial_detail import TrialDetail

_MOST = 40
"""Parameters, tags and the like that are printed."""


@click.group()
def trial() -> None:
    """Look at one trial, and write its note."""


@trial.command()
@click.argument("run_id", metavar="RUN")
@json_option
@pass_context
def show(context: Context, run_id: str, json: bool) -> None:
    """Show everything about a trial, given its run id."""
    detail = context.client.trial_detail(run_id)
    if json:
        print_json(detail)
        return
    _print(detail)


@trial.command()
@click.argument("run_id", metavar="RUN")
@click.argument("text", required=False)
@pass_context
def note(context: Context, run_id: str, text: str | None) -> None:
    """Print the note of a trial; with TEXT write it. TEXT "-" reads it from the standard input, "" takes it away."""
    from studio_ext.contract.errors import InvalidRequest
    from studio_ext.contract.trial_detail import MAX_NOTE, UpdateTrial
    from studio_ext.core.plain_text import plain

    if text is None:
        click.echo(plain(context.client.trial_detail(run_id).note))
        return
    written = sys.stdin.read().rstrip("\n") if text == "-" else text
    if len(written) > MAX_NOTE:
        raise InvalidRequest.field("note", f"has {len(written)} characters; at most {MAX_NOTE} are kept")
    context.client.update_trial(run_id, UpdateTrial(note=written))


def _print(detail: TrialDetail) -> None:
    from studio_ext.cli.tables import console, metric_table, when
    from studio_ext.core.plain_text import one_line, plain

    out, found = console(), detail.trial
    versions = ", ".join(f"{each.name} {each.version}" for each in detail.versions)
    facts = {
        "trial": f"{found.name}{' (deleted)' if detail.is_deleted else ''}",
        "run": found.run_id,
        "experiment": found.experiment,
        "status": found.status,
        "why": detail.failure,
        "started": when(found.started),
        "ended": when(found.ended),
        "by": found.user or "",
        "job": f"{detail.job.id}{'' if detail.job.is_there else ' (deleted)'}" if detail.job else "",
        "notebook": detail.code.notebook,
        "commit": detail.code.commit + (" with changes" if detail.code.dirty else ""),
        "python": detail.environment.python,
        "image": detail.environment.image,
        "parent": detail.parent.run_id if detail.parent else "",
        "models": ", ".join(each.name or each.model_id for each in detail.models),
        "registered": versions,
        "artefacts": detail.artifact_uri,
        "mlflow": detail.mlflow_url or detail.mlflow_command,
    }
    for name, value in facts.items():
        if value:
            out.print(f"{name:<11} {one_line(value)}", soft_wrap=True)
    _print_some("parameters", found.parameters)
    _print_some("data", {each.name: each.place or each.digest for each in detail.inputs})
    if detail.metrics:
        out.print()
        out.print(metric_table(detail.metrics))
    if detail.note:
        out.print(f"\n{plain(detail.note)}", soft_wrap=True)
    for each in detail.missing:
        click.echo(one_line(each), err=True)


def _print_some(title: str, values: dict[str, str]) -> None:
    from studio_ext.cli.tables import console
    from studio_ext.core.plain_text import one_line

    if not values:
        return
    out = console()
    out.print(f"\n{title}")
    for name in sorted(values)[:_MOST]:
        out.print(f"  {one_line(name)} = {one_line(values[name])[:200]}", soft_wrap=True)
    if len(values) > _MOST:
        out.print(f"  and {len(values) - _MOST} more; --json prints all")


COMMANDS = (trial,)
