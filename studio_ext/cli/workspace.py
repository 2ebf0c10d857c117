"""Commands about the workspace itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studio_ext.cli.context import EXIT_JOB, Context, json_option, pass_context, print_json

if TYPE_CHECKING:
    from studio_ext.contract.workspace import Diagnosis


@click.command()
@json_option
@pass_context
def doctor(context: Context, json: bool) -> int:
    """Say what works here, what does not, and what to do about it.

    The exit code is 1 if there is a problem; warnings do not count.
    """
    diagnosis = _diagnose(context)
    if json:
        print_json(diagnosis)
    else:
        from studio_ext.cli.tables import print_diagnosis

        print_diagnosis(diagnosis)
    return EXIT_JOB if any(check.status == "problem" for check in diagnosis.checks) else 0


def _diagnose(context: Context) -> Diagnosis:
    """The client's diagnosis; of a local workspace that cannot even be opened, the checks alone."""
    from studio_ext.contract.errors import StudioError

    try:
        return context.client.doctor()
    except StudioError:
        if context.url or (os.environ.get("STUDIO_URL") and not context.workspace):
            raise
        from studio_ext.adapters.doctor_checks import diagnose_directory

        return diagnose_directory(context.workspace)


@click.command()
@pass_context
def controller(context: Context) -> int | None:
    """Run the controller of the workspace in the foreground.

    Nobody needs to: whoever submits a job starts one in the background. Ctrl+C ends it; jobs go on.
    """
    if context.workspace:
        os.environ["STUDIO_HOME"] = str(Path(context.workspace).absolute())
    from studio_ext.controller.main import main

    return main()


COMMANDS = (doctor, controller)
