"""Names of images: what engines take, and what they would take for something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio_ext.core.image_names import parse_image_name

DIGEST = "sha256:" + "0a" * 32


@pytest.mark.parametrize(
    ("text", "short", "full"),
    [
        ("python", "python:latest", "docker.io/library/python:latest"),
        ("python:3.12-slim", "python:3.12-slim", "docker.io/library/python:3.12-slim"),
        ("studio/notebook:1", "studio/notebook:1", "docker.io/studio/notebook:1"),
        ("docker.io/library/python:3", "python:3", "docker.io/library/python:3"),
        ("docker.io/python:3", "python:3", "docker.io/library/python:3"),
        ("index.docker.io/a/b", "a/b:latest", "docker.io/a/b:latest"),
        ("localhost/a:1", "localhost/a:1", "localhost/a:1"),
        ("localhost:5000/a", "localhost:5000/a:latest", "localhost:5000/a:latest"),
        ("registry.example:5000/team/a_b.c--d:V1.0", *["registry.example:5000/team/a_b.c--d:V1.0"] * 2),
        ("[::1]:5000/a:1", "[::1]:5000/a:1", "[::1]:5000/a:1"),
        (f"python@{DIGEST}", f"python@{DIGEST}", f"docker.io/library/python@{DIGEST}"),
        (f"quay.io/a:1@{DIGEST}", f"quay.io/a:1@{DIGEST}", f"quay.io/a:1@{DIGEST}"),
        (DIGEST, DIGEST, DIGEST),
    ],
)
def test_names_that_engines_take(text: str, short: str, full: str) -> None:
    name = parse_image_name(text)
    assert name is not None
    assert (name.short, name.full) == (short, full)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "a b", "python:", ":1", "@", "python@", "python:a:b", "a//b", "/a", "a/", "../a", "a/../b"),
        *("./a", "-rm", "--privileged", "a/-b", "Python", "a/B", "ä", "a:ä", "a:-1", "a:.1", "a\n", "a:1\n"),
        *("a\0b", "http://a/b"),
        *("a;reboot", "$(reboot)", "`x`", "a|b", "a&b", "a?b", "a%2fb", "*", "a___b", "a..b", "b.c:port/a"),
        *("a:" + "t" * 129, "a" * 256, "a@sha256:abc", f"a@{DIGEST}0", f"a@md5:{'0a' * 16}", "sha256:abc:x"),
    ],
)  # fmt: skip
def test_what_is_no_name(text: str) -> None:
    assert parse_image_name(text) is None


@given(st.text(alphabet="aA0-_./:@[]sha256 \n", max_size=40) | st.text(max_size=300))
def test_a_name_that_is_taken_means_the_same_when_it_is_written_out(text: str) -> None:
    name = parse_image_name(text)
    if name is not None:
        for spelling in (name.short, name.full):
            assert parse_image_name(spelling) == name
            assert not spelling.startswith(("-", "/"))
