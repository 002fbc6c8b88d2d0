# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Keeps the latest frames of the aligned camera in the order of their time.

A window uses the latest frame at or before its end, never a later one, so the images of a
recording do not depend on how its messages were interleaved.
"""

import bisect
from dataclasses import dataclass

from spike_recon_ros.frames.camera_frame import CameraFrame

MOST_BYTES = 128_000_000
"""Limit for the pixels of all kept frames; the oldest are dropped above it."""
CLOCK_LIMIT_NS = 10_000_000_000
"""A stamp that is farther from the events than this belongs to another clock."""
OLDEST_NS = 1_000_000_000
"""A frame that is older than this says too little about the present."""
LATE_NS = 100_000_000
"""A frame that comes so long after the end of the window that could have used it is late."""
S_NS = 1_000_000_000


@dataclass(slots=True)
class FrameCounts:
    """Counts of the frames of the aligned camera.

    Every frame that came is kept or counted as one of unregistered, other_clock, blank and
    repeated; `backwards`, `late`, `dropped` and `without_color` frames were kept first.

    Attributes:
        received: frames that came.
        late: frames that came more than 0.1 s after their time, measured by the ends of the
            windows; they are used from then on.
        unregistered: frames whose size is not that of the event sensor; not used.
        other_clock: frames whose stamp is more than 10 s from the events; not used.
        blank: frames that show nothing, black or saturated; not used.
        without_color: frames without colour, while `color` is `frame`; not used.
        repeated: frames with the stamp of another frame; not used.
        dropped: frames that were dropped before their time because too many waited.
        backwards: frames stamped before a frame that came earlier.
    """

    received: int = 0
    late: int = 0
    unregistered: int = 0
    other_clock: int = 0
    blank: int = 0
    without_color: int = 0
    repeated: int = 0
    dropped: int = 0
    backwards: int = 0


class FrameStore:
    """The frames that windows may still need.

    Attributes:
        counts: what came and what was left out.
        problem: a sentence about the latest frame that could not be used; empty = there is none.
            Later frames that can be used do not clear it.
        was_used: whether any window has found a frame.
    """

    def __init__(self) -> None:
        self.counts = FrameCounts()
        self.problem, self.was_used = '', False
        self._frames: list[CameraFrame] = []
        self._bytes = 0
        self._asked_ns: int | None = None
        self._events_ns: int | None = None
        self._latest_ns: int | None = None

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: CameraFrame, size: tuple[int, int] | None = None) -> None:
        """Keep a frame, or count it and say in `problem` why it cannot be used.

        Args:
            frame: to keep.
            size: columns and rows of the event sensor; None = not known yet.
        """
        self.counts.received += 1
        reason = self._refused(frame, size)
        if reason:
            self.problem = reason
            return
        if self._asked_ns is not None and self._asked_ns - frame.stamp_ns > LATE_NS:
            self.counts.late += 1
        if self._latest_ns is not None and frame.stamp_ns < self._latest_ns:
            self.counts.backwards += 1
        else:
            self._latest_ns = frame.stamp_ns
        place = bisect.bisect_left(self._frames, frame.stamp_ns, key=_stamp_of)
        if place < len(self._frames) and self._frames[place].stamp_ns == frame.stamp_ns:
            self.counts.repeated += 1
            return
        self._frames.insert(place, frame)
        self._bytes += frame.image.nbytes
        while self._bytes > MOST_BYTES and len(self._frames) > 1:
            self._discard(self._frames[0])
            self.counts.dropped += 1

    def at(self, stamp_ns: int) -> CameraFrame | None:
        """Return the latest frame at or before a time; None = none of the last OLDEST_NS.

        Older frames are discarded, so ask with increasing times.
        """
        self._asked_ns = stamp_ns
        self.note_events(stamp_ns)
        following = bisect.bisect_right(self._frames, stamp_ns, key=_stamp_of)
        for _ in range(following - 1):
            self._discard(self._frames[0])
        latest = self._frames[0] if following else None
        if latest is None or stamp_ns - latest.stamp_ns > OLDEST_NS:
            return None
        self.was_used = True
        return latest

    def note_events(self, stamp_ns: int) -> None:
        """Note the host time of the latest events, which stamps of frames are compared with.

        The first call discards frames of another clock that came before the events.
        """
        if self._events_ns is None:
            for frame in [one for one in self._frames if _other_clock(one, stamp_ns)]:
                self._discard(frame)
                self.counts.other_clock += 1
                self.problem = _other_clock(frame, stamp_ns)
        self._events_ns = stamp_ns

    def check_size(self, width: int, height: int) -> None:
        """Discard kept frames of another size than the sensor."""
        wrong = [frame for frame in self._frames if frame.image.shape[:2] != (height, width)]
        for frame in wrong:
            self._discard(frame)
            self.counts.unregistered += 1
            self.problem = _unregistered(frame, (width, height))

    def reset(self) -> None:
        """Discard all frames, as the stream begins again; the counts stay."""
        self._frames.clear()
        self._bytes, self._asked_ns, self._events_ns, self._latest_ns = 0, None, None, None

    def _refused(self, frame: CameraFrame, size: tuple[int, int] | None) -> str:
        height, width = frame.image.shape[:2]
        if size is not None and size != (width, height):
            self.counts.unregistered += 1
            return _unregistered(frame, size)
        if self._events_ns is not None and (why := _other_clock(frame, self._events_ns)):
            self.counts.other_clock += 1
            return why
        if frame.is_blank():
            self.counts.blank += 1
            return (
                'a frame shows nothing (black or saturated), so it is not used; check the lens '
                'cap and the exposure of the frame camera, and that 16-bit pixels use all 16 bits'
            )
        return ''

    def _discard(self, frame: CameraFrame) -> None:
        self._frames.remove(frame)
        self._bytes -= frame.image.nbytes


def _stamp_of(frame: CameraFrame) -> int:
    return frame.stamp_ns


def _other_clock(frame: CameraFrame, events_ns: int) -> str:
    """Return a sentence if the stamp of a frame is on another clock than the events."""
    ahead_s = (frame.stamp_ns - events_ns) / S_NS
    if abs(ahead_s) * S_NS <= CLOCK_LIMIT_NS:
        return ''
    if not frame.stamp_ns:
        return (
            'the frames have no stamp (0), so they are not used; let the driver of the frame '
            'camera stamp its images'
        )
    direction = 'ahead of' if ahead_s > 0 else 'behind'
    return (
        f'the frames are stamped {abs(ahead_s):.1f} s {direction} the events, so they are not '
        'used; synchronise the clocks of both cameras (PTP, chrony), or let both drivers stamp '
        'with the time of the host'
    )


def _unregistered(frame: CameraFrame, size: tuple[int, int]) -> str:
    height, width = frame.image.shape[:2]
    return (
        f'the frames have {width}x{height} pixels and the event sensor {size[0]}x{size[1]}, so '
        'they are not used; register them first (warp them into the pixels of the event sensor), '
        'or set frames:=off'
    )
