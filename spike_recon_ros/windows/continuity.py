# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Repair of sensor time before windows are cut.

Time stamps are damaged in three ways: a few samples are far off; the counter jumps although no
time has passed (a camera restarts, a bit flips); or all times of a packet are arbitrary. This
module drops the first kind, shifts the second kind back onto the timeline of the stream, and
bounds what the third kind can cost. A real pause of the scene passes unchanged.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spike_recon_ros.packets.events import Triggers
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.windows.piece import Piece, TimeJump
from spike_recon_ros.windows.sample_buffer import first_at_or_after, first_large_step

LARGEST_STEP_NS = 50_000_000
"""Larger steps between consecutive samples are examined, in either direction. Lost words and bit
errors of EVT3 make backward steps of up to 41 ms, which are harmless."""
CONFIRMED_NS = 50_000_000
"""Longer runs of samples off the timeline are not outliers."""
CLOCK_MISMATCH_NS = 250_000_000
"""Sensor time that differs more than this from the packet's stamp has jumped."""
LONGEST_PACKET_NS = 1_000_000_000
"""Sensor time in one packet with a stamp; drivers send some 10 ms at most. If there is more, all
but the beginning is held back until the next packet."""
LONGEST_PIECE_NS, SLOWEST_PERIOD_NS = 10_000_000_000, 1_000_000
"""Sensor time in one piece of a file: constant part, and part per sample. The rest is dropped."""
PAUSE_PER_SAMPLE_NS = 10_000_000
"""Pauses in a file may sum up to LONGEST_PIECE_NS, and this per sample. More are jumps."""
FEWEST_BETWEEN_JUMPS = 100
"""A jump after fewer samples since the last jump belongs to the same damage."""
EVT3_LOOP_NS = 2**24 * 1_000
"""A single wrong time of EVT3 looks like a rollover: all later times are one loop late."""
MOST_RUNS = 1000
"""A packet whose time steps more often than this is damaged; its remaining samples are dropped."""


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
        period_ns: time between two samples if that is constant, as in spike planes, else 0.
    """

    def __init__(self, clock: SensorClock, max_gap_ns: int, period_ns: int = 0) -> None:
        self._outliers = 0
        self._clock = clock
        self._max_gap_ns = max_gap_ns
        self._period_ns = period_ns
        self._largest_step_ns = max(LARGEST_STEP_NS, 2 * period_ns)
        self._last_ns: int | None = None
        self._follows_outlier = False
        self._shift_ns = 0
        self._held: _Run | None = None
        self._is_stamped = False
        self._credit_ns = self._most_credit_ns = max(LONGEST_PIECE_NS, max_gap_ns)
        self._since_jump = FEWEST_BETWEEN_JUMPS
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
        self._since_jump += len(t_ns)
        credit_ns = self._credit_ns + len(t_ns) * PAUSE_PER_SAMPLE_NS
        self._credit_ns = min(credit_ns, self._most_credit_ns)
        if not len(t_ns):
            return [Piece(self._shifted(samples), 0)]
        start_ns = int(t_ns[0]) if self._last_ns is None else self._last_ns
        longest_ns, step_ns = self._longest_ns(len(t_ns)), self._largest_step_ns
        is_short = int(t_ns[-1]) - int(t_ns[0]) <= longest_ns
        if (
            is_short
            and self._held is None
            and first_large_step(t_ns, start_ns, step_ns) == len(t_ns)
        ):
            self._last_ns = int(t_ns[-1])
            return [Piece(self._shifted(samples), stamp_ns)]
        old_ns, start, runs = start_ns, 0, 0
        while start < len(t_ns):
            end = start + 1 + first_large_step(t_ns[start + 1 :], int(t_ns[start]), step_ns)
            if runs == MOST_RUNS:
                self._outliers += len(t_ns) - start
                break
            self._add(_Run(samples[start:end], 0 if start else stamp_ns), longest_ns)
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

    def shifted_ns(self, t_ns: int) -> int:
        """Return a time, as decoded, on the timeline of the stream."""
        return t_ns - self._shift_ns

    def _begin_packet(self) -> None:
        self._pieces = []
        self._spans: list[tuple[int, int, int]] = []  # first, last and shift of each piece
        self._pauses_ns = 0

    def _fits(self, t_ns: int, last_ns: int) -> bool:
        return abs(t_ns - last_ns) <= self._largest_step_ns

    def _longest_ns(self, count: int) -> int:
        """Return the longest plausible time in one packet; cameras send 1000 events/s at least."""
        if self._is_stamped:
            return max(self._max_gap_ns, LONGEST_PACKET_NS) + count * self._period_ns
        return LONGEST_PIECE_NS + count * max(self._period_ns, SLOWEST_PERIOD_NS)

    def _add(self, run: _Run, longest_ns: int) -> None:
        if self._held is not None:
            self._judge_held(run)
        last_ns = run.first_ns if self._last_ns is None else self._last_ns
        tail = None
        if run.last_ns - run.first_ns > longest_ns:
            length_ns = LARGEST_STEP_NS if self._is_stamped else longest_ns
            count = first_at_or_after(run.samples.t_ns, run.first_ns + length_ns)
            run, tail = _Run(run.samples[:count], run.stamp_ns), _Run(run.samples[count:], 0)
        if self._fits(run.first_ns, last_ns) or self._is_stamped_pause(run, last_ns):
            self._accept(run, None)
        else:
            self._held = run
            if run.last_ns - run.first_ns > CONFIRMED_NS:
                self._confirm(None)
        if tail is not None and self._is_stamped and self._held is None:
            self._held = tail  # the next packet decides
        elif tail is not None:
            self._outliers += len(tail.samples)

    def _judge_held(self, run: _Run) -> None:
        """Decide about the held run, given the run that comes after it."""
        assert self._held is not None
        assert self._last_ns is not None
        held, first_ns = self._held, run.first_ns
        if self._fits(first_ns, held.last_ns):  # only a new packet can continue it
            self._confirm(run)
            return
        if self._false_loops_ns(first_ns - self._last_ns) or first_ns < held.last_ns:
            continues = False
        elif held.first_ns < self._last_ns:  # forward to the old timeline, or still before it
            continues = first_ns < self._last_ns - self._largest_step_ns
        elif held.stamp_ns:
            continues = self._mismatch_ns(held) <= CLOCK_MISMATCH_NS
        elif run.stamp_ns and self._clock.has_offset:
            continues = self._mismatch_ns(run) <= CLOCK_MISMATCH_NS
        else:  # two steps forward: short pauses, or a jump and an outlier before it
            continues = not self._is_stamped or first_ns - self._last_ns <= self._max_gap_ns
        if continues:
            self._confirm(None)
        else:
            self._outliers += len(held.samples)
            self._held = None
            self._follows_outlier = True

    def _confirm(self, following: _Run | None) -> None:
        """Accept the held run, as a pause or as a jump; `following` continues it, if given."""
        assert self._held is not None
        assert self._last_ns is not None
        run, self._held = self._held, None
        step_ns = run.first_ns - self._last_ns
        stamped = next((r for r in (run, following) if r is not None and r.stamp_ns), None)
        if not self._clock.has_offset:
            stamped = None
        is_small = abs(step_ns) <= self._largest_step_ns
        if is_small or (step_ns > 0 and self._is_pause(step_ns, stamped)):
            self._accept(run, None)
            return
        loops_ns = self._false_loops_ns(step_ns)
        if loops_ns and self._follows_outlier:
            self._shift_ns += loops_ns
            self._accept(run, None)
            return
        # Without a stamp, continue without a gap. A larger shift would make time go back.
        mismatch_ns = step_ns if stamped is None else self._mismatch_ns(stamped)
        self._shift_ns += min(mismatch_ns, step_ns)
        self._shift_ns *= self._is_stamped  # in a file, time continues from the new value
        repeated = self._since_jump < FEWEST_BETWEEN_JUMPS
        self._accept(run, TimeJump(step_ns, not self._is_stamped, repeated))
        self._since_jump = 0

    def _is_pause(self, step_ns: int, stamped: _Run | None) -> bool:
        if stamped is not None:
            return self._mismatch_ns(stamped) <= CLOCK_MISMATCH_NS
        self._pauses_ns += step_ns
        if self._pauses_ns > self._max_gap_ns or step_ns > self._credit_ns:
            return False
        self._credit_ns -= 0 if self._is_stamped else step_ns
        return True

    def _is_stamped_pause(self, run: _Run, last_ns: int) -> bool:
        if run.first_ns <= last_ns or not run.stamp_ns or not self._clock.has_offset:
            return False
        return self._mismatch_ns(run) <= self._largest_step_ns

    def _mismatch_ns(self, run: _Run) -> int:
        """Return by how much the run's sensor time is ahead of its stamp."""
        return run.first_ns - self._shift_ns - self._clock.to_sensor_ns(run.stamp_ns)

    def _false_loops_ns(self, step_ns: int) -> int:
        """Return the whole loops of EVT3's counter in a step that is nothing else, or 0."""
        loops_ns = max(0, round(step_ns / EVT3_LOOP_NS)) * EVT3_LOOP_NS
        return loops_ns if abs(step_ns - loops_ns) <= self._largest_step_ns else 0

    def _accept(self, run: _Run, jump: TimeJump | None) -> None:
        self._last_ns, self._follows_outlier = run.last_ns, False
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
        if self._held is not None:
            self._spans.append((self._held.first_ns, self._held.last_ns, 0))
        self._outliers += max(0, len(edges) - MOST_RUNS)
        edges = edges[:MOST_RUNS]
        firsts, lasts, shifts = np.array(self._spans, np.int64).T
        t_ns = edges.t_ns[:, None]
        distances = np.maximum(np.maximum(firsts - t_ns, t_ns - lasts), 0)
        nearest = distances.argmin(axis=1)
        is_near = distances.min(axis=1) <= self._max_gap_ns
        self._outliers += int(np.count_nonzero(~is_near))
        for index in np.unique(nearest[is_near]).tolist():
            own = edges[(nearest == index) & is_near]
            own = replace(own, t_ns=own.t_ns - shifts[index])
            target: Any = self._held if index == len(self._pieces) else self._pieces[index]
            joined = Triggers.concatenate([target.samples.triggers, own])
            target.samples = replace(target.samples, triggers=joined)
