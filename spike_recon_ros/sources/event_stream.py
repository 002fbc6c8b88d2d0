# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from Event Stream files (`.es`), through the optional library `event_stream`.

Their image origin is at the bottom left; ours is at the top left.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.cures import pip_install
from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.dataset_source import cut_into_periods
from spike_recon_ros.sources.event_dataset import reading
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source

MAGIC = b'Event Stream'
CHANGES = 'dvs'
"""Type of a stream of changes of brightness."""


class EventStreamSource(Source):
    """The events of one file, in packets of at most 5 ms.

    Args:
        path: the file.

    Raises:
        UserError: the library is missing, or the file is damaged or of another type.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        decoder = self._decoder()
        if decoder.type != CHANGES:
            raise UserError(
                f'{path} holds {shown(decoder.type)} events; only {CHANGES} events (changes of '
                'brightness) are readable'
            )
        self.width, self.height = int(decoder.width), int(decoder.height)

    def _decoder(self) -> Any:
        try:
            import event_stream  # noqa: PLC0415 -- an optional extra
        except ImportError as error:
            raise UserError(
                f'Event Stream files need the library event_stream; run: {pip_install("es")}'
            ) from error
        with reading(self.path, 'its header'):
            return event_stream.Decoder(str(self.path))

    def __iter__(self) -> Iterator[Packet | Reference]:
        seq = 0
        decoder = iter(self._decoder())
        while True:
            with reading(self.path, f'what follows the first {seq} packets'):
                rows = next(decoder, None)
            if rows is None:
                break
            if not len(rows):
                continue
            events = self._events(rows)
            for start, end in cut_into_periods(events.t_ns):
                part = events[start:end]
                for packet in mono_packets(part, self.width, self.height, seq, stamp_ns=0):
                    seq += 1
                    yield packet
        if not seq:
            raise UserError(f'{self.path} holds a header but no events; record it again')

    def _events(self, rows: np.ndarray) -> Events:
        # A row outside the sensor wraps to a large one, which decoders drop and count.
        y = np.uint16(self.height - 1) - rows['y']
        t_ns = rows['t'].astype(np.int64) * 1_000
        return Events(rows['x'], y, rows['on'].astype(np.uint8), t_ns, Triggers.empty())
