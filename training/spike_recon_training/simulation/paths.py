# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Smooth random motion of planes in an image, for a batch of sequences.

A path gives the pose of a plane at each time: six numbers, named by POSE. Each of them is a sum of
sinusoids in `s`, the distance travelled. The speed ds/dt is constant over spans of random length
and may be zero or negative, so paths contain rest, sudden starts, sudden stops and reversals.

The module also holds the random distributions that all simulated sequences use.
"""

import math
from dataclasses import dataclass

import torch

POSE = ('x', 'y', 'turn', 'zoom', 'tilt_x', 'tilt_y')
"""Components of a pose: shifts in pixels, rotation in radians, log scale, tilts in 1/pixel."""
SINUSOIDS = 3
"""Number of sinusoids per component."""
SPANS = 32
"""Number of spans of constant speed; the last one has no end."""
SPAN_S = (0.03, 0.6)
"""Range of the length of a span, s."""
REST = 0.12
"""Share of spans without motion."""
SLOWEST = 0.2
"""Minimum speed of the other spans, as a share of the maximum."""
SWING = 1.7
"""Maximum speed of a plane as a multiple of ds/dt, where its sinusoids are in phase; on average a
plane is slower than ds/dt."""
RETURN = 0.25
"""Share of spans that go back along the path."""


def uniform(
    generator: torch.Generator, shape: tuple[int, ...], low: float, high: float
) -> torch.Tensor:
    """Return float32 [*shape], uniform between `low` and `high`, on the generator's device."""
    return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)


def log_uniform(
    generator: torch.Generator, shape: tuple[int, ...], low: float, high: float
) -> torch.Tensor:
    """Return float32 [*shape] with uniform logarithm, between `low` and `high` (above 0)."""
    return torch.exp(uniform(generator, shape, math.log(low), math.log(high)))


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """The paths of a batch of movers, each independent of the others.

    Attributes:
        amplitude: float32 [batch, movers, 6, sinusoids], in the units of POSE.
        frequency: float32 of the same shape, radians/pixel of `s`.
        phase: float32 of the same shape, radians.
        start_s: float32 [batch, movers, spans], start of each span, s.
        speed: float32 [batch, movers, spans], ds/dt, pixels/s; the last span has no end.
    """

    amplitude: torch.Tensor
    frequency: torch.Tensor
    phase: torch.Tensor
    start_s: torch.Tensor
    speed: torch.Tensor

    def travelled(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return `s`, float32 [batch, times, movers] in pixels, at float32 [batch, times], s."""
        elapsed_s = (t_s[:, :, None, None] - self.start_s[:, None]).clamp(min=0)
        length_s = self.start_s.diff(dim=-1, append=torch.full_like(self.start_s[..., :1], 1e9))
        return (torch.minimum(elapsed_s, length_s[:, None]) * self.speed[:, None]).sum(-1)

    def pose(self, t_s: torch.Tensor) -> torch.Tensor:
        """Return the poses, float32 [batch, times, movers, 6], at times float32 [batch, times].

        Times are in seconds from the start; POSE gives the units of the six components.
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
    """Draw random paths.

    Args:
        generator: random generator, on the device of the result.
        greatest_px_s: float32 [batch, movers], maximum speed, pixels/s.
        half_px: distance from the image centre to a corner, pixels.
        straight: bool [batch], where all movers only shift along one line; None = nowhere.
        heading: float32 [batch], direction of that line, radians; None = random.
    """
    batch, movers = greatest_px_s.shape
    shape = (batch, movers, len(POSE), SINUSOIDS)
    # Shares of shift, rotation, zoom and tilt in the motion; shift dominates.
    kinds = torch.rand((batch, movers, 4), generator=generator, device=generator.device) ** 3
    kinds = kinds * torch.tensor([1.0, 0.5, 0.4, 0.15], device=generator.device)
    kinds = kinds / kinds.sum(-1, keepdim=True)
    share = torch.rand(shape, generator=generator, device=generator.device) ** 2
    share = share / share.sum(-1, keepdim=True)
    headings = uniform(generator, (batch, movers), 0, 2 * math.pi)
    if straight is not None:
        headings[straight] = (headings[:, 0] if heading is None else heading)[straight, None]
    direction = torch.stack([headings.cos(), headings.sin()], -1)
    # Image speed per unit of s before SWING; (x, y) and tilts count as vectors, the sum is 1.
    axes = torch.cat(
        [kinds[..., :1] * direction.abs(), kinds[..., 1:3], kinds[..., 3:] * direction.abs()], -1
    )
    rate = SWING * axes[..., None] * share
    # Amplitudes, as motion of an image corner in pixels.
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
        # x and y share frequency and phase, so the motion stays on one line.
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
    draws = torch.rand(shape, generator=generator, device=generator.device)
    speed = torch.where(draws < REST, 0.0, speed)
    return torch.where(draws > 1 - RETURN, -speed, speed)


def inverse_homography(pose: torch.Tensor) -> torch.Tensor:
    """Return homographies [..., 3, 3] of poses [..., 6]: centred image pixels -> plane units."""
    x, y, turn, zoom, tilt_x, tilt_y = pose.unbind(-1)
    scale = torch.exp(-zoom)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    rows = [cos, sin, -x, -sin, cos, -y, tilt_x, tilt_y, torch.ones_like(x)]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))
