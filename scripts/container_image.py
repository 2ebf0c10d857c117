"""The image for the one job of ``make run`` that runs in a container: built or fetched if it is not there."""

from __future__ import annotations

import os

from studio_ext.adapters.docker_runner.build import BuildRequest, build_image
from studio_ext.adapters.docker_runner.build_inputs import host_build_arguments, host_certificates
from studio_ext.adapters.docker_runner.engine import CALL_SECONDS, Engine
from studio_ext.adapters.docker_runner.image_facts import ImageFacts
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.adapters.docker_runner.settings import read_settings
from studio_ext.cli.image_progress import ImageProgress
from studio_ext.contract.errors import StudioError
from studio_ext.core.image_names import ABOUT_BYTES, DEFAULT_BASE, NOTEBOOK_REPOSITORY, parse_image_name
from studio_ext.core.plain_text import one_line
from studio_ext.core.units import format_size
from studio_ext.core.workspace import Workspace


def ready_image(workspace: Workspace) -> str | None:
    """The default image, once it is there. None where it cannot be had; then it was said why.

    The base image that it is built on is ``STUDIO_BASE_IMAGE``, else python:3.12-slim.
    """
    try:
        images = DockerImages(Engine(read_settings(workspace.config_file)))
        images.engine.describe(CALL_SECONDS)
        reference = images.default()
        facts = images.inspect(reference)
        if facts is None:
            name = parse_image_name(reference)
            is_ours = name is not None and name.repository == NOTEBOOK_REPOSITORY
            facts = _built(images, reference) if is_ours else _fetched(images, reference)
            if facts is None:
                return None
        print(f"One of the jobs runs in a container: {reference}, {format_size(facts.size_bytes)}.", flush=True)
    except StudioError as error:
        say_why_not(error)
        return None
    return reference


def say_why_not(error: StudioError) -> None:
    """Say that no job runs in a container, and why."""
    hint = f" ({one_line(error.hint).rstrip('.')})" if error.hint else ""
    print(f"No job runs in a container: {one_line(error.message).rstrip('.')}{hint}.", flush=True)


def _built(images: DockerImages, reference: str) -> ImageFacts | None:
    base = os.environ.get("STUDIO_BASE_IMAGE") or DEFAULT_BASE
    print(
        f"One of the jobs runs in a container. Its image {reference} (about {format_size(ABOUT_BYTES)}) is built first,"
        f" on {base}; it takes some minutes, once.",
        flush=True,
    )
    request = BuildRequest(tag=reference, base=base, certificates=host_certificates(), arguments=host_build_arguments())
    with ImageProgress(f"Building {reference}") as show:
        return build_image(images.engine, request, step=show.step, pulling=show.pulling)


def _fetched(images: DockerImages, reference: str) -> ImageFacts | None:
    print(f"One of the jobs runs in a container. Its image {reference} is fetched first.", flush=True)
    with ImageProgress(f"Fetching {reference}") as show:
        return images.pull(reference, show.pulling)
