"""CPU time of a notebook of 1,000 trivial cells, all processes counted."""

from __future__ import annotations

import sys

import studio_ext as studio
from benchmarks.measure import ORPHANS, Options, Row, Samples, own_tree_seconds, say
from benchmarks.peers import QUIET
from benchmarks.sandbox import folder, place, write_notebook
from studio_ext.sdk.connection import use

CELLS = 1000
QUICK_CELLS = 200
"""Cells for the peer with ``--quick``: its cost grows with the square of their number."""


def run(options: Options) -> list[Row]:
    """Interleaved; papermill's runs are long, so it gets fewer of them."""
    ours, theirs = Samples("s CPU"), Samples("s CPU")
    peer_cells = QUICK_CELLS if options.quick else CELLS
    rounds, peer_rounds = (3 if options.quick else options.repeat), 1  # the peer takes minutes, and CPU time is steady
    with place() as here, folder() as files:
        notebook = write_notebook(here.notebooks / "thousand.ipynb", ["x = 1"] * CELLS)
        peer_notebook = write_notebook(files / "peer.ipynb", ["x = 1"] * peer_cells)
        use(here.client)
        here.finished(studio.submit(write_notebook(here.notebooks / "one.ipynb", ["x = 1"])).id)
        for number in range(rounds):
            say(f"round {number + 1} of {rounds}")
            before = own_tree_seconds()
            here.finished(studio.submit(notebook).id)
            ours.add(own_tree_seconds() - before)
            if number < peer_rounds:
                command = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-level", "ERROR"]
                with (files / "log.txt").open("wb") as log:
                    run_peer = [*command, str(peer_notebook), str(files / "out.ipynb")]
                    theirs.add(ORPHANS.run(run_peer, env=QUIET, stdout=log, stderr=log))
    note = "submitter, controller and job together"
    if peer_cells != CELLS:
        note += f"; papermill with {peer_cells} cells only"
    return [Row(f"{CELLS:,} trivial cells", ours, 6.0, {"papermill": theirs}, note)]
