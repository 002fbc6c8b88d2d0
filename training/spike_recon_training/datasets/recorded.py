# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments from recordings of event cameras with frames.

The input is the voxel grid of the events between two consecutive frames. The truth is the later
frame. Both are cropped. Frames outside the events are left out: nothing shows what is on them.
"""

import logging
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.sources.event_dataset import EventDataset
from spike_recon_ros.sources.open_source import open_dataset
from spike_recon_training.datasets.random_batches import Sample, batched_segments, draw_position
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Recipe


class _Recording(NamedTuple):
    """A dataset, and the frames of it that can be truths.

    Attributes:
        dataset: events and frames.
        frames: numbers of the frames, int64 [n].
        t_ns: their times, int64 [n], which grow.
    """

    dataset: EventDataset
    frames: np.ndarray
    t_ns: np.ndarray


class RecordedSequences:
    """Batches of sequences, each from a random position in a recording.

    Args:
        paths: datasets with frames.
        recipe: defines crop, batch, windows, segments and normalisation.
        bins: channels of a voxel grid.

    Raises:
        UserError: a recording cannot be read, has too few frames among its events, is smaller than
            the crop, or its frames differ in size from the sensor.
    """

    def __init__(self, paths: Sequence[Path], recipe: Recipe, bins: int) -> None:
        self._optimisation = recipe.optimisation
        self._normalisation = recipe.normalisation
        self._bins = bins
        self._recordings = [self._opened(path) for path in paths]

    def _opened(self, path: Path) -> _Recording:
        recording = open_dataset(path)
        if recording is None:
            raise UserError(
                f'{path} is not a dataset with frames and random access; convert it to HDF5 '
                '(event_utils) or to a folder of NumPy files (EVREAL)'
            )
        crop, needed = self._optimisation.crop, self._optimisation.windows + 1
        frames = _frames_among_events(recording)
        if len(frames) < needed:
            raise UserError(
                f'{path} holds {len(frames)} frames among its events; optimisation.windows in the '
                f'recipe needs {needed}'
            )
        if recording.frame(0).shape[:2] != (recording.height, recording.width):
            raise UserError(
                f'the frames of {path} differ in size from its sensor; remove it from the data'
            )
        if crop > min(recording.height, recording.width):
            raise UserError(
                f'{path} is {recording.width}x{recording.height} pixels; lower optimisation.crop '
                f'in the recipe, which is {crop}'
            )
        for sentence in _left_out(recording, len(frames)):
            logging.getLogger(__name__).warning('%s', sentence)
        return _Recording(recording, frames, recording.frame_times_ns[frames])

    def sequence(self, rng: np.random.Generator, device: torch.device) -> Iterator[Segment]:
        """Yield the segments of one batch of sequences; the first one starts cold.

        Args:
            rng: random generator of the number of segments, the positions and the crops.
            device: device of the tensors.
        """
        o = self._optimisation
        longest = max(len(recording.frames) - 1 for recording in self._recordings) // o.windows
        draw = partial(self._draw, rng)
        return batched_segments(o, longest, draw, rng, device)

    def _draw(self, rng: np.random.Generator, windows: int) -> Iterator[Sample]:
        """Start a sequence at a random frame, uniform over all recordings, with a random crop."""
        positions = [max(len(recording.frames) - windows, 0) for recording in self._recordings]
        number, first = draw_position(positions, rng)
        recording = self._recordings[number]
        crop, dataset = self._optimisation.crop, recording.dataset
        top = int(rng.integers(dataset.height - crop + 1))
        left = int(rng.integers(dataset.width - crop + 1))
        return self._windows(recording, first, windows, (top, left))

    def _windows(
        self, recording: _Recording, first: int, windows: int, corner: tuple[int, int]
    ) -> Iterator[Sample]:
        """Yield a sample for each window between consecutive frames, from the frame `first` on."""
        crop, (top, left) = self._optimisation.crop, corner
        dataset, cuts_ns = recording.dataset, recording.t_ns[first : first + windows + 1]
        chunks = dataset.chunks(dataset.position_at(int(cuts_ns[0])))
        cropped = (_cropped(events, top, left, crop) for events in chunks)
        _, rest = _before(int(cuts_ns[0]), Events.empty(), cropped)
        for number in range(1, windows + 1):
            start_ns, end_ns = int(cuts_ns[number - 1]), int(cuts_ns[number])
            events, rest = _before(end_ns, rest, cropped)
            grid = voxel_grid(
                events, start_ns, end_ns, bins=self._bins, height=crop, width=crop,
                normalisation=self._normalisation,
            )  # fmt: skip
            frame = dataset.frame(int(recording.frames[first + number]))
            frame = frame[top : top + crop, left : left + crop]
            yield grid, _luminance(frame)[None]


def _frames_among_events(recording: EventDataset) -> np.ndarray:
    """Return the numbers of the frames whose time grows and that lie among the events."""
    first = next((int(one.t_ns[0]) for one in recording.chunks() if len(one)), None)
    if first is None or not recording.n_frames:
        return np.empty(0, np.int64)
    ends = recording.chunks(max(recording.size - recording.chunk, 0))
    last = max((int(one.t_ns.max()) for one in ends if len(one)), default=first)
    t_ns = recording.frame_times_ns
    before = np.maximum.accumulate(t_ns)
    grows = np.concatenate([[True], t_ns[1:] > before[:-1]])
    return np.flatnonzero(grows & (t_ns >= first) & (t_ns <= last))


def _left_out(recording: EventDataset, used: int) -> Iterator[str]:
    """Yield sentences on what was guessed of a recording, and on frames that are not used."""
    yield from recording.warnings
    if unused := recording.n_frames - used:
        yield (
            f'{unused} of {recording.n_frames} frames of {recording.path} are left out: they are '
            'before the first event, after the last one, or not later than the frame before'
        )


def _before(t_ns: int, rest: Events, following: Iterator[Events]) -> tuple[Events, Events]:
    """Read `rest` and `following` up to `t_ns`; return the events before it and the new rest."""
    before: list[Events] = []
    for events in chain([rest], following):
        reached = events.t_ns >= t_ns
        cut = int(reached.argmax()) if reached.any() else len(events)
        before.append(events[:cut])
        if cut < len(events):
            return Events.concatenate(before), events[cut:]
    return Events.concatenate(before), Events.empty()


def _cropped(events: Events, top: int, left: int, side: int) -> Events:
    """Return the events in a square, with coordinates relative to its corner."""
    # Left of or above the corner the unsigned difference wraps around to a large value.
    x, y = events.x - np.uint16(left), events.y - np.uint16(top)
    inside = (x < side) & (y < side)
    return Events(x[inside], y[inside], events.p[inside], events.t_ns[inside], Triggers.empty())


def _luminance(frame: np.ndarray) -> np.ndarray:
    """Return a frame as grey float32 [height, width], 0 to 1."""
    grey = frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if grey.dtype == np.float32:
        return np.clip(grey, 0, 1)
    return grey.astype(np.float32) / np.iinfo(grey.dtype).max
