"""What is in no commit is recorded, without secrets and without running anything of the repository's."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from studio_ext.adapters import git_changes
from studio_ext.adapters.git_changes import changes_text
from studio_ext.adapters.git_folder import GitFolder
from studio_ext.adapters.snapshots import FolderSnapshots

SECRET = "hunter2-Xy77abcd"


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "work").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "library.py").write_text("A = 1\nB = 2\n")
    (folder / "work" / "train.py").write_text("print(1)\n")
    (folder / "work" / "n.ipynb").write_text("{}\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def changes(folder: Path) -> str:
    with GitFolder(folder) as repository:
        return repository.changes()


def test_nothing_was_changed(repository: Path) -> None:
    assert changes(repository / "work") == ""


def test_the_whole_repository_can_be_brought_back(repository: Path, tmp_path: Path) -> None:
    (repository / "library.py").write_text("A = 1\nB = 3\n")
    (repository / "work" / "train.py").write_text("print(2)\n")
    git(repository, "add", "work/train.py")
    (repository / "work" / "new name.py").write_text("x")
    text = changes(repository / "work")
    commit = git(repository, "rev-parse", "HEAD").strip()
    assert text.startswith(f"# Not committed, on top of {commit}.\n# Not tracked: work/new name.py\n")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    (tmp_path / "uncommitted.diff.txt").write_text(text)
    git(clone, "apply", str(tmp_path / "uncommitted.diff.txt"))
    for name in ("library.py", "work/train.py"):
        assert (clone / name).read_text() == (repository / name).read_text()


def test_no_secrets(repository: Path) -> None:
    (repository / "library.py").write_text(f'A = 1\nPASSWORD = "{SECRET}"\n')
    (repository / ".env").write_text(f"X={SECRET}\n")
    git(repository, "add", "-f", ".env")
    text = changes(repository)
    assert SECRET not in text
    assert '+PASSWORD = "***"' in text and "# Left out, may hold secrets: .env" in text


def test_before_the_first_commit_and_outside_of_git(tmp_path: Path) -> None:
    assert changes(tmp_path) == ""
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    assert changes(tmp_path) == "# Not committed; there is no commit yet.\n# Not tracked: a.py\n"


def test_what_is_too_long_is_named_notebooks_first(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_changes, "MAX_BYTES", 2000)
    (repository / "work" / "n.ipynb").write_text("x = 1\n" * 250)
    (repository / "work" / "train.py").write_text("print(2)\n" * 100)
    text = changes(repository)
    assert "+print(2)" in text and "x = 1" not in text
    assert "too long" in text and ": work/n.ipynb\n" in text


def test_a_diff_without_an_end() -> None:
    diff = "diff --git a/a b/a\n+1\ndiff --git a/b b/b\n+half"
    text = changes_text(diff, [], "abc", is_cut=True)
    assert "+1" in text and "+half" not in text and "too long" in text


def test_names_that_would_end_a_line() -> None:
    text = changes_text("", ["a\nb", *(f"f{n:04}" for n in range(600))], "abc")
    assert "# Not tracked: a b\n" in text and "# Not tracked: 101 more" in text


def test_no_program_of_the_repository_is_run(repository: Path, tmp_path: Path) -> None:
    """A repository that was got from somebody: every place where it can name a program has one."""
    trap = tmp_path / "trap"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/sprung\ncat\n')
    trap.chmod(trap.stat().st_mode | stat.S_IXUSR)
    (repository / ".gitattributes").write_text("* filter=evil diff=evil\n*.ipynb filter=e.v=il merge=evil\n")
    for key in (
        "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "filter.e.v=il.clean", "diff.evil.command",
        "diff.evil.textconv", "diff.external", "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand",
        "core.alternateRefsCommand", "credential.helper", "core.askPass", "gpg.program", "interactive.diffFilter",
        "remote.origin.uploadpack", "core.gitProxy", "pager.diff", "diff.guitool", "merge.evil.driver",
    ):  # fmt: skip
        git(repository, "config", key, str(trap))
    for filter_ in ("evil", "e.v=il"):
        git(repository, "config", f"filter.{filter_}.required", "true")
    git(repository, "config", "remote.origin.url", f"ext::{trap} x")
    git(repository, "config", "remote.origin.promisor", "true")
    for hook in ("post-index-change", "fsmonitor-watchman", "pre-commit", "post-checkout", "reference-transaction"):
        (repository / ".git" / "hooks" / hook).write_text(trap.read_text())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    (repository / "library.py").write_text("A = 5\n")
    (repository / "work" / "n.ipynb").write_text("{ }\n")
    (tmp_path / "sprung").unlink(missing_ok=True)

    (repository / "work" / "n.ipynb").touch()
    (tmp_path / "job" / "code").mkdir(parents=True)
    snapshot = FolderSnapshots().take(repository / "work" / "n.ipynb", tmp_path / "job" / "code")
    assert not (tmp_path / "sprung").exists(), (tmp_path / "sprung").read_text()
    assert snapshot.git_dirty is True
    written = tmp_path / "job" / "uncommitted.diff.txt"
    assert "+A = 5" in written.read_text() and written.stat().st_mode & 0o777 == 0o600

    # The traps are real ones: git by itself falls into them.
    subprocess.run(["git", "diff", "HEAD"], cwd=repository, capture_output=True, stdin=subprocess.DEVNULL)
    assert (tmp_path / "sprung").exists()


def test_settings_of_the_submitter_stay(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://example.org/x.git")
    with GitFolder(repository) as folder:
        assert folder.remote() == "https://example.org/x.git"
