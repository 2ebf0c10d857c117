from __future__ import annotations

import asyncio
import threading

import pytest

from studio_ext.contract.errors import Unavailable
from studio_ext.routes.calls import Calls, Lane


def test_calls_run_in_other_threads() -> None:
    async def main() -> str:
        calls = Calls(threads=1)
        try:
            return await calls.run(lambda: threading.current_thread().name)
        finally:
            calls.close()

    assert asyncio.run(main()).startswith("studio-workspace")


def test_more_than_can_wait_is_refused_and_room_comes_back() -> None:
    async def main() -> None:
        calls, release = Calls(threads=1, waiting=2), threading.Event()
        running = [asyncio.create_task(calls.run(lambda: release.wait(10))) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await calls.run(lambda: None)
        assert await calls.run(lambda: "other lane", Lane.tracking) == "other lane"
        release.set()
        await asyncio.gather(*running)
        while calls._pending[Lane.workspace]:  # noqa: ASYNC110 a thread's end is waited for
            await asyncio.sleep(0.001)
        assert await calls.run(lambda: "again") == "again"
        calls.close()

    asyncio.run(main())


def test_a_call_that_takes_too_long_is_unavailable_and_still_counts() -> None:
    async def main() -> None:
        calls, release = Calls(threads=1, timeout=0.05), threading.Event()
        with pytest.raises(Unavailable, match=r"within 0\.05 s"):
            await calls.run(lambda: release.wait(10))
        assert calls._pending[Lane.workspace] == 1
        release.set()
        while calls._pending[Lane.workspace]:  # noqa: ASYNC110 a thread's end is waited for
            await asyncio.sleep(0.001)
        calls.close()

    asyncio.run(main())


def test_a_patient_call_takes_as_long_as_it_takes() -> None:
    async def main() -> None:
        calls, release = Calls(threads=2, timeout=0.05), threading.Event()
        patient = asyncio.create_task(calls.run(lambda: release.wait(10), patient=True))
        with pytest.raises(Unavailable):  # as long as another may take has passed
            await calls.run(lambda: release.wait(10))
        assert not patient.done()
        release.set()
        assert await patient is True
        calls.close()

    asyncio.run(main())


def test_faults_come_through() -> None:
    async def main() -> None:
        calls = Calls(threads=1)
        with pytest.raises(ZeroDivisionError):
            await calls.run(lambda: 1 / 0)
        assert calls._pending[Lane.workspace] in (0, 1)
        await asyncio.sleep(0)
        calls.close()

    asyncio.run(main())


def test_close_forgets_what_waits() -> None:
    async def main() -> None:
        calls, release, ran = Calls(threads=1), threading.Event(), []
        first = asyncio.create_task(calls.run(lambda: release.wait(10)))
        second = asyncio.create_task(calls.run(lambda: ran.append(1)))
        await asyncio.sleep(0)
        calls.close()
        release.set()
        await asyncio.gather(first, second, return_exceptions=True)
        assert ran == []

    asyncio.run(main())
