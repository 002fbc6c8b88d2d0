# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Segments from clips of spike cameras with truth at some planes.

The input is the recipe's representation of the planes up to the end of the lookahead. The truth is
in spikes/plane. Both are cropped.
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
from spike_recon_training.datasets.random_batches import Sample, batched_segments, draw_position
from spike_recon_training.datasets.segments import Segment
from spike_recon_training.recipe import Recipe


class ClipSequences:
    """Batches of sequences, each of consecutive truths from a random position in a clip.

    Args:
        paths: data sets; only their training part is used.
        recipe: defines crop, batch, windows, segments and representation.

    Raises:
        UserError: a data set cannot be read, or none of its clips is long and large enough.
    """

    def __init__(self, paths: Sequence[Path], recipe: Recipe) -> None:
        self._optimisation = recipe.optimisation
        self._representation = recipe.representation
        crop = recipe.optimisation.crop
        self._lookahead = representation_for(self._representation, crop, crop).lookahead_planes
        self._clips = [found for path in paths for found in self._usable(path)]

    def _usable(self, path: Path) -> list[tuple[SpikeClip, tuple[SpikeTruth, ...]]]:
        """Return the clips, each with the truths for which all planes of the input exist."""
        # The missing planes of a stack that is not full are dark, unlike the scene.
        before = self._representation.get('planes', 0) - 1 - self._lookahead
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
                f'(optimisation.crop) with all planes for {self._representation}; lower these two'
            )
        return found

    def sequence(self, rng: np.random.Generator, device: torch.device) -> Iterator[Segment]:
        """Yield the segments of one batch of sequences; the first one starts cold.

        Args:
            rng: random generator of the number of segments, the positions and the crops.
            device: device of the tensors.
        """
        o = self._optimisation
        longest = max(len(truths) for _, truths in self._clips) // o.windows
        draw = partial(self._draw, rng)
        return batched_segments(o, longest, draw, rng, device)

    def _draw(self, rng: np.random.Generator, windows: int) -> Iterator[Sample]:
        """Start a sequence at a random truth, uniform over all clips, with a random crop."""
        positions = [max(len(truths) - windows + 1, 0) for _, truths in self._clips]
        number, first = draw_position(positions, rng)
        clip, truths = self._clips[number]
        crop = self._optimisation.crop
        top = int(rng.integers(clip.layout.height - crop + 1))
        left = int(rng.integers(clip.layout.width - crop + 1))
        return self._samples(clip, truths[first : first + windows], top, left)

    def _samples(
        self, clip: SpikeClip, truths: Sequence[SpikeTruth], top: int, left: int
    ) -> Iterator[Sample]:
        """Yield a sample for each truth; the first one reads the clip from its start."""
        crop, begin = self._optimisation.crop, 0
        rows, columns = slice(top, top + crop), slice(left, left + crop)
        planes = clip.planes()
        representation = representation_for(self._representation, crop, crop)
        for truth in truths:
            end = truth.plane + 1 + self._lookahead
            new = planes[begin:end]
            spikes = unpack_planes(new.bits[:, rows], clip.layout.width)[..., columns]
            cropped = SpikePlanes(pack_planes(spikes), new.t_ns)
            tensor = np.empty((representation.channels, crop, crop), np.float32)
            window = Window(int(new.t_ns[0]), int(new.t_ns[-1]) + 1, cropped)
            representation.write(window, tensor)
            image = read_truth(truth.image)[rows, columns]
            yield tensor, (clip.white_rate / 255 * image).astype(np.float32)[None]
            begin = end
