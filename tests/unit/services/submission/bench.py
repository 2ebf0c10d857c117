"""What a submission is tried with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import (
    Container,
    ContainerProfile,
    ImageChoice,
    KernelEnvironment,
    RunnerInfo,
    SubmitRequest,
)
from studio_ext.services.submission import Submission
from studio_ext.testing.fake_runner import FakeRunner

SECRET = "s3cret-canary"


class Runner(FakeRunner):
    """A runner of which only the information counts."""

    def __init__(self, info: RunnerInfo) -> None:
        super().__init__(name=info.name)
        self.info = lambda: info  # type: ignore[method-assign]


RUNNERS = {
    "process": Runner(RunnerInfo(name="process", display_name="This machine", available=True)),
    "docker": Runner(
        RunnerInfo(name="docker", display_name="Docker", available=False, reason="Start the engine.", has_images=True)
    ),
    "podman": Runner(RunnerInfo(name="podman", display_name="Podman", available=True, has_images=True)),
}


class OneImage:
    """An engine with one image."""

    def choices(self) -> list[ImageChoice]:
        return []

    def default(self) -> str:
        return "studio/notebook:1"

    def how_to_get(self, image: str) -> str:
        return "Build it."

    def resolve(self, image: str, *, pull: bool, network_access: bool) -> KernelEnvironment:
        if image != self.default() and not pull:
            raise InvalidRequest.field("image", f"there is no image {image}", hint=self.how_to_get(image))
        return KernelEnvironment(
            kernel="python3", display_name="Python 3", language="python", argv=["python3"], prefix="", summary="One",
            container=Container(
                image=image, profile=ContainerProfile.notebook, network_access=network_access, pull=pull
            ),
        )  # fmt: skip


def make(path: Path, *, kernel: Any = "python3", cells: int = 3) -> Path:
    path.parent.mkdir(exist_ok=True)
    code = {"cell_type": "code", "outputs": [], "execution_count": None}
    document = {
        "nbformat": 4,
        "nbformat_minor": 4,
        "metadata": {"kernelspec": {"name": kernel, "display_name": "", "language": "python"}} if kernel else {},
        "cells": [
            {**code, "metadata": {"tags": ["parameters"]}, "source": "depth = 3\nrate = 0.1"},
            *({**code, "metadata": {}, "source": f"print({number})"} for number in range(1, cells)),
        ],
    }
    path.write_text(json.dumps(document))
    (path.parent / "data.csv").write_text("1,2")
    return path


def request(notebook: Path, **more: Any) -> SubmitRequest:
    return SubmitRequest(notebook=str(notebook), **more)


def nothing_left(submission: Submission) -> bool:
    return list(submission.workspace.jobs.iterdir()) == [] and submission.store.jobs(limit=1).total == 0
