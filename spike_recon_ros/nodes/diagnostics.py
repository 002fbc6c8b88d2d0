# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node's status: /diagnostics every second, and a line in the log at a longer period."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from spike_recon_ros.errors import counted
from spike_recon_ros.nodes.problems import Problem, by_part, sentences
from spike_recon_ros.nodes.stream_breaks import breaks
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.plane_runs import IN_GAP
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.status import (
    CAMERA_FRAMES,
    DECODER,
    PLAUSIBLE_MS,
    RESETS,
    Part,
    status_name,
)

LATENCIES_KEPT = 1000

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR

LOSSES = {
    'failed_packets': (Part.CAMERA, 'packets failed'),
    'lost_packets': (Part.NETWORK, 'packets lost before the node'),
    'lost_messages': (Part.NETWORK, 'messages lost by the middleware'),
    'repeated_packets': (Part.CAMERA, 'packets repeated, used once; a relay sends them twice'),
    'unordered_packets': (Part.CAMERA, 'packets out of order; send them from one thread'),
    'dropped_packets': (Part.NODE, 'packets dropped here under overload'),
    'merged_windows': (Part.NODE, 'windows merged under overload'),
    'late_frames': (Part.NODE, 'frames late'),
    'thinned_events': (Part.CAMERA, 'events thinned by max_event_rate'),
    'late_references': (Part.CAMERA, 'references late'),
}
"""Counters that should stay the same, the worst first, with the cause and the words for each."""
MISSING = ('lost_packets', 'lost_messages', 'dropped_packets', 'failed_packets')
"""Counters of packets that leave a gap in the stream."""
CURES = {
    Part.NETWORK: 'check the network between camera and node, and the shared memory of the '
    'middleware (docs: troubleshooting)',
    Part.NODE: 'this computer is too slow for the stream: lower fps or choose a faster model',
}
"""What helps against losses."""


@dataclass(slots=True)
class TopicStatistics:
    """What the node counts of its topics.

    Attributes:
        lost_messages: messages that the middleware reports as lost before the node saw them.
        rejected_packets: packets that cannot be queued: they are big-endian, or malformed.
        incompatible_qos: publishers or subscribers whose QoS did not match.
        references: messages of another camera, or TimeReferences, received.
        camera_frames: images of the aligned camera received.
        rejected_camera_frames: those of them that cannot be decoded.
        published_frames: images published.
        latencies_ms: now minus stamp of the latest frames, when published.
        processing_ms: time spent on each of the latest frames.
    """

    lost_messages: int = 0
    rejected_packets: int = 0
    incompatible_qos: int = 0
    references: int = 0
    camera_frames: int = 0
    rejected_camera_frames: int = 0
    published_frames: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    processing_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))


class Diagnostics:
    """Compares the counters with those of the last look, to judge what is wrong now."""

    def __init__(
        self, name: str, reconstructor: Reconstructor, worker: Worker, topics: TopicStatistics
    ) -> None:
        self._name = name
        self._reconstructor = reconstructor
        self._worker = worker
        self._topics = topics
        self._last = self._last_logged = self.counters()
        self._missing = 0
        self._failed = 0  # packets of the last look whose gap may be counted only now

    def status(
        self,
        problems: Sequence[Problem] = (),
        others: Mapping[str, str] | None = None,
        *,
        idle: str = '',
    ) -> DiagnosticStatus:
        """Return the status to publish; its level is of the time since the last call.

        Args:
            problems: of the topics; any makes the level WARN.
            others: more values to publish.
            idle: why no packets are received, if that is as it should be.
        """
        now = self.counters()
        news = _difference(now, self._last)
        self._last, failed, lost = now, news['failed_packets'], news['lost_packets']
        news = _without_failed(news, self._failed)
        self._failed = min(failed, max(0, self._failed + failed - lost))
        missing = sum(news[key] for key in MISSING)
        # The counters of what is missing may be read a moment before the reset that follows.
        broken = breaks(news, explained=missing + self._missing > 0)
        self._missing = missing
        level, message = self._judge(news, [*problems, *broken], idle)
        failure = self._worker.statistics.failure
        found = [*problems, *broken, *_losses(news, failure), *_cures(news)]
        values = {**now, **self._gauges(), **(others or {}), **by_part(found)}
        return DiagnosticStatus(
            level=level,
            name=status_name(self._name),
            message=message,
            hardware_id=self._name,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )

    def sentence(self, seconds: float) -> str:
        """Return a line about the `seconds` since the last call; it is empty if no packet came.

        Packets that are still waiting, for example while the model is loaded, have come.
        """
        now = self.counters()
        news = _without_failed(_difference(now, self._last_logged))
        self._last_logged = now
        waiting = now['waiting_packets']
        if not news['received_packets'] and not news['decoded_packets'] and not waiting:
            return ''
        gauges = self._gauges()
        line = (
            f'{self._rate(news["events"] / seconds)} in '
            f'{news["decoded_packets"] / seconds:.0f} packets/s, '
            f'{news["published_frames"] / seconds:.1f} frames/s'
        )
        if self._topics.latencies_ms and abs(self._topics.latencies_ms[-1]) > PLAUSIBLE_MS:
            line += ', stamps are not of today (a bag? then use_sim_time and a /clock)'
        elif news['published_frames']:
            line += f', latency p50 {gauges["latency_p50_ms"]} p99 {gauges["latency_p99_ms"]} ms'
        if waiting > 1:
            line += f', {waiting} packets wait'
        losses = sentences(_losses(news))
        return f'{line} - {", ".join(losses)}' if losses else line

    def counters(self) -> dict[str, int]:
        """Return every count, by the name under which it is published.

        received_packets = decoded + failed + dropped + discarded + waiting packets.
        """
        counts = self._reconstructor.statistics
        worker = self._worker.statistics
        rejected = self._topics.rejected_packets
        return {
            'received_packets': worker.received_packets + rejected,
            'decoded_packets': worker.decoded_packets,
            'failed_packets': worker.failed_packets + rejected,
            'dropped_packets': worker.dropped_packets,
            'discarded_packets': worker.discarded_packets,
            'waiting_packets': worker.waiting_packets,
            'lost_packets': counts.lost_packets,
            'repeated_packets': counts.repeated_packets,
            'unordered_packets': counts.unordered_packets,
            'lost_messages': self._topics.lost_messages,
            'events': counts.samples,
            'cropped_events': counts.cropped_events,
            'flicker_events': counts.flicker_events,
            'noise_events': counts.noise_events,
            'thinned_events': counts.thinned_events,
            'gated_events': counts.gated_events,
            'part_steps': counts.part_steps,
            'time_outliers': counts.time_outliers,
            'windows': counts.windows,
            'merged_windows': counts.merged_windows,
            'frames': worker.frames,
            'late_frames': worker.late_frames,
            'color_frames': counts.color_frames,
            'colorless_frames': counts.colorless_frames,
            'published_frames': self._topics.published_frames,
            'references': self._topics.references,
            'late_references': self._reconstructor.late_references,
            'camera_frames': self._topics.camera_frames,
            **self._unused_frames(),
            'overflows': worker.overflows,
            'incompatible_qos': self._topics.incompatible_qos,
            **{
                f'{RESETS}{reason.value}': number
                for reason, number in sorted(counts.resets.items(), key=lambda pair: pair[0].value)
            },
            **{
                f'{DECODER}{key}': number
                for key, number in asdict(self._reconstructor.decoder_statistics).items()
            },
        }

    def _unused_frames(self) -> dict[str, int]:
        """Return how many frames of the aligned camera were late or left out, by the reason."""
        counts = {
            **asdict(self._reconstructor.frames.counts),
            'undecodable': self._topics.rejected_camera_frames,
        }
        counts['dropped'] += self._worker.dropped_camera_frames
        return {f'{CAMERA_FRAMES}{key}': n for key, n in counts.items() if key != 'received'}

    def _rate(self, events_s: float) -> str:
        if self._reconstructor.kind is SensorKind.SPIKE:
            return f'{events_s:.0f} planes/s'
        return f'{events_s / 1e6:.3f} Mev/s'

    def _gauges(self) -> dict[str, str]:
        return {
            'model': self._reconstructor.model_name,
            'runs': self._reconstructor.runs,
            'lag_ms': f'{self._worker.statistics.lag * 1e3:.2f}',
            'unseen_share': f'{self._reconstructor.statistics.unseen_share:.2f}',
            'busy_s': f'{self._worker.statistics.busy:.3f}',
            'latency_p50_ms': _percentile(self._topics.latencies_ms, 50),
            'latency_p99_ms': _percentile(self._topics.latencies_ms, 99),
            'processing_p50_ms': _percentile(self._topics.processing_ms, 50),
            'processing_p99_ms': _percentile(self._topics.processing_ms, 99),
        }

    def _judge(
        self, news: Mapping[str, int], problems: Sequence[Problem], idle: str
    ) -> tuple[bytes, str]:
        losses = sentences(_losses(news, self._worker.statistics.failure))
        others = sentences(problems)
        if news['failed_packets']:
            return ERROR, '; '.join([losses[0], *others, *losses[1:]])
        if others or losses:
            return WARN, '; '.join([*others, *losses])
        if not news['received_packets'] and not self._worker.statistics.waiting_packets:
            return OK, idle or 'no packets'
        return OK, 'reconstructing'


def _losses(news: Mapping[str, int], failure: str = '') -> list[Problem]:
    """Return what was lost, with the reason why packets failed if it is given."""
    why = {'failed_packets': f': {failure}'} if failure else {}
    return [
        Problem(part, counted(news[key], words) + why.get(key, ''))
        for key, (part, words) in LOSSES.items()
        if news[key] > 0
    ]


def _cures(news: Mapping[str, int]) -> list[Problem]:
    parts = {problem.part for problem in _losses(news)}
    cures = dict(CURES)
    if news.get(f'{RESETS}{ResetReason.OVERLOAD.value}'):
        cures[Part.NODE] = IN_GAP
    return [Problem(part, cure) for part, cure in cures.items() if part in parts]


def _difference(now: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {key: count - before.get(key, 0) for key, count in now.items()}


def _without_failed(news: Mapping[str, int], failed_before: int = 0) -> dict[str, int]:
    """Return news in which a failed packet is not lost, too, because of the gap that it leaves.

    Args:
        news: what was counted since the last look.
        failed_before: packets that failed just before it.
    """
    lost = news['lost_packets'] - news['failed_packets'] - failed_before
    return {**news, 'lost_packets': max(0, lost)}


def _percentile(values: deque[float], percent: float) -> str:
    latest = list(values)
    return f'{np.percentile(latest, percent):.2f}' if latest else 'unknown'
