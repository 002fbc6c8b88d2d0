# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit of input: one EventPacket message, wherever it was read from."""

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError

EVENT_PACKET = 'event_camera_msgs/msg/EventPacket'
EVENT_PACKET_OLD = 'event_array_msgs/msg/EventArray'
"""Former name of the same message."""
EVENT_PACKET_FIELDS = """
std_msgs/Header header
uint32 height
uint32 width
uint64 seq
uint64 time_base
string encoding
bool is_bigendian
uint8[] events
"""


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """The fields of `event_camera_msgs/msg/EventPacket`, with the payload as a view.

    Attributes:
        encoding: format of `data`: `name` or `name;key=value;...`, for example `evt3`.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        seq: packet count of the sender; a gap means that packets were lost.
        time_base: sensor time that the time stamps are relative to, ns; unused by some encodings.
        stamp_ns: host time at which the first bytes arrived; 0 = unknown (plain files).
        data: uint8 [n], a view of the bytes of the message; read-only by convention.

    Whole numbers of any type, such as those of NumPy, become int: arithmetic with the others wraps
    or rounds.

    Raises:
        UserError: a number is not whole; it names the field and its type.
    """

    encoding: str
    width: int
    height: int
    seq: int
    time_base: int
    stamp_ns: int
    data: np.ndarray

    def __post_init__(self) -> None:
        for name in ('width', 'height', 'seq', 'time_base', 'stamp_ns'):
            value = getattr(self, name)
            if type(value) is not int:
                object.__setattr__(self, name, _whole(value, f'{name} of a packet'))

    @property
    def sensor(self) -> tuple[str, int, int]:
        """Encoding, columns and rows: what two packets of one sensor have in common."""
        return self.encoding, self.width, self.height


def check_fields(packet: Packet) -> None:
    """Check the encoding and the data of a packet that a program made; decoders rely on them.

    Raises:
        UserError: naming the field and its type.
    """
    if not isinstance(packet.encoding, str):
        kind = type(packet.encoding).__name__
        raise UserError(f"encoding of a packet is {kind}; give a text, for example 'mono'")
    data = packet.data
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 1):
        shape = f' {data.dtype} {list(data.shape)}' if isinstance(data, np.ndarray) else ''
        raise UserError(
            f'data of a packet is {type(data).__name__}{shape}; give uint8 [n], for example '
            'np.frombuffer(data, np.uint8)'
        )
    if not data.flags.c_contiguous:
        raise UserError('data of a packet is not contiguous; give np.ascontiguousarray(data)')


@dataclass(frozen=True, slots=True)
class Reference:
    """A moment for which a frame is wanted, for example the stamp of another camera's image.

    Attributes:
        stamp_ns: host time of the wanted frame.
    """

    stamp_ns: int

    def __post_init__(self) -> None:
        if type(self.stamp_ns) is not int:
            object.__setattr__(self, 'stamp_ns', _whole(self.stamp_ns, 'stamp_ns of a reference'))


def _whole(value: Any, of: str) -> int:
    """Return a whole number as int.

    Args:
        value: of any type.
        of: what it is, for the error.

    Raises:
        UserError: it is no whole number.
    """
    try:
        if type(value) not in (bool, np.bool_):
            return operator.index(value)
    except TypeError:
        pass
    raise UserError(f'{of} is {type(value).__name__}; give an int')


def split_encoding(encoding: str) -> tuple[str, dict[str, str]]:
    """Split `name;key=value;flag` into the name and its options (a flag without value maps to '').

    >>> split_encoding('spike_planes;period_ns=50000')
    ('spike_planes', {'period_ns': '50000'})
    """
    name, *options = encoding.strip().split(';')
    pairs = (option.partition('=') for option in options if option.strip())
    return name.strip().lower(), {key.strip().lower(): value.strip() for key, _, value in pairs}
