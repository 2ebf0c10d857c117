"""How long after a cell has begun the job's row says so."""

from __future__ import annotations

import time

import studio_ext as studio
from benchmarks.measure import Options, Row, Samples, wait_for
from benchmarks.sandbox import place, write_notebook
from studio_ext.sdk.connection import use

CELL_SECONDS = 0.7


def run(options: Options) -> list[Row]:
    """Cells note their start in a side file; the row is watched from outside."""
    lag = Samples("s")
    cells = 6 if options.quick else 20
    with place() as here:
        side = here.notebooks / "started.txt"
        source = (
            "import time; _now = time.time()\n"
            f"with open({str(side)!r}, 'a') as _file: _file.write(repr(_now) + '\\n')\n"
            f"time.sleep({CELL_SECONDS})"
        )
        notebook = write_notebook(here.notebooks / "slow.ipynb", [source] * cells)
        use(here.client)
        here.finished(studio.submit(write_notebook(here.notebooks / "one.ipynb", ["x = 1"])).id)
        job_id = studio.submit(notebook).id
        seen: dict[int, float] = {}
        version = -1
        while len(seen) < cells:
            if (now := here.client.data_version()) != version:
                version = now
                job = here.client.job(job_id)
                if job.progress.current:
                    seen.setdefault(job.progress.current, time.time())
                if job.ended:
                    break
            time.sleep(0.002)
        wait_for(lambda: here.client.job(job_id).ended, "the end of the job")
        started = [float(line) for line in side.read_text().splitlines()]
        for index, when in seen.items():
            lag.add(max(0.0, when - started[index - 1]))
    peers = {"jupyter-scheduler": Samples("s")}
    note = f"{len(seen)} of {cells} cells seen; jupyter-scheduler shows no cells"
    return [Row("cell begins to job row says so", lag, 0.5, peers, note)]
