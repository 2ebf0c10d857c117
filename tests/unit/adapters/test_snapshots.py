"""Snapshots of real folders and real git work trees."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

from studio_ext.adapters import snapshots
from studio_ext.adapters.snapshots import FolderSnapshots
from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.jobs import Snapshot

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A notebook with two neighbours and a folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    fill(folder, {"n.ipynb": "{}", "data.csv": "1,2", "lib/helper.py": "x = 1", "lib/deep/more.py": "y"})
    return folder


def fill(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def take(folder: Path, *, notebook: str = "n.ipynb", into: Path | None = None, **caps: int) -> tuple[Snapshot, Path]:
    target = into or folder.parent / "code"
    target.mkdir(parents=True)
    return FolderSnapshots(**caps).take(folder / notebook, target), target


def tree(folder: Path) -> dict[str, str]:
    """Relative path to text, or ``->`` for links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path.relative_to(folder))] = "->"
        elif path.is_file():
            found[str(path.relative_to(folder))] = path.read_text()
    return found


# -- folders --------------------------------------------------------------------------------------------------


def test_a_plain_folder(folder: Path) -> None:
    snapshot, code = take(folder)
    assert tree(code) == {"n.ipynb": "{}", "data.csv": "1,2", "lib/helper.py": "x = 1", "lib/deep/more.py": "y"}
    assert snapshot == Snapshot(source=str(folder), files=4, size_bytes=2 + 3 + 5 + 1)


def test_what_is_never_taken(folder: Path) -> None:
    for name in (".git/x", "__pycache__/x", ".ipynb_checkpoints/x", "node_modules/x", ".venv/x", "lib/a.pyc"):
        fill(folder, {name: "x"})
    snapshot, code = take(folder)
    assert len(tree(code)) == snapshot.files == 4
    assert snapshot.left_out == []


def test_the_ignore_file(folder: Path) -> None:
    fill(folder, {".studioignore": "\ufeff*.csv\nlib/*\n!lib/helper.py\n# comment\n\n", "lib/other.py": ""})
    _, code = take(folder)
    assert sorted(tree(code)) == [".studioignore", "lib/helper.py", "n.ipynb"]


@pytest.mark.parametrize("line", ["!", "/", "***", "[", "a\\", "\x00", "**/**/x", "x" * 10_000])
def test_odd_lines_in_the_ignore_file(folder: Path, line: str) -> None:
    fill(folder, {".studioignore": f"{line}\n"})
    try:
        snapshot, code = take(folder)
        assert snapshot.files >= 1
        assert (code / "n.ipynb").read_text() == "{}", "the notebook cannot be ignored"
    except InvalidRequest as error:
        assert ".studioignore" in error.message


def test_an_ignore_file_that_is_none(folder: Path) -> None:
    os.mkfifo(folder / ".studioignore")
    assert take(folder)[0].files == 4


def test_a_file_over_the_cap_is_linked_and_named(folder: Path) -> None:
    fill(folder, {"big.bin": "x" * 1000})
    snapshot, code = take(folder, max_bytes=500)
    assert snapshot.left_out == ["big.bin"]
    assert snapshot.files == 4
    assert tree(code)["big.bin"] == "->"
    assert (code / "big.bin").read_text() == "x" * 1000


def test_the_notebook_is_copied_whatever_its_size(folder: Path) -> None:
    fill(folder, {"n.ipynb": "x" * 1000})
    snapshot, code = take(folder, max_bytes=10)
    assert not (code / "n.ipynb").is_symlink()
    assert "n.ipynb" not in snapshot.left_out
    assert {name for name, text in tree(code).items() if text == "->"} == {"lib/helper.py", "lib/deep/more.py"}


def test_the_notebook_is_copied_among_too_many_files(folder: Path) -> None:
    fill(folder, {f"a{number:03}": "" for number in range(50)})
    snapshot, code = take(folder, max_files=10)
    assert not (code / "n.ipynb").is_symlink()
    assert snapshot.files == 11
    assert (code / "lib").is_symlink(), "folders beyond the cap are linked as a whole"
    assert "lib/" in snapshot.left_out
    assert (code / "lib" / "deep" / "more.py").read_text() == "y"


def test_a_long_list_of_what_was_left_out_is_cut(folder: Path) -> None:
    fill(folder, {f"a{number:03}": "xxx" for number in range(150)})
    snapshot, _ = take(folder, max_bytes=0)
    assert len(snapshot.left_out) == snapshots.MAX_LISTED + 1
    assert snapshot.left_out[-1] == "... 153 in all"


def test_writing_to_the_copy_leaves_the_original(folder: Path) -> None:
    (folder / "data.csv").chmod(0o444)
    _, code = take(folder)
    for name in ("data.csv", "n.ipynb", "lib/helper.py"):
        with (code / name).open("a") as file:
            file.write("changed by the job")
        assert "changed" not in (folder / name).read_text()
        assert (code / name).stat().st_ino != (folder / name).stat().st_ino
    (code / "lib" / "new.py").touch()
    assert not (folder / "lib" / "new.py").exists()


def test_programs_stay_programs(folder: Path) -> None:
    (folder / "lib" / "helper.py").chmod(0o755)
    _, code = take(folder)
    assert (code / "lib" / "helper.py").stat().st_mode & 0o777 == 0o755
    assert not (code / "data.csv").stat().st_mode & 0o111


def test_where_the_kernel_cannot_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> int:
        raise OSError(18, "cross-device")

    monkeypatch.setattr(os, "copy_file_range", refuse)
    assert take(folder)[1].joinpath("data.csv").read_text() == "1,2"
    monkeypatch.delattr(os, "copy_file_range")
    assert take(folder, into=folder.parent / "again")[1].joinpath("data.csv").read_text() == "1,2"


def test_a_full_disk_is_no_reason_to_link(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(OSError, match="space"):
        take(folder)


# -- odd things in folders ------------------------------------------------------------------------------------


def test_pipes_and_sockets_are_passed_by(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "to_pipe").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "s"))
        snapshot, code = take(folder)
    assert snapshot.files == 4
    assert not (code / "pipe").exists()


def test_links(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    fill(outside, {"large.bin": "L"})
    links = {"loop": "loop", "circle": "circle2", "circle2": "circle", "up": "..", "broken": "missing", "self": "."}
    for name, to in links.items():
        (folder / name).symlink_to(to)
    (folder / "data").symlink_to(outside)
    (folder / "alias.csv").symlink_to("data.csv")
    snapshot, code = take(folder)
    assert (code / "alias.csv").read_text() == "1,2"
    assert not (code / "alias.csv").is_symlink(), "a link to a file becomes a copy of it"
    assert (code / "data" / "large.bin").read_text() == "L"
    assert (code / "data").is_symlink()
    assert {"data", "up", "self"} == set(snapshot.left_out)
    assert not (code / "loop").is_symlink()


def test_odd_names(folder: Path) -> None:
    names = ["a\nb", "😀", "x" * 255, " ", "-rf", "*", "é" * 127, "'\"", "\\", "back\\slash", "C:"]
    fill(folder, {name: name for name in names})
    _, code = take(folder)
    assert {name: tree(code)[name] for name in names} == {name: name for name in names}


def test_names_that_are_not_utf8(folder: Path) -> None:
    raw = os.fsencode(folder) + b"/caf\xe9"
    Path(os.fsdecode(raw)).write_text("x" * 100)
    snapshot, code = take(folder, max_bytes=50)
    assert snapshot.left_out == ["caf\ufffd"]
    snapshot.model_dump_json()
    assert Path(os.fsdecode(os.fsencode(code) + b"/caf\xe9")).read_text() == "x" * 100


def test_a_folder_whose_name_is_not_utf8(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    fill(folder, {"n.ipynb": "{}"})
    snapshot, _ = take(folder, into=tmp_path / "code")
    assert snapshot.source.endswith("caf\ufffd")


def test_unreadable_files_are_linked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Path.open

    def guarded(self: Path, mode: str = "r", *args: object, **more: object) -> object:
        if self == folder / "data.csv":
            raise PermissionError(13, "Permission denied")
        return whole(self, mode, *args, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", guarded)
    snapshot, code = take(folder)
    assert snapshot.left_out == ["data.csv"]
    assert (code / "data.csv").is_symlink()


def test_files_that_go_away_meanwhile(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = snapshots._copy

    def late(origin: Path, place: Path) -> bool:
        if origin.name == "data.csv":
            origin.unlink()
        return whole(origin, place)

    monkeypatch.setattr(snapshots, "_copy", late)
    assert take(folder)[0].files == 3


def test_the_workspace_below_the_notebook_is_not_copied(folder: Path) -> None:
    fill(folder, {"studio/jobs/old/code/x": "old", "studio/mlflow.db": "db"})
    snapshot, code = take(folder, into=folder / "studio" / "jobs" / "new" / "code")
    assert snapshot.files == 4
    assert not (code / "studio").exists()


def test_the_workspace_under_another_name(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(folder)
    fill(folder, {"studio/jobs/old/x": ""})
    snapshot, code = take(folder, into=tmp_path / "alias" / "studio" / "jobs" / "new" / "code")
    assert snapshot.files == 4
    assert not (code / "studio").exists()


def test_a_notebook_in_the_workspace(tmp_path: Path) -> None:
    home = tmp_path / "studio"
    fill(home, {"n.ipynb": "{}", "jobs/old/code/x": "old"})
    snapshot, code = take(home, into=home / "jobs" / "new" / "code")
    assert sorted(tree(code)) == ["n.ipynb"]
    assert snapshot.files == 1


def test_a_relative_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    target = folder.parent / "code"
    target.mkdir()
    FolderSnapshots(max_bytes=2).take(Path("work/n.ipynb"), target)
    assert (target / "data.csv").read_text() == "1,2", "links lead to where the files are"


def test_many_small_files_take_bounded_time(folder: Path) -> None:
    for part in range(20):
        (folder / f"part{part:02}").mkdir()
        for number in range(1000):
            (folder / f"part{part:02}" / f"{number}.txt").touch()
    begin = time.process_time()
    snapshot, code = take(folder)
    assert time.process_time() - begin < 15, "of processor time, whatever else the machine does"
    assert snapshot.files <= snapshots.MAX_FILES
    assert len(list(code.glob("part*"))) == 20
    assert all((code / f"part{part:02}" / "999.txt").exists() for part in range(20))


def test_links_are_bounded_too(folder: Path) -> None:
    """Many files that do not fit cost a link each, but not without end: then folders are linked as a whole."""
    for part in range(30):
        fill(folder, {f"a{part:02}/b/{number}": "xx" for number in range(20)})
    _, code = take(folder, max_bytes=11, max_files=100)
    assert sum(1 for _ in code.rglob("*")) < 300
    assert (code / "a29" / "b" / "19").read_text() == "xx"


# -- git ------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(folder: Path) -> Path:
    """The folder as a work tree with one commit; data and logs are ignored."""
    git(folder, "init", "-q")
    fill(folder, {".gitignore": "*.csv\nruns/\n", "runs/1/log": "long"})
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    return folder


def test_a_clean_work_tree(repository: Path) -> None:
    snapshot, code = take(repository)
    assert snapshot.git_commit == git(repository, "rev-parse", "HEAD")
    assert snapshot.git_dirty is False
    assert snapshot.git_remote is None
    assert snapshot.left_out == ["data.csv", "runs/"]
    assert (code / "data.csv").is_symlink()
    assert (code / "runs" / "1" / "log").read_text() == "long"
    assert not (code / ".git").exists()


@pytest.mark.parametrize("name", ["n.ipynb", "new.py", "lib/deep/new.py", "a\nb", "😀", "café"])
def test_changes_make_it_dirty_and_are_copied(repository: Path, name: str) -> None:
    fill(repository, {name: "changed"})
    snapshot, code = take(repository)
    assert snapshot.git_dirty is True
    assert tree(code)[name] == "changed"


def test_a_deleted_file_makes_it_dirty(repository: Path) -> None:
    (repository / "lib" / "helper.py").unlink()
    snapshot, code = take(repository)
    assert snapshot.git_dirty is True
    assert not (code / "lib" / "helper.py").exists()


def test_what_changes_elsewhere_does_not_matter(repository: Path) -> None:
    fill(repository, {"sub/n.ipynb": "{}", "sub/x.py": ""})
    git(repository, "add", "sub")
    git(repository, "commit", "-qm", "second")
    fill(repository, {"n.ipynb": "changed"})
    snapshot, code = take(repository / "sub", into=repository.parent / "code")
    assert snapshot.git_dirty is False
    assert snapshot.git_commit == git(repository, "rev-parse", "HEAD")
    assert sorted(tree(code)) == ["n.ipynb", "x.py"]


def test_an_ignored_notebook_is_copied(repository: Path) -> None:
    fill(repository, {".gitignore": "*.ipynb\n", "other.ipynb": "{}"})
    git(repository, "rm", "-q", "--cached", "n.ipynb")
    snapshot, code = take(repository)
    assert not (code / "n.ipynb").is_symlink()
    assert snapshot.left_out == ["other.ipynb"]


def test_a_notebook_in_an_ignored_folder(repository: Path) -> None:
    fill(repository, {"runs/n.ipynb": "{}"})
    _, code = take(repository / "runs", into=repository.parent / "code")
    assert tree(code)["n.ipynb"] == "{}"
    assert (code / "1").is_symlink()


def test_before_the_first_commit(folder: Path) -> None:
    git(folder, "init", "-q")
    snapshot, _ = take(folder)
    assert (snapshot.git_commit, snapshot.git_dirty, snapshot.files) == (None, True, 4)


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://ada:token@host.example/team/repo.git", "https://host.example/team/repo.git"),
        ("https://token@host.example/a@b.git", "https://host.example/a@b.git"),
        ("https://host.example/a@b.git", "https://host.example/a@b.git"),
        ("git@host.example:team/repo.git", "git@host.example:team/repo.git"),
        ("/srv/git/repo", "/srv/git/repo"),
    ],
)
def test_the_remote_is_shown_without_credentials(repository: Path, remote: str, shown: str) -> None:
    git(repository, "remote", "add", "origin", remote)
    assert take(repository)[0].git_remote == shown


def test_a_linked_work_tree(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    git(repository, "worktree", "add", "-q", str(other))
    snapshot, code = take(other, into=tmp_path / "code")
    assert snapshot.git_commit == git(repository, "rev-parse", "HEAD")
    assert not (code / ".git").exists(), "git inside the job must not reach the work tree"
    assert not (code / ".git").is_symlink()


def test_another_repository_below(repository: Path) -> None:
    inner = repository / "inner"
    fill(inner, {"x.py": "x"})
    git(inner, "init", "-q")
    _, code = take(repository)
    assert (code / "inner" / "x.py").read_text() == "x"


@pytest.mark.parametrize("damage", ["empty", "broken", "missing program"])
def test_without_an_answer_from_git_everything_is_copied(
    repository: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if damage == "empty":
        subprocess.run(["rm", "-rf", ".git"], cwd=repository, check=True)
        (repository / ".git").mkdir()
    elif damage == "broken":
        (repository / ".git" / "HEAD").write_text("nonsense")
    else:
        monkeypatch.setenv("PATH", "/nowhere")
    snapshot, code = take(repository)
    assert (snapshot.git_commit, snapshot.git_dirty) == (None, None)
    assert not (code / "data.csv").is_symlink()


def test_git_does_not_hang_us(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    fill(tools, {"git": "#!/bin/sh\nexec sleep 60\n"})
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr("studio_ext.adapters.git_folder._GIT_SECONDS", 0.2)
    begin = time.perf_counter()
    assert take(repository)[0].git_commit is None
    assert time.perf_counter() - begin < 30


def test_git_writes_nothing(repository: Path) -> None:
    before = sorted((str(path), path.stat().st_mtime_ns) for path in (repository / ".git").rglob("*"))
    time.sleep(0.01)
    fill(repository, {"n.ipynb": "{}"})  # same text, other time: git would like to refresh its index
    take(repository)
    assert sorted((str(path), path.stat().st_mtime_ns) for path in (repository / ".git").rglob("*")) == before
