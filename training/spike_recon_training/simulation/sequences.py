# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Endless sequences to train on: voxel grids with the image at each window's end.

Comes in: Photographs and what to draw worlds and sensors from. Goes out: batches of windows on the
photographs' device. Knows nothing about networks, losses or files.
"""

from dataclasses import dataclass, field

import torch

from spike_recon_training.simulation.event_pixels import PixelArray, SensorRanges, Sensors
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel
from spike_recon_training.simulation.paths import log_uniform
from spike_recon_training.simulation.photographs import Photographs

RENDERED_AT_ONCE = {'cpu': 1_000_000, 'cuda': 64_000_000}
"""Pixels of all planes that are rendered together: the CPU's caches and the GPU's memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceModel:
    """What sequences are drawn from; each pair is the range of a random value.

    Attributes:
        window_ms: length of the windows, one value a sequence.
        steps: samples of the scene in a window; one is chosen a batch. Rounded up
            to a multiple of bins - 1.
        motion_px: how far the world moves in a window at its greatest speed, sensor pixels.
        step_px: how far between two samples; worlds that were faster are slowed down to it.
        exposure: mean of the first image. Events do not tell how bright a scene is, only how its
            parts compare, so the truth is taken by a camera that has set its exposure.
        things: fewest and most things in front of the background.
        world: what worlds are drawn from.
        sensor: what sensors are drawn from.
    """

    window_ms: tuple[float, float] = (5.0, 50.0)
    steps: tuple[int, ...] = (4, 8, 12)
    motion_px: tuple[float, float] = (2.0, 12.0)
    step_px: float = 1.0
    exposure: tuple[float, float] = (0.4, 0.5)
    things: tuple[int, int] = (0, 2)
    world: WorldModel = field(default_factory=WorldModel)
    sensor: SensorRanges = field(default_factory=SensorRanges)


class Sequences:
    """A batch of sequences that goes on for as long as it is asked.

    Args:
        photographs: what there is to see, on the device where everything shall happen.
        model: what to draw from.
        batch: sequences.
        height: rows, pixels.
        width: columns, pixels.
        bins: channels of a voxel grid, at least 2.
        seed: decides everything.
    """

    def __init__(
        self,
        photographs: Photographs,
        model: SequenceModel,
        batch: int,
        height: int,
        width: int,
        *,
        bins: int,
        seed: int,
    ) -> None:
        device = photographs.squares.device
        chance = torch.Generator(device).manual_seed(seed)
        host = torch.Generator().manual_seed(seed)
        self._chance = chance
        choice = int(torch.randint(len(model.steps), (1,), generator=host))
        self._steps = -(-model.steps[choice] // (bins - 1)) * (bins - 1)
        fewest, most = model.things
        things = int(torch.randint(fewest, most + 1, (1,), generator=host))
        self.window_s = 1e-3 * log_uniform(chance, (batch,), *model.window_ms)
        motion_px = log_uniform(chance, (batch,), *model.motion_px)
        motion_px = motion_px.clamp(max=model.step_px * self._steps)
        self._worlds = PlanarWorlds(
            photographs,
            model.world,
            height,
            width,
            things=things,
            greatest_px_s=motion_px / self.window_s,
            generator=chance,
        )
        self._at_once = max(
            1,
            RENDERED_AT_ONCE.get(device.type, 1_000_000)
            // (batch * (things + 1) * height * width * self._steps),
        )
        self._window = 0
        start = self._worlds.luminance(torch.zeros(batch, 1, device=device))[:, 0]
        self._gain = log_uniform(chance, (batch,), *model.exposure) / start.mean((1, 2))
        sensors = Sensors.draw(model.sensor, batch, height, width, chance)
        self._pixels = PixelArray(sensors, start, bins, chance)

    def next(self, windows: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the next windows.

        Returns: voxel grids float32 [windows, batch, bins, height, width] and the exposed images
            at the windows' ends, float32 [windows, batch, 1, height, width], 0 to 1.
        """
        grids, truths = [], []
        while windows > 0:
            count = min(windows, self._at_once)
            for luminance in self._rendered(count):
                grids.append(self._pixels.window(luminance, self.window_s / self._steps))
                truths.append((luminance[:, -1:] * self._gain[:, None, None, None]).clamp(max=1))
            windows -= count
        return torch.stack(grids), torch.stack(truths)

    def _rendered(self, windows: int) -> tuple[torch.Tensor, ...]:
        """Return the samples of each of some windows, [batch, steps, height, width]."""
        first = self._window * self._steps
        index = torch.arange(
            first + 1, first + windows * self._steps + 1, device=self.window_s.device
        )
        self._window += windows
        t_s = index * (self.window_s / self._steps)[:, None]
        return self._worlds.luminance(t_s).split(self._steps, 1)


def normalise_nonzero(grids: torch.Tensor) -> torch.Tensor:
    """Return [..., bins, height, width] as `voxel_grid` does with normalisation `nonzero`."""
    some = grids != 0
    axes = (-3, -2, -1)
    count = some.sum(axes, keepdim=True).clamp(min=1)
    mean = grids.sum(axes, keepdim=True) / count
    apart = torch.where(some, grids - mean, 0.0)
    deviation = (apart.square().sum(axes, keepdim=True) / count).sqrt()
    return torch.where(deviation > 0, apart / deviation.clamp(min=1e-12), grids)
