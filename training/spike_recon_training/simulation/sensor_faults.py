# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What happens to the events of a simulated sensor between its pixels and the file.

Bursts of noise come first, because the read-out carries them too. Then the read-out loses what it
has no bandwidth for, and the rest is stamped. All random values come from a generator of their
own, so that a sensor without faults sends the same events whether or not others have some.
"""

from dataclasses import dataclass

import torch

from spike_recon_training.simulation.paths import log_uniform, uniform


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultModel:
    """Distribution of the faults; each pair is the range of a random value, one per sequence.

    A share of 0 disables a fault.

    Attributes:
        limit_share: share of sensors with a limited event rate.
        limit_hz: limit, events per pixel and second on average over the sensor.
        limit_row_share: share of the limited sensors whose read-out saturates: it reads the rows
            in turn, and whole rows are lost. In the others an event-rate controller drops events
            evenly over the sensor.
        burst_share: share of sensors with bursts of noise in all pixels.
        bursts_hz: mean rate of the bursts, bursts/s.
        burst_ms: length of a burst, ms; at least one sample of the scene.
        burst_noise_hz: rate of noise events per pixel during a burst, half of them ON, events/s.
        stamp_share: share of sensors with coarse time stamps.
        stamp_ms: step of the time stamps, ms, rounded to whole samples of the scene; less than
            half a sample has no effect. An event gets the stamp of the step's end, so a window
            never contains later events.
    """

    limit_share: float = 0.0
    limit_hz: tuple[float, float] = (5.0, 100.0)
    limit_row_share: float = 0.5
    burst_share: float = 0.0
    bursts_hz: tuple[float, float] = (0.2, 2.0)
    burst_ms: tuple[float, float] = (2.0, 30.0)
    burst_noise_hz: tuple[float, float] = (5.0, 100.0)
    stamp_share: float = 0.0
    stamp_ms: tuple[float, float] = (1.0, 4.0)

    @property
    def shares(self) -> tuple[float, ...]:
        """All shares, for the check of their range."""
        return self.limit_share, self.limit_row_share, self.burst_share, self.stamp_share

    @property
    def enabled(self) -> bool:
        """Whether any sensor can have a fault."""
        return max(self.limit_share, self.burst_share, self.stamp_share) > 0


class SensorFaults:
    """The faults of a batch of sensors.

    Args:
        model: distribution.
        batch: number of sensors.
        generator: random generator, on the device to simulate on.
    """

    def __init__(self, model: FaultModel, batch: int, generator: torch.Generator) -> None:
        each = (batch,)
        self._generator = generator

        def with_share(share: float) -> torch.Tensor:
            return uniform(generator, each, 0, 1) < share

        limited = with_share(model.limit_share)
        limit_hz = log_uniform(generator, each, *model.limit_hz)
        self._limit_hz = torch.where(limited, limit_hz, torch.inf)
        self._loses_rows = with_share(model.limit_row_share)
        bursting = with_share(model.burst_share)
        self._bursts_hz = log_uniform(generator, each, *model.bursts_hz) * bursting
        self._burst_s = 1e-3 * log_uniform(generator, each, *model.burst_ms)
        self._burst_noise_hz = log_uniform(generator, each, *model.burst_noise_hz)
        coarse = with_share(model.stamp_share)
        self._stamp_s = 1e-3 * log_uniform(generator, each, *model.stamp_ms) * coarse
        self._any_limit, self._any_burst = bool(limited.any()), bool(bursting.any())
        self._any_stamp = bool(coarse.any())
        self._burst_left_s = torch.zeros_like(self._burst_s)
        self._first_row = torch.zeros(batch, dtype=torch.long, device=generator.device)
        self._steps = 0
        self._unstamped: torch.Tensor | None = None

    def apply(
        self,
        number: torch.Tensor,
        later: torch.Tensor,
        step_s: torch.Tensor,
        *,
        begin: float,
        length: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Apply the faults to the events of one step.

        Args:
            number: float32 [batch, height, width], signed number of events in the step.
            later: the same shape, the sum of their weights in the later of the two bins.
            step_s: float32 [batch], length of the step, s.
            begin: weight in the later bin of an event at the beginning of the step.
            length: how much that weight grows during the step.

        Returns: number, later, and bool [batch, height, width], the pixels with noise of a burst;
            None = there is no burst.
        """
        noisy = None
        if self._any_burst:
            on, off, place = self._burst(number, step_s)
            noisy = on + off > 0
            number = number + on - off
            later = later + (on - off) * (begin + length * place)
        if self._any_limit:
            kept = self._kept(number, step_s)
            number, later = number * kept, later * kept
        if self._any_stamp:
            number, later = self._stamped(number, later, step_s, begin + length)
        return number, later, noisy

    def _burst(
        self, number: torch.Tensor, step_s: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the numbers of ON and OFF events and their place in the step, 0 to 1."""
        starts = uniform(self._generator, tuple(step_s.shape), 0, 1) < -torch.expm1(
            -self._bursts_hz * step_s
        )
        self._burst_left_s = torch.where(starts, self._burst_s, self._burst_left_s)
        active = self._burst_left_s > 0
        self._burst_left_s = (self._burst_left_s - step_s).clamp(min=0)
        half = (0.5 * self._burst_noise_hz * step_s * active)[:, None, None].expand_as(number)
        on, off = (torch.poisson(half, generator=self._generator) for _ in range(2))
        return on, off, uniform(self._generator, tuple(number.shape), 0, 1)

    def _kept(self, number: torch.Tensor, step_s: torch.Tensor) -> torch.Tensor:
        """Return the share of each pixel's events that the read-out passes."""
        amount = number.abs()
        capacity = self._limit_hz * step_s * amount[0].numel()
        share = (capacity / amount.sum((1, 2)).clamp(min=1)).clamp(max=1)[:, None, None]
        # Numbers stay whole: each pixel rounds up or down at random, and the mean is the share.
        draws = uniform(self._generator, tuple(number.shape), 0, 1)
        passed = torch.minimum((amount * share + draws).floor(), amount)
        # Opposite events of one pixel can cancel, but their weights do not.
        even = torch.where(amount > 0, passed / amount.clamp(min=1), share)
        rows = self._read_rows(amount, capacity)[:, :, None].to(even)
        return torch.where(self._loses_rows[:, None, None], rows, even)

    def _read_rows(self, amount: torch.Tensor, capacity: torch.Tensor) -> torch.Tensor:
        """Return bool [batch, height], the rows that are read before the capacity is used up.

        At least one row is read. The next step begins at the first row that was not.
        """
        height = amount.shape[1]
        order = torch.arange(height, device=amount.device)
        order = (self._first_row[:, None] + order) % height
        total = amount.sum(2).gather(1, order).cumsum(1)
        read = total <= capacity[:, None]
        read[:, 0] = True
        self._first_row = (self._first_row + read.sum(1)) % height
        return torch.zeros_like(read).scatter(1, order, read)

    def _stamped(
        self, number: torch.Tensor, later: torch.Tensor, step_s: torch.Tensor, end: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the events whose stamp is the end of this step, and their weights."""
        self._steps += 1
        steps = (self._stamp_s / step_s).round().long()
        coarse = (steps > 0)[:, None, None]
        due = (self._steps % steps.clamp(min=1) == 0)[:, None, None]
        waiting = number if self._unstamped is None else self._unstamped + number
        self._unstamped = torch.where(coarse & ~due, waiting, 0.0)
        stamped = torch.where(due, waiting, 0.0)
        return (
            torch.where(coarse, stamped, number),
            torch.where(coarse, stamped * end, later),
        )
