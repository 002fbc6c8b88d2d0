# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Packets from data sets with events and frames.

Events and frames are on one clock, which is sensor time and host time in one: a packet is stamped
with the time of its first event.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.event_dataset import IMAGES, EventDataset
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source, closed

PACKET_NS = 5_000_000
"""Longest packet: about what drivers send, so that a replay flows."""


class DatasetSource(Source):
    """The events of a dataset in packets of at most 5 ms, with its frames' times if asked for.

    A packet ends at the time of each frame, so a frame is due as soon as its Reference arrives.

    Args:
        dataset: closed together with the source.
        reference_topic: `images`, or None for packets alone.

    Raises:
        UserError: if there are no such frames.
    """

    def __init__(self, dataset: EventDataset, reference_topic: str | None = None) -> None:
        super().__init__(dataset.path)
        self.dataset = dataset
        self.topics = dataset.topics
        self.warnings = dataset.warnings
        self._with_references, self._is_open = reference_topic is not None, True
        if reference_topic is not None:
            try:
                check_image_topic(dataset, reference_topic)
            except UserError:
                dataset.close()
                raise

    def __iter__(self) -> Iterator[Packet | Reference]:
        stamps_ns = self.dataset.frame_times_ns if self._with_references else np.empty(0, np.int64)
        # A frame whose time goes back comes where it was stored, behind the one before.
        due_ns = np.maximum.accumulate(stamps_ns)
        latest_ns, n_given, seq = 0, 0, 0
        chunks = self.dataset.chunks()
        while (events := self._next_of(chunks)) is not None:
            self.warnings = self.dataset.warnings
            if not len(events):
                continue
            reached_ns = np.maximum(np.maximum.accumulate(events.t_ns), latest_ns)
            latest_ns = int(reached_ns[-1])
            n_due = int(np.searchsorted(due_ns, latest_ns))
            places = np.searchsorted(reached_ns, due_ns[n_given:n_due], 'right')
            waiting = list(zip(places.tolist(), stamps_ns[n_given:n_due].tolist(), strict=True))
            n_given = n_due
            for start, end in cut_into_periods(events.t_ns, places):
                while waiting and waiting[0][0] <= start:
                    yield Reference(waiting.pop(0)[1])
                for packet in self._packets(events[start:end], seq):
                    seq += 1
                    yield packet
        yield from map(Reference, stamps_ns[n_given:].tolist())

    def _next_of(self, chunks: Iterator[Events]) -> Events | None:
        if not self._is_open:
            raise closed(self.path)
        return next(chunks, None)

    def _packets(self, events: Events, seq: int) -> Iterator[Packet]:
        """Stamp packets with their first event on the sensor, as a decoder sees them."""
        width, height = self.dataset.width, self.dataset.height
        first = int(((events.x < width) & (events.y < height)).argmax())
        return mono_packets(events, width, height, seq, int(events.t_ns[first]))

    def close(self) -> None:
        """Close the dataset."""
        self._is_open = False
        self.dataset.close()


def check_image_topic(dataset: EventDataset, topic: str) -> None:
    """Check that a data set has frames and that `topic` names them.

    Raises:
        UserError: otherwise.
    """
    if not dataset.n_frames:
        raise UserError(f'{dataset.path} holds no frames; leave out the topic {topic}')
    if topic.strip('/') not in (IMAGES, f'{dataset.camera}/{IMAGES}'):
        raise UserError(f'{dataset.path} has no topic {topic} of images; it has: {IMAGES}')


def cut_into_periods(
    t_ns: np.ndarray, places: np.ndarray | None = None
) -> Iterator[tuple[int, int]]:
    """Yield where packets begin and end: at each period's end, and at further places if given."""
    periods = np.flatnonzero(np.diff(t_ns // PACKET_NS)) + 1
    further = np.empty(0, np.int64) if places is None else places
    borders = np.unique(np.concatenate([[0], periods, further, [len(t_ns)]])).astype(np.int64)
    return pairwise(borders.tolist())
