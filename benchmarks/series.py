"""Histories of metrics through our REST interface, beside MLflow's own bulk histories of the same store."""

from __future__ import annotations

import random
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from benchmarks.measure import Options, Row, Samples, cpu_seconds, own_tree_seconds, say
from benchmarks.sandbox import jupyter_server, place
from studio_ext.adapters.mlflow_backend import Backend, open_backend, post
from studio_ext.adapters.mlflow_stores import sqlite_path
from studio_ext.contract.series import PACKED
from studio_ext.core.packed_series import unpack
from studio_ext.testing.long_histories import add_histories

TRIALS, METRICS, VALUES = 50, 20, 1_000
IN_SIGHT = 6
"""Charts that a page shows at first."""
TOGETHER = 2
"""Metrics that the page asks for at once, with so many trials."""
LONG_TRIALS, LONG, QUICK_LONG = 10, 1_000_000, 100_000
POINTS = 1_000
"""Twice the width of a chart among others."""
OPEN_MS, ZOOM_MS = 500.0, 200.0
SETS = 3
"""Trials that are asked for the first time."""
KEPT_SECONDS = 900.0
"""After which it is given up that all is read ahead."""
RESTING = 0.05
"""CPU seconds within a second below which nothing goes on any more."""
_BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"


def run(options: Options) -> list[Row]:
    """Makes a store, asks for histories that nobody asked for yet, then again, then for parts of long ones."""
    long = QUICK_LONG if options.quick else LONG
    names = [f"m{each}" for each in range(METRICS)]
    with place() as here:
        workspace = here.client.workspace
        backend = open_backend(workspace.tracking_uri, workspace.artifacts)
        post(backend, "experiments/create", name="benchmark")
        path = sqlite_path(workspace.tracking_uri)
        assert path is not None
        say(f"making {LONG_TRIALS} trials with {long:,} values")
        longs = add_histories(path, LONG_TRIALS, 1, long, seed=99)
        say(f"making {SETS} x {TRIALS} trials with {METRICS} metrics of {VALUES:,} values")
        sets = [add_histories(path, TRIALS, METRICS, VALUES, seed=each) for each in range(SETS)]
        environ = {"STUDIO_HOME": str(here.home)}
        kept = workspace.cache / "series"
        say("waiting until the controller has read ahead")
        with _opened(environ):
            _wait_until_kept(kept, SETS * TRIALS * METRICS)
        ahead = Samples("ms")
        for runs in sets:  # a fresh server for each: nothing is in memory
            with _opened(environ) as page:
                for name in range(0, IN_SIGHT, TOGETHER):
                    page.ask(runs, names[name : name + TOGETHER])
                ahead.add(page.took)
        shutil.rmtree(kept)  # the controller knows that it has read them
        sight, first, again, cpu = Samples("ms"), Samples("ms"), Samples("ms"), Samples("s")
        for runs in sets:
            with _opened(environ) as page:
                before = page.cpu()
                for name in range(0, METRICS, TOGETHER):
                    page.ask(runs, names[name : name + TOGETHER])
                    if name + TOGETHER == IN_SIGHT:
                        cpu.add(page.cpu() - before)
                        sight.add(page.took)
                first.add(page.took)
                for _ in range(options.repeat):
                    again.add(page.timed(runs, names))
        say("reading long histories")
        long_again, zoom = Samples("ms"), Samples("ms")
        with _opened(environ) as page:
            long_first = Samples("s", [page.timed(longs, ["m0"]) / 1000])
            numbers = random.Random(3)
            for share in [*(0.5, 0.1, 0.001) * options.repeat]:
                long_again.add(page.timed(longs, ["m0"]))
                low = numbers.random() * (1 - share) * long
                zoom.add(page.timed(longs, ["m0"], low=low, high=low + share * long))
        say("asking MLflow")
        theirs = {name: Samples(unit) for name, unit in (("all", "ms"), ("sight", "ms"), ("long", "s"), ("zoom", "ms"))}
        for runs in sets[: 1 if options.quick else SETS]:
            took = list(_bulk(backend, runs, names))
            theirs["sight"].add(sum(took[:IN_SIGHT]))
            theirs["all"].add(sum(took))
        theirs["long"].add(_interval(backend, longs) / 1000)
        for share in (0.5, 0.1, 0.001):
            start = int(long * 0.3)
            theirs["zoom"].add(_interval(backend, longs, start, start + int(share * long)))
        backend.close()
    what = f"{TRIALS} trials x {VALUES:,} values, {POINTS:,} points each"
    longest = f"{LONG_TRIALS} trials x {long:,} values, {POINTS:,} points each"
    bulk = "MLflow's bulk history in one process, without a server"
    return [
        Row(
            f"histories: {IN_SIGHT} metrics, first, read ahead",
            ahead,
            OPEN_MS,
            {"mlflow": theirs["sight"]},
            f"{what}; {bulk}",
        ),
        Row(f"histories: {IN_SIGHT} metrics, first, not read ahead", sight, OPEN_MS, {"mlflow": theirs["sight"]}, what),
        Row("  of that the server's CPU time", cpu, note="all of its threads"),
        Row(f"histories: all {METRICS} metrics, first, not read ahead", first, None, {"mlflow": theirs["all"]}, what),
        Row(f"histories: all {METRICS} metrics, again", again, OPEN_MS, {"mlflow": theirs["all"]}, what),
        Row(
            "long histories, first, not read ahead",
            long_first,
            None,
            {"mlflow": theirs["long"]},
            f"{longest}; MLflow: some, no extremes",
        ),
        Row("long histories, again", long_again, OPEN_MS, {}, longest),
        Row("long histories, a part", zoom, ZOOM_MS, {"mlflow": theirs["zoom"]}, "half, a tenth, a thousandth"),
    ]


def _wait_until_kept(folder: Path, least: int) -> None:
    """Until there are so many series in files, and nothing more comes."""
    size = before = -1
    count = 0
    deadline = time.monotonic() + KEPT_SECONDS
    while count < least or size != before:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{count} of {least} series were read ahead after {KEPT_SECONDS:.0f} s")
        time.sleep(10)
        sizes = [each.stat().st_size for each in folder.rglob("*.series")]
        count, before, size = len(sizes), size, sum(sizes)


@contextmanager
def _opened(environ: dict[str, str]) -> Iterator[_Page]:
    """A server that was started just now and has done what it does at its start."""
    with (
        jupyter_server(sys.executable, "studio_ext", environ=environ) as server,
        httpx.Client(base_url=server.url, headers={"Authorization": f"token {server.token}"}, timeout=300) as session,
    ):
        session.get("studio/api/experiments").raise_for_status()  # the panel does, long before anybody compares
        used = own_tree_seconds()
        while True:
            time.sleep(1)
            before, used = used, own_tree_seconds()
            if used - before < RESTING:
                break
        yield _Page(session, server.pid)


class _Page:
    """Asks as the page does: until there is no more."""

    def __init__(self, session: httpx.Client, pid: int) -> None:
        self._session = session
        self._pid = pid
        self.took = 0.0
        """Milliseconds of all questions, to their last bytes."""

    def cpu(self) -> float:
        """CPU seconds of the server so far."""
        return cpu_seconds([self._pid])

    def timed(self, runs: Sequence[str], metrics: Sequence[str], **fields: Any) -> float:
        """Milliseconds of one question."""
        before = self.took
        self.ask(runs, metrics, **fields)
        return self.took - before

    def ask(self, runs: Sequence[str], metrics: Sequence[str], **fields: Any) -> None:
        """Ask until there is no more. What the page does with an answer while it waits for the next one counts."""
        query: dict[str, Any] = {"run_ids": runs, "metrics": metrics, "max_points": POINTS, **fields}
        counts: dict[tuple[str, str], int] = {}
        began = time.perf_counter()
        while True:
            reply = self._session.post("studio/api/trials/series", json=query, headers={"Accept": PACKED})
            reply.raise_for_status()
            page, _ = unpack(reply.content)
            took = time.perf_counter() - began
            for each in page["series"]:
                counts[each["run_id"], each["name"]] = each["count"]
            if not page["more"]:
                break
            if "low" not in fields:
                query["known"] = [[counts.get((run_id, name), 0) for name in metrics] for run_id in runs]
                query["generation"] = page["generation"]
        self.took += 1000 * took


def _bulk(backend: Backend, runs: Sequence[str], metrics: Sequence[str]) -> Iterator[float]:
    """Milliseconds for each metric. No more than 25,000 values are given at once: for half the runs."""
    for metric in metrics:
        began = time.perf_counter()
        for first in range(0, len(runs), 25):
            query = [("metric_key", metric), *(("run_id", each) for each in runs[first : first + 25])]
            reply = backend.call("GET", f"{_BULK}?{urlencode(query)}")
            assert reply.ok, reply.message
        yield 1000 * (time.perf_counter() - began)


def _interval(backend: Backend, runs: Sequence[str], low: int | None = None, high: int | None = None) -> float:
    """Milliseconds for some of the values of each run."""
    part = [] if low is None else [("start_step", str(low)), ("end_step", str(high))]
    query = [("metric_key", "m0"), ("max_results", str(POINTS)), *part, *(("run_ids", each) for each in runs)]
    began = time.perf_counter()
    reply = backend.call("GET", f"{_BULK}-interval?{urlencode(query)}")
    assert reply.ok, reply.message
    return 1000 * (time.perf_counter() - began)
