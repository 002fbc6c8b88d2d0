# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Parse the EventArray messages of older drivers without an object per event.

All packages in PACKAGES define `header, height, width, events[x: u16, y: u16, time, polarity:
bool]`, with different layouts on the wire in ROS 1 and ROS 2.
"""

import struct
from dataclasses import dataclass

import numpy as np

from spike_recon_ros.packets.events import Events, Triggers

# ROS 1 stores the fields of an event one after the other, without padding.
ROS1_EVENT = np.dtype([('x', '<u2'), ('y', '<u2'), ('s', '<u4'), ('ns', '<u4'), ('p', 'u1')])
PACKAGES = ('dvs_msgs', 'prophesee_event_msgs', 'dv_ros_msgs', 'dv_ros2_msgs')
"""Packages that define the same EventArray."""
CDR_HEADER_BYTES = 4
CDR_EVENT_STRIDE = 16


@dataclass(frozen=True, slots=True, eq=False)
class EventArray:
    """The content of one message.

    Attributes:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        events: the events as sent; times count from the epoch of their own clock.
    """

    width: int
    height: int
    events: Events


def parse_event_array(raw: bytes, is_ros1: bool) -> EventArray:
    """Parse one message.

    Raises:
        ValueError: if the message is shorter than it says.
    """
    try:
        return _parse_ros1(raw) if is_ros1 else _parse_cdr(raw)
    except (struct.error, IndexError, TypeError, ValueError) as error:
        raise ValueError(f'an EventArray message of {len(raw)} bytes is cut short') from error


def _parse_ros1(raw: bytes) -> EventArray:
    (frame_id_bytes,) = struct.unpack_from('<I', raw, 12)
    height, width, count = struct.unpack_from('<III', raw, 16 + frame_id_bytes)
    words = np.frombuffer(raw, ROS1_EVENT, count, 28 + frame_id_bytes) if count else None
    if words is None:
        return EventArray(width, height, Events.empty())
    events = _events(words['x'], words['y'], words['s'], words['ns'], words['p'])
    return EventArray(width, height, events)


def _parse_cdr(raw: bytes) -> EventArray:
    order = '<' if raw[1] & 1 else '>'
    body = memoryview(raw)[CDR_HEADER_BYTES:]
    (frame_id_bytes,) = struct.unpack_from(f'{order}I', body, 8)
    at = -(-(12 + frame_id_bytes) // 4) * 4
    height, width, count = struct.unpack_from(f'{order}III', body, at)
    if not count:
        return EventArray(width, height, Events.empty())

    # CDR aligns each field to its own size, so an event that begins at a multiple of 4 takes 13
    # bytes and the next one begins 2 bytes off; from there on they are 16 apart. Counted from two
    # bytes before the first event all of them look alike, but for x and y of the first.
    start = at + 12 - 2

    def column(kind: str, offset: int) -> np.ndarray:
        return np.ndarray((count,), order + kind, body, start + offset, (CDR_EVENT_STRIDE,))

    x, y = column('u2', 0).copy(), column('u2', 2).copy()
    x[0], y[0] = struct.unpack_from(f'{order}HH', body, start + 2)
    events = _events(x, y, column('i4', 6), column('u4', 10), column('u1', 14))
    return EventArray(width, height, events)


def _events(x: np.ndarray, y: np.ndarray, s: np.ndarray, ns: np.ndarray, p: np.ndarray) -> Events:
    return Events(
        x.astype(np.uint16),
        y.astype(np.uint16),
        (p != 0).astype(np.uint8),
        s.astype(np.int64) * 1_000_000_000 + ns,
        Triggers.empty(),
    )
