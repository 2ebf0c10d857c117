"""What is changed in an ipykernel; that output is whole, the runners' suites ask."""

from __future__ import annotations

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
