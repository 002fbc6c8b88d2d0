# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The frames of a whole recording, with progress and resets shown on a terminal."""

from collections.abc import Iterator

from rich.console import Console

from spike_recon_ros.frame import Frame
from spike_recon_ros.offline.progress import with_progress
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.sources.source import Source


def frames_of(
    source: Source, reconstructor: Reconstructor, console: Console, label: str = 'packets'
) -> Iterator[Frame]:
    """Yield the frames of a whole recording, with a progress bar."""
    for item in with_progress(source, console, label):
        yield from reconstructor.stream(item)
    yield from reconstructor.stream_end()


def print_reset(console: Console, reason: ResetReason, detail: str) -> None:
    """Print why the state was zeroed."""
    console.print(f'state reset: {reason.value} ({detail})', style='yellow', markup=False)
