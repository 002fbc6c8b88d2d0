# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""AEDAT 3.1 files (cAER): packets of events, each with a header that states type and count."""

import re
import struct
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.columns import Columns, to_nanoseconds
from spike_recon_ros.sources.event_dataset import CHUNK_EVENTS, EventDataset
from spike_recon_ros.sources.unwritten_tail import written_bytes

MAGIC = b'#!AER-DAT3'
END = re.compile(rb'#!END-HEADER\r?\n')
LONGEST_HEADER = 2**16
HEADER = struct.Struct('<HHiiiiii')
POLARITY, POLARITY_BYTES = 1, 8
SOURCE = re.compile(rb'#Source \d+: ([\w-]+)')
FORMAT = re.compile(rb'#Format: ([\w-]+)')
CHIP_SIZES = {
    b'DVS128': (128, 128),
    b'DAVIS128': (128, 128),
    b'DAVIS240': (240, 180),
    b'DAVIS346': (346, 260),
    b'DAVIS640': (640, 480),
}


class Aedat3File(EventDataset):
    """The polarity events of one file; positions are packets of them.

    Args:
        path: the file.
        size: width and height, instead of that of the camera named in the header.

    Raises:
        UserError: if the file is compressed, damaged, or holds no polarity event.
    """

    chunk = 1
    unit = 'packets'

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        super().__init__(path)
        with path.open('rb') as file:
            head = file.read(LONGEST_HEADER)
        found_end = END.search(head)
        if found_end is None:
            raise UserError(f'{path} has no end of its AEDAT 3 header; copy it again')
        head = head[: found_end.start()]
        written_as = FORMAT.search(head)
        if written_as and written_as.group(1) != b'RAW':
            name = shown(written_as.group(1).decode('ascii'))
            raise UserError(
                f'{path} is AEDAT 3 of the format {name}, which is not supported; convert it to '
                'AEDAT4 with dv-gui'
            )
        self._packets = self._scan(found_end.end())
        self.size = len(self._packets)
        if not self.size:
            raise UserError(f'{path} holds no polarity events; record it again')
        found = SOURCE.search(head)
        camera = found.group(1).upper() if found else b''
        known = [one for chip, one in CHIP_SIZES.items() if camera.startswith(chip)]
        size = size or next(iter(known), None)
        self.width, self.height = size or self.guess_size(*self.largest_pixel())

    def _scan(self, at: int) -> list[tuple[int, int, int]]:
        """Return place, event count and time overflows of each packet of polarity events."""
        packets = []
        n_bytes, zeros = written_bytes(self.path, at, POLARITY_BYTES)
        if zeros:
            self.warn(zeros)
        with self.path.open('rb') as file:
            while at < n_bytes:
                file.seek(at)
                header = file.read(HEADER.size)
                if len(header) < HEADER.size:
                    self._warn_cut()
                    break
                kind, _, size, _, overflows, capacity, count, _ = HEADER.unpack(header)
                at += HEADER.size
                if size < 0 or capacity < 0 or not 0 <= count <= capacity or overflows < 0:
                    self.warn(f'{self.path} is damaged from byte {at:,} on; the rest is left out')
                    break
                room = (n_bytes - at) // size if size else 0
                if kind == POLARITY and size == POLARITY_BYTES and count:
                    packets += _pieces(at, min(count, room), overflows)
                if size and capacity > room:
                    self._warn_cut()
                    break
                at += capacity * size
        return packets

    def _warn_cut(self) -> None:
        self.warn(f'{self.path} is cut short; what follows the last whole event is missing')

    def _read(self, position: int) -> tuple[Columns, int]:
        at, count, overflows = self._packets[position]
        with self.path.open('rb') as file:
            file.seek(at)
            words = np.fromfile(file, '<u4', 2 * count)
        if len(words) < 2 * count:
            raise ValueError('the file became shorter')
        data, t = words[0::2], words[1::2].astype(np.int64)
        valid = (data & 1).astype(bool)
        data, t = data[valid], t[valid]
        t_ns = to_nanoseconds(t + (overflows << 31), 1_000)
        return Columns(data >> 17, data >> 2 & 0x7FFF, t_ns, data >> 1 & 1), position + 1


def _pieces(at: int, count: int, overflows: int) -> list[tuple[int, int, int]]:
    """Cut one packet into pieces of a bounded size."""
    return [
        (at + start * POLARITY_BYTES, min(CHUNK_EVENTS, count - start), overflows)
        for start in range(0, count, CHUNK_EVENTS)
    ]
