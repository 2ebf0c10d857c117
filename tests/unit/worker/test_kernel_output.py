"""What is changed in an ipykernel; that output is whole, the runners' suites ask."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from studio_ext.worker.kernel_output import catch_up, hold_back


class App:
    def _bind_socket(self, socket: Any, port: int) -> int:
        return port


class Shell:
    pass


def test_an_ipykernel_before_6_29_is_changed_as_far_as_it_goes() -> None:
    class Stream:
        text = flushed = ""

        def write(self, string: str) -> int:
            self.text += string
            return len(string)

        def flush(self) -> None:
            self.flushed = self.text

        def _schedule_flush(self) -> None:
            pass

    hold_back(App, Stream, Shell)
    stream = Stream()
    assert stream.write("seen") == 4
    stream.flush()
    assert stream.flushed == "seen"
    catch_up(stream)
    assert "flush" not in vars(stream), "its kernel was changed already"


def test_other_streams_stay_as_they_are() -> None:
    class Stream:
        def flush(self) -> None:
            pass

    stream = Stream()
    catch_up(stream)
    assert vars(stream) == {}


_FORK = """
import os, threading, time
from studio_ext.worker.kernel_output import hold_back

class App:
    def _bind_socket(self, socket, port): pass

class Shell: pass

class Stream:
    _should_watch = True
    def __init__(self): self._buffer_lock, self._fid = threading.RLock(), os.pipe()[0]
    def write(self, string): pass
    def flush(self): pass
    def _schedule_flush(self): pass

hold_back(App, Stream, Shell)

def watched():
    stream = Stream()
    threading.Thread(target=stream._watch_pipe_fd, daemon=True).start()
    while not stream._is_watched: time.sleep(0.001)
    return stream

stream = watched()

def hold():
    with stream._buffer_lock: held.set(); time.sleep(60)

held = threading.Event()
threading.Thread(target=hold, daemon=True).start()
held.wait()
child = os.fork()
if child == 0:
    os._exit(0 if stream._buffer_lock.acquire(timeout=1) else 1)
assert os.waitpid(child, 0)[1] == 0, "held by a thread that is not there"
stream = watched()
with stream._buffer_lock:
    child = os.fork()
    if child == 0:
        os._exit(0 if stream._buffer_lock._is_owned() else 1)
assert os.waitpid(child, 0)[1] == 0, "taken away from who holds it"
os._exit(0)
"""


def test_a_forked_process_can_print_though_another_thread_did() -> None:
    done = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
