# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from AEDAT4 files (iniVation), through the optional library `aedat`.

Trigger edges are left out, because the `mono` encoding of the packets has no place for them.
The frames of a DAVIS (APS) are references and ground truth; a frame counts at the middle of its
exposure, which is on the clock of the events.
"""

import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.event_dataset import IMAGES
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source, Topic
from spike_recon_ros.sources.unwritten_tail import written_bytes

EVENTS, FRAMES, TRIGGERS = 'events', 'frame', 'triggers'
"""Types of streams, as the library names them."""
CUT = 'failed to fill whole buffer'
"""How the library reports the end of the file inside a packet."""
EXTERNAL_SIGNALS = (1, 2, 3)
"""Sources of trigger entries: a rising edge, a falling edge, a pulse; others are internal."""
MAGIC_BYTES = len(b'#!AER-DAT4.0\r\n')
LARGEST_HEADER = 2**24
INFO_FIELD = 2
"""Place of the XML text with the streams among the fields of the header's FlatBuffers table."""


class Aedat4Source(Source):
    """One event stream of an AEDAT4 file.

    Args:
        path: the file.
        stream: number of the event stream; needed where there are several.
        reference_topic: `images`, to yield the times of the frames as `Reference`; None = packets
            alone.

    Raises:
        UserError: if the library is missing, the file is damaged, or a stream is not there.
    """

    def __init__(
        self, path: Path, stream: str | None = None, reference_topic: str | None = None
    ) -> None:
        super().__init__(path)
        streams = _streams(path)
        sizes = {
            number: (int(entry['width']), int(entry['height']))
            for number, entry in streams.items()
            if entry['type'] == EVENTS
        }
        self._frames = _frame_stream(streams)
        self._with_references = reference_topic is not None
        if reference_topic is not None:
            _check_frames(path, self._frames, reference_topic)
        numbers = ', '.join(map(str, sizes)) or 'none'
        if stream is not None and stream not in map(str, sizes):
            raise UserError(f'{path} has no event stream {stream}; it has: {numbers}')
        if stream is None and len(sizes) != 1:
            raise UserError(
                f'{path} has {len(sizes)} event streams, one is needed; '
                f'choose with --topic from: {numbers}'
            )
        self._stream = next(iter(sizes)) if stream is None else int(stream)
        self.width, self.height = sizes[self._stream]

    def __iter__(self) -> Iterator[Packet | Reference]:
        seq = n_frames = n_edges = 0
        for entry in _entries(self.path, self.warn):
            if entry['stream_id'] == self._frames:
                n_frames += 1
                self.topics = (Topic(IMAGES, 'frames', n_frames),)
                if self._with_references:
                    yield Reference(_frame_t_ns(entry['frame']))
            if TRIGGERS in entry:
                n_edges += np.count_nonzero(np.isin(entry[TRIGGERS]['source'], EXTERNAL_SIGNALS))
            if entry['stream_id'] != self._stream:
                continue
            with _sentences(self.path, f'what follows the first {seq} packets'):
                events = _events(entry['events'])
            # A reference needs a stamp to compare with; both count in sensor time.
            stamp_ns = int(events.t_ns[0]) if self._with_references and len(events) else 0
            for packet in mono_packets(events, self.width, self.height, seq, stamp_ns):
                seq += 1
                yield packet
        if n_edges:
            self.warn(f'{self.path} holds {n_edges:,} trigger edges, which are left out')


def read_aedat4_frames(path: Path, topic: str) -> Iterator[tuple[int, np.ndarray]]:
    """Yield time (ns) and image of each frame, [H, W] or [H, W, 3] (BGR), uint8 or uint16.

    Raises:
        UserError: if the library is missing, the file is damaged, or has no such frames.
    """
    number = _frame_stream(_streams(path))
    _check_frames(path, number, topic)
    for entry in _entries(path, lambda _: None):
        if entry['stream_id'] == number:
            with _sentences(path, 'a frame'):
                yield _frame_t_ns(entry['frame']), _pixels(entry['frame'])


def has_aedat4_frames(path: Path) -> bool:
    """Whether a file holds a frame; reads it up to the first.

    Raises:
        UserError: if the library is missing, or the header is damaged.
    """
    number = _frame_stream(_streams(path))
    if number is None:
        return False
    try:
        return any(entry['stream_id'] == number for entry in _entries(path, lambda _: None))
    except UserError:  # damage is reported where the events are read
        return False


def _decoder(path: Path) -> Any:
    try:
        import aedat  # noqa: PLC0415 -- an optional extra
    except ImportError as error:
        raise UserError(
            f'AEDAT4 files need the library aedat; run: {pip_install("aedat4")}'
        ) from error
    with _sentences(path, 'its header'):
        _check_header(path)
    with _sentences(path, 'the file'), _without_panic_message():
        return aedat.Decoder(str(path))


def _streams(path: Path) -> dict[int, dict[str, Any]]:
    """Return what the header states of each stream, by its number, in ascending order."""
    with _sentences(path, 'its streams'):
        return dict(sorted(_decoder(path).id_to_stream().items()))


def _entries(path: Path, warn: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Yield the packets of all streams in stored order; a cut file ends with a warning."""
    decoder, n_entries = iter(_decoder(path)), 0
    while True:
        with _sentences(path, f'what follows the first {n_entries} packets'):
            try:
                entry = next(decoder, None)
            except Exception as error:
                zeros = written_bytes(path)[1]
                if not (n_entries and (zeros or CUT in str(error))):
                    raise
                warn(zeros or f'{path} is cut short; it is read as far as it goes')
                return
        if entry is None:
            return
        n_entries += 1
        yield entry


def _frame_stream(streams: dict[int, dict[str, Any]]) -> int | None:
    """Return the number of the first stream of frames; None = there is none."""
    return next((one for one, entry in streams.items() if entry['type'] == FRAMES), None)


def _check_frames(path: Path, stream: int | None, topic: str) -> None:
    if stream is None:
        raise UserError(f'{path} holds no frames; leave out the topic {topic}')
    if topic.strip('/') != IMAGES:
        raise UserError(f'{path} has no topic {topic} of images; it has: {IMAGES}')


def _frame_t_ns(frame: dict[str, Any]) -> int:
    """Return the middle of the exposure, else the time of the frame."""
    begin, end = int(frame['exposure_begin_t']), int(frame['exposure_end_t'])
    return (begin + end) * 500 if 0 < begin <= end else int(frame['t']) * 1_000


def _pixels(frame: dict[str, Any]) -> np.ndarray:
    """Return the image; the library gives colours as RGB or RGBA."""
    pixels = np.asarray(frame['pixels'])
    return pixels if pixels.ndim == 2 else np.ascontiguousarray(pixels[:, :, 2::-1])


def _check_header(path: Path) -> None:
    """Check that the text in the header is UTF-8.

    Otherwise the library puts other bytes into the message of an error, and ends the process.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
        ValueError, struct.error: the header is damaged in another way.
    """
    with path.open('rb') as file:
        file.seek(MAGIC_BYTES)
        (size,) = struct.unpack('<I', file.read(4))
        if size > LARGEST_HEADER:
            raise ValueError(f'a header of {size:,} bytes')
        header = file.read(size)

    def number(kind: str, at: int) -> int:
        return int(struct.unpack_from(kind, header, at)[0])

    # FlatBuffers: a table names its list of field offsets, which are relative to the table.
    table = number('<I', 0)
    fields = table - number('<i', table)
    if min(table, fields) < 0:
        raise ValueError('a wrong offset')
    at = 4 + 2 * INFO_FIELD
    offset = number('<H', fields + at) if number('<H', fields) > at else 0
    if not offset:
        raise ValueError('no streams')
    text = table + offset + number('<I', table + offset)
    header[text + 4 : text + 4 + number('<I', text)].decode('utf-8')


@contextmanager
def _sentences(path: Path, what: str) -> Iterator[None]:
    """Turn any exception of the library into one sentence.

    A panic of its Rust code is no `Exception`, and its class cannot be imported.

    Raises:
        UserError: instead of them.
    """
    try:
        yield
    except (UserError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        reason = shown(str(error).strip() or type(error).__name__)
        raise UserError(
            f'{path} is damaged: {what} cannot be read as AEDAT4 ({reason}); copy or record it '
            'again'
        ) from error


@contextmanager
def _without_panic_message() -> Iterator[None]:
    """Keep what a panic of Rust code prints, a backtrace of its own, off stderr."""
    stderr = os.dup(2)
    with open(os.devnull, 'wb') as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def _events(table: np.ndarray) -> Events:
    return Events(
        table['x'],
        table['y'],
        table['on'].astype(np.uint8),
        table['t'].astype(np.int64) * 1_000,
        Triggers.empty(),
    )
