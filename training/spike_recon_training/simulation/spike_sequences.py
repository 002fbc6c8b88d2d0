# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Endless simulated sequences of spike cameras: input tensors and the image at each instant.

The tensors come from the same representation classes as in the runtime, one sequence after the
other on the CPU. Worlds and pixels are simulated on the device of the photographs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch

from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.representations.representation import Representation
from spike_recon_ros.windows.window import Window
from spike_recon_training.simulation.blur import blurred
from spike_recon_training.simulation.lighting import Lighting
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel
from spike_recon_training.simulation.paths import log_uniform
from spike_recon_training.simulation.photographs import Photographs
from spike_recon_training.simulation.spike_pixels import SpikePixels, SpikeSensorRanges
from spike_recon_training.simulation.video_worlds import VideoModel, VideoWorlds
from spike_recon_training.simulation.videos import Clips

PERIOD_NS = 50_000
"""Plane period of a camera with 20,000 planes/s, ns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpikeSequenceModel:
    """Distribution of the sequences; each pair is the range of a random value.

    Attributes:
        planes: spike planes between two images, one value per batch, log-uniform.
        motion_px: motion of the world in 20 planes at its maximum speed, sensor pixels.
        step_px: maximum motion between two samples of the scene, pixels; the light on the pixels
            is interpolated between samples.
        most_samples: maximum number of samples in a window; faster worlds are slowed down.
        things: minimum and maximum number of objects in front of the background.
        hasty_share: share of batches with a random lookahead below that of the representation, so
            that users may choose a shorter one.
        early_share: share of batches whose first windows end before the lookahead is full, as at
            the start of a live stream; their instants lie before the first plane.
        keyed_share: share of batches in which half of the worlds with sudden motion have their
            corners at the instants of the images, as data sets made from videos.
        world: distribution of the worlds.
        video: distribution of the scenes from videos.
        sensor: distribution of the cameras.
    """

    planes: tuple[int, int] = (20, 20)
    motion_px: tuple[float, float] = (0.1, 5.0)
    step_px: float = 0.5
    most_samples: int = 24
    things: tuple[int, int] = (0, 2)
    hasty_share: float = 0.0
    early_share: float = 0.0
    keyed_share: float = 0.0
    world: WorldModel = field(default_factory=WorldModel)
    video: VideoModel = field(default_factory=partial(VideoModel, keyed=True))
    sensor: SpikeSensorRanges = field(default_factory=SpikeSensorRanges)


class SpikeSequences:
    """A batch of sequences of unlimited length.

    Args:
        photographs: textures of the scenes, on the device to simulate on.
        model: distribution to draw from.
        batch: number of sequences.
        height: rows, pixels.
        width: columns, pixels.
        representation: called with width and height; returns a new representation.
        scale: truth pixels per camera pixel, along each side.
        other_instants: offsets from each instant, in planes, at which truth is also returned.
        seed: seed of all random values.
        clips: videos to cut the scenes from, instead of photographs.
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
        other_instants: tuple[int, ...] = (),
        seed: int,
        clips: Clips | None = None,
    ) -> None:
        device = photographs.squares.device
        generator = torch.Generator(device).manual_seed(seed)
        host_generator = torch.Generator().manual_seed(seed)
        self._hop = round(float(log_uniform(host_generator, (1,), *model.planes)))
        minimum, maximum = model.things
        things = int(torch.randint(minimum, maximum + 1, (1,), generator=host_generator))
        limit_px = model.step_px * model.most_samples * 20 / self._hop
        motion_px = log_uniform(generator, (batch,), *model.motion_px).clamp(max=limit_px)
        self._samples = max(
            1, int(np.ceil(float(motion_px.max()) * self._hop / 20 / model.step_px))
        )
        self._period_s = PERIOD_NS / 1e9
        self._scale = scale
        self._other_instants = other_instants
        self._representations = [representation(width, height) for _ in range(batch)]
        self._lookahead = ahead = self._representations[0].lookahead_planes
        if ahead and float(torch.rand(1, generator=host_generator)) < model.early_share:
            ahead = int(torch.randint(ahead, (1,), generator=host_generator))
        # The first image is at the plane ahead + hop - 1 - lookahead.
        grid = self._hop * self._period_s, (ahead - self._lookahead - 0.5) * self._period_s
        size = scale * height, scale * width
        keyed = float(torch.rand(1, generator=host_generator)) < model.keyed_share
        self._worlds = (
            PlanarWorlds(
                photographs,
                model.world,
                *size,
                things=things,
                greatest_px_s=scale * motion_px / (20 * self._period_s),
                generator=generator,
                corner_grid=grid if keyed else None,
            )
            if clips is None
            else _video_worlds(clips, model, batch, size, grid, generator, seed)
        )
        self._pixels = SpikePixels(model.sensor, batch, height, width, generator)
        self._first = 0
        """Index of the next plane."""
        if ahead:
            self._advance(ahead)

    def next(self, windows: int) -> tuple[torch.Tensor, torch.Tensor, dict[int, torch.Tensor]]:
        """Simulate the next windows.

        Returns: the input tensors, float32 [windows, batch, channels, height, width]; the images
            at their instants in spikes/plane, float32 [windows, batch, 1, scale * height,
            scale * width], 0 to 1, with the mean dark rate, which planes do not show apart; and
            images of that shape for each of `other_instants`.
        """
        tensors, truths = [], []
        for _ in range(windows):
            tensors.append(self._advance(self._hop))
            instant = self._first - 1 - self._lookahead
            images = self._luminance(
                torch.tensor([instant + offset + 0.5 for offset in (0, *self._other_instants)])
            )
            light, dark = (
                one[:, None, None, None]
                for one in (self._pixels.light_scale, self._pixels.dark_rate)
            )
            truths.append((images * light + dark).clamp(max=1))
        truth, *others = torch.stack(truths).split(1, dim=2)
        return torch.stack(tensors), truth, dict(zip(self._other_instants, others, strict=True))

    def _advance(self, planes: int) -> torch.Tensor:
        """Simulate `planes` planes; return the input tensors [batch, channels, height, width]."""
        device = self._pixels.light_scale.device
        spikes = self._pixels.planes(self._interpolated(planes)).cpu().numpy()
        size, first_ns = spikes.shape[2:], self._first * PERIOD_NS
        t_ns = first_ns + PERIOD_NS * np.arange(planes)
        tensors = []
        for number, representation in enumerate(self._representations):
            payload = SpikePlanes(pack_planes(spikes[number]), t_ns)
            out = np.empty((representation.channels, *size), np.float32)
            representation.write(Window(first_ns, first_ns + planes * PERIOD_NS, payload), out)
            tensors.append(torch.from_numpy(out))
        self._first += planes
        return torch.stack(tensors).to(device)

    def _interpolated(self, planes: int) -> torch.Tensor:
        """Return the mean light during each of the next planes, [batch, planes, height, width]."""
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
        """Return luminance [batch, n, scale * height, scale * width] at times [n] in planes."""
        batch = len(self._pixels.light_scale)
        t_s = (plane * self._period_s).to(self._pixels.light_scale)
        return self._worlds.luminance(t_s.expand(batch, -1))


def _video_worlds(
    clips: Clips,
    model: SpikeSequenceModel,
    batch: int,
    size: tuple[int, int],
    grid: tuple[float, float],
    generator: torch.Generator,
    seed: int,
) -> VideoWorlds:
    """Return views of videos whose frames fall on a grid of period and phase in s."""
    return VideoWorlds(
        clips,
        model.video,
        Lighting(model.world, batch, generator),
        *size,
        window_s=torch.full((batch,), grid[0]),
        generator=generator,
        seed=seed,
        first_end_s=grid[1] % grid[0],
    )
