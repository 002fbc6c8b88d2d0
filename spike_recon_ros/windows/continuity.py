# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Repair of sensor time before windows are cut.

Cameras and transports damage time stamps in three ways: a few samples are far off and the next
ones are right again; the counter jumps (a camera restarts, a bit flips in a carry) and stays there
although no time has passed; or a packet is damaged and its times are arbitrary. This module drops
the first kind, shifts the second kind back onto the timeline of the stream, and bounds what the
third kind can cost. A real pause of the scene passes unchanged.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spike_recon_ros.packets.events import Triggers
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.windows.sample_buffer import first_large_step

LARGEST_STEP_NS = 50_000_000
"""Larger steps between consecutive samples are examined, in either direction. Lost words and bit
errors in the high part of EVT3 time stamps make backward steps of up to 41 ms, which are harmless.
"""
CONFIRMED_NS = 50_000_000
"""A run of samples off the timeline that lasts longer than this is no outlier."""
CLOCK_MISMATCH_NS = 250_000_000
"""Sensor time that differs more than this from the packet's stamp has jumped. Stamps are late by
some 10 ms on a busy machine."""
MOST_RUNS = 1000
"""A packet whose time steps more often than this is damaged; its remaining samples are dropped."""


@dataclass(frozen=True, slots=True)
class TimeJump:
    """A jump of sensor time that the samples after it have confirmed.

    Attributes:
        step_ns: size of the jump; negative = backwards.
        restart: sensor time continues from the new value, because no host stamp tells how much
            time has passed. Otherwise the samples have been shifted onto the old timeline.
        repeated: the same packet has jumped before.
    """

    step_ns: int
    restart: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples on one timeline.

    Attributes:
        samples: Events or SpikePlanes.
        stamp_ns: host time of the first sample; 0 = unknown.
        jump: the jump just before the first sample, if any.
    """

    samples: Any
    stamp_ns: int
    jump: TimeJump | None = None


@dataclass(slots=True)
class _Run:
    """Samples without a large step between them. Times are as decoded.

    Attributes:
        samples: Events or SpikePlanes.
        stamp_ns: host time of the first sample; 0 = unknown.
    """

    samples: Any
    stamp_ns: int

    @property
    def first_ns(self) -> int:
        return int(self.samples.t_ns[0])

    @property
    def last_ns(self) -> int:
        return int(self.samples.t_ns[-1])


class Continuity:
    """Checks the times of one stream and yields the samples on one timeline.

    Samples after a large step are held back until more samples decide what the step was: samples
    that return to the old timeline make the held ones outliers; samples that continue them, or
    their own length, confirm them. A large step that the packet's stamp confirms is a pause.

    Args:
        clock: relates sensor time, as returned by `push`, to host time.
        max_gap_ns: a forward step of more than this that no stamp confirms is a jump, and so are
            the pauses of one packet beyond this sum.
        largest_step_ns: larger steps are examined.
    """

    def __init__(
        self, clock: SensorClock, max_gap_ns: int, largest_step_ns: int = LARGEST_STEP_NS
    ) -> None:
        self._outliers = 0
        self._clock = clock
        self._max_gap_ns = max_gap_ns
        self._largest_step_ns = largest_step_ns
        self._last_ns: int | None = None
        self._shift_ns = 0
        self._held: _Run | None = None
        self._is_stamped = False
        self._pieces: list[Piece] = []
        self._begin_packet()

    def push(self, samples: Any, stamp_ns: int) -> list[Piece]:
        """Return what can be used after the samples of one packet have been seen.

        Args:
            samples: Events or SpikePlanes of the packet.
            stamp_ns: host time of the packet; 0 = unknown.
        """
        self._begin_packet()
        self._is_stamped |= bool(stamp_ns)
        t_ns = samples.t_ns
        if not len(t_ns):
            return [Piece(self._shifted(samples), 0)]
        start_ns = int(t_ns[0]) if self._last_ns is None else self._last_ns
        if self._held is None and self._run_end(t_ns, 0, start_ns) == len(t_ns):
            self._last_ns = int(t_ns[-1])
            return [Piece(self._shifted(samples), stamp_ns)]
        old_ns, start, runs = start_ns, 0, 0
        while start < len(t_ns):
            end = self._run_end(t_ns, start + 1, int(t_ns[start]))
            if runs == MOST_RUNS:
                self._outliers += len(t_ns) - start
                break
            self._add(_Run(samples[start:end], 0 if start else stamp_ns))
            start, runs = end, runs + 1
        if len(samples.triggers):
            self._assign(samples.triggers, old_ns, samples[:0])
        return self._pieces

    def flush(self) -> list[Piece]:
        """Return what is still held back at the end of the stream."""
        self._pieces = []
        if self._held is not None:
            self._confirm(None)
        return self._pieces

    def take_outliers(self) -> int:
        """Return how many samples and edges were dropped since the last call."""
        outliers, self._outliers = self._outliers, 0
        return outliers

    def _begin_packet(self) -> None:
        self._pieces = []
        self._spans: list[tuple[int, int, int]] = []  # first, last and shift of each piece
        self._pauses_ns = 0
        self._has_jumped = False

    def _run_end(self, t_ns: np.ndarray, start: int, previous_ns: int) -> int:
        return start + first_large_step(t_ns[start:], previous_ns, self._largest_step_ns)

    def _fits(self, t_ns: int, last_ns: int) -> bool:
        return abs(t_ns - last_ns) <= self._largest_step_ns

    def _add(self, run: _Run) -> None:
        if self._held is not None:
            self._judge_held(run)
            if self._held is not None:  # the run has been joined to it
                return
        last_ns = run.first_ns if self._last_ns is None else self._last_ns
        if self._fits(run.first_ns, last_ns) or self._is_stamped_pause(run, last_ns):
            self._accept(run, None)
            return
        self._held = run
        self._confirm_if_long()

    def _judge_held(self, run: _Run) -> None:
        """Decide about the held run, given the run that comes after it."""
        assert self._held is not None
        assert self._last_ns is not None
        held, first_ns = self._held, run.first_ns
        if self._fits(first_ns, held.last_ns):  # only a new packet can continue it
            self._confirm(run)
            return
        if first_ns < held.last_ns:  # back to the old timeline, or to a third one
            continues = False
        elif held.first_ns < self._last_ns:  # forward to the old timeline, or still before it
            continues = first_ns < self._last_ns - self._largest_step_ns
        elif held.stamp_ns:
            continues = self._mismatch_ns(held) <= CLOCK_MISMATCH_NS
        else:  # two steps forward: short pauses, or a jump and an outlier before it
            continues = not self._is_stamped or first_ns - self._last_ns <= self._max_gap_ns
        if continues:
            self._confirm(None)
        else:
            self._drop_held()

    def _confirm_if_long(self) -> None:
        if self._held is not None and self._held.last_ns - self._held.first_ns > CONFIRMED_NS:
            self._confirm(None)

    def _drop_held(self) -> None:
        assert self._held is not None
        self._outliers += len(self._held.samples)
        self._held = None

    def _confirm(self, following: _Run | None) -> None:
        """Accept the held run, as a pause or as a jump; `following` continues it, if given."""
        assert self._held is not None
        assert self._last_ns is not None
        run, self._held = self._held, None
        step_ns = run.first_ns - self._last_ns
        stamped = next((r for r in (run, following) if r is not None and r.stamp_ns), None)
        if not self._clock.has_offset:
            stamped = None
        if step_ns > 0 and self._is_pause(step_ns, stamped):
            self._accept(run, None)
            return
        restart = not self._is_stamped
        if restart:
            self._shift_ns = 0
        else:
            # Without a stamp the new samples follow the old ones at once.
            mismatch_ns = step_ns if stamped is None else self._mismatch_ns(stamped)
            latest_ns = self._shift_ns + step_ns  # a larger shift would make time go back
            self._shift_ns = min(self._shift_ns + mismatch_ns, latest_ns)
        self._accept(run, TimeJump(step_ns, restart, self._has_jumped))
        self._has_jumped = True

    def _is_pause(self, step_ns: int, stamped: _Run | None) -> bool:
        if stamped is not None:
            return self._mismatch_ns(stamped) <= CLOCK_MISMATCH_NS
        self._pauses_ns += step_ns
        return self._pauses_ns <= self._max_gap_ns

    def _is_stamped_pause(self, run: _Run, last_ns: int) -> bool:
        return (
            run.first_ns > last_ns
            and bool(run.stamp_ns)
            and self._clock.has_offset
            and self._mismatch_ns(run) <= self._largest_step_ns
        )

    def _mismatch_ns(self, run: _Run) -> int:
        """Return by how much the run's sensor time is ahead of its stamp."""
        return run.first_ns - self._shift_ns - self._clock.to_sensor_ns(run.stamp_ns)

    def _accept(self, run: _Run, jump: TimeJump | None) -> None:
        self._last_ns = run.last_ns
        self._spans.append((run.first_ns, run.last_ns, self._shift_ns))
        self._pieces.append(Piece(self._shifted(run.samples), run.stamp_ns, jump))

    def _shifted(self, samples: Any) -> Any:
        if not self._shift_ns:
            return samples
        edges = samples.triggers
        if len(edges):
            edges = replace(edges, t_ns=edges.t_ns - self._shift_ns)
        return replace(samples, t_ns=samples.t_ns - self._shift_ns, triggers=edges)

    def _assign(self, edges: Triggers, old_ns: int, nothing: Any) -> None:
        """Give each trigger edge of a packet to the samples that are nearest in time."""
        if not self._pieces and self._held is None:  # all samples were outliers
            self._spans.append((old_ns, old_ns, self._shift_ns))
            self._pieces.append(Piece(nothing, 0))
        spans = [span[:2] for span in self._spans]
        if self._held is not None:
            spans.append((self._held.first_ns, self._held.last_ns))
        firsts, lasts = np.array(spans, np.int64).T
        t_ns = edges.t_ns[:, None]
        distances = np.maximum(np.maximum(firsts - t_ns, t_ns - lasts), 0)
        nearest = distances.argmin(axis=1)
        is_near = distances.min(axis=1) <= self._max_gap_ns
        self._outliers += int(np.count_nonzero(~is_near))
        for index in range(len(spans)):
            chosen = (nearest == index) & is_near
            if not chosen.any():
                continue
            own = Triggers(edges.t_ns[chosen], edges.p[chosen], edges.channel[chosen])
            if index < len(self._pieces):
                piece = self._pieces[index]
                own = replace(own, t_ns=own.t_ns - self._spans[index][2])
                self._pieces[index] = replace(piece, samples=_joined(piece.samples, own))
            elif self._held is not None:
                self._held.samples = _joined(self._held.samples, own)


def _joined(samples: Any, edges: Triggers) -> Any:
    return replace(samples, triggers=Triggers.concatenate([samples.triggers, edges]))
