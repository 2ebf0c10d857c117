from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio_ext.contract.errors import Forbidden, InvalidRequest, NotFound, StudioError
from studio_ext.core.paths import clean, is_private, resolve_inside

SEGMENTS = st.one_of(
    st.sampled_from(["..", ".", "", "~", "a", "b.ipynb", "link", "out", "C:", "RTC:", "\\", "..\\..", "%2e%2e", "\0"]),
    st.text(max_size=12),
)
PATHS = st.builds("/".join, st.lists(SEGMENTS, max_size=8))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """``root`` beside ``root-secret``, with links that stay inside and links that do not."""
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "b.ipynb").write_text("inside")
    sibling = tmp_path / "root-secret"
    sibling.mkdir()
    (sibling / "b.ipynb").write_text("outside")
    (root / "link").symlink_to(root / "a")
    (root / "out").symlink_to(sibling)
    (root / "out.ipynb").symlink_to(sibling / "b.ipynb")
    (root / "nowhere").symlink_to(tmp_path / "not-there")
    (root / "round").symlink_to(root / "round")
    return root


@given(PATHS)
@settings(max_examples=500)
def test_what_clean_lets_through_cannot_climb(path: str) -> None:
    try:
        relative = clean(path)
    except InvalidRequest:
        return
    assert not relative.is_absolute()
    assert not {"..", ".", ""} & set(relative.parts)
    assert not any(mark in str(relative) for mark in ("\0", "\\"))
    assert os.path.normpath(f"/root/{relative}").startswith("/root")


@given(PATHS)
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_resolves_lies_inside_or_is_refused(root: Path, path: str) -> None:
    try:
        real = resolve_inside(root, path)
    except StudioError as error:
        assert 400 <= error.status < 500
        return
    assert real == real.resolve()
    assert real.is_relative_to(root.resolve())


@given(st.text(st.characters(exclude_characters="/\\\0:", exclude_categories=["Cs"]), min_size=1, max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_name_that_a_file_can_have_is_found(root: Path, name: str) -> None:
    if name in (".", ".."):
        return
    file = root / name
    file.touch()
    try:
        assert resolve_inside(root, name) == file.resolve() or file.is_symlink()
        assert resolve_inside(root, f"a/../{name}".replace("a/../", "./")).name == file.resolve().name
    except Forbidden:
        assert file.is_symlink()
    finally:
        if not file.is_symlink() and not file.is_dir():
            file.unlink()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "//etc/passwd",
        "..",
        "a/..",
        "a/../../x",
        "../root-secret/b.ipynb",
        "a\\..\\b",
        "..\\x",
        "a\0.ipynb",
        "C:/x",
        "c:x",
        "file:///etc/passwd",
        "Studio:a",
        "RTC:/etc/passwd",
        "RTC:../x",
        "RTC:RTC:a",
        "RTC:C:/x",
        "\ud800",
        "x" * 256,
        "é" * 128,
        "a/" * 2049,
    ],
)
def test_clean_refuses(path: str) -> None:
    with pytest.raises(InvalidRequest):
        clean(path)


@pytest.mark.parametrize(
    ("path", "relative"),
    [
        ("train.ipynb", "train.ipynb"),
        ("RTC:a/train.ipynb", "a/train.ipynb"),
        ("./a//b/", "a/b"),
        ("", "."),
        ("...", "..."),
        ("..a/b..", "..a/b.."),
        ("%2e%2e/x", "%2e%2e/x"),
        ("a/10:30.ipynb", "a/10:30.ipynb"),
        ("10:30.ipynb", "10:30.ipynb"),
        ("🚀 ü\n.ipynb", "🚀 ü\n.ipynb"),
        ("x" * 255, "x" * 255),
    ],
)
def test_clean_accepts(path: str, relative: str) -> None:
    assert clean(path) == PurePosixPath(relative)


def test_links_inside_are_followed(root: Path) -> None:
    assert resolve_inside(root, "link/b.ipynb") == (root / "a" / "b.ipynb").resolve()


@pytest.mark.parametrize("path", ["out", "out/b.ipynb", "out.ipynb", "nowhere", "nowhere/x", "out/not-there"])
def test_links_that_lead_out_are_refused_whatever_lies_there(root: Path, path: str) -> None:
    with pytest.raises(Forbidden):
        resolve_inside(root, path)


def test_a_root_that_is_a_link_itself_works(root: Path, tmp_path: Path) -> None:
    (tmp_path / "home").symlink_to(root)
    assert resolve_inside(tmp_path / "home", "a/b.ipynb") == (root / "a" / "b.ipynb").resolve()


@pytest.mark.parametrize("path", ["not-there.ipynb", "a/b.ipynb/c", "%2e%2e/root-secret/b.ipynb", "~/x"])
def test_nothing_there_is_not_found(root: Path, path: str) -> None:
    with pytest.raises(NotFound):
        resolve_inside(root, path)


def test_links_in_a_circle_are_refused(root: Path) -> None:
    with pytest.raises(InvalidRequest):
        resolve_inside(root, "round/x")


@pytest.mark.parametrize(
    ("path", "private"),
    [
        ("job.json", True),
        ("JOB.JSON", True),
        ("environment.json", True),
        ("attempts/1/claim.json", True),
        ("attempts/12/calls.jsonl", True),
        (".hidden", True),
        ("code/.git/config", True),
        ("code/job.json", False),
        ("output/environment.json", False),
        ("attempts/1/log.txt", False),
        ("attempts/1/exit.json", False),
        ("job.json.ipynb", False),
        ("", False),
    ],
)
def test_what_is_private_in_a_job_directory(path: str, private: bool) -> None:
    assert is_private(PurePosixPath(path)) is private
