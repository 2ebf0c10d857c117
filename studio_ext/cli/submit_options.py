"""The options of a submission, for the command line and for the magics."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from studio_ext.contract.jobs import SubmitRequest
    from studio_ext.ports.client import Client

C = TypeVar("C", bound=Callable[..., Any])

_OPTIONS = (
    click.option("-p", "--parameter", "parameters", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter."),
    click.option("--name", help="Name of the job."),
    click.option("-e", "--experiment", help="Experiment that records it."),
    click.option("--runner", help="Where it runs: process (default), or docker (default with --image)."),
    click.option("--kernel", help="Kernel to run it in (default: the notebook's own)."),
    click.option("--image", help="Image to run it in, with the runner docker (default: studio/notebook:1)."),
    click.option("--pull", is_flag=True, help="Fetch the image if it is not there."),
    click.option("--network", "network_access", is_flag=True, help="Let a job in a container reach other machines."),
    click.option("--cpus", type=float, help="Limit on processors."),
    click.option("--memory", metavar="SIZE", help="Limit on memory, for example 2GiB."),
    click.option("--time-limit", metavar="TIME", help="Limit on time, for example 1h."),
    click.option("--gpus", type=int, help="GPUs for a job in a container."),
    click.option("--env", "variables", multiple=True, metavar="NAME", help="Environment variable to hand on."),
    click.option(
        "--autolog", type=click.Choice(["on", "models", "off"]), help="What MLflow logs by itself (default: on)."
    ),
    click.option("--wait", is_flag=True, help="Wait until it is over, and show how far it is."),
)


def submit_options(command: C) -> C:
    """Give a command the options of a submission."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def submit_request(
    client: Client, notebook: str, *, parameters: tuple[tuple[str, str], ...], runner: str | None, **options: Any
) -> SubmitRequest:
    """The request for a notebook and what these options were given. Values get the types of its parameters."""
    from studio_ext.cli.values import parse_values
    from studio_ext.sdk.request import build_request

    known = client.inspect(notebook).parameters if parameters else []
    return build_request(
        notebook,
        parameters=parse_values(parameters, known),
        runner=runner or ("docker" if options["image"] else "process"),
        tags=None,
        idempotency_key=None,
        **options,
    )
