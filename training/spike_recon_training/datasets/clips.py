# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments that are cut from clips of a spike camera with truth at some planes.

Comes in: data sets that `sources` reads, and a recipe. Goes out: Segments: the planes up to what
an image may use, as the recipe's representation has them, and the truth in spikes a plane, both
cropped. Knows nothing about layouts of folders, networks or losses.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes, unpack_planes
from spike_recon_ros.representations.registry import representation_for
from spike_recon_ros.sources.spike_clip import SpikeClip, SpikeTruth, plane_count, read_truth
from spike_recon_ros.sources.spike_datasets import TRAIN, find_clips
from spike_recon_ros.windows.window import Window
from spike_recon_training.datasets.random_batches import Sample, drawn_place, drawn_segments
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Recipe


class ClipSequences:
    """Batches of sequences, each of truths in a row from a place that is drawn at random.

    Args:
        paths: of data sets; the part to train on is used.
        recipe: whose crop, batch, windows, segments and representation are used.

    Raises:
        UserError: if a data set cannot be read, or none of its clips is long or large enough.
    """

    def __init__(self, paths: Sequence[Path], recipe: Recipe) -> None:
        self._optimisation = recipe.optimisation
        self._said = recipe.representation
        crop = recipe.optimisation.crop
        self._lookahead = representation_for(self._said, crop, crop).lookahead_planes
        self._clips = [found for path in paths for found in self._usable(path)]

    def _usable(self, path: Path) -> list[tuple[SpikeClip, tuple[SpikeTruth, ...]]]:
        """Return the clips with the truths that have all planes that their image asks for."""
        # A stack that is not full yet would teach that planes are dark.
        before = self._said.get('planes', 0) - 1 - self._lookahead
        crop, windows = self._optimisation.crop, self._optimisation.windows
        found = []
        for clip in find_clips(path, TRAIN):
            end = sum(plane_count(file, clip.layout) for file in clip.files) - self._lookahead
            truths = tuple(truth for truth in clip.truths if before <= truth.plane < end)
            if len(truths) >= windows and crop <= min(clip.layout.height, clip.layout.width):
                found.append((clip, truths))
        if not found:
            raise UserError(
                f'no clip of {path} has {windows} images (optimisation.windows) of {crop} pixels '
                f'(optimisation.crop) with the planes that {self._said} asks for; lower them'
            )
        return found

    def sequence(self, chance: np.random.Generator, device: torch.device) -> Iterator[Segment]:
        """Return the segments of a batch of sequences; the first one begins cold."""
        o = self._optimisation
        longest = max(len(truths) for _, truths in self._clips) // o.windows
        draw = partial(self._drawn, chance)
        return drawn_segments(o, longest, draw, chance, device)

    def _drawn(self, chance: np.random.Generator, windows: int) -> Iterator[Sample]:
        """Draw a clip, which truth to begin with, and where to crop; all places are alike."""
        places = [max(len(truths) - windows + 1, 0) for _, truths in self._clips]
        number, first = drawn_place(places, chance)
        clip, truths = self._clips[number]
        crop = self._optimisation.crop
        top = int(chance.integers(clip.layout.height - crop + 1))
        left = int(chance.integers(clip.layout.width - crop + 1))
        return self._samples(clip, truths[first : first + windows], top, left)

    def _samples(
        self, clip: SpikeClip, truths: Sequence[SpikeTruth], top: int, left: int
    ) -> Iterator[Sample]:
        """Yield a sample for each truth; the first one sees the clip from its beginning."""
        crop, begin = self._optimisation.crop, 0
        rows, columns = slice(top, top + crop), slice(left, left + crop)
        planes = clip.planes()
        representation = representation_for(self._said, crop, crop)
        for truth in truths:
            end = truth.plane + 1 + self._lookahead
            new = planes[begin:end]
            spikes = unpack_planes(new.bits[:, rows], clip.layout.width)[..., columns]
            seen = SpikePlanes(pack_planes(spikes), new.t_ns)
            tensor = np.empty((representation.channels, crop, crop), np.float32)
            window = Window(int(new.t_ns[0]), int(new.t_ns[-1]) + 1, seen)
            representation.write(window, tensor)
            image = read_truth(truth.image)[rows, columns]
            yield tensor, (clip.white_rate / 255 * image).astype(np.float32)[None]
            begin = end
