# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The event camera for training: luminance to voxel grids without a list of events.

Comes in: luminance at equal steps through a window, for a batch of sensors, on any device. Goes
out: float32 [batch, bins, height, width]. Knows nothing about scenes or networks.

The pixel is that of `event_camera.py`: log luminance is linear between two samples, the memory is
exact, the refractory time is kept across samples, noise and leak have the same meaning. Because
events of one pixel in one step have equal distances, the sum of their shares of the two nearest
bins has a closed form, if no bin lies inside a step: so a window needs a multiple of `bins - 1`
steps. Unlike there, a noise event does not blind its pixel, and the photoreceptor takes its time:
a low pass of first order on log luminance, slower where it is darker (Lichtsteiner et al., JSSC
2008; Hu et al., "v2e", CVPRW 2021). Fine patterns that move fast so lose contrast before they make
events, and the events of an edge trail behind it.
"""

from dataclasses import dataclass

import torch

from spike_recon_training.simulation.event_camera import DARK_CURRENT, MIDDLE
from spike_recon_training.simulation.paths import log_uniform, uniform

LEAST_CHANGE = 1e-6
"""Changes of log luminance below this make no event by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorRanges:
    """What a sensor is drawn from; each pair is the range of a random value, one a sequence.

    Attributes:
        contrast: change of log luminance that makes an event.
        balance: threshold of ON divided by that of OFF.
        mismatch: standard deviation of the thresholds from pixel to pixel, relative.
        refractory_ms: how long a pixel is blind after an event.
        response_ms: time constant of the photoreceptor at a luminance of 0.5.
        noise_hz: events a pixel sends without a cause, a second.
        leak_hz: ON events that the leaking memory of a still pixel causes, a second.
        hot_share: share of pixels that send noise at a higher rate.
        hot_hz: their rate.
    """

    contrast: tuple[float, float] = (0.1, 0.45)
    balance: tuple[float, float] = (0.75, 1.33)
    mismatch: tuple[float, float] = (0.02, 0.12)
    refractory_ms: tuple[float, float] = (0.05, 1.0)
    response_ms: tuple[float, float] = (0.2, 4.0)
    noise_hz: tuple[float, float] = (0.05, 2.0)
    leak_hz: tuple[float, float] = (0.02, 0.5)
    hot_share: tuple[float, float] = (0.0001, 0.002)
    hot_hz: tuple[float, float] = (20.0, 500.0)


@dataclass(slots=True, eq=False)
class Sensors:
    """A batch of sensors, as drawn; [batch, height, width] or broadcast to it.

    Attributes:
        on: threshold of ON events, change of log luminance.
        off: threshold of OFF events.
        refractory_s: how long a pixel is blind after an event.
        response_s: time constant of the photoreceptor at a luminance of 0.5; 0 = at once.
        leak_per_s: by how much the memory falls a second.
        noise_hz: events a second without a cause, [batch].
        hot: flat indices [n] of hot pixels in the batch.
        hot_hz: their rates [n].
    """

    on: torch.Tensor
    off: torch.Tensor
    refractory_s: torch.Tensor
    response_s: torch.Tensor
    leak_per_s: torch.Tensor
    noise_hz: torch.Tensor
    hot: torch.Tensor
    hot_hz: torch.Tensor

    @staticmethod
    def draw(
        ranges: SensorRanges, batch: int, height: int, width: int, generator: torch.Generator
    ) -> 'Sensors':
        """Draw sensors on the generator's device."""
        each, device = (batch, 1, 1), generator.device

        def spread() -> torch.Tensor:
            normal = torch.randn((batch, height, width), generator=generator, device=device)
            return (1 + mismatch * normal).clamp(0.3, 1.7)

        mismatch = uniform(generator, each, *ranges.mismatch)
        contrast = log_uniform(generator, each, *ranges.contrast)
        balance = log_uniform(generator, each, *ranges.balance).sqrt()
        on, off = contrast * balance * spread(), contrast / balance * spread()
        share = log_uniform(generator, each, *ranges.hot_share)
        chance = torch.rand((batch, height, width), generator=generator, device=device)
        hot = (chance < share).flatten().nonzero().flatten()
        return Sensors(
            on=on,
            off=off,
            refractory_s=1e-3 * log_uniform(generator, each, *ranges.refractory_ms),
            response_s=1e-3 * log_uniform(generator, each, *ranges.response_ms),
            leak_per_s=on * log_uniform(generator, each, *ranges.leak_hz),
            noise_hz=log_uniform(generator, (batch,), *ranges.noise_hz),
            hot=hot,
            hot_hz=log_uniform(generator, (len(hot),), *ranges.hot_hz),
        )


class PixelArray:
    """Sensors that look at something; what each pixel remembers lives here.

    Args:
        sensors: what they are like.
        luminance: float32 [batch, height, width], above 0: what they have been looking at.
        bins: channels of the voxel grids, at least 2.
        generator: source of the noise, on the same device.
    """

    def __init__(
        self, sensors: Sensors, luminance: torch.Tensor, bins: int, generator: torch.Generator
    ) -> None:
        self._sensors = sensors
        self._generator = generator
        self._bins = bins
        self._level = luminance.log()
        chance = torch.rand(luminance.shape, generator=generator, device=luminance.device)
        self.memory = self._level + sensors.off - chance * (sensors.off + sensors.on)
        self._blind = torch.zeros_like(self.memory)  # for how many steps still
        self._step_s: torch.Tensor | None = None

    def window(self, luminance: torch.Tensor, step_s: torch.Tensor) -> torch.Tensor:
        """Look on through one window.

        Args:
            luminance: float32 [batch, steps, height, width], above 0; the last is at the window's
                end, the one before the first was the last of the window before.
            step_s: float32 [batch], time between two of them, seconds.

        Returns: float32 [batch, bins, height, width], as `voxel_grid` would make it.

        Raises:
            ValueError: if the number of steps is no multiple of bins - 1.
        """
        batch, steps, height, width = luminance.shape
        if steps % (self._bins - 1):
            raise ValueError(f'{steps} steps are no multiple of {self._bins - 1}')
        in_bin = steps // (self._bins - 1)
        levels = self._seen(luminance, step_s)
        noise = _Noise(self._sensors, (batch, steps, height, width), step_s, self._generator)
        grid = torch.zeros((self._bins, batch, height, width), device=luminance.device)
        per_pixel_s = step_s[:, None, None]
        self._set_step(per_pixel_s)
        leak = self._sensors.leak_per_s * per_pixel_s
        refractory = self._sensors.refractory_s / per_pixel_s
        for step in range(steps):
            number, place = self._advance(levels[step], leak, refractory)
            bin_, part = divmod(step, in_bin)
            # `place` is the sum over the events of where in the step they are, 0 to 1.
            later = number * (part / in_bin) + place / in_bin
            noise.add(step, number, later, part / in_bin, 1 / in_bin)
            noise.forget(step, self.memory, levels[step])
            grid[bin_] += number - later
            grid[bin_ + 1] += later
        return grid.transpose(0, 1)

    def _seen(self, luminance: torch.Tensor, step_s: torch.Tensor) -> torch.Tensor:
        """Return the photoreceptors' levels [steps, batch, height, width] at the samples."""
        response_s = self._sensors.response_s * (MIDDLE + DARK_CURRENT)
        rate = -step_s[:, None, None] / response_s
        follow = 1 - torch.exp(rate[:, None] * (luminance + DARK_CURRENT))
        levels = luminance.log().transpose(0, 1).contiguous()
        level = self._level
        for step, share in enumerate(follow.transpose(0, 1)):
            level = levels[step] = torch.lerp(level, levels[step], share)
        return levels

    def _set_step(self, step_s: torch.Tensor) -> None:
        if self._step_s is not None:
            self._blind *= self._step_s / step_s
        self._step_s = step_s

    def _advance(
        self, level: torch.Tensor, leak: torch.Tensor, refractory: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Go to the next sample; return the signed number of events and the sum of places.

        Args:
            level: log luminance of the sample.
            leak: by how much the memory falls in a step.
            refractory: blindness after an event, in steps.
        """
        # As in event_camera.py the memory leaks first, and the pixel sees that much less.
        start = self._level - leak
        change = level - start
        size = change.abs().clamp_(min=LEAST_CHANGE)
        sign = torch.sign(change)
        seen_again = torch.addcmul(start, change, self._blind.clamp(max=1))
        memory = torch.where(self._blind > 0, seen_again, self.memory - leak)
        threshold = torch.where(change > 0, self._sensors.on, self._sensors.off)
        # The first event comes a threshold after the memory; the next a threshold after the end
        # of the blindness.
        blind = size * refractory
        apart = threshold + blind
        first = (memory - start).mul_(sign).add_(threshold)
        number = (size - first).div_(apart).floor_().add_(1).clamp_(min=0)
        fired = number > 0
        last = torch.addcmul(first, number - 1, apart).clamp_(min=0)
        place = (first.clamp_(min=0) + last).mul_(number).div_(2 * size)
        self.memory = torch.where(fired, torch.addcmul(start, sign, last + blind), memory)
        self._blind = torch.where(fired, (last / size).add_(refractory), self._blind)
        self._blind.sub_(1).clamp_(min=0)
        self._level = level
        return number.mul_(sign), place.mul_(sign)


class _Noise:
    """Noise events of one window, drawn at once, by step."""

    def __init__(
        self,
        sensors: Sensors,
        shape: tuple[int, int, int, int],
        step_s: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        _, steps, height, width = shape
        pixels, device = height * width, generator.device
        expected = (sensors.noise_hz * step_s).sum() * steps * pixels
        count = int(torch.poisson(expected.reshape(1), generator=generator))
        weights = sensors.noise_hz * step_s
        where = torch.randint(pixels, (count,), generator=generator, device=device)
        if count:
            of = torch.multinomial(weights, count, replacement=True, generator=generator)
            where = where + of * pixels
        when = torch.randint(steps, (count,), generator=generator, device=device)
        # What a hot pixel sends within one step has one time and one polarity.
        rate = sensors.hot_hz * step_s[sensors.hot // pixels]
        hot = torch.poisson(rate.expand(steps, -1), generator=generator)
        hot_when, hot_which = hot.nonzero(as_tuple=True)
        self._number = torch.cat([torch.ones(count, device=device), hot[hot_when, hot_which]])
        where = torch.cat([where, sensors.hot[hot_which]])
        when, order = torch.cat([when, hot_when]).sort()
        self._where, self._number = where[order], self._number[order]
        chance = torch.rand((2, len(order)), generator=generator, device=device)
        self._number = torch.where(chance[0] < 0.5, -self._number, self._number)
        self._place = chance[1]
        edges = torch.searchsorted(when, torch.arange(steps + 1, device=device))
        self._edges = edges.tolist()

    def add(
        self, step: int, number: torch.Tensor, later: torch.Tensor, begin: float, length: float
    ) -> None:
        """Add a step's noise to the number of events and to the share of the later bin."""
        here = slice(self._edges[step], self._edges[step + 1])
        amount = self._number[here]
        number.view(-1).index_add_(0, self._where[here], amount)
        later.view(-1).index_add_(
            0, self._where[here], amount * (begin + length * self._place[here])
        )

    def forget(self, step: int, memory: torch.Tensor, level: torch.Tensor) -> None:
        """Let the pixels that sent noise remember anew what they see."""
        where = self._where[self._edges[step] : self._edges[step + 1]]
        memory.view(-1)[where] = level.view(-1)[where]
