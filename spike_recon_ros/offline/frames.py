# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The frames of a whole recording, with progress and what is wrong shown on a terminal."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from rich.console import Console

from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.frame import Frame
from spike_recon_ros.frames.store import OLDEST_NS, FrameStore
from spike_recon_ros.offline.progress import print_warning, print_warnings, with_progress
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.sources.source import Source

UNUSED = 'unregistered', 'other_clock', 'blank', 'without_color', 'dropped'
MOST_RESETS_PRINTED = 10


def frames_of(
    source: Source,
    reconstructor: Reconstructor,
    console: Console,
    label: str = 'packets',
    tally: ReferenceTally | None = None,
) -> Iterator[Frame]:
    """Yield the frames of a whole recording, with a progress bar.

    Args:
        source: the recording.
        reconstructor: the pipeline.
        console: for the progress bar.
        label: before the bar.
        tally: counts the references and their frames, if given.

    Raises:
        UserError: the recording is damaged, or the frames of the aligned camera do not have the
            size of the sensor.
    """
    counts = reconstructor.frames.counts
    for item in with_progress(source, console, label):
        if tally is not None:
            tally.add(item)
        yield from _counted(reconstructor.stream(item), tally)
        if counts.unregistered or counts.without_color:  # none of the others will be usable either
            raise UserError(reconstructor.frames.problem)
    yield from _counted(reconstructor.stream_end(), tally)
    if reconstructor.settings.uses_frames:
        print_warnings(_unused(reconstructor.frames), console)


def _counted(frames: Iterable[Frame], tally: ReferenceTally | None) -> Iterator[Frame]:
    for frame in frames:
        if tally is not None:
            tally.add_frame(frame)
        yield frame


def _unused(store: FrameStore) -> list[str]:
    """Return a sentence if frames of the aligned camera were not used."""
    counts = asdict(store.counts)
    listed = [f'{counts[key]:,} {key.replace("_", " ")}' for key in UNUSED if counts[key]]
    if listed:
        why = f'; {store.problem}' if store.problem else ''
        return [f'of {counts["received"]:,} frames, {", ".join(listed)} were not used{why}']
    if store.was_used:
        return []
    count = counted(counts['received'], 'frames')
    return [
        f'no frame was used, of {count}: each comes after the events, or more than '
        f'{OLDEST_NS / 1e9:g} s before them; check the clocks of both cameras'
    ]


class ResetPrinter:
    """Prints why the state was zeroed; called by a Reconstructor.

    Where the packets of two cameras come in turn, each of them resets the state, so only the first
    resets are printed.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._left = console, MOST_RESETS_PRINTED

    def __call__(self, reason: ResetReason, detail: str) -> None:
        """Print one reset."""
        self._left -= 1
        if self._left >= 0:
            print_warning(self._console, f'state reset: {reason.value} ({detail})')
        elif self._left == -1:
            print_warning(self._console, 'further resets are counted, but not printed')
