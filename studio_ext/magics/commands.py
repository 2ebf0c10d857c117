"""What the magics do. The options of submissions are those of the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from studio_ext.cli.submit_options import submit_options, submit_request
from studio_ext.contract.errors import InvalidRequest
from studio_ext.core.plain_text import LogFilter
from studio_ext.core.states import FINAL
from studio_ext.core.units import format_size
from studio_ext.magics.this_notebook import found_notebook
from studio_ext.magics.trial_cell import Wanted
from studio_ext.sdk.api import list_jobs
from studio_ext.sdk.connection import current
from studio_ext.sdk.current_experiment import current_experiment, job_experiment, set_experiment
from studio_ext.sdk.entities import UNASSIGNED
from studio_ext.sdk.handles import Job
from studio_ext.sdk.progress import describe
from studio_ext.sdk.watching import log_pieces
from studio_ext.services.submission import default_experiment

if TYPE_CHECKING:
    from studio_ext.magics.running import Call
    from studio_ext.magics.tables import ExperimentName, JobTable
    from studio_ext.sdk.comparison import Comparison

STATUSES = ("Pending", "Starting", "InProgress", "Stopping", "Completed", "Failed", "Stopped")
_LOG_LINES = 1000
_LOG_BYTES = 262_144
"""What a cell shows of a log at most; the rest would make the notebook heavy."""


@click.command()
@click.argument("name", nargs=-1)
@click.pass_obj
def experiment(call: Call, name: tuple[str, ...]) -> ExperimentName:
    """Record this notebook in the experiment NAME, which is made if there is none.

    From now on it is what %submit, %%job, %%trial, %compare, studio.submit and studio.Tracker use where none is named.
    Without NAME: say which one it is.
    """
    from studio_ext.magics.tables import ExperimentName

    wanted = " ".join(name)
    of_job = job_experiment()
    if of_job is None and wanted:
        set_experiment(wanted)
    elif wanted and wanted != of_job:
        print(f"This notebook runs as a job, and is recorded in the job's experiment, {of_job}.")
    return ExperimentName(of_job or _experiment(call, None))


@click.command()
@click.argument("notebook")
@submit_options
@click.pass_obj
def submit(call: Call, /, notebook: str, experiment: str | None, wait: bool, **options: Any) -> Job:
    """Run NOTEBOOK as a job; returns the job.

    \b
    job = %submit train.ipynb -p max_depth 8 --memory 2GiB
    job.wait()
    """
    client = current()
    request = submit_request(client, notebook, experiment=experiment or current_experiment(), **options)
    return _submitted(call, Job(client, client.submit(request)), wait)


@click.command()
@submit_options
@click.option("--notebook", metavar="PATH", help="The notebook that the cell is in (default: found by itself).")
@click.pass_obj
def job(call: Call, /, notebook: str | None, experiment: str | None, wait: bool, **options: Any) -> Job:
    """Run this cell as a job, after the cells of the notebook that are tagged 'setup'; returns the job.

    The cells are those of the saved file; one that was run here after it was saved is taken as it was run. A cell
    tagged 'parameters' is taken, too. The kernel goes on meanwhile, and sees nothing of what the job sets.
    """
    from studio_ext.magics.job_cell import submit_cell

    made, said = submit_cell(call, notebook, experiment or current_experiment(), **options)
    print(said)
    return _submitted(call, made, wait)


@click.command()
@click.argument("name", nargs=-1)
@click.option("-e", "--experiment", help="Experiment that records it.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag of the trial.")
@click.option("--params", metavar="A,B", help="Variables to record as parameters (default: plain assignments).")
@click.option("--metrics", metavar="X,Y", help="Variables to record as metrics (default: the cell's result).")
@click.option("--no-capture", is_flag=True, help="Record only what the cell logs by itself.")
@click.option("-q", "--quiet", is_flag=True, help="Do not say what was recorded.")
@click.pass_obj
def trial(
    call: Call,
    name: tuple[str, ...],
    experiment: str | None,
    tags: tuple[str, ...],
    params: str | None,
    metrics: str | None,
    no_capture: bool,
    quiet: bool,
) -> None:
    """Run this cell and record it as a trial.

    Parameters are the assignments of plain numbers, texts and truth values at the top of the cell, with the values
    that they have after it. If the last line is a mapping of numbers, they are its metrics. The variable 'trial' is the
    tracker: trial.log_metric("loss", 0.1). Plain mlflow logs to the same run.
    """
    if call.cell is not None:  # where something else than a cell calls it
        result = call.session.shell.run_cell(f"%%trial {call.line}\n{call.cell}")
        if not result.success:
            raise InvalidRequest("The cell of the trial failed.")
        return
    call.session.trials.begin(
        Wanted(
            name=" ".join(name) or None,
            experiment=experiment,
            tags=dict(map(_tag, tags)),
            parameters=_names(params, no_capture),
            metrics=_names(metrics, no_capture),
            quiet=quiet,
        )
    )


@click.command()
@click.option(
    "--status", "statuses", multiple=True, type=click.Choice(STATUSES, case_sensitive=False), help="Only those."
)
@click.option("-e", "--experiment", help="Only those of an experiment.")
@click.option("-n", "limit", type=click.IntRange(1), default=20, show_default=True, help="How many at most.")
def jobs(statuses: tuple[str, ...], experiment: str | None, limit: int) -> JobTable:
    """List jobs, newest first. What is returned is a list of jobs: jobs = %jobs; jobs[0].stop()"""
    from studio_ext.magics.tables import JobTable

    client = current()
    rows, total = list_jobs(client, status=statuses, experiment=experiment, limit=limit)
    return JobTable([Job(client, row) for row in rows], total)


@click.command()
@click.argument("job_id", metavar="ID")
@click.option("--tail", type=click.IntRange(0), default=_LOG_LINES, show_default=True, help="Only the last lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job is over; an interrupt ends it.")
def logs(job_id: str, tail: int, follow: bool) -> None:
    """Print what a job printed. The beginning of an ID will do."""
    client = current()
    job = client.job(job_id)
    log = LogFilter()
    chunk = client.log(job.id, offset=-_LOG_BYTES)
    lines = chunk.text.splitlines(keepends=True)
    if len(lines) > tail or chunk.offset > 0:
        print(f"... {format_size(chunk.size)} in all: studio logs {job.id}", file=sys.stderr)
    print(log.feed("".join(lines[-tail:] if tail else [])), end="")
    try:
        for piece in log_pieces(client, job.id, follow=True, offset=chunk.next_offset) if follow else ():
            print(log.feed(piece), end="", flush=True)
    except KeyboardInterrupt:
        print(f"\nJob {job.id} goes on. Stop it: %stop {job.id}", file=sys.stderr)
        return
    print(log.flush(), end="")


@click.command()
@click.argument("job_id", metavar="ID")
def stop(job_id: str) -> Job:
    """Ask a job to stop; a second time kills it. The beginning of an ID will do."""
    client = current()
    before = client.job(job_id)
    job = client.stop(before.id)
    if before.status in FINAL:
        print(f"Job {job.id} was over: {before.status}.")
    elif before.stop_requested:
        print(f"Job {job.id} is killed.")
    else:
        print(f"Asked job {job.id} to stop. It gets a moment to clean up; %stop again kills it.")
    return Job(client, job)


@click.command()
@click.argument("experiment", nargs=-1)
@click.option("-m", "--metric", help="Sort by this metric, the best first.")
@click.option("--highest", "best", flag_value="higher", help="High values of the metric are good.")
@click.option("--lowest", "best", flag_value="lower", help="Low values of the metric are good.")
@click.option("-t", "--trials", multiple=True, metavar="NAME ...", help="Only these, by name or run id.")
@click.option("--only-differences", "differing", is_flag=True, help="Leave out what is the same in all.")
@click.option("-n", "limit", type=click.IntRange(1), default=10, show_default=True, help="How many at most.")
@click.pass_obj
def compare(
    call: Call,
    experiment: tuple[str, ...],
    metric: str | None,
    best: str | None,
    trials: tuple[str, ...],
    differing: bool,
    limit: int,
) -> Comparison:
    """Show the newest trials of an experiment side by side. The best value of a metric has a star, where its name
    tells whether high or low is good. What is returned is that of studio.compare(); .to_frame() is a DataFrame.
    """
    from studio_ext.magics.comparing import compare_trials

    name = _experiment(call, " ".join(experiment) or None)
    return compare_trials(name, metric=metric, best=best, names=trials, differing=differing, limit=limit)


COMMANDS: dict[str, click.Command] = {
    "compare": compare,
    "experiment": experiment,
    "job": job,
    "jobs": jobs,
    "logs": logs,
    "stop": stop,
    "submit": submit,
    "trial": trial,
}


def _experiment(call: Call, named: str | None) -> str:
    """The experiment that is meant where none is named: that of ``%experiment``, else that of the notebook's folder."""
    notebook = found_notebook(call.session.shell.user_ns)
    return (
        named or job_experiment() or current_experiment() or (default_experiment(notebook) if notebook else UNASSIGNED)
    )


def _submitted(call: Call, job: Job, wait: bool) -> Job:
    """The job; with ``wait`` when it is over, or when the person does not want to wait any more."""
    if not wait:
        return job
    shell = call.session.shell
    if not hasattr(shell, "kernel"):
        show = None
    else:
        from IPython.display import display

        # One line that changes in place: what is returned shows itself.
        show = display({"text/plain": describe(job.data)}, raw=True, display_id=True)
    try:
        job.wait(
            progress=None if show is None else lambda job: show.update({"text/plain": describe(job.data)}, raw=True)
        )
    except KeyboardInterrupt:
        print(f"Job {job.id} goes on. Stop it: %stop {job.id}", file=sys.stderr)
    return job


def _names(text: str | None, no_capture: bool) -> list[str] | None:
    if text is None:
        return [] if no_capture else None
    return [name.strip() for name in text.split(",") if name.strip()]


def _tag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"--tag takes NAME=VALUE, not {text!r}.")
    return name, value
