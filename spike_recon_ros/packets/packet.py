# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit that arrives: one EventPacket message, wherever it was read from.

Comes in: nothing. Goes out: a value type. Knows nothing about ROS, files or what the bytes mean.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """The fields of `event_camera_msgs/msg/EventPacket`, with the payload as a view.

    Attributes:
        encoding: byte format of `data`, for example `evt3`, or `name;key=value;...`.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        seq: counts packets at the sender; a gap means that packets were lost.
        time_base: what the encoding adds its time stamps to (ns); unused by some encodings.
        stamp_ns: host time at which the packet's first bytes arrived; 0 = unknown (plain files).
        data: uint8 [n], a view of the message's bytes, never a copy. Treat it as read-only.
    """

    encoding: str
    width: int
    height: int
    seq: int
    time_base: int
    stamp_ns: int
    data: np.ndarray


@dataclass(frozen=True, slots=True)
class Reference:
    """A moment for which a frame is wanted: the stamp of another camera's image, for example.

    Attributes:
        stamp_ns: host time of the wanted frame.
    """

    stamp_ns: int


def split_encoding(encoding: str) -> tuple[str, dict[str, str]]:
    """Split `name;key=value;flag` into the name and its options (a bare flag maps to '').

    >>> split_encoding('spike_planes;period_ns=50000')
    ('spike_planes', {'period_ns': '50000'})
    """
    name, *options = encoding.strip().split(';')
    pairs = (option.partition('=') for option in options if option.strip())
    return name.strip().lower(), {key.strip().lower(): value.strip() for key, _, value in pairs}
