"""Builds the images that the tests run jobs in, where they are not there yet or are older than their Dockerfile.

Without a container engine it says so and goes on; with STUDIO_REQUIRE_ALL or CI set that is an error. STUDIO_BASE_IMAGE
names the base image.
"""

from __future__ import annotations

import os
import subprocess
import sys

from studio_ext.adapters.docker_runner.build_inputs import recipe
from studio_ext.adapters.docker_runner.engine import CALL_SECONDS, Engine
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.adapters.docker_runner.settings import DockerSettings
from studio_ext.contract.errors import StudioError
from studio_ext.core.image_names import DEFAULT_IMAGE, NOTEBOOK_REPOSITORY

IMAGES: dict[str, list[str]] = {DEFAULT_IMAGE: [], f"{NOTEBOOK_REPOSITORY}:mlflow2": ["--with", "mlflow<3"]}


def main() -> int:
    """Build what is missing; 0 if all is there, or if there is no engine and none is required."""
    images = DockerImages(Engine(DockerSettings()))
    try:
        images.engine.describe(CALL_SECONDS)
    except StudioError as error:
        required = bool(os.environ.get("CI") or os.environ.get("STUDIO_REQUIRE_ALL"))
        print(f"{'Error' if required else 'No images are built'}: {error.message} {error.hint}", file=sys.stderr)
        return 1 if required else 0
    for reference, options in IMAGES.items():
        facts = images.inspect(reference)
        if facts is not None and facts.labels.get("studio.recipe") == recipe():
            continue
        command = [sys.executable, "-m", "studio_ext.cli", "image", "build", "--tag", reference, *options]
        if (code := subprocess.run(command, check=False).returncode) != 0:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
