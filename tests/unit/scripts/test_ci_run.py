"""What ``.ci/run`` installs, starts, refuses and says on machines of different kinds.

No package manager is called and no container engine started.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PLAIN = (
    *("bash", "sh", "env", "dirname", "mktemp", "timeout", "grep", "cat", "chmod", "cp", "rm", "xargs", "seq", "sleep"),
    *("mkdir", "mv", "head", "tail"),
)
DEBIAN = "  Candidate: 130.0-1~deb12u1"


class Machine:
    """A machine that has nothing but what it is given."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.bin = home / "bin"
        self.bin.mkdir()
        for name in PLAIN:
            (self.bin / name).symlink_to(shutil.which(name) or "/absent")
        self.has("id", "echo 0")
        self.has("make", 'echo "make $* $PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH"')
        for name in ("git", "gcc", "python3", "node", "chromium", "docker-registry", "podman", "debootstrap", "docker"):
            self.has(name)
        self.apt(DEBIAN)

    def has(self, name: str, script: str = "exit 0") -> None:
        """Give it a program."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def lacks(self, *names: str) -> None:
        """Take programs away."""
        for name in names:
            (self.bin / name).unlink()

    def apt(self, candidate: str) -> None:
        """Give it a package manager, whose packages bring working programs."""
        self.has("apt-cache", f"echo '{candidate}'")
        brought = "git gcc make python3 node chromium podman"
        self.has(
            "apt-get",
            f'echo "apt-get $*"\n[ "$1" = install ] || exit 0\nfor name in {brought}; do '
            f"[ -e {self.bin}/$name ] && $name --version >/dev/null || "
            f"{{ echo '#!/bin/sh' > {self.bin}/$name; chmod 755 {self.bin}/$name; }}; done",
        )

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the checks there."""
        environment = {"PATH": str(self.bin), "HOME": str(self.home), "TMPDIR": str(self.home)} | variables
        return subprocess.run(
            [ROOT / ".ci/run"], env=environment, capture_output=True, text=True, timeout=60, check=False
        )


CHECKS = ("develop", "images", "lint test-typescript", "test-python test-browser")


def checks(ran: subprocess.CompletedProcess[str]) -> tuple[list[str], set[str]]:
    """The checks that were made, without order where they run at once, and the browser that they were given."""
    lines = [line.removeprefix("make ") for line in ran.stdout.splitlines() if line.startswith("make ")]
    parts = [line.rpartition(" ") for line in lines]
    return sorted(part[0] for part in parts), {part[2] for part in parts}


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_that_has_everything(machine: Machine) -> None:
    ran = machine.run()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert checks(ran) == (sorted(CHECKS), {f"{machine.bin}/chromium"})
    assert ran.stdout.splitlines()[-1].startswith("make test-python test-browser")


@pytest.mark.parametrize(
    ("program", "words"),
    [("python3", "Python 3.11 or newer is needed (Old 3)"), ("node", "Node.js 20 or newer is needed")],
)
def test_what_is_too_old_is_said_before_anything_is_installed(machine: Machine, program: str, words: str) -> None:
    machine.has(program, 'test "$1" = --version && echo "Old 3" && exit 0\nexit 1')
    machine.lacks("gcc", "chromium")
    ran = machine.run()
    assert ran.returncode != 0
    assert words in ran.stderr
    assert ran.stdout == ""


def test_what_is_absent_altogether_is_installed(machine: Machine) -> None:
    machine.lacks("python3", "node", "chromium")
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    installed = next(line for line in ran.stdout.splitlines() if line.startswith("apt-get install"))
    assert installed.split("--no-install-recommends ")[1].split() == [
        "nodejs", "npm", "python3", "python3-venv", "chromium",
    ]  # fmt: skip
    assert checks(ran) == (sorted(CHECKS), {f"{machine.bin}/chromium"})


@pytest.mark.parametrize("name", ["chromium-browser", "google-chrome"])
def test_another_browser_will_do(machine: Machine, name: str) -> None:
    machine.lacks("chromium")
    machine.has(name)
    assert checks(machine.run()) == (sorted(CHECKS), {f"{machine.bin}/{name}"})


def test_the_browser_that_was_named_comes_first(machine: Machine) -> None:
    machine.has("mine")
    ran = machine.run(PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH=f"{machine.bin}/mine")
    assert checks(ran) == (sorted(CHECKS), {f"{machine.bin}/mine"})


@pytest.mark.parametrize("candidate", ["", "  Candidate: (none)", "  Candidate: 2:1snap1-0ubuntu2"])
def test_a_browser_that_only_asks_for_a_snap_is_none(machine: Machine, candidate: str) -> None:
    machine.lacks("chromium")
    machine.has("chromium-browser", "exit 10")
    machine.apt(candidate)
    ran = machine.run()
    assert ran.returncode == 1
    assert "Install Chromium or Google Chrome" in ran.stderr
    assert "install" not in ran.stdout


def test_elsewhere_than_on_debian_what_is_missing_is_named(machine: Machine) -> None:
    machine.lacks("gcc", "chromium", "apt-get")
    ran = machine.run()
    assert ran.returncode == 1
    assert ran.stderr == "Missing: gcc chromium. There is no apt-get here: install them first.\n"


def test_without_root_and_sudo_too(machine: Machine) -> None:
    machine.has("id", "echo 1000")
    machine.lacks("git")
    ran = machine.run()
    assert ran.returncode == 1
    assert ran.stderr == "Missing: git. Installing them needs root or sudo.\n"


# -- the container engine -------------------------------------------------------------------------------------------


def engine(machine: Machine, *, starts: bool = True, pulls: bool = False) -> Path:
    """Give it an engine that does not run yet. Returns the file that is there while it runs."""
    runs, image = machine.home / "runs", machine.home / "image"
    machine.has(
        "docker",
        f'case "$1 $2" in\n"version "*) [ -e {runs} ] ;;\n"image inspect") [ -e {image} ] ;;\n'
        f'"pull --quiet") exit {0 if pulls else 1} ;;\n"import -") cat > {image} ;;\nesac',
    )
    work = f'echo $$ > "$4"; : > {runs}; trap "rm {runs}; exit" TERM; while :; do sleep 0.1; done'
    machine.has("dockerd", work if starts else "echo no iptables here; exit 1")
    machine.has("debootstrap", 'echo "debootstrap $*"; mkdir -p "$5"')
    machine.has("tar", "echo the whole system")
    return runs


def test_an_engine_that_does_not_answer_is_installed_started_and_ended(machine: Machine) -> None:
    runs = engine(machine, pulls=True)
    machine.has("make", f'echo "make $* $STUDIO_BASE_IMAGE $STUDIO_REQUIRE_ALL"; [ "$1" = --version ] || [ -e {runs} ]')
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    assert "--no-install-recommends docker.io iptables" in ran.stdout
    assert "make images python:3.12-slim 1\n" in ran.stdout
    assert not runs.exists()


def test_a_base_image_is_made_of_the_systems_packages_where_none_can_be_pulled(machine: Machine) -> None:
    engine(machine)
    machine.has("make", 'echo "make $* $STUDIO_BASE_IMAGE"')
    machine.has("apt-get", '[ "$1" != indextargets ] || echo http://mirror.example/debian/')
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    assert "--include=python3,python3-venv,python3-pip,ca-certificates" in ran.stderr
    assert "http://mirror.example/debian/" in ran.stderr
    assert "make images studio-base:" in ran.stdout
    assert (machine.home / "image").read_text() == "the whole system\n"
    assert "debootstrap" not in machine.run().stderr  # it is there now


def test_an_engine_that_does_not_start_is_a_failure_and_says_why(machine: Machine) -> None:
    engine(machine, starts=False)
    ran = machine.run()
    assert ran.returncode == 1
    assert "The container engine does not start. The end of its log:\nno iptables here" in ran.stderr
    assert "make" not in ran.stdout


@pytest.mark.parametrize("failing", ["develop", "images", "lint", "test-python"])
def test_whatever_fails_the_engine_that_was_started_ends(machine: Machine, failing: str) -> None:
    runs = engine(machine, pulls=True)
    machine.has("make", f'[ "$1" != {failing} ] || exit 7')
    ran = machine.run()
    assert ran.returncode == 7
    assert not runs.exists()
