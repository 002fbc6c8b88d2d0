# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the node says about itself: /diagnostics every second, a line in the log now and then.

Comes in: the counters of reconstructor, decoder and worker. Goes out: a DiagnosticStatus and a
sentence. Knows nothing about topics or timers.
"""

from collections import deque
from dataclasses import asdict, dataclass, field

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor

LATENCIES_KEPT = 1000
# Stamps that are off by more are not late: they are of another day, as in a bag.
PLAUSIBLE_MS = 3_600_000.0

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


@dataclass(slots=True)
class TopicStatistics:
    """What the node itself counts.

    Attributes:
        lost_messages: messages that the middleware says it lost before the node saw them.
        refused_packets: packets that are not even queued.
        incompatible_qos: publishers or subscribers whose QoS does not match ours.
        published_frames: images published.
        latencies_ms: now minus stamp of the latest frames, when published.
        processing_ms: time spent on each of the latest frames.
    """

    lost_messages: int = 0
    refused_packets: int = 0
    incompatible_qos: int = 0
    published_frames: int = 0
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))
    processing_ms: deque[float] = field(default_factory=lambda: deque(maxlen=LATENCIES_KEPT))


class Diagnostics:
    """Compares the counters with those of the last look, to tell what is wrong now."""

    def __init__(
        self, name: str, reconstructor: Reconstructor, worker: Worker, topics: TopicStatistics
    ) -> None:
        self._name = name
        self._reconstructor = reconstructor
        self._worker = worker
        self._topics = topics
        self._last = self._last_told = self._counters()

    def status(self) -> DiagnosticStatus:
        """Return the status to publish; its level tells of the time since the last call."""
        now = self._counters()
        news = _difference(now, self._last)
        self._last = now
        level, message = self._judge(news)
        values = {**now, **self._gauges()}
        return DiagnosticStatus(
            level=level,
            name=f'{self._name}: reconstruction',
            message=message,
            hardware_id=self._name,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )

    def sentence(self, seconds: float) -> str:
        """Return a line about the `seconds` since the last call; it is empty if no packet came."""
        now = self._counters()
        news = _difference(now, self._last_told)
        self._last_told = now
        if not news['packets']:
            return ''
        gauges = self._gauges()
        line = (
            f'{self._rate(news["events"] / seconds)} in {news["packets"] / seconds:.0f} '
            f'packets/s, {news["published_frames"] / seconds:.1f} frames/s'
        )
        if self._topics.latencies_ms and abs(self._topics.latencies_ms[-1]) > PLAUSIBLE_MS:
            line += ', stamps are not of today (a bag? then use_sim_time and a /clock)'
        elif news['published_frames']:
            line += f', latency p50 {gauges["latency_p50_ms"]} p99 {gauges["latency_p99_ms"]} ms'
        lost = {key: news[key] for key in self._LOSSES if news[key]}
        if lost:
            line += ' - ' + ', '.join(f'{key} {value}' for key, value in lost.items())
        return line

    def _rate(self, events_s: float) -> str:
        if self._reconstructor.kind is SensorKind.SPIKE:
            return f'{events_s:.0f} planes/s'
        return f'{events_s / 1e6:.3f} Mev/s'

    _LOSSES = (
        'lost_packets',
        'lost_messages',
        'dropped_packets',
        'failed_packets',
        'unpublished_frames',
        'merged_windows',
        'incompatible_qos',
    )

    def _counters(self) -> dict[str, int]:
        """Return every count, by the name under which it is published."""
        counts = self._reconstructor.statistics
        worker = self._worker.statistics
        return {
            'packets': counts.packets,
            'events': counts.samples,
            'windows': counts.windows,
            'published_frames': self._topics.published_frames,
            'lost_packets': counts.lost_packets,
            'lost_messages': self._topics.lost_messages,
            'incompatible_qos': self._topics.incompatible_qos,
            'unpublished_frames': worker.unpublished_frames,
            'merged_windows': counts.merged_windows,
            'dropped_packets': worker.dropped_packets,
            'overflows': worker.overflows,
            'failed_packets': worker.failed_packets + self._topics.refused_packets,
            **{
                f'resets: {reason.value}': number
                for reason, number in sorted(counts.resets.items(), key=lambda pair: pair[0].value)
            },
            **{
                f'decoder: {key}': number
                for key, number in asdict(self._reconstructor.decoder_statistics).items()
            },
        }

    def _gauges(self) -> dict[str, str]:
        return {
            'model': self._reconstructor.model_name,
            'late_references': str(self._reconstructor.late_references),
            'lag_ms': f'{self._worker.statistics.lag * 1e3:.2f}',
            'busy_s': f'{self._worker.statistics.busy:.3f}',
            'latency_p50_ms': _percentile(self._topics.latencies_ms, 50),
            'latency_p99_ms': _percentile(self._topics.latencies_ms, 99),
            'processing_p50_ms': _percentile(self._topics.processing_ms, 50),
            'processing_p99_ms': _percentile(self._topics.processing_ms, 99),
        }

    def _judge(self, news: dict[str, int]) -> tuple[bytes, str]:
        if news['failed_packets']:
            return ERROR, f'{news["failed_packets"]} packets could not be worked through'
        for key, text in (
            ('dropped_packets', 'overload: packets dropped'),
            ('merged_windows', 'overload: windows merged'),
            ('unpublished_frames', 'overload: frames not published'),
            ('lost_packets', 'packets lost before the node'),
            ('lost_messages', 'messages lost by the middleware'),
            ('incompatible_qos', "a topic's QoS does not match"),
        ):
            if news[key]:
                return WARN, f'{text} ({news[key]})'
        if not news['packets']:
            return OK, 'no packets'
        return OK, 'reconstructing'


def _difference(now: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {key: count - before.get(key, 0) for key, count in now.items()}


def _percentile(values: deque[float], percent: float) -> str:
    latest = list(values)
    return f'{np.percentile(latest, percent):.2f}' if latest else 'unknown'
