# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Frames of an ordinary camera that sees the simulated scene through the same pixels.

Each frame is the mean of the scene over its exposure, with a gain, clipped, noisy, perhaps shifted
by a fraction of a pixel, and arrives late or never.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.nn import functional

from spike_recon_ros.representations.anchor_planes import CHANNELS, recency
from spike_recon_training.simulation.paths import log_uniform, uniform

OLDEST_S = 1.0
"""Frames that are older than this are not used, as in the runtime."""
MOST_EXPOSED = 0.9
"""Longest exposure, as a share of the time between two frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameModel:
    """Distribution of the frame cameras; each pair is the range of a random value.

    Attributes:
        hz: frames per second.
        exposure_ms: exposure time, at most 0.9 of the time between two frames.
        latency_ms: from the middle of the exposure to the arrival.
        very_late_share: share of the cameras whose latency is drawn from `very_late_ms`.
        very_late_ms: latency of these.
        gain: of a camera, relative to the exposure of the truth; brighter parts are clipped.
        gain_change: of each frame, relative to that.
        noise: standard deviation of the noise at white; it falls with the square root of the
            grey, down to a quarter.
        shift_px: largest misregistration along each axis, constant for a camera.
        missing_share: share of the frames that never arrive.
        outage_share: share of the cameras that send nothing for a while.
        black_share: share of the frames that are black but for noise.
    """

    hz: tuple[float, float] = (5.0, 30.0)
    exposure_ms: tuple[float, float] = (0.5, 30.0)
    latency_ms: tuple[float, float] = (1.0, 50.0)
    very_late_share: float = 0.15
    very_late_ms: tuple[float, float] = (100.0, 300.0)
    gain: tuple[float, float] = (0.95, 1.05)
    gain_change: tuple[float, float] = (0.97, 1.03)
    noise: tuple[float, float] = (0.003, 0.04)
    shift_px: float = 0.7
    missing_share: float = 0.1
    outage_share: float = 0.1
    black_share: float = 0.03

    @property
    def shares(self) -> tuple[float, ...]:
        """All shares, which must lie from 0 to below 1."""
        return self.very_late_share, self.missing_share, self.outage_share, self.black_share


class _Frame(NamedTuple):
    """A frame on its way."""

    middle_s: float
    arrival_s: float
    grey: torch.Tensor


class _Camera:
    """One camera: when it exposes, and what has arrived."""

    def __init__(self, model: FrameModel, generator: torch.Generator) -> None:
        self._model, self._generator = model, generator
        self._period_s = 1 / self._drawn(model.hz)
        self._exposure_s = min(
            1e-3 * self._drawn(model.exposure_ms), MOST_EXPOSED * self._period_s
        )
        late = self._random() < model.very_late_share
        self._latency_s = 1e-3 * self._drawn(model.very_late_ms if late else model.latency_ms)
        self._gain, self._noise = self._drawn(model.gain), self._drawn(model.noise)
        self._shift = uniform(generator, (2,), -model.shift_px, model.shift_px)
        self._middle_s = self._random() * self._period_s
        stops = self._random() < model.outage_share
        self._outage_s = (0.1 + self._random(), 0.5 + self._random()) if stops else (0.0, 0.0)
        self._sum: torch.Tensor | None = None
        self._count = 0
        self._coming: deque[_Frame] = deque()
        self._held: _Frame | None = None

    def expose(self, view: torch.Tensor, t_s: float) -> None:
        """Gather the light of one sample of the scene, [height, width]."""
        half_s = self._exposure_s / 2
        if t_s >= self._middle_s - half_s:
            self._sum = view if self._sum is None else self._sum + view
            self._count += 1
        if t_s >= self._middle_s + half_s and self._sum is not None:
            self._finish(self._sum / self._count)

    def window(self, t_end_s: float, planes: torch.Tensor) -> None:
        """Write the channels of the window that ends now, [CHANNELS, height, width]."""
        is_new = False
        while self._coming and self._coming[0].arrival_s <= t_end_s:
            self._held, is_new = self._coming.popleft(), True
        if self._held is None or t_end_s - self._held.middle_s > OLDEST_S:
            return
        planes[0] = self._held.grey
        planes[1] = float(is_new)
        planes[2] = recency(t_end_s - self._held.middle_s)

    def _finish(self, light: torch.Tensor) -> None:
        model, middle_s = self._model, self._middle_s
        self._sum, self._count = None, 0
        self._middle_s += self._period_s
        begin_s, length_s = self._outage_s
        is_out = begin_s < middle_s < begin_s + length_s
        if is_out or self._random() < model.missing_share:
            return
        gain = self._gain * self._drawn(model.gain_change)
        if self._random() < model.black_share:
            gain = 0.0
        grey = (gain * _moved(light, self._shift)).clamp(0, 1)
        noise = torch.randn(grey.shape, generator=self._generator, device=grey.device)
        grey = grey + self._noise * noise * grey.clamp(min=1 / 16).sqrt()
        grey = (grey.clamp(0, 1) * 255).round() / 255
        self._coming.append(_Frame(middle_s, middle_s + self._latency_s, grey))

    def _drawn(self, span: tuple[float, float]) -> float:
        return float(log_uniform(self._generator, (1,), *span))

    def _random(self) -> float:
        return float(uniform(self._generator, (1,), 0, 1))


class CameraFrames:
    """The frame cameras of a batch of sequences.

    Args:
        model: distribution to draw the cameras from.
        batch: number of sequences.
        generator: random generator, on the device of the simulation.
    """

    def __init__(self, model: FrameModel, batch: int, generator: torch.Generator) -> None:
        self._cameras = [_Camera(model, generator) for _ in range(batch)]

    def window(self, light: torch.Tensor, t_s: torch.Tensor) -> torch.Tensor:
        """Return the channels of the frames for one window, [batch, CHANNELS, height, width].

        Args:
            light: float32 [batch, steps, height, width], samples of the scene, exposed so that 1
                is white; brighter parts are above 1.
            t_s: float [batch, steps], their times, s; the last one is the end of the window.
        """
        planes = light.new_zeros(len(light), CHANNELS, *light.shape[2:])
        for camera, views, times, own in zip(
            self._cameras, light, t_s.tolist(), planes, strict=True
        ):
            for view, t in zip(views, times, strict=True):
                camera.expose(view, t)
            camera.window(times[-1], own)
        return planes


def _moved(image: torch.Tensor, shift_px: torch.Tensor) -> torch.Tensor:
    """Return an image [height, width] shifted by fractions of a pixel; the border is repeated."""
    height, width = image.shape
    scale = 2 * shift_px / torch.tensor([width, height], device=image.device)
    theta = torch.eye(2, 3, device=image.device)
    theta[:, 2] = scale
    grid = functional.affine_grid(theta[None], [1, 1, height, width], align_corners=False)
    moved = functional.grid_sample(
        image[None, None], grid, padding_mode='border', align_corners=False
    )
    return moved[0, 0]
