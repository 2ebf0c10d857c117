"""Commands about jobs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from studio_ext.cli.context import EXIT_INTERRUPTED, EXIT_JOB, Context, json_option, pass_context, print_json
from studio_ext.cli.submit_options import submit_options, submit_request

if TYPE_CHECKING:
    from studio_ext.contract.jobs import JobDetail

_STATUSES = ("Pending", "Starting", "InProgress", "Stopping", "Completed", "Failed", "Stopped")


@click.command()
@click.argument("notebook")
@submit_options
@json_option
@pass_context
def submit(context: Context, /, notebook: str, wait: bool, json: bool, **options: Any) -> int:
    """Run NOTEBOOK as a job.

    With --wait the exit code is 0 only if the job completed, and 1 otherwise.
    """
    client = context.client
    request = submit_request(client, notebook, **options)
    job = client.submit(request)
    if wait:
        return _wait(context, job, json=json)
    if json:
        print_json(job)
    else:
        from studio_ext.core.plain_text import one_line

        click.echo(f"Submitted job {job.id} ({one_line(job.name)}).")
        click.echo(f"Follow it: studio logs {job.id} -f", err=True)
    return 0


def _wait(context: Context, job: JobDetail, *, json: bool) -> int:
    from studio_ext.sdk.progress import shown_on
    from studio_ext.sdk.watching import watch

    ended = job

    def seen(detail: JobDetail) -> None:
        nonlocal ended
        ended = detail
        show(detail)

    try:
        with shown_on(sys.stderr if json else sys.stdout) as show:
            watch(context.client, [job.id], seen)
    except KeyboardInterrupt:
        click.echo(f"\nJob {job.id} goes on. See it: studio show {job.id}   Stop it: studio stop {job.id}", err=True)
        if json:
            print_json(ended)
        return EXIT_INTERRUPTED
    if json:
        print_json(ended)
    elif ended.status != "Completed":
        click.echo(f"See what it printed: studio logs {ended.id}", err=True)
    return 0 if ended.status == "Completed" else EXIT_JOB


@click.command()
@click.option("--status", "statuses", multiple=True, type=click.Choice(_STATUSES, case_sensitive=False))
@click.option("-e", "--experiment", help="Only those of an experiment.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
@json_option
@pass_context
def jobs(context: Context, statuses: tuple[str, ...], experiment: str | None, limit: int, json: bool) -> None:
    """List jobs, newest first."""
    from studio_ext.sdk.api import list_jobs

    rows, total = list_jobs(context.client, status=statuses, experiment=experiment, limit=limit)
    if json:
        print_json(rows)
        return
    from studio_ext.cli.tables import print_jobs

    print_jobs(rows, total)


@click.command()
@click.argument("job_id", metavar="ID")
@json_option
@pass_context
def show(context: Context, job_id: str, json: bool) -> None:
    """Show everything about a job. The beginning of an ID will do."""
    job = context.client.job(job_id)
    if json:
        print_json(job)
        return
    from studio_ext.cli.tables import print_job

    print_job(job)


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job is over.")
@pass_context
def logs(context: Context, job_id: str, follow: bool) -> int:
    """Print what a job printed."""
    from studio_ext.core.plain_text import LogFilter
    from studio_ext.sdk.watching import log_pieces

    log = LogFilter()
    job = context.client.job(job_id)
    try:
        for piece in log_pieces(context.client, job.id, follow=follow):
            # Colours stay in a terminal; click takes them out where the output goes elsewhere.
            click.echo(log.feed(piece), nl=False)
    except KeyboardInterrupt:
        click.echo(f"\nJob {job.id} goes on. Stop it: studio stop {job.id}", err=True)
        return EXIT_INTERRUPTED
    click.echo(log.flush(), nl=False)
    return 0


@click.command()
@click.argument("job_id", metavar="ID")
@json_option
@pass_context
def stop(context: Context, job_id: str, json: bool) -> None:
    """Ask a job to stop; a second time kills it."""
    job = context.client.stop(context.client.job(job_id).id)
    if json:
        print_json(job)
    else:
        click.echo(f"Job {job.id} is {job.status}.")


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--trial", is_flag=True, help="Delete its trial too.")
@pass_context
def delete(context: Context, job_id: str, trial: bool) -> None:
    """Delete a finished job and its directory; its trial stays."""
    job = context.client.job(job_id)
    context.client.delete(job.id, trial=trial)
    click.echo(f"Deleted job {job.id}. Undo it soon: studio restore {job.id}")


@click.command()
@click.argument("job_id", metavar="ID")
@pass_context
def restore(context: Context, job_id: str) -> None:
    """Undo a deletion. Needs the whole ID."""
    job = context.client.restore(job_id)
    click.echo(f"Job {job.id} is back.")


COMMANDS = (submit, jobs, show, logs, stop, delete, restore)
