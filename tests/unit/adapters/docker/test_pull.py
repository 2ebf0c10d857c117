"""How far a pull is, and what an engine's words about it mean."""

from __future__ import annotations

import random
from typing import Any

import pytest

from studio_ext.adapters.docker_runner.pull import PullProgress, pull_error
from studio_ext.contract.errors import InvalidRequest, StudioError, Unavailable
from studio_ext.core.image_names import parse_image_name


def said(layer: str, status: str, current: int = 0, total: int = 0) -> dict[str, Any]:
    return {"id": layer, "status": status, "progressDetail": {"current": current, "total": total} if total else {}}


def test_the_way_goes_from_nothing_to_all_and_large_layers_count_more() -> None:
    progress = PullProgress()
    assert progress.part is None
    assert not progress.feed({"status": "Pulling from library/python", "id": "3.12-slim"})
    for layer in ("small", "large", "known"):
        progress.feed(said(layer, "Pulling fs layer"))
    assert progress.part == 0.0
    progress.feed(said("known", "Already exists"))
    progress.feed(said("small", "Downloading", 10, 10))
    progress.feed(said("large", "Downloading", 0, 990))
    before = progress.part
    assert before is not None
    progress.feed(said("large", "Downloading", 495, 990))
    assert progress.part is not None and progress.part > before
    assert progress.amount == "505 bytes of 1000 bytes"
    for layer, size in (("small", 10), ("large", 990)):
        progress.feed(said(layer, "Download complete"))
        progress.feed(said(layer, "Extracting", size, size))
        progress.feed(said(layer, "Pull complete"))
    assert progress.part == pytest.approx(1.0)
    assert progress.amount == "1000 bytes of 1000 bytes"


def test_the_way_never_goes_back_whatever_the_engine_says() -> None:
    dice = random.Random(7)
    statuses = ["Pulling fs layer", "Waiting", "Downloading", "Extracting", "Download complete", "Pull complete"]
    progress, best = PullProgress(), 0.0
    for _ in range(2000):
        size = dice.randrange(0, 1000)
        progress.feed(said(f"layer {dice.randrange(9)}", dice.choice(statuses), dice.randrange(0, size + 1), size))
        part = progress.part
        assert part is not None and best <= part <= 1.0
        best = part


NAME = parse_image_name("registry.example/team/image:1")
assert NAME is not None
DENIED = "repository does not exist or may require 'docker login': denied: requested access to the resource is denied"


@pytest.mark.parametrize(
    ("words", "kind", "means"),
    [
        ("manifest for image:1 not found: manifest unknown: manifest unknown", InvalidRequest, "has no image"),
        ("name unknown: repository name not known to registry", InvalidRequest, "has no image"),
        (f"pull access denied for image, {DENIED}", InvalidRequest, "or keeps it from you"),
        (
            'Head "https://registry.example/": unauthorized: authentication required',
            InvalidRequest,
            "does not let you",
        ),
        ("no basic auth credentials", InvalidRequest, "does not let you"),
        ("dial tcp: lookup registry.example on 10.0.0.1:53: no such host", Unavailable, "cannot be reached"),
        ("dial tcp 127.0.0.1:5000: connect: connection refused", Unavailable, "cannot be reached"),
        ("request canceled while waiting for connection (dial tcp: i/o timeout)", Unavailable, "cannot be reached"),
        ("x509: certificate signed by unknown authority", Unavailable, "is not trusted"),
        ("http: server gave HTTP response to HTTPS client", Unavailable, "is not trusted"),
        ("no matching manifest for linux/arm64/v8 in the manifest list entries", InvalidRequest, "other processors"),
        ("failed to register layer: write /x: no space left on device", Unavailable, "disk is full"),
        ("something new", StudioError, "something new"),
    ],
)
def test_what_the_engines_words_mean(words: str, kind: type[StudioError], means: str) -> None:
    error = pull_error(NAME, words)
    assert type(error) is kind
    assert means in error.message
    assert error.hint


def test_passwords_and_control_characters_are_not_passed_on() -> None:
    error = pull_error(NAME, "Get https://ada:secret@registry.example/v2/: \x1b[31mbad\n thing")
    assert "secret" not in error.message
    assert "\x1b" not in error.message and "\n" not in error.message
