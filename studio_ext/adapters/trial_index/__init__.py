"""The trial index: what is known of all trials, column by column, in files that can be thrown away at any time.

The controller writes it (:mod:`.indexer`), anyone reads it (:mod:`.index`), and nobody locks anything. Below
``cache/trials/<hash of the tracking URI>/``:

====================  ==========================================================================================
file                  holds
====================  ==========================================================================================
``current``           name of the generation that is read
``state.json``        how far the index is behind the store
``requests``          what readers ask to be looked at, a line each
``<generation>/``     an index; replaced as a whole when it has to be built anew
====================  ==========================================================================================

In a generation:

====================  ==========================================================================================
file                  holds
====================  ==========================================================================================
``store.json``        version, boot, how far the store was read; of another version, or another boot and not closed:
                      built anew
``experiments.json``  the experiments
``e<id>/``            the columns of an experiment:
``header``            rows, revision, how much of the other files counts; written last, with a checksum
``catalogue``         the streams, a line each: kind, name, part
``streams``           revision, length and number of texts of each stream
``blocks``            which blocks are whose: stream, place in it, place in the arena
``arena``             blocks of 4 KiB
====================  ==========================================================================================

A **stream** is a column of cells (of a metric three: last, smallest and largest values, where they are others), the
texts of a column, or the run ids. It lies in blocks, so that nothing is ever moved when it grows, twelve thousand
columns are one file, and a block in which no trial has a value does not exist. A **cell** has 64 bits
(:mod:`.words`). A row is a trial, and keeps its number as long as the generation lives. Blocks are never given to
another stream.

Cells are set in place: a reader sees the values of its moment or newer ones. What a writer that was killed had set
without the header is set again by the next one. The writer writes files and never maps them: a full disk is an error
then, and not a signal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from studio_ext.core.workspace import Workspace

if TYPE_CHECKING:
    from studio_ext.adapters.trial_index.index import FileTrialIndex


def open_trial_index(workspace: Workspace, ensure_writer: Callable[[], object] | None = None) -> FileTrialIndex:
    """The index of a workspace's trials, to read. ``ensure_writer``: see :class:`.index.FileTrialIndex`."""
    from studio_ext.adapters.trial_index.index import FileTrialIndex

    return FileTrialIndex(workspace, ensure_writer)


__all__ = ["open_trial_index"]
