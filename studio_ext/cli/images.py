"""Commands about the images that jobs run in."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studio_ext.cli.context import EXIT_INTERRUPTED, EXIT_UNAVAILABLE, Context, json_option, pass_context, print_json
from studio_ext.core.image_names import ABOUT_BYTES, DEFAULT_BASE, DEFAULT_IMAGE

if TYPE_CHECKING:
    from studio_ext.adapters.docker_runner.build import BuildRequest
    from studio_ext.adapters.docker_runner.image_facts import ImageFacts
    from studio_ext.adapters.docker_runner.images import DockerImages

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def image() -> None:
    """Build, list, fetch and remove the images that jobs run in.

    They lie on the container engine (Docker or Podman) of this machine.
    """


@image.command()
@click.option("--tag", default=DEFAULT_IMAGE, show_default=True, metavar="NAME", help="Name of the image.")
@click.option(
    "--base",
    envvar="STUDIO_BASE_IMAGE",
    show_envvar=True,
    default=DEFAULT_BASE,
    show_default=True,
    metavar="IMAGE",
    help="What it is built on: Python 3.11 or newer with venv.",
)
@click.option(
    "--with", "packages", multiple=True, metavar="PACKAGE", help='A package to add or to narrow, as "mlflow<3".'
)
@click.option("--requirements", type=_FILE, metavar="FILE", help="Packages to add, as pip takes them.")
@click.option(
    "--ca-certificates",
    type=_FILE,
    metavar="FILE",
    help="Certificates to trust while it is built (default: PIP_CERT, SSL_CERT_FILE or REQUESTS_CA_BUNDLE).",
)
@click.option("--network", metavar="NAME", help="The engine's network to build in, for example host.")
@click.option("--verbose", is_flag=True, help="Print everything that the engine says.")
@pass_context
def build(
    context: Context,
    tag: str,
    base: str,
    packages: tuple[str, ...],
    requirements: Path | None,
    ca_certificates: Path | None,
    network: str | None,
    verbose: bool,
) -> int:
    """Build the image for notebooks.

    It has papermill, ipykernel, mlflow, pandas, scikit-learn, matplotlib and what you add. Proxies and the package
    index that pip uses here are used while it is built; they are not in the image.
    """
    from studio_ext.adapters.docker_runner.build import BuildFailed, BuildRequest
    from studio_ext.adapters.docker_runner.build_inputs import host_build_arguments, host_certificates
    from studio_ext.core.units import format_size

    images = _images(context)
    request = BuildRequest(
        tag=tag,
        base=base,
        packages=packages,
        requirements=requirements,
        certificates=ca_certificates or host_certificates(),
        network=network,
        arguments=host_build_arguments(),
    )
    click.echo(f"Building {tag} on {base} (about {format_size(ABOUT_BYTES)}).", err=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # leaves as little behind as Ctrl+C
    try:
        facts, took = _build(images, request, verbose=verbose)
    except BuildFailed as error:
        if not verbose:
            for line in error.tail:
                click.echo(f"  {line}", err=True)
        raise
    except KeyboardInterrupt:
        click.echo("\nStopped; nothing is left of it.", err=True)
        return EXIT_INTERRUPTED
    inside = f" with {facts.inside}" if facts.inside else ""
    click.echo(f"Built {tag} ({_short(facts.id)}){inside}: {format_size(facts.size_bytes)}, in {took}.")
    return 0


def _build(images: DockerImages, request: BuildRequest, *, verbose: bool) -> tuple[ImageFacts, str]:
    from studio_ext.adapters.docker_runner.build import build_image
    from studio_ext.cli.image_progress import ImageProgress

    with ImageProgress(f"Building {request.tag}", verbose=verbose) as show:
        facts = build_image(images.engine, request, step=show.step, pulling=show.pulling)
        assert facts is not None  # nobody cancels it but by an exception
        return facts, show.elapsed


@image.command("list")
@json_option
@pass_context
def list_images(context: Context, json: bool) -> None:
    """List the images that jobs may run in, those made for notebooks first."""
    from studio_ext.cli.tables import print_images

    images = _images(context)
    choices, default = images.choices(), images.default()
    if json:
        listed = [choice.model_dump(mode="json") for choice in choices]
        print_json({"default_image": default, "images": listed})
        return
    print_images(choices, default)
    if default not in [choice.reference for choice in choices]:
        click.echo(f"The default image, {default}, is not there. {images.how_to_get(default)}", err=True)


@image.command()
@click.argument("reference", metavar="IMAGE")
@pass_context
def pull(context: Context, reference: str) -> int:
    """Fetch IMAGE from its registry.

    Who must log in there does so with docker login or podman login first.
    """
    from studio_ext.cli.image_progress import ImageProgress
    from studio_ext.core.units import format_size

    images = _images(context)
    try:
        with ImageProgress(f"Fetching {reference}") as show:
            facts = images.pull(reference, show.pulling)
    except KeyboardInterrupt:
        click.echo("\nStopped.", err=True)
        return EXIT_INTERRUPTED
    if facts is None:
        return EXIT_UNAVAILABLE
    click.echo(f"Fetched {reference} ({_short(facts.id)}): {format_size(facts.size_bytes)}, in {show.elapsed}.")
    return 0


@image.command()
@click.argument("reference", metavar="IMAGE")
@pass_context
def remove(context: Context, reference: str) -> None:
    """Remove IMAGE, unless a container uses it."""
    _images(context).remove(reference)
    click.echo(f"Removed {reference}.")


def _images(context: Context) -> DockerImages:
    """The images of this machine's engine, which answers. Raises ``InvalidRequest`` where another one is meant."""
    from studio_ext.adapters.docker_runner.engine import CALL_SECONDS, Engine
    from studio_ext.adapters.docker_runner.images import DockerImages
    from studio_ext.adapters.docker_runner.settings import read_settings
    from studio_ext.contract.errors import InvalidRequest
    from studio_ext.core.workspace import default_home

    if context.url or (os.environ.get("STUDIO_URL") and not context.workspace):
        raise InvalidRequest(
            "Images lie on the engine of the machine that Jupyter runs on.",
            hint="Run this there, without --url and STUDIO_URL: in a terminal of that JupyterLab, for example.",
        )
    home = Path(context.workspace).absolute() if context.workspace else default_home()
    engine = Engine(read_settings(home / "studio.toml"))
    engine.describe(CALL_SECONDS)
    return DockerImages(engine)


def _short(identity: str) -> str:
    return identity.removeprefix("sha256:")[:12]


COMMANDS = (image,)
