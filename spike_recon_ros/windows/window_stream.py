# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""From the samples of one stream to windows: time repaired, then cut."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeAlias

from spike_recon_ros.packets.packet import Reference
from spike_recon_ros.packets.sensor_clock import CLOCK_STEP_NS, SensorClock
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.at_moments import MOST_WAITING
from spike_recon_ros.windows.continuity import Continuity
from spike_recon_ros.windows.cutter import Cutter
from spike_recon_ros.windows.fixed_rate import FixedRate
from spike_recon_ros.windows.piece import Piece, TimeJump
from spike_recon_ros.windows.window import Window

Steps: TypeAlias = Iterator[Window | TimeJump]


class Conditioner(Protocol):
    """Changes or removes samples, with state that is carried on from call to call."""

    def apply(self, samples: Any) -> Any:
        """Return what is left of the samples, with all trigger edges."""

    def reset(self) -> None:
        """Drop the state, as before the first sample."""


class WindowStream:
    """Cuts one stream into windows; a reset of the stream needs a new one.

    Iterators must be exhausted before the next call. They yield a TimeJump where sensor time has
    jumped between the windows before and after it.

    Args:
        settings: how to cut.
        new_cutter: makes the cutter, as `cutter_for` does.
        period_ns: time between two samples if that is constant, as in spike planes, else 0.
        conditioner: changes or removes samples once their time has been repaired, if given.

    Attributes:
        first_t_ns: time of the first sample; 0 before it.
        early_references: the latest references that came before the first sample, for the stream
            that replaces this one when the sensor becomes known.
    """

    def __init__(
        self,
        settings: Settings,
        new_cutter: Callable[[Settings, SensorClock], Cutter],
        period_ns: int,
        conditioner: Conditioner | None = None,
    ) -> None:
        self._period_ns = period_ns
        self._clock = SensorClock()
        self._last_stamp_ns = -(2**63)
        self._conditioner = conditioner
        self._new_cutter = lambda: new_cutter(settings, self._clock)
        self.early_references: deque[Reference] = deque(maxlen=MOST_WAITING)
        self._continuity = Continuity(self._clock, round(settings.max_gap * 1e9), period_ns)
        self._begin()

    def push(self, samples: Any, stamp_ns: int) -> Steps:
        """Append the samples of one packet and return the windows that they complete.

        Args:
            samples: Events or SpikePlanes.
            stamp_ns: host time of the first sample; 0 = unknown.
        """
        return self._cut(self._continuity.push(samples, stamp_ns))

    def push_reference(self, reference: Reference) -> Steps:
        """Add a moment for which a frame is wanted; return the windows that it completes."""
        if self._is_empty:
            self.early_references.append(reference)
        return iter(self._cutter.push_reference(reference))

    def next_part(self, longest_ns: int, wanted: Callable[[], bool]) -> Window | None:
        """Cut off the next part of the window at hand if it is complete, see FixedRate.

        None also where the end of a window is not known in advance.
        """
        if not isinstance(self._cutter, FixedRate):
            return None
        return self._cutter.next_part(longest_ns, wanted)

    @property
    def is_empty(self) -> bool:
        """Whether no sample has come since the stream, or its latest run, began."""
        return self._is_empty

    def begin_run(self, run_ns: int) -> None:
        """Begin a run of samples behind missing ones; see FixedRate.

        The clock goes on, so the stamps of frames are as without the gap.
        """
        if not (run_ns and isinstance(self._cutter, FixedRate)):
            self._begin()
            return
        self._cutter.begin_run(run_ns)
        self._is_empty = True

    def needs(self, t_ns: int, next_ns: int, run_ns: int) -> bool:
        """Return whether the next window needs samples, see FixedRate.

        True where its end is not known in advance.
        """
        if not isinstance(self._cutter, FixedRate):
            return True
        shifted_ns = self._continuity.shifted_ns
        return self._cutter.needs(shifted_ns(t_ns), shifted_ns(next_ns), run_ns)

    def flush(self) -> Steps:
        """Return the last windows, at the end of a recording."""
        yield from self._cut(self._continuity.flush())
        yield from self._cutter.flush()

    def image_time_ns(self, window: Window, lookahead_planes: int) -> int | None:
        """Return the sensor time of a window's image; None before the first plane of the stream.

        Args:
            window: window of this stream.
            lookahead_planes: future planes that the model uses; no meaning for events.
        """
        if not self._period_ns:
            return window.t_end_ns
        if not len(window.samples):
            return None
        t_ns = int(window.samples.t_ns[-1]) - lookahead_planes * self._period_ns
        return t_ns if t_ns >= self.first_t_ns else None

    def stamp_of(self, window: Window, t_ns: int, lookahead_planes: int) -> int:
        """Return the stamp of a frame: that of its window, or the host time.

        The host time is later than that of the frame before it. The estimated offset of the
        clocks changes while it is averaged, above all at the start of a stream. Only a host clock
        that was set back makes stamps go back.

        Args:
            window: window of the frame.
            t_ns: sensor time of the frame.
            lookahead_planes: see `image_time_ns`.
        """
        if window.stamp_ns is not None:
            return window.stamp_ns - lookahead_planes * self._period_ns
        stamp_ns = self._clock.to_host_ns(t_ns)
        if 0 <= self._last_stamp_ns - stamp_ns < CLOCK_STEP_NS:
            stamp_ns = self._last_stamp_ns + 1
        self._last_stamp_ns = stamp_ns
        return stamp_ns

    def host_ns(self, t_ns: int) -> int:
        """Return the host time of a sensor time; unlike `stamp_of` it may be earlier than before.

        Equal to the sensor time if the packets have no host time.
        """
        return self._clock.to_host_ns(t_ns)

    def take_outliers(self) -> int:
        """Return how many samples were dropped because of their time since the last call."""
        return self._continuity.take_outliers()

    @property
    def late(self) -> int:
        """Number of references, trigger edges and grid points that were too late for a frame."""
        return self._cutter.late

    def _begin(self) -> None:
        self._cutter = self._new_cutter()
        self._is_empty, self.first_t_ns = True, 0
        if self._conditioner is not None:
            self._conditioner.reset()

    def _cut(self, pieces: list[Piece]) -> Steps:
        for piece in pieces:
            if piece.jump is not None:
                yield piece.jump
                if piece.jump.restart:
                    self._begin()
            samples = piece.samples
            if len(samples):
                self._clock.observe(int(samples.t_ns[0]), piece.stamp_ns)
                if self._is_empty:
                    self._is_empty, self.first_t_ns = False, int(samples.t_ns[0])
                    self.early_references.clear()
            if self._conditioner is not None:
                samples = self._conditioner.apply(samples)
            yield from self._cutter.push(samples)
