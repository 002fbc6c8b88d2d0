# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments from recordings of event cameras with frames.

The input is the voxel grid of the events between consecutive frames, the truth is the later frame,
both cropped.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
import torch

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.sources.event_dataset import EventDataset
from spike_recon_ros.sources.open_source import open_dataset
from spike_recon_training.datasets.random_batches import Sample, drawn_place, drawn_segments
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Recipe


class RecordedSequences:
    """Batches of sequences, each from a random place in a random recording.

    Args:
        paths: of datasets with frames.
        recipe: has crop, batch, windows, segments and normalisation.
        bins: channels of a voxel grid.

    Raises:
        UserError: a recording cannot be read, or its frames are too few, smaller than the crop or
            of another size than the sensor.
    """

    def __init__(self, paths: Sequence[Path], recipe: Recipe, bins: int) -> None:
        self._optimisation = recipe.optimisation
        self._normalisation = recipe.normalisation
        self._bins = bins
        self._recordings = [self._opened(path) for path in paths]

    def _opened(self, path: Path) -> EventDataset:
        recording = open_dataset(path)
        if recording is None:
            raise UserError(
                f'{path} is no dataset with frames that can be read from any place; convert '
                'it to HDF5 (event_utils) or to a folder of NumPy files (EVREAL)'
            )
        crop, needed = self._optimisation.crop, self._optimisation.windows + 1
        if recording.n_frames < needed:
            raise UserError(
                f'{path} holds {recording.n_frames} frames; optimisation.windows in the recipe '
                f'needs {needed}'
            )
        if recording.frame(0).shape[:2] != (recording.height, recording.width):
            raise UserError(
                f'the frames of {path} are not of the size of its sensor; leave it out'
            )
        if crop > min(recording.height, recording.width):
            raise UserError(
                f'{path} is {recording.width}x{recording.height} pixels; lower optimisation.crop '
                f'in the recipe, which is {crop}'
            )
        return recording

    def sequence(self, rng: np.random.Generator, device: torch.device) -> Iterator[Segment]:
        """Return the segments of a batch of sequences; the first one starts cold."""
        o = self._optimisation
        longest = max(one.n_frames - 1 for one in self._recordings) // o.windows
        draw = partial(self._drawn, rng)
        return drawn_segments(o, longest, draw, rng, device)

    def _drawn(self, rng: np.random.Generator, windows: int) -> Iterator[Sample]:
        """Start a sequence at a random place of all recordings, with a random crop."""
        places = [max(one.n_frames - windows, 0) for one in self._recordings]
        number, first = drawn_place(places, rng)
        recording = self._recordings[number]
        crop = self._optimisation.crop
        top = int(rng.integers(recording.height - crop + 1))
        left = int(rng.integers(recording.width - crop + 1))
        return self._windows(recording, first, windows, (top, left))

    def _windows(
        self, recording: EventDataset, first: int, windows: int, corner: tuple[int, int]
    ) -> Iterator[Sample]:
        """Yield the windows between frames, from the frame `first` on."""
        crop, (top, left) = self._optimisation.crop, corner
        cuts_ns = np.maximum.accumulate(recording.frame_times_ns)[first : first + windows + 1]
        chunks = recording.chunks(recording.position_at(int(cuts_ns[0])))
        cropped = (_cropped(events, top, left, crop) for events in chunks)
        _, rest = _before(int(cuts_ns[0]), Events.empty(), cropped)
        for number in range(1, windows + 1):
            start_ns, end_ns = int(cuts_ns[number - 1]), int(cuts_ns[number])
            events, rest = _before(end_ns, rest, cropped)
            grid = voxel_grid(
                events, start_ns, end_ns, bins=self._bins, height=crop, width=crop,
                normalisation=self._normalisation,
            )  # fmt: skip
            frame = recording.frame(first + number)[top : top + crop, left : left + crop]
            yield grid, _luminance(frame)[None]


def _before(t_ns: int, rest: Events, following: Iterator[Events]) -> tuple[Events, Events]:
    """Split a stream of events, `rest` then `following`, at a time; return both parts."""
    taken: list[Events] = []
    for events in chain([rest], following):
        reached = events.t_ns >= t_ns
        cut = int(reached.argmax()) if reached.any() else len(events)
        taken.append(events[:cut])
        if cut < len(events):
            return Events.concatenate(taken), events[cut:]
    return Events.concatenate(taken), Events.empty()


def _cropped(events: Events, top: int, left: int, side: int) -> Events:
    """Return the events in a square, with coordinates relative to its corner."""
    # Left of or above the corner the unsigned difference wraps around to a large value.
    x, y = events.x - np.uint16(left), events.y - np.uint16(top)
    inside = (x < side) & (y < side)
    return Events(x[inside], y[inside], events.p[inside], events.t_ns[inside], Triggers.empty())


def _luminance(frame: np.ndarray) -> np.ndarray:
    """Return a frame as float32 [H, W], 0 to 1."""
    grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if grey.dtype == np.float32:
        return np.clip(grey, 0, 1)
    return grey.astype(np.float32) / np.iinfo(grey.dtype).max
