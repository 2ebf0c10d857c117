"""What is particular to containers: rights, users, mounts, images that do not fit."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from studio_ext.adapters.docker_runner import DockerRunner, spec
from studio_ext.adapters.docker_runner.engine import Engine, EngineInfo
from studio_ext.adapters.docker_runner.images import DockerImages
from studio_ext.adapters.doctor_containers import container_checks
from studio_ext.adapters.workspace_config import open_workspace
from studio_ext.contract.errors import StudioError
from studio_ext.contract.jobs import ContainerProfile, ExitReason
from studio_ext.ports.runner import Launch
from studio_ext.testing.runner_suite import (
    MIB,
    end_all,
    output_cells,
    read_log,
    stream,
    wait_ended,
    wait_for,
    wait_running,
)
from studio_ext.worker import records
from tests.integration import docker_images
from tests.integration.containers_seen import SLEEP, inspect, is_gone
from tests.integration.test_docker_runner import in_image

OTHER_USER = 12345


def owners(directory: Path) -> set[int]:
    return {path.lstat().st_uid for path in directory.rglob("*")}


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Makes a job directory somebody else's, as if we were that user: so is what the runner writes there."""

    def to(directory: Path, uid: int) -> None:
        (directory / "attempts" / "1").mkdir()
        monkeypatch.setattr(records, "OWNER", (uid, uid))
        chown(directory, uid)

    return to


def chown(directory: Path, uid: int) -> None:
    for parent, folders, files in os.walk(directory):
        for name in (*folders, *files):
            os.lchown(Path(parent, name), uid, uid)
    os.lchown(directory, uid, uid)


# -- rights ----------------------------------------------------------------------------------------------------------


def test_rights_in_our_image(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    look = (
        "import json, os, socket\n"
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "print(json.dumps([status[key].strip() for key in ('CapEff', 'CapPrm', 'CapBnd', 'NoNewPrivs')]"
        " + [socket.gethostname(), socket.gethostbyname('algo-1')]"
        " + [os.path.exists('/var/run/docker.sock')]), flush=True)"
    )
    launch = in_image(tmp_path, [look, SLEEP], cpus=0.5, memory_bytes=300 * MIB)
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    made = inspect(engine, launch)
    host = made["HostConfig"]
    assert host["CapDrop"]  # Docker: ALL; Podman: the name of each one
    assert "no-new-privileges" in host["SecurityOpt"]
    assert (host["Memory"], host["MemorySwap"], host["NanoCpus"]) == (300 * MIB, 300 * MIB, 500_000_000)
    assert host["PidsLimit"] == engine.settings.pids_limit
    assert (host["NetworkMode"], made["Config"]["Hostname"]) == ("none", "algo-1")
    assert not host["Privileged"] and not host["Devices"]
    assert not any("docker.sock" in each["Source"] for each in made["Mounts"])
    writable = {each["Destination"] for each in made["Mounts"] if each["RW"]}
    assert writable == {"/opt/ml"}
    told = next(line for line in read_log(launch).splitlines() if line.startswith("["))
    *capabilities, no_new, name, own, has_socket = json.loads(told)
    assert {int(each, 16) for each in capabilities} == {0} and no_new == "1"
    assert (name, own, has_socket) == ("algo-1", "127.0.0.1", False)


def test_rights_in_other_images(
    runner: DockerRunner, engine: Engine, tmp_path: Path, image: Callable[[str], str]
) -> None:
    launch = in_image(tmp_path, [SLEEP], image("root"))
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    host = inspect(engine, launch)["HostConfig"]
    assert not host["CapDrop"] and not host["CapAdd"]
    assert "no-new-privileges" in host["SecurityOpt"]


def test_gpus_are_asked_for(docker_engine: Engine, tmp_path: Path) -> None:
    """On the container as it was made; whether a GPU arrives only a machine with one can tell."""
    launch = in_image(tmp_path, ["1"], gpus=2)
    job = json.loads((launch.directory / "job.json").read_text())
    found = DockerImages(docker_engine).inspect(docker_images.NOTEBOOK)
    assert found is not None
    made = spec.Spec(
        launch=launch, workspace="tests", image=found, engine=docker_engine.describe(20.0), job=job, mounts=[],
        owner=(0, 0), pids_limit=100,
    )  # fmt: skip
    api = docker_engine.api()
    identity = api.create_container(**made.request(api, "python3"))["Id"]
    try:
        (request,) = api.inspect_container(identity)["HostConfig"]["DeviceRequests"]
        assert (request["Count"], request["Capabilities"]) == (2, [["gpu"]])
    finally:
        api.remove_container(identity, force=True)


def test_gpus_that_there_are_not(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    launch = in_image(tmp_path, ["1"], gpus=2)
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    is_podman = engine.describe().name == "Podman"
    if seen.exit and (is_podman or seen.exit.reason is not ExitReason.completed):  # not a machine with two
        assert seen.exit.reason is ExitReason.start_failed
        assert ("Podman takes no notice of GPUs" if is_podman else "no GPUs") in seen.exit.message


@pytest.mark.parametrize("asked", [False, True])
def test_a_way_out_only_where_asked(runner: DockerRunner, tmp_path: Path, asked: bool) -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        server.setblocking(False)
        reach = (
            "import socket, struct\n"
            "routes = [line.split() for line in open('/proc/net/route')][1:]\n"
            "numbers = [int(route[2], 16) for route in routes if int(route[2], 16)]\n"
            "gateways = [socket.inet_ntoa(struct.pack('<L', number)) for number in numbers]\n"
            f"for address in gateways or ['172.17.0.1']:\n"
            f"    socket.create_connection((address, {server.getsockname()[1]}), 3).close()\n"
            "print('reached')"
        )
        launch = in_image(tmp_path, [reach], container={"network_access": asked})
        runner.launch(launch)
        seen = wait_ended(runner, launch)
        with nullcontext() if asked else pytest.raises(BlockingIOError):
            server.accept()[0].close()
    assert seen.exit is not None
    assert seen.exit.reason is (ExitReason.completed if asked else ExitReason.cell_failed), seen.exit.message
    assert ("reached" in read_log(launch).splitlines()) is asked


def test_fork_bomb_stays_in_its_container(runner: DockerRunner, engine: Engine, tmp_path: Path) -> None:
    bomb = (
        "import os, time\nborn = 0\n"
        "try:\n    while True:\n        if os.fork() == 0: time.sleep(600)\n        born += 1\n"
        "except BlockingIOError:\n    print('held', born, flush=True)\ntime.sleep(600)"
    )
    small = Engine(engine.settings.__class__(pids_limit=200))
    bounded = DockerRunner(tmp_path / "workspace", small)
    bomb_launch, other = in_image(tmp_path, [bomb]), in_image(tmp_path, ["print('unharmed')"])
    bounded.launch(bomb_launch)
    wait_for(lambda: "held" in read_log(bomb_launch))
    assert int(read_log(bomb_launch).split("held")[1].split()[0]) < 200
    runner.launch(other)
    seen = wait_ended(runner, other)
    assert seen.exit and seen.exit.reason is ExitReason.completed
    bounded.stop(bomb_launch, kill=True)
    wait_ended(bounded, bomb_launch)
    wait_for(lambda: is_gone(engine, bomb_launch))
    bounded.close()


class Unlimited(Engine):
    """An engine that says that it holds no limits, as rootless ones do without control groups of their own."""

    def describe(self, wait: float = 20.0) -> EngineInfo:
        return replace(super().describe(wait), limits=False)


@pytest.mark.parametrize("profile", ["notebook", "app"])
def test_limits_where_the_engine_holds_none(docker_engine: Engine, home: Path, tmp_path: Path, profile: str) -> None:
    image = docker_images.NOTEBOOK if profile == "notebook" else docker_images.make(docker_engine, profile)
    runner = DockerRunner(home, Unlimited(docker_engine.settings))
    greedy = "print('sleeping', flush=True)\nheld = []\nwhile True: held.append(bytearray(8 * 1024 * 1024))"
    launch, waits = (in_image(tmp_path, [cell], image, memory_bytes=300 * MIB, cpus=0.5) for cell in (greedy, SLEEP))
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.message == "Ran out of memory at cell 1 (limit 300 MiB)."
    runner.launch(waits)
    wait_running(runner, waits, "sleeping")
    host = inspect(docker_engine, waits)["HostConfig"]
    assert not host["Memory"] and not host["NanoCpus"] and not host["PidsLimit"]
    end_all(runner, tmp_path)
    runner.close()


# -- users and files -------------------------------------------------------------------------------------------------


def test_our_image_runs_as_the_owner_of_the_job(
    runner: DockerRunner, tmp_path: Path, give: Callable[[Path, int], None]
) -> None:
    show = (
        "import getpass, json, os, pathlib\n"
        "pathlib.Path('made.txt').write_text('here')\n"
        "print(json.dumps([os.getuid(), os.getgid(), pathlib.Path.home().as_posix(), len(getpass.getuser())]))"
    )
    launch = in_image(tmp_path, [show], run_id="1" * 32)
    give(launch.directory, OTHER_USER)
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed, (seen.exit, read_log(launch))
    uid, gid, home, name = json.loads(stream(output_cells(launch)[0]))
    assert (uid, gid, home) == (OTHER_USER, OTHER_USER, "/home/studio") and name > 0
    assert (launch.directory / "code" / "made.txt").stat().st_uid == OTHER_USER


@pytest.mark.parametrize(("name", "uid"), [("app", 4321), ("root", 0)])
def test_other_images_run_as_their_own_user_and_files_are_handed_back(
    runner: DockerRunner,
    tmp_path: Path,
    image: Callable[[str], str],
    give: Callable[[Path, int], None],
    name: str,
    uid: int,
) -> None:
    work = (
        "import os, pathlib, time\n"
        "for folder in ('code', 'model', 'output', 'checkpoints'):\n"
        "    pathlib.Path('/opt/ml', folder, 'made.txt').write_text('here')\n"
        "pathlib.Path('/opt/ml/input/config/hyperparameters.json').read_text()\n"
        "print(os.getuid(), pathlib.Path.home(), flush=True)\n"
        "while not os.path.exists('go'): time.sleep(0.05)"
    )
    launch = in_image(tmp_path, [work], image(name))
    (launch.directory / "input" / "config" / "hyperparameters.json").write_text("{}")
    (launch.directory / "input" / "config" / "hyperparameters.json").chmod(0o600)
    launch.directory.chmod(0o700)
    give(launch.directory, OTHER_USER)
    runner.launch(launch)
    wait_for(lambda: f"{uid} " in read_log(launch))
    files = launch.directory / "attempts" / "1"
    assert (files / "log.txt").stat().st_uid == OTHER_USER, "whoever submitted can read along"
    assert (launch.directory / "output" / "train.ipynb").stat().st_uid == OTHER_USER
    (launch.directory / "code" / "go").touch()
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed, (seen.exit, read_log(launch))
    for folder in ("code", "model", "output", "checkpoints"):
        assert (launch.directory / folder / "made.txt").exists()
    assert owners(launch.directory) == {OTHER_USER}
    assert launch.directory.stat().st_mode & 0o777 == 0o700


def test_files_are_handed_back_by_a_container_where_we_are_not_root(
    runner: DockerRunner,
    engine: Engine,
    tmp_path: Path,
    image: Callable[[str], str],
    give: Callable[[Path, int], None],
) -> None:
    launch = in_image(tmp_path, [f"open('made.txt', 'w').close()\n{SLEEP}"], image("app"))
    give(launch.directory, OTHER_USER)
    runner.launch(launch)
    wait_running(runner, launch, "sleeping")
    assert 4321 in owners(launch.directory)
    identity = inspect(engine, launch)["Id"]
    engine.api().kill(identity, "SIGKILL")
    # What the runner does as an ordinary user; as root it would not need a container for it.
    runner._watcher._clearer._hand_back_by_container(launch, identity)
    assert owners(launch.directory) == {OTHER_USER}


def test_what_is_to_be_run_is_not_the_jobs_to_change(runner: DockerRunner, tmp_path: Path) -> None:
    tamper = (
        "refused = 0\nimport os\n"
        "for path in ('job.json', 'input/notebook.ipynb', 'input/data/x'):\n"
        "    try: open('/opt/ml/' + path, 'w').close()\n    except OSError: refused += 1\n"
        "try: os.replace('/opt/ml/output', '/opt/ml/job.json')\nexcept OSError: refused += 1\n"
        "print('refused', refused)"
    )
    launch = in_image(tmp_path, [tamper])
    runner.launch(launch)
    wait_ended(runner, launch)
    assert stream(output_cells(launch)[0]) == "refused 4\n"


def test_places_that_the_snapshot_links_to(runner: DockerRunner, tmp_path: Path) -> None:
    data, engine_folder = tmp_path / "my data", tmp_path / "run"
    data.mkdir()
    (data / "big.csv").write_text("1,2\n")
    engine_folder.symlink_to("/var/run")
    launch = in_image(
        tmp_path,
        [
            "import os\nprint(open('big.csv').read(), os.listdir('data'))\n"
            "try: open('data/new', 'w')\nexcept OSError as error: print(error.strerror)\n"
            "print(os.path.exists('run/docker.sock'), os.path.lexists('gone'))"
        ],
        links=[str(data / "big.csv"), str(data), str(engine_folder), str(tmp_path / "gone")],
    )
    for name, target in (
        ("big.csv", data / "big.csv"),
        ("data", data),
        ("run", engine_folder),
        ("gone", tmp_path / "gone"),
    ):
        (launch.directory / "code" / name).symlink_to(target)
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed, seen.exit
    assert stream(output_cells(launch)[0]) == "1,2\n ['big.csv']\nRead-only file system\nFalse True\n"


@pytest.mark.parametrize("name", ["with, comma", 'with "quotes"', "with:colon", "with = sign"])
def test_names_that_are_hard_to_mount(runner: DockerRunner, engine: Engine, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("found\n")
    launch = in_image(tmp_path, [f"print(open({name!r}).read())"], links=[str(tmp_path / name)])
    (launch.directory / "code" / name).symlink_to(tmp_path / name)
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit
    if engine.describe().name == "Podman" and set(name) & set(',"'):
        assert seen.exit.message.startswith(f"Podman cannot mount {tmp_path / name}, because")
    else:
        assert seen.exit.reason is ExitReason.completed, seen.exit
        assert "found" in read_log(launch)


# -- images that do not fit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("empty", "There is no Python in the image studio-test/empty:1."),
        ("other-processor", "The image is made for another processor"),
        ("old-python", "Jobs need Python 3.11 or newer; this is 3.9"),
        ("ghost", "The image's user 'ghost' is not in its /etc/passwd."),
    ],
)
def test_images_that_cannot_run_jobs(
    runner: DockerRunner, engine: Engine, tmp_path: Path, image: Callable[[str], str], name: str, sentence: str
) -> None:
    launch = in_image(tmp_path, ["1"], image(name))
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.start_failed
    assert sentence in seen.exit.message
    wait_for(lambda: is_gone(engine, launch))


@pytest.mark.parametrize("name", ["python-only", "read-only"])
def test_images_that_can_all_the_same(
    runner: DockerRunner,
    tmp_path: Path,
    image: Callable[[str], str],
    give: Callable[[Path, int], None],
    name: str,
) -> None:
    launch = in_image(tmp_path, ["print('ran')"], image(name))
    if name == "read-only":
        give(launch.directory, OTHER_USER)
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed, (seen.exit, read_log(launch))


def test_image_that_went_away(runner: DockerRunner, tmp_path: Path) -> None:
    launch = in_image(tmp_path, ["1"], "studio-test/never-there:1")
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.start_failed
    assert seen.exit.message.startswith("The image studio-test/never-there:1 is not there any more.")


def test_profiles_are_told_from_the_label(engine: Engine, image: Callable[[str], str]) -> None:
    images = DockerImages(engine)
    ours, other = images.inspect(docker_images.NOTEBOOK), images.inspect(image("app"))
    assert ours and ours.profile is ContainerProfile.notebook
    assert other and (other.profile, other.user) == (ContainerProfile.contract, "app")


def test_a_workspace_that_the_engine_does_not_see(engine: Engine, home: Path) -> None:
    wrong = Engine(engine.settings.__class__(path_map={str(home): "/somewhere/else"}))
    runner = DockerRunner(home, wrong)
    with pytest.raises(StudioError, match="does not see the files"):
        runner._watcher._places.mapping()
    runner.close()


def test_a_workspace_that_the_engine_sees_elsewhere(engine: Engine, tmp_path: Path, home: Path) -> None:
    """As where JupyterLab runs in a container: our path for a directory is not the engine's."""
    real = tmp_path / "as-the-engine-has-it"
    home.rename(real)
    home.symlink_to(real)
    mapped = Engine(engine.settings.__class__(path_map={str(home): str(real)}))
    runner = DockerRunner(home, mapped)
    launch = in_image(home, ["print('ran')"])
    runner.launch(launch)
    seen = wait_ended(runner, launch)
    assert seen.exit and seen.exit.reason is ExitReason.completed
    assert inspect_source(mapped, runner, launch) == str(real)
    runner.close()


def inspect_source(engine: Engine, runner: DockerRunner, launch: Launch) -> str:
    return runner._watcher._places.source(launch.directory.parent)


def test_doctor_says_what_works(docker_engine: Engine, tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "studio", {})
    engine, mounts, image = (check() for _, check in container_checks(workspace))
    assert engine.status == "ok" and docker_engine.describe().title in engine.message
    assert mounts.status == "ok" and "proven" in mounts.message
    assert image.status == "ok" and "Python 3" in image.message
    workspace.config_file.write_text(
        f'[docker]\ndefault_image = "studio/none:1"\npath_map = {{ "{tmp_path}" = "/elsewhere" }}\n'
    )
    _, mounts, image = (check() for _, check in container_checks(workspace))
    assert mounts.status == "problem" and "path_map" in mounts.hint
    assert (
        image.status == "warning" and "studio image build --tag studio/none:1" in image.hint
    ) or "pull" in image.hint
