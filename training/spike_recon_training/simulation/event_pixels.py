# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The event camera for training: luminance to voxel grids without a list of events.

Simulates a batch of sensors on any device, from luminance sampled at equal steps of a window.

The pixel model is that of `event_camera.py`: log luminance is linear between two samples, the
reference level is exact, the refractory time carries over between samples, and noise and leak have
the same meaning. The events of one pixel in one step are equally spaced, so the sum of their
weights in the two nearest bins has a closed form if no bin centre lies inside a step. A window
therefore needs a multiple of `bins - 1` steps. There is one difference: a noise event starts no
refractory time.

The photoreceptor is a first-order low-pass filter on log luminance with a longer time constant in
the dark (Lichtsteiner et al., JSSC 2008; Hu et al., "v2e", CVPRW 2021). So fine patterns in fast
motion lose contrast before they cause events, and the events of an edge trail behind it.
"""

import torch

from spike_recon_training.simulation.event_camera import DARK_CURRENT, NOMINAL_LUMINANCE
from spike_recon_training.simulation.sensor_faults import SensorFaults
from spike_recon_training.simulation.sensors import Sensors

LEAST_CHANGE = 1e-6
"""Lower limit of the change of log luminance in a step; avoids a division by zero."""


class PixelArray:
    """A batch of running sensors and the state of each pixel.

    Args:
        sensors: parameters of the sensors.
        luminance: float32 [batch, height, width], above 0: the scene before the first window.
        bins: channels of the voxel grids, at least 2.
        generator: random generator of the noise, on the same device.
        faults: of the sensors; None = none.

    Attributes:
        reference: float32 [batch, height, width], log luminance at each pixel's last event.
    """

    def __init__(
        self,
        sensors: Sensors,
        luminance: torch.Tensor,
        bins: int,
        generator: torch.Generator,
        faults: SensorFaults | None = None,
    ) -> None:
        self._sensors = sensors
        self._faults = faults
        self._generator = generator
        self._bins = bins
        self._level = luminance.log()
        draws = torch.rand(luminance.shape, generator=generator, device=luminance.device)
        self.reference = self._level + sensors.off - draws * (sensors.off + sensors.on)
        self._refractory_left = torch.zeros_like(self.reference)  # in steps
        self._step_s: torch.Tensor | None = None

    def window(self, luminance: torch.Tensor, step_s: torch.Tensor) -> torch.Tensor:
        """Simulate the next window.

        Args:
            luminance: float32 [batch, steps, height, width], above 0. The last sample is at the
                end of the window; the window starts at the last sample of the previous one.
            step_s: float32 [batch], time between two samples, s.

        Returns: float32 [batch, bins, height, width], the grid that `voxel_grid` makes from the
            events.

        Raises:
            ValueError: the number of steps is not a multiple of bins - 1.
        """
        batch, steps, height, width = luminance.shape
        if steps % (self._bins - 1):
            raise ValueError(f'{steps} steps are not a multiple of bins - 1 = {self._bins - 1}')
        steps_per_bin = steps // (self._bins - 1)
        levels = self._filtered_levels(luminance, step_s)
        noise = _Noise(self._sensors, luminance, step_s, self._generator)
        grid = torch.zeros((self._bins, batch, height, width), device=luminance.device)
        per_pixel_s = step_s[:, None, None]
        self._set_step(per_pixel_s)
        leak = self._sensors.leak_per_s * per_pixel_s
        refractory = self._sensors.refractory_s / per_pixel_s
        for step in range(steps):
            number, place = self._advance(levels[step], leak, refractory)
            bin_, part = divmod(step, steps_per_bin)
            # `place` is the sum of the events' positions within the step, each 0 to 1.
            later = number * (part / steps_per_bin) + place / steps_per_bin
            noise.add(step, number, later, part / steps_per_bin, 1 / steps_per_bin)
            noise.reset_references(step, self.reference, levels[step])
            if self._faults is not None:
                begin, length = part / steps_per_bin, 1 / steps_per_bin
                number, later, noisy = self._faults.apply(
                    number, later, step_s, begin=begin, length=length
                )
                if noisy is not None:
                    self.reference = torch.where(noisy, levels[step], self.reference)
            grid[bin_] += number - later
            grid[bin_ + 1] += later
        return grid.transpose(0, 1)

    def _filtered_levels(self, luminance: torch.Tensor, step_s: torch.Tensor) -> torch.Tensor:
        """Return the low-pass filtered log luminance [steps, batch, height, width]."""
        response_s = self._sensors.response_s * (NOMINAL_LUMINANCE + DARK_CURRENT)
        rate = -step_s[:, None, None] / response_s
        follow = 1 - torch.exp(rate[:, None] * (luminance + DARK_CURRENT))
        levels = luminance.log().transpose(0, 1).contiguous()
        level = self._level
        for step, share in enumerate(follow.transpose(0, 1)):
            level = levels[step] = torch.lerp(level, levels[step], share)
        return levels

    def _set_step(self, step_s: torch.Tensor) -> None:
        if self._step_s is not None:
            self._refractory_left *= self._step_s / step_s
        self._step_s = step_s

    def _advance(
        self, level: torch.Tensor, leak: torch.Tensor, refractory: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Advance to the next sample; return the signed event count and the sum of positions.

        Args:
            level: filtered log luminance of the sample, [batch, height, width].
            leak: decrease of the reference in a step.
            refractory: refractory time, in steps.

        Returns: two tensors float32 [batch, height, width]: the number of events, negative for
            OFF, and the sum of the events' positions within the step (0 to 1), with that sign.
        """
        # As in event_camera.py: subtract the whole leak first and start that much lower.
        start = self._level - leak
        change = level - start
        size = change.abs().clamp_(min=LEAST_CHANGE)
        sign = torch.sign(change)
        at_release = torch.addcmul(start, change, self._refractory_left.clamp(max=1))
        reference = torch.where(self._refractory_left > 0, at_release, self.reference - leak)
        threshold = torch.where(change > 0, self._sensors.on, self._sensors.off)
        # The first event is one threshold away from the reference; each further one is a threshold
        # after the end of the refractory time. Distances are in log luminance along the step.
        refractory_change = size * refractory
        spacing = threshold + refractory_change
        first = (reference - start).mul_(sign).add_(threshold)
        number = (size - first).div_(spacing).floor_().add_(1).clamp_(min=0)
        fired = number > 0
        last = torch.addcmul(first, number - 1, spacing).clamp_(min=0)
        place = (first.clamp_(min=0) + last).mul_(number).div_(2 * size)
        self.reference = torch.where(
            fired, torch.addcmul(start, sign, last + refractory_change), reference
        )
        self._refractory_left = torch.where(
            fired, (last / size).add_(refractory), self._refractory_left
        )
        self._refractory_left.sub_(1).clamp_(min=0)
        self._level = level
        return number.mul_(sign), place.mul_(sign)


class _Noise:
    """The noise events of one window, all drawn in advance and sorted by step.

    Args:
        sensors: parameters of the sensors.
        luminance: float32 [batch, steps, height, width]; the rate depends on the last one.
        step_s: float32 [batch], time between two samples, s.
        generator: random generator.
    """

    def __init__(
        self,
        sensors: Sensors,
        luminance: torch.Tensor,
        step_s: torch.Tensor,
        generator: torch.Generator,
    ) -> None:
        _, steps, height, width = luminance.shape
        pixels, device = height * width, generator.device
        dark = (NOMINAL_LUMINANCE + DARK_CURRENT) / (luminance[:, -1] + DARK_CURRENT)
        rates = sensors.noise_hz * dark**sensors.noise_in_dark
        expected = (rates * (step_s * steps)[:, None, None]).flatten()
        counts = torch.poisson(expected, generator=generator).long()
        where = torch.repeat_interleave(counts)
        count = len(where)
        on = sensors.noise_on.reshape(-1).expand(len(luminance))[where // pixels]
        when = torch.randint(steps, (count,), generator=generator, device=device)
        # All noise events of a hot pixel in one step share one time and one polarity.
        rate = sensors.hot_hz * step_s[sensors.hot // pixels]
        hot = torch.poisson(rate.expand(steps, -1), generator=generator)
        hot_when, hot_which = hot.nonzero(as_tuple=True)
        self._number = torch.cat([torch.ones(count, device=device), hot[hot_when, hot_which]])
        where = torch.cat([where, sensors.hot[hot_which]])
        on = torch.cat([on, torch.full((len(hot_which),), 0.5, device=device)])
        when, order = torch.cat([when, hot_when]).sort()
        self._where, self._number, on = where[order], self._number[order], on[order]
        draws = torch.rand((2, len(order)), generator=generator, device=device)
        self._number = torch.where(draws[0] < on, self._number, -self._number)
        self._place = draws[1]
        edges = torch.searchsorted(when, torch.arange(steps + 1, device=device))
        self._edges = edges.tolist()

    def add(
        self, step: int, number: torch.Tensor, later: torch.Tensor, begin: float, length: float
    ) -> None:
        """Add the noise of a step, in place, to the counts and to the weights of the later bin."""
        here = slice(self._edges[step], self._edges[step + 1])
        amount = self._number[here]
        number.view(-1).index_add_(0, self._where[here], amount)
        later.view(-1).index_add_(
            0, self._where[here], amount * (begin + length * self._place[here])
        )

    def reset_references(self, step: int, reference: torch.Tensor, level: torch.Tensor) -> None:
        """Set the reference of the pixels with noise in this step to the current level."""
        where = self._where[self._edges[step] : self._edges[step + 1]]
        reference.view(-1)[where] = level.view(-1)[where]
