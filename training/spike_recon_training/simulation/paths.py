# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Smooth random motion of planes in an image, for many sequences at once.

Comes in: how far and how fast. Goes out: for each time six numbers that say how a plane lies in
the image. Knows nothing about what is on the plane.

A path is a sum of sinusoids in `s`, the distance travelled; `s` grows with a speed that is
constant over spans of random length, and may be zero or negative: so there is rest, sudden starts,
sudden stops and return.
"""

import math
from dataclasses import dataclass

import torch

POSE = ('x', 'y', 'turn', 'zoom', 'tilt_x', 'tilt_y')
SINUSOIDS = 3
SPANS = 32
SPAN_S = (0.03, 0.6)
REST = 0.12
"""Share of spans without motion."""
SLOWEST = 0.2
"""Least speed of the other spans, as a share of the greatest."""
SWING = 1.7
"""How much faster than `s` a plane may become for moments, where its sinusoids meet: on average it
is slower."""
RETURN = 0.25
"""Share of spans that go back along the path."""


def uniform(
    generator: torch.Generator, shape: tuple[int, ...], low: float, high: float
) -> torch.Tensor:
    """Return float32 numbers between `low` and `high`, on the generator's device."""
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)


def log_uniform(
    generator: torch.Generator, shape: tuple[int, ...], low: float, high: float
) -> torch.Tensor:
    """Return float32 numbers whose logarithm is uniform between those of `low` and `high`."""
    return torch.exp(uniform(generator, shape, math.log(low), math.log(high)))


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """What moves: [batch, movers], each on a path of its own.

    Attributes:
        amplitude: float32 [batch, movers, 6, sinusoids]; POSE names the six.
        frequency: radians in a unit of `s`, same shape.
        phase: radians, same shape.
        start_s: float32 [batch, movers, spans], beginning of each span, seconds.
        speed: the same shape, units of `s` a second, pixels/s; the last span has no end.
    """

    amplitude: torch.Tensor
    frequency: torch.Tensor
    phase: torch.Tensor
    start_s: torch.Tensor
    speed: torch.Tensor

    def travelled(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return `s` [batch, times, movers] at times [batch, times]."""
        since = (t_s[:, :, None, None] - self.start_s[:, None]).clamp(min=0)
        length = self.start_s.diff(dim=-1, append=torch.full_like(self.start_s[..., :1], 1e9))
        return (torch.minimum(since, length[:, None]) * self.speed[:, None]).sum(-1)

    def pose(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return [batch, times, movers, 6] at times [batch, times], seconds from the start.

        In pixels, radians, logarithm of a scale, and 1/pixel.
        """
        s = self.travelled(t_s)[..., None, None]
        return (
            self.amplitude[:, None] * torch.sin(self.frequency[:, None] * s + self.phase[:, None])
        ).sum(-1)


def random_paths(
    generator: torch.Generator,
    greatest_px_s: torch.Tensor,
    half_px: float,
    straight: torch.Tensor | None = None,
    heading: torch.Tensor | None = None,
) -> Paths:
    """Draw paths.

    Args:
        generator: source of chance, on the device where the paths shall be.
        greatest_px_s: float32 [batch, movers], the greatest speed, pixels/s.
        half_px: distance from the image's middle to a corner, pixels.
        straight: bool [batch], where all only shifts along one line; None = nowhere.
        heading: float32 [batch], direction of that line, radians; None = any.
    """
    batch, movers = greatest_px_s.shape
    shape = (batch, movers, len(POSE), SINUSOIDS)
    # How much of the motion is shift, turn, zoom and tilt; shift prevails.
    kinds = torch.rand((batch, movers, 4), generator=generator, device=generator.device) ** 3
    kinds = kinds * torch.tensor([1.0, 0.5, 0.4, 0.15], device=generator.device)
    kinds = kinds / kinds.sum(-1, keepdim=True)
    share = torch.rand(shape, generator=generator, device=generator.device) ** 2
    share = share / share.sum(-1, keepdim=True)
    headings = uniform(generator, (batch, movers), 0, 2 * math.pi)
    if straight is not None:
        headings[straight] = (headings[:, 0] if heading is None else heading)[straight, None]
    direction = torch.stack([headings.cos(), headings.sin()], -1)
    # Of each axis, the speed in pixels a unit of s: they add up to at most 1, before the swing.
    axes = torch.cat(
        [kinds[..., :1] * direction.abs(), kinds[..., 1:3], kinds[..., 3:] * direction.abs()], -1
    )
    rate = SWING * axes[..., None] * share
    # How far it goes before it turns round, in pixels at the corner.
    reach = half_px * torch.cat(
        [
            log_uniform(generator, (batch, movers, 2, SINUSOIDS), 0.05, 3.0),
            log_uniform(generator, (batch, movers, 2, SINUSOIDS), 0.02, 0.12),
            log_uniform(generator, (batch, movers, 2, SINUSOIDS), 0.01, 0.06),
        ],
        2,
    )
    per_px = torch.tensor([1, 1, 1 / half_px, 1 / half_px, half_px**-2, half_px**-2])
    amplitude = reach * per_px.to(generator.device)[:, None]
    frequency = rate / reach
    phase = uniform(generator, shape, 0, 2 * math.pi)
    if straight is not None:
        # Both axes swing as one: x as it is drawn, y in proportion to it.
        along = SWING * share[straight, :, :1] / reach[straight, :, :1]
        frequency[straight, :, :2] = along
        phase[straight, :, 1] = phase[straight, :, 0]
        amplitude[straight] = 0.0
        amplitude[straight, :, :2] = direction[straight][..., None] * reach[straight, :, :1]
    return Paths(
        amplitude=amplitude,
        frequency=frequency,
        phase=phase,
        start_s=_starts(generator, batch, movers),
        speed=_speeds(generator, greatest_px_s),
    )


def _starts(generator: torch.Generator, batch: int, movers: int) -> torch.Tensor:
    lengths = log_uniform(generator, (batch, movers, SPANS), *SPAN_S)
    return torch.cumsum(lengths, -1) - lengths


def _speeds(generator: torch.Generator, greatest_px_s: torch.Tensor) -> torch.Tensor:
    shape = (*greatest_px_s.shape, SPANS)
    speed = log_uniform(generator, shape, SLOWEST, 1.0) * greatest_px_s[..., None]
    chance = torch.rand(shape, generator=generator, device=generator.device)
    speed = torch.where(chance < REST, 0.0, speed)
    return torch.where(chance > 1 - RETURN, -speed, speed)


def inverse_homography(pose: torch.Tensor) -> torch.Tensor:
    """Return [..., 3, 3]: image pixels from the middle -> plane units, given poses [..., 6]."""
    x, y, turn, zoom, tilt_x, tilt_y = pose.unbind(-1)
    scale = torch.exp(-zoom)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    rows = [cos, sin, -x, -sin, cos, -y, tilt_x, tilt_y, torch.ones_like(x)]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))
