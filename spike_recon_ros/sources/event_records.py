# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files of eight-byte event records: Prophesee DAT and AEDAT 2 (jAER).

Both hold a text header and one record per event with a 32-bit time in microseconds, which wraps.
"""

import re
from abc import abstractmethod
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.sources.columns import LARGEST_SIDE, Columns, to_nanoseconds
from spike_recon_ros.sources.event_dataset import EventDataset
from spike_recon_ros.sources.raw_header import RawHeader, header_field, header_of_fields
from spike_recon_ros.sources.unwritten_tail import written_bytes

RECORD_BYTES = 8
LONGEST_HEADER = 2**16
WRAP_US = 2**32
SCAN_EVENTS = 2**20
CD_TYPES = (0x00, 0x0C)
"""Event types of a DAT file that mean changes of brightness."""
DAT_LINE = re.compile(rb'%[\t -~\x80-\xff]*\r?\n')
AEDAT2_MAGIC = b'#!AER-DAT2.0'
AEDAT2_LINE = re.compile(rb'#[\t -~\x80-\xff]*\r?\n')
"""A line of its header. Events of some rows begin with `#` as well, but they are no text."""
AEDAT2_END = re.compile(rb'# ?end of ascii header', re.IGNORECASE)
CHIP = re.compile(rb'#\s*AEChip:\s*(\S+)')
DAVIS_SIZES = {b'davis346': (346, 260), b'davis240': (240, 180), b'davis128': (128, 128)}
DAVIS_SIZES |= {b'davis640': (640, 480), b'davisrgbw640': (640, 480)}
DAVIS_SIZES |= {b'davis208': (208, 192), b'sbret': (240, 180)}
DVS128_SIZE = (128, 128)
SMALLEST_DAVIS = (240, 180)
"""Of a chip that is not named; a smaller one is unlikely, even if all events are in a corner."""
DAVIS_SHARE = 0.99
"""Least share of addresses of a DAVIS whose lowest bits, those of its frames, are zero."""


class RecordFile(EventDataset):
    """Records of 8 bytes after a header.

    Args:
        path: the file.
        start: byte at which the records begin.
        record: NumPy type of a record, with the time (microseconds) in the field `t`.

    Raises:
        UserError: if there is no record.
    """

    def __init__(self, path: Path, start: int, record: np.dtype) -> None:
        super().__init__(path)
        self._start, self._record = start, record
        end, zeros = written_bytes(path, start, RECORD_BYTES)
        self.size, left_over = divmod(max(0, end - start), RECORD_BYTES)
        if not self.size:
            raise UserError(f'{path} holds a header but no events; record it again')
        if left_over:
            self.warn(f'{path} ends in the middle of an event; {left_over} bytes are left out')
        if zeros:
            self.warn(zeros)
        self._wraps = self._find_wraps()

    def _records(self, start: int, stop: int) -> np.ndarray:
        with self.path.open('rb') as file:
            file.seek(self._start + start * RECORD_BYTES)
            return np.fromfile(file, self._record, stop - start)

    def _find_wraps(self) -> np.ndarray:
        """Return the positions at which the 32-bit time begins again at 0."""
        found, previous = [], np.empty(0, np.int64)
        for start in range(0, self.size, SCAN_EVENTS):
            t = self._records(start, min(start + SCAN_EVENTS, self.size))['t'].astype(np.int64)
            steps = np.diff(t, prepend=previous[-1:] if len(previous) else t[:1])
            found.append(start + np.flatnonzero(steps < -WRAP_US // 2))
            previous = t
        return np.concatenate(found)

    def _read(self, position: int) -> tuple[Columns, int]:
        end = min(position + self.chunk, self.size)
        rows = self._records(position, end)
        if len(rows) < end - position:
            raise ValueError('the file became shorter')
        loops = np.searchsorted(self._wraps, np.arange(position, end), 'right')
        t_us = rows['t'].astype(np.int64) + loops * WRAP_US
        x, y, polarity, is_event = self._unpack(rows['address'].astype(np.int64))
        columns = Columns(x, y, to_nanoseconds(t_us, 1_000), polarity)
        if not is_event.all():
            columns = Columns(*(column[is_event] for column in columns))
        return columns, end

    @abstractmethod
    def _unpack(
        self, address: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return x, y, polarity, and whether a record is a change of brightness [n]."""


class DatFile(RecordFile):
    """Prophesee DAT: time, then x in bits 13..0, y in 27..14, polarity in 31..28.

    Args:
        path: the file.
        size: width and height, instead of the header's.

    Raises:
        UserError: if it holds another kind of event, or states no size.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        header = dat_header(_head_of(path))
        if header is None:
            raise UserError(f'{path} has a damaged DAT header; copy or convert it again')
        stated, kind, record_bytes = header
        if kind not in CD_TYPES or record_bytes != RECORD_BYTES:
            raise UserError(
                f'{path} holds events of type {kind} with {record_bytes} bytes each, not changes '
                'of brightness; give the _cd.dat or the .raw of the recording'
            )
        size = size or _stated_size(stated)
        if size is None:
            raise UserError(f'{path} states no sensor size; give it with --size')
        super().__init__(path, stated.n_bytes, np.dtype([('t', '<u4'), ('address', '<u4')]))
        self.width, self.height = size

    def _unpack(
        self, address: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        x, y = address & 0x3FFF, address >> 14 & 0x3FFF
        return x, y, address >> 28, np.ones(len(address), bool)


def dat_header(head: bytes) -> tuple[RawHeader, int, int] | None:
    """Parse the header of a DAT file.

    Returns: its fields and where the records begin, the type of the events and the bytes of one
    record; None if the bytes are no such header.
    """
    fields: dict[str, str] = {}
    at = 0
    while head.startswith(b'%', at):
        end = head.find(b'\n', at)
        if end < 0 or not DAT_LINE.match(head, at):
            return None
        key, value = header_field(head[at:end].decode('latin-1').replace('\t', ' ').rstrip())
        fields[key] = value
        at = end + 1
        if key == 'end':
            break
    if not at or len(head) < at + 2:
        return None
    return header_of_fields(fields, at + 2), head[at], head[at + 1]


def _stated_size(header: RawHeader) -> tuple[int, int] | None:
    """Return the size in a header, else that of the camera that it names."""
    if header.width and header.height and max(header.width, header.height) <= LARGEST_SIDE:
        return header.width, header.height
    return header.system_size


class Aedat2File(RecordFile):
    """AEDAT 2.0 with the address layout of a DVS128 or a DAVIS; its image origin is at the bottom.

    Samples of the frames and of the motion sensor, and edges on the trigger input, are left out.

    Raises:
        UserError: if the header names no chip of these families.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None = None) -> None:
        head = _head_of(path)
        at = 0
        while line := AEDAT2_LINE.match(head, at):
            at = line.end()
            if AEDAT2_END.match(line.group()):
                break
        found = CHIP.search(head[:at])
        chip = found.group(1).rpartition(b'.')[2].lower() if found else b''
        some = _first_addresses(path, at)
        is_dvs128 = b'dvs128' in chip or (not found and _are_of_dvs128(some))
        sizes = [one for name, one in DAVIS_SIZES.items() if name in chip]
        stated = DVS128_SIZE if is_dvs128 else next(iter(sizes), None)
        if stated is None and not _are_of_davis(some):
            name = shown(chip.decode('latin-1')) or 'no chip'
            raise UserError(
                f'{path} names {name} as AEChip; of AEDAT 2 only DVS128 and DAVIS chips are '
                'readable: convert it to AEDAT4 with dv-gui'
            )
        self._is_dvs128 = is_dvs128
        super().__init__(path, at, np.dtype([('address', '>u4'), ('t', '>u4')]))
        if not found:
            family = 'DVS128' if is_dvs128 else 'DAVIS'
            self.warn(f'{path} names no AEChip; its addresses are those of a {family}')
        self._chip_size = stated or size or self._smallest_davis()
        self.width, self.height = size or self._chip_size

    def _smallest_davis(self) -> tuple[int, int]:
        """Return width and height of the smallest common chip that has all events; warn."""
        x, y = (side - 1 for side in SMALLEST_DAVIS)
        for start in range(0, self.size, SCAN_EVENTS):
            records = self._records(start, min(start + SCAN_EVENTS, self.size))
            address = records['address'].astype(np.int64)
            columns, rows, _, is_event = _davis_fields(address)
            x = max(x, int(columns[is_event].max(initial=0)))
            y = max(y, int(rows[is_event].max(initial=0)))
        return self.guess_size(x, y)

    def _unpack(
        self, address: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        width, height = self._chip_size
        if self._is_dvs128:
            x, y, polarity = address >> 1 & 0x7F, address >> 8 & 0x7F, 1 - (address & 1)
            is_event = address >> 15 == 0
        else:
            x, y, polarity, is_event = _davis_fields(address)
        return width - 1 - x, height - 1 - y, polarity, is_event


def _davis_fields(
    address: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return column and row from the bottom right, polarity, and whether each is an event [n]."""
    is_event = (address >> 31 == 0) & (address >> 10 & 1 == 0)
    return address >> 12 & 0x3FF, address >> 22 & 0x1FF, address >> 11 & 1, is_event


def _first_addresses(path: Path, start: int) -> np.ndarray:
    with path.open('rb') as file:
        file.seek(start)
        return np.fromfile(file, '>u4', 2 * 4096)[::2].astype(np.int64)


def _are_of_dvs128(addresses: np.ndarray) -> bool:
    """Whether addresses fit into 16 bits, as those of a DVS128 do."""
    return bool(len(addresses)) and int(addresses.max()) < 2**16


def _are_of_davis(addresses: np.ndarray) -> bool:
    """Whether addresses are in the upper bits only, as those of the events of a DAVIS are."""
    events = addresses[_davis_fields(addresses)[3]]
    if not len(events) or int(events.max()) < 2**16:
        return False
    return bool((events & 0x3FF == 0).mean() >= DAVIS_SHARE)


def _head_of(path: Path) -> bytes:
    with path.open('rb') as file:
        return file.read(LONGEST_HEADER)
