"""The process runner with real kernels: the conformance suite, and what is particular to processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio_ext.adapters import fork_servers
from studio_ext.adapters.fork_servers import ServerKey
from studio_ext.adapters.process_runner import ProcessRunner, limits_mechanism
from studio_ext.contract.jobs import ExitReason
from studio_ext.ports.runner import AttemptState, Launch
from studio_ext.testing.jobs import IPYKERNEL, make_job_directory
from studio_ext.testing.runner_suite import RunnerSuite, output_cells, read_log, stream, wait_ended, wait_for
from studio_ext.worker import processes


def remaining(launch: Launch) -> list[str]:
    """Processes that carry the mark of a job."""
    return [f"{pid}: {Path(f'/proc/{pid}/cmdline').read_bytes()!r}" for pid in processes.marked(launch.job_id)]


class ProcessSuite(RunnerSuite):
    """Fixtures that both ways of starting share."""

    @pytest.fixture
    def remains(self) -> Callable[[Launch], list[str]]:
        return remaining

    @pytest.fixture
    def fresh_runner(self, tmp_path: Path) -> Iterator[ProcessRunner]:
        runner = ProcessRunner(tmp_path / "fresh")
        yield runner
        runner.close()

    def test_fork_bomb(
        self,
        runner: ProcessRunner,
        tmp_path: Path,
        remains: Callable[[Launch], list[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """With control groups the system refuses the next process; without them the supervisor ends the job."""
        monkeypatch.setenv("STUDIO_PROCESS_LIMIT", "100")
        bomb = (
            "import os, time\n"
            "try:\n    while True:\n        if os.fork() == 0: time.sleep(600)\n        time.sleep(0.002)\n"
            "except BlockingIOError:\n    print('held', flush=True)\n    raise"
        )
        launch = self.make(tmp_path, ["1", bomb])
        _, exit = self.run(runner, launch)
        assert exit.cell == 2
        if exit.reason is ExitReason.cell_failed:
            assert "held" in read_log(launch)
        else:
            assert exit.reason is ExitReason.too_many_processes
            assert exit.message == "Started more than 100 processes at cell 2."
        assert remains(launch) == []


@pytest.fixture(scope="module")
def warm_runner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessRunner]:
    """A runner whose servers are ready."""
    runner = ProcessRunner(tmp_path_factory.mktemp("warm"))
    runner.warm(sys.prefix)
    assert runner.servers.wait_ready()
    yield runner
    runner.close()


class TestForked(ProcessSuite):
    """Kernels forked from a warm server."""

    @pytest.fixture
    def runner(self, warm_runner: ProcessRunner) -> ProcessRunner:
        return warm_runner

    def test_logs_have_an_end(self, runner: ProcessRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STUDIO_LOG_LIMIT", "64KiB")
        raw = (
            "import os, time\n"
            "log = '../attempts/1/log.txt'\n"
            "with open(log, 'ab') as file: file.write(b'r' * 1_000_000)\n"
            "while os.stat(log).st_size > 100_000: time.sleep(0.01)"
        )
        launch = make_job_directory(tmp_path, ["for n in range(9000): print('printed', n)", raw])
        runner.launch(launch)
        seen = wait_ended(runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.completed
        log = read_log(launch)
        assert "--- The log has reached 64 KiB: the rest of the output is left out here ---\n" in log
        assert "printed 8999" not in log
        assert log.endswith("\n--- The log has reached 68 KiB: the rest is left out ---\n")
        assert "printed 8999" in stream(output_cells(launch)[0])

    def test_jobs_start_from_a_clean_interpreter(self, runner: ProcessRunner, tmp_path: Path) -> None:
        """Preloading numpy repeats random streams and preloading matplotlib loses plots, both silently."""
        look = "import sys\nprint([name for name in ('numpy', 'pandas', 'matplotlib', 'torch') if name in sys.modules])"
        draw = "import random, numpy\nprint(numpy.random.rand(), numpy.random.default_rng().random(), random.random())"
        plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
        which = "import sys\nprint(sys.executable, sys.argv[0].endswith('ipykernel_launcher.py'), __name__)"
        drawn = set()
        for _ in range(2):
            launch = make_job_directory(tmp_path, [look, draw, plot, which])
            _, exit = self.run(runner, launch)
            assert exit.reason is ExitReason.completed
            first, second, third, fourth = output_cells(launch)
            assert stream(first) == "[]\n"
            drawn.update(stream(second).split())
            assert any("image/png" in output.get("data", {}) for output in third["outputs"])
            assert stream(fourth).split() == [sys.executable, "True", "__main__"]
        assert len(drawn) == 6

    def test_user_code_imports_the_real_package(self, runner: ProcessRunner, tmp_path: Path) -> None:
        show = "import studio_ext, sys\nprint(studio_ext.__file__, [n for n in sys.modules if 'studio_worker' in n])"
        launch = make_job_directory(tmp_path, [show], variables={})
        self.run(runner, launch)
        file, rest = stream(output_cells(launch)[0]).split(maxsplit=1)
        assert Path(file).parent.name == "studio_ext"
        assert not file.startswith(str(tmp_path))
        assert rest == "[]\n"

    def test_kernels_are_forked(self, runner: ProcessRunner, tmp_path: Path) -> None:
        show = "import os\nprint(open(f'/proc/{os.getpid()}/cmdline').read().replace(chr(0), ' '))"
        launch = make_job_directory(tmp_path, [show])
        self.run(runner, launch)
        assert "kernel-server" in stream(output_cells(launch)[0])

    def test_log_has_everything_once(self, runner: ProcessRunner, tmp_path: Path) -> None:
        shell = "import os\nos.system('echo from shell')\nprint('from python')\nos.write(1, b'from c\\n')"
        crash = "import ctypes\nctypes.string_at(0)"
        launch = make_job_directory(tmp_path, [shell, crash])
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.kernel_died
        log = read_log(launch).splitlines()
        assert [log.count(line) for line in ("from shell", "from python", "from c")] == [1, 1, 1]
        assert any("Segmentation fault" in line for line in log)

    def test_log_has_the_order_in_which_programs_and_python_write(self, runner: ProcessRunner, tmp_path: Path) -> None:
        turns = (
            "import os\n"
            "for turn in range(300):\n"
            "    os.system('echo from shell')\n"
            "    print('from python', turn, end='')\n"
            "    os.system('echo , and from shell')\n"
            "    print('from python again')"
        )
        launch = make_job_directory(tmp_path, [turns])
        self.run(runner, launch)
        expected = [
            line
            for turn in range(300)
            for line in ("from shell", f"from python {turn}, and from shell", "from python again")
        ]
        assert read_log(launch).splitlines()[1:] == expected

    def test_characters_of_programs_stay_whole(self, runner: ProcessRunner, tmp_path: Path) -> None:
        """Also where a read of the pipe, or a write of the program, ends in the middle of one."""
        write = (
            "import os, time\n"
            "os.write(1, 'a'.encode() + '€'.encode() * 50_000)\n"
            "for part in (b'\\n\\xe2', b'\\x82', b'\\xac', b'\\xff\\n'):\n"
            "    os.write(1, part)\n"
            "    time.sleep(0.05)"
        )
        launch = make_job_directory(tmp_path, [write, "os.write(1, b'cut \\xe2\\x82')", "print('next')"])
        self.run(runner, launch)
        whole, cut, after = (stream(cell) for cell in output_cells(launch))
        assert whole == "a" + "€" * 50_000 + "\n€\N{REPLACEMENT CHARACTER}\n"
        assert (cut, after) == ("cut \N{REPLACEMENT CHARACTER}", "next\n")

    def test_what_programs_write_belongs_to_the_cell_that_runs(self, runner: ProcessRunner, tmp_path: Path) -> None:
        """Not to an earlier one, whose task still prints and in whose name it does so."""
        task = (
            "import asyncio, os\n"
            "async def print_on():\n"
            "    while True:\n"
            "        print('of the first cell')\n"
            "        await asyncio.sleep(0.001)\n"
            "task = asyncio.create_task(print_on())"
        )
        write = "for turn in range(300):\n    os.write(1, b'from c\\n')\n    await asyncio.sleep(0.0015)"
        launch = make_job_directory(tmp_path, [task, write])
        self.run(runner, launch)
        assert stream(output_cells(launch)[1]).splitlines() == ["from c"] * 300

    def test_who_prints_in_the_middle_of_a_print_stops_nothing(self, runner: ProcessRunner, tmp_path: Path) -> None:
        """A finalizer and a signal's handler, while a program writes too."""
        amid = (
            "import signal, subprocess\n"
            "class Ring:\n"
            "    def __init__(self): self.itself = self\n"
            "    def __del__(self): print('[finalized]')\n"
            "signal.signal(signal.SIGALRM, lambda *_: print('[called]'))\n"
            "signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)\n"
            "program = subprocess.Popen(['sh', '-c', 'while :; do echo of a program; done'])\n"
            "for _ in range(6_000):\n"
            "    Ring(), Ring(), Ring()\n"
            "    print('[printed]')\n"
            "signal.setitimer(signal.ITIMER_REAL, 0)\n"
            "program.kill()\n"
            "program.wait()"
        )
        launch = make_job_directory(tmp_path, [amid])
        _, exit = self.run(runner, launch)
        assert exit.reason is ExitReason.completed
        log = read_log(launch)
        assert log.count("[printed]") == 6_000
        assert all(each in log for each in ("[finalized]", "[called]", "of a program"))

    def test_variables_that_act_early_take_the_slow_path(self, runner: ProcessRunner, tmp_path: Path) -> None:
        show = "import os, sys\nprint(sys.flags.optimize, open('/proc/self/cmdline').read().replace(chr(0), ' '))"
        launch = make_job_directory(tmp_path, [show], variables={"PYTHONOPTIMIZE": "1"})
        self.run(runner, launch)
        optimize, command = stream(output_cells(launch)[0]).split(maxsplit=1)
        assert optimize == "1"
        assert "ipykernel_launcher" in command

    def test_hyperparameters_and_channels(self, runner: ProcessRunner, tmp_path: Path) -> None:
        show = "import os\nprint(os.environ['SM_HP_DEPTH'], os.environ['SM_HPS'], os.environ['SM_CHANNEL_TRAIN'])"
        launch = make_job_directory(tmp_path, [show])
        (launch.directory / "input/config/hyperparameters.json").write_text('{"depth": "3", "name": "x"}')
        (launch.directory / "input/data/train").mkdir()
        self.run(runner, launch)
        printed = stream(output_cells(launch)[0])
        assert printed == f'3 {{"depth": 3, "name": "x"}} {launch.directory}/input/data/train\n'

    def test_a_dead_server_is_replaced(self, tmp_path: Path) -> None:
        runner = ProcessRunner(tmp_path / "home")
        runner.warm(sys.prefix)
        assert runner.servers.wait_ready()
        before = runner.servers.pids()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        try:
            for _ in range(2):
                launch = make_job_directory(tmp_path, ["print('ok')"])
                _, exit = self.run(runner, launch)
                assert exit.reason is ExitReason.completed
            assert runner.servers.wait_ready()
            after = runner.servers.pids()
            assert len(after) == 2
            assert not set(before) & set(after)
        finally:
            runner.close()

    def test_servers_end_with_the_controller_and_jobs_go_on(self, tmp_path: Path) -> None:
        program = (
            "import sys, os\nfrom pathlib import Path\n"
            "from studio_ext.adapters.process_runner import ProcessRunner\n"
            "from studio_ext.ports.runner import Launch\n"
            "from studio_ext.testing.runner_suite import wait_running\n"
            "home, directory = Path(sys.argv[1]), Path(sys.argv[2])\n"
            "runner = ProcessRunner(home)\nrunner.warm(sys.prefix)\nassert runner.servers.wait_ready()\n"
            "launch = Launch(directory.name, 1, directory, '', '', 'tests')\n"
            "runner.launch(launch)\nwait_running(runner, launch, 'waiting')\n"
            "print(*runner.servers.pids(), flush=True)\nprint(runner.servers.worker_address())\n"
            "sys.stdout.flush()\nos.kill(os.getpid(), 9)\n"
        )
        wait = "import os, time\nprint('waiting', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.01)"
        launch = make_job_directory(tmp_path, [wait])
        command = [sys.executable, "-c", program, str(tmp_path / "home"), str(launch.directory)]
        printed = subprocess.run(command, capture_output=True, text=True, timeout=60)
        *words, address = printed.stdout.split()
        servers = [int(word) for word in words]
        assert len(servers) == 2, printed.stderr
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in servers))
        assert not Path(address).parent.exists()
        runner = ProcessRunner(tmp_path / "home")
        assert runner.observe(launch).state is AttemptState.running
        (launch.directory / "code" / "go").touch()
        seen = wait_ended(runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.completed

    def test_new_packages_make_a_new_server(self, tmp_path: Path) -> None:
        place = tmp_path / "site-packages"
        place.mkdir()
        runner = ProcessRunner(tmp_path / "home")
        variables = {"PYTHONPATH": str(place)}
        key = ServerKey.of(sys.executable, variables)
        try:
            runner.servers.ensure(key)
            assert runner.servers.wait_ready()
            before = runner.servers.pids()
            assert runner.servers.kernel_server(key)
            (tmp_path / "fresh.py").touch()
            assert runner.servers.kernel_server(key)
            (place / "fresh.dist-info").mkdir()
            assert runner.servers.kernel_server(key) is None
            runner.servers.ensure(key)
            assert runner.servers.wait_ready()
            assert not set(before) & set(runner.servers.pids())
        finally:
            runner.close()

    def test_servers_are_small(self, runner: ProcessRunner) -> None:
        assert sum(processes.proportional_bytes(pid) for pid in runner.servers.pids()) < 160 * 1024 * 1024


class TestByCommand(ProcessSuite):
    """No fork servers: supervisor, kernel and executor are started by command."""

    @pytest.fixture
    def runner(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessRunner]:
        monkeypatch.setattr(fork_servers, "SUPPORTED", False)
        runner = ProcessRunner(tmp_path / "cold")
        yield runner
        assert runner.servers.pids() == []
        runner.close()


class TestSampling:
    """Limits where no control group can be made."""

    @pytest.fixture(autouse=True)
    def sampling(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("STUDIO_LIMITS", "sampling")
        assert limits_mechanism()[0] == "sampling"

    @pytest.fixture
    def runner(self, warm_runner: ProcessRunner) -> ProcessRunner:
        return warm_runner

    @pytest.fixture
    def remains(self) -> Callable[[Launch], list[str]]:
        return remaining

    make = RunnerSuite.make
    run = RunnerSuite.run
    test_fork_bomb = ProcessSuite.test_fork_bomb
    test_memory_limit = RunnerSuite.test_memory_limit
    test_memory_limit_holds_for_children_of_the_kernel = RunnerSuite.test_memory_limit_holds_for_children_of_the_kernel
    test_cpu_limit = RunnerSuite.test_cpu_limit
    test_kill_does_not_wait = RunnerSuite.test_kill_does_not_wait
    test_nothing_is_left_of_grandchildren = RunnerSuite.test_nothing_is_left_of_grandchildren

    def test_whole_cpus_are_bound(self, runner: ProcessRunner, tmp_path: Path) -> None:
        if len(os.sched_getaffinity(0)) < 2:
            pytest.skip("one CPU only")
        launch = make_job_directory(tmp_path, ["import os\nprint(len(os.sched_getaffinity(0)))"], cpus=1)
        self.run(runner, launch)  # type: ignore[arg-type]
        assert stream(output_cells(launch)[0]) == "1\n"


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment without any package."""
    place = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    return place / "bin" / "python"


def test_missing_ipykernel_is_named(warm_runner: ProcessRunner, tmp_path: Path, bare_python: Path) -> None:
    argv = [str(bare_python), *IPYKERNEL]
    launch = make_job_directory(tmp_path, ["1"], argv=argv, prefix=str(bare_python.parent.parent))
    for _ in range(2):  # by command, and after the attempt to warm up its environment has failed
        warm_runner.launch(launch)
        exit = wait_ended(warm_runner, launch).exit
        assert exit and exit.reason is ExitReason.start_failed
        assert exit.message == (
            "The kernel did not start: ipykernel is not installed in its environment. "
            f"Install it with: {bare_python} -m pip install ipykernel"
        )
        launch = make_job_directory(tmp_path, ["1"], argv=argv, prefix=str(bare_python.parent.parent))


def test_kernel_of_another_environment(warm_runner: ProcessRunner, tmp_path: Path, bare_python: Path) -> None:
    """An environment that borrows its packages: first by command, then forked from a server of its own."""
    site = next(Path(sys.prefix).glob("lib/python3*/site-packages"))
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(other)], check=True)
    next(other.glob("lib/python3*/site-packages")).joinpath("borrowed.pth").write_text(str(site))
    argv = [str(other / "bin" / "python"), *IPYKERNEL]
    show = "import sys\nprint(sys.prefix, open('/proc/self/cmdline').read().split(chr(0))[2])"
    for how in ("ipykernel_launcher", "kernel-server"):
        launch = make_job_directory(tmp_path, [show], argv=argv, prefix=str(other))
        warm_runner.launch(launch)
        seen = wait_ended(warm_runner, launch)
        assert seen.exit and seen.exit.reason is ExitReason.completed, seen.exit
        assert stream(output_cells(launch)[0]).split() == [str(other), how]
        assert warm_runner.servers.wait_ready()


TINY_KERNEL = """
from ipykernel.kernelbase import Kernel
from ipykernel.kernelapp import IPKernelApp

class Tiny(Kernel):
    implementation, implementation_version, banner = "tiny", "1", ""
    language_info = {"name": "tiny", "mimetype": "text/plain", "file_extension": ".txt"}

    def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **more):
        if code.startswith("fail"):
            self.send_response(self.iopub_socket, "error", {"ename": "", "evalue": "no", "traceback": ["Tiny: no"]})
            return {"status": "error", "ename": "", "evalue": "no", "traceback": [], "execution_count": 1}
        self.send_response(self.iopub_socket, "stream", {"name": "stdout", "text": code.upper()})
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

IPKernelApp.launch_instance(kernel_class=Tiny)
"""


def test_kernel_of_another_language(warm_runner: ProcessRunner, tmp_path: Path) -> None:
    program = tmp_path / "tiny.py"
    program.write_text(TINY_KERNEL)
    argv = [sys.executable, str(program), "-f", "{connection_file}"]
    launch = make_job_directory(
        tmp_path, ["hello", "fail now"], argv=argv, language="tiny", kernel="tiny", prefix="", interrupt_mode="message"
    )
    warm_runner.launch(launch)
    seen = wait_ended(warm_runner, launch)
    assert seen.exit and (seen.exit.reason, seen.exit.cell) == (ExitReason.cell_failed, 2)
    assert seen.exit.message == "Cell 2 failed: no"
    assert stream(output_cells(launch)[0]) == "HELLO"
    assert "HELLO" in read_log(launch)
