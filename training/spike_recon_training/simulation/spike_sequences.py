# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Endless sequences of a spike camera: what a network reads, with the image at each instant.

Comes in: Photographs and what to draw worlds and cameras from. Goes out: batches of windows. Knows
nothing about networks, losses or files.

The planes pass through the very representation that the runtime uses, one sequence after the
other on the CPU; worlds and pixels are simulated on the photographs' device.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.representations.representation import Representation
from spike_recon_ros.windows.window import Window
from spike_recon_training.simulation.blur import blurred
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel
from spike_recon_training.simulation.paths import log_uniform
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.spike_pixels import SpikePixels, SpikeSensorRanges

PERIOD_NS = 50_000
"""Of a camera that reads 20,000 planes a second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSequenceModel:
    """What sequences are drawn from; each pair is the range of a random value.

    Attributes:
        planes: spike planes between two images, one value a batch; the logarithm is drawn.
        motion_px: how far the world moves in 20 planes at its greatest speed, sensor pixels.
        step_px: how far at most between two samples of the scene, pixels; the light on the pixels
            is interpolated between them.
        most_samples: of the scene in a window; worlds that are faster are slowed down.
        things: fewest and most things in front of the background.
        hasty_share: share of batches that look ahead fewer planes than the representation says,
            any number, so that a user may choose.
        early_share: share of batches whose first windows end before as many planes have come as
            are looked ahead, as a live stream begins: their instants lie before the first plane.
        world: what worlds are drawn from.
        sensor: what cameras are drawn from.
    """

    planes: tuple[int, int] = (20, 20)
    motion_px: tuple[float, float] = (0.1, 5.0)
    step_px: float = 0.5
    most_samples: int = 24
    things: tuple[int, int] = (0, 2)
    hasty_share: float = 0.0
    early_share: float = 0.0
    world: WorldModel = field(default_factory=WorldModel)
    sensor: SpikeSensorRanges = field(default_factory=SpikeSensorRanges)


class SpikeSequences:
    """A batch of sequences that goes on for as long as it is asked.

    Args:
        photographs: what there is to see, on the device where everything shall happen.
        model: what to draw from.
        batch: sequences.
        height: rows, pixels.
        width: columns, pixels.
        representation: makes a new one for a camera of width x height pixels.
        scale: pixels of the truth to a side of one of the camera.
        seed: decides everything.
    """

    def __init__(
        self,
        photographs: Photographs,
        model: SpikeSequenceModel,
        batch: int,
        height: int,
        width: int,
        *,
        representation: Callable[[int, int], Representation],
        scale: int = 1,
        seed: int,
    ) -> None:
        device = photographs.squares.device
        chance = torch.Generator(device).manual_seed(seed)
        host = torch.Generator().manual_seed(seed)
        self._hop = round(float(log_uniform(host, (1,), *model.planes)))
        fewest, most = model.things
        things = int(torch.randint(fewest, most + 1, (1,), generator=host))
        greatest_px = model.step_px * model.most_samples * 20 / self._hop
        motion_px = log_uniform(chance, (batch,), *model.motion_px).clamp(max=greatest_px)
        self._samples = max(
            1, int(np.ceil(float(motion_px.max()) * self._hop / 20 / model.step_px))
        )
        self._period_s = PERIOD_NS / 1e9
        self._scale = scale
        self._worlds = PlanarWorlds(
            photographs,
            model.world,
            scale * height,
            scale * width,
            things=things,
            greatest_px_s=scale * motion_px / (20 * self._period_s),
            generator=chance,
        )
        self._pixels = SpikePixels(model.sensor, batch, height, width, chance)
        self._representations = [representation(width, height) for _ in range(batch)]
        self._lookahead = self._representations[0].lookahead_planes
        self._first = 0
        """Number of the next plane."""
        ahead = self._lookahead
        if ahead and float(torch.rand(1, generator=host)) < model.early_share:
            ahead = int(torch.randint(ahead, (1,), generator=host))
        if ahead:
            self._take(ahead)

    def next(self, windows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next windows.

        Returns: tensors float32 [windows, batch, channels, height, width] and the images at their
            instants, in spikes a plane, float32 [windows, batch, 1, height, width], 0 to 1, of
            `scale` times the size.
        """
        tensors, truths = [], []
        for _ in range(windows):
            tensors.append(self._take(self._hop))
            instant = self._first - 1 - self._lookahead
            seen = self._luminance(torch.tensor([instant + 0.5]))
            truths.append((seen * self._pixels.light_scale[:, None, None, None]).clamp(max=1))
        return torch.stack(tensors), torch.stack(truths)

    def _take(self, planes: int) -> torch.Tensor:
        """Advance by some planes; return the tensors [batch, channels, height, width]."""
        device = self._pixels.light_scale.device
        spikes = self._pixels.planes(self._interpolated(planes)).cpu().numpy()
        size, first_ns = spikes.shape[2:], self._first * PERIOD_NS
        t_ns = first_ns + PERIOD_NS * np.arange(planes)
        tensors = []
        for number, representation in enumerate(self._representations):
            seen = SpikePlanes(pack_planes(spikes[number]), t_ns)
            out = np.empty((representation.channels, *size), np.float32)
            representation.write(Window(first_ns, first_ns + planes * PERIOD_NS, seen), out)
            tensors.append(torch.from_numpy(out))
        self._first += planes
        return torch.stack(tensors).to(device)

    def _interpolated(self, planes: int) -> torch.Tensor:
        """Return the light of the next planes, [batch, planes, height, width]."""
        count = max(1, -(-planes * self._samples // self._hop))
        edges = self._first + torch.arange(count + 1) * (planes / count)
        samples = self._luminance(edges)
        if self._scale > 1:  # a pixel integrates over its area
            samples = torch.nn.functional.avg_pool2d(samples, self._scale)
        samples = blurred(samples, self._pixels.aperture_px)
        middle = (torch.arange(planes) + 0.5) * (count / planes)
        left = middle.floor().long().clamp(max=count - 1)
        share = (middle - left).to(samples.device)[:, None, None]
        left = left.to(samples.device)
        return torch.lerp(samples[:, left], samples[:, left + 1], share)

    def _luminance(self, plane: torch.Tensor) -> torch.Tensor:
        """Return the scene at times [n] counted in planes, [batch, n, rows, columns]."""
        batch = len(self._pixels.light_scale)
        t_s = (plane * self._period_s).to(self._pixels.light_scale)
        return self._worlds.luminance(t_s.expand(batch, -1))
