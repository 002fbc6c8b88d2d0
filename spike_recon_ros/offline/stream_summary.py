# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Exact numbers of a stream of packets: counts, sums, rates, losses."""

import dataclasses
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.scene_summary import SceneSummary
from spike_recon_ros.offline.stream_warnings import (
    left_out_warnings,
    numbered_alike,
    order_warnings,
)
from spike_recon_ros.offline.time_spans import TimeSpans
from spike_recon_ros.packet_sequence import Place
from spike_recon_ros.packets.decoder import DecoderStatistics
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.stream_decoder import StreamDecoder

RATE_PERIOD_NS = 10_000_000
MANY_EVENTS = 1000
"""A scene that makes so many events makes both polarities."""


class EventSummary:
    """Counts events and sums their fields; sums are Python integers, which never overflow."""

    kind = SensorKind.EVENT

    def __init__(self) -> None:
        self._stream = StreamDecoder()
        self._sensor: tuple[str, int, int] = ('', 0, 0)
        self._t_first_ns: int | None = None
        self._t_last_ns: int | None = None
        self._spans = TimeSpans()
        self._sums: Counter[str] = Counter()
        self._rate: Counter[int] = Counter()
        self._edges: Counter[tuple[int, int]] = Counter()
        self._scene: SceneSummary | None = None

    def add(self, packet: Packet) -> None:
        """Add the next packet.

        Raises:
            UserError: if there is no decoder for its encoding, or it is of another kind of camera.
        """
        if sensor_kind_of(packet.encoding) is not self.kind:
            raise UserError(
                'the recording holds events and spike planes on one topic; record each camera '
                'on its own'
            )
        samples, sums = self._stream.decode(packet), self._sums
        found = self._stream.found
        sums['packets'] += 1
        sums['lost_packets'] += found.lost
        sums['repeated_packets'] += found.place is Place.REPEATED
        sums['unordered_packets'] += found.place is Place.LATE
        sums['same_seq'] += found.place is Place.SAME
        if packet.sensor != self._sensor:
            self._sensor, self._scene = packet.sensor, None
            self._spans.end_stretch()
        self._add_samples(samples)
        if len(samples):
            self._add_times(samples.t_ns, packet.stamp_ns)

    def _add_times(self, t_ns: np.ndarray, stamp_ns: int) -> None:
        first_ns, last_ns = int(t_ns[0]), int(t_ns[-1])
        if self._t_first_ns is None:
            self._t_first_ns = first_ns
        self._t_last_ns = last_ns
        self._spans.add(first_ns, last_ns, stamp_ns)

    def _add_samples(self, events: Any) -> None:
        sums = self._sums
        triggers = events.triggers
        sums['triggers'] += len(triggers)
        sums['trigger_t_ns'] += _exact_sum(triggers.t_ns)
        self._edges.update(zip(triggers.channel.tolist(), triggers.p.tolist(), strict=True))
        if not len(events):
            return
        sums['events'] += len(events)
        sums['t_ns'] += _exact_sum(events.t_ns)
        for name in 'xyp':
            sums[name] += int(getattr(events, name).sum(dtype=np.int64))
        self._add_to_rate(events.t_ns)
        self._scene = self._scene or SceneSummary(*self._sensor[1:])
        self._scene.add(events)

    def _add_to_rate(self, t_ns: np.ndarray) -> None:
        periods = t_ns // RATE_PERIOD_NS
        starts = np.flatnonzero(np.diff(periods, prepend=periods[0] - 1))
        counts = np.diff(starts, append=len(periods))
        for period, count in zip(periods[starts].tolist(), counts.tolist(), strict=True):
            self._rate[period] += count

    def summary(self) -> dict[str, Any]:
        """Return every number; times are sensor time, None where there was no event."""
        sums, t_first_ns, t_last_ns = self._sums, self._t_first_ns, self._t_last_ns
        duration_s = self._spans.total_ns() / 1e9
        n_events = sums['events']
        sum_t_minus_t0_ns = sums['t_ns'] - n_events * (t_first_ns or 0)
        return {
            **self._of_packets(duration_s),
            'events': n_events,
            'on': sums['p'],
            'off': n_events - sums['p'],
            'triggers': sums['triggers'],
            'trigger_channels': self._trigger_channels(),
            'rate_mean_ev_s': _per_second(n_events, duration_s),
            'rate_peak_ev_s': max(self._rate.values(), default=0) * 1e9 / RATE_PERIOD_NS,
            **({} if self._scene is None else self._scene.summary()),
            'dropped': self._dropped(),
            't_first_ns': t_first_ns,
            't_last_ns': t_last_ns,
            't_first_us': None if t_first_ns is None else t_first_ns // 1_000,
            'sum_t_ns': sums['t_ns'],
            'sum_t_mod64': sums['t_ns'] % 2**64,
            'sum_t_minus_t0_us': sum_t_minus_t0_ns // 1_000,
            'sum_t_us_with_triggers': (sums['t_ns'] + sums['trigger_t_ns']) // 1_000,
            'sum_x': sums['x'],
            'sum_y': sums['y'],
            'sum_p': sums['p'],
        }

    def _trigger_channels(self) -> dict[str, dict[str, int]]:
        """Return the rising and falling edges of each trigger channel."""
        channels = sorted({channel for channel, _ in self._edges})
        return {
            str(channel): {'up': self._edges[channel, 1], 'down': self._edges[channel, 0]}
            for channel in channels
        }

    def warnings(self) -> list[str]:
        """Return sentences for people about what the numbers suggest."""
        _, width, height = self._sensor
        dropped = DecoderStatistics(**self._dropped())
        size = f' of {width}x{height} pixels'
        left_out = left_out_warnings(dropped, self._sums['events'], size, kind=self.kind)
        order = order_warnings(
            self._sums['packets'],
            self._sums['lost_packets'],
            self._sums['repeated_packets'],
            self._sums['unordered_packets'],
            kind=self.kind,
        )
        alike = numbered_alike(self._sums['packets'], self._sums['same_seq'])
        return [*left_out, *order, *alike, *self._polarity(), *self._spans.warnings()]

    def _polarity(self) -> Iterator[str]:
        """Yield a sentence if the events have one polarity only."""
        events, on = self._sums['events'], self._sums['p']
        if events >= MANY_EVENTS and on in (0, events):
            yield (
                f'all {events:,} events are {"ON" if on else "OFF"}; the driver or the program '
                'that wrote the recording probably does not fill the polarity, which images need'
            )

    def _of_packets(self, duration_s: float) -> dict[str, Any]:
        encoding, width, height = self._sensor
        return {
            'encoding': encoding,
            'width': width,
            'height': height,
            'packets': self._sums['packets'],
            'lost_packets': self._sums['lost_packets'],
            'repeated_packets': self._sums['repeated_packets'],
            'unordered_packets': self._sums['unordered_packets'],
            'packet_rate_hz': _per_second(self._sums['packets'], duration_s),
            'duration_s': duration_s,
        }

    def _dropped(self) -> dict[str, int]:
        total: Counter[str] = Counter()
        for decoder in self._stream.decoders:
            total.update(dataclasses.asdict(decoder.statistics))
        return dict(total)


class SpikeSummary(EventSummary):
    """Counts spike planes and their spikes."""

    kind = SensorKind.SPIKE

    def _add_samples(self, planes: Any) -> None:
        if not len(planes):
            return
        self._sums['planes'] += len(planes)
        self._sums['spikes'] += int(np.unpackbits(planes.bits).sum(dtype=np.int64))

    def summary(self) -> dict[str, Any]:
        """Return every number; times are sensor time, None where there was no plane."""
        n_planes, n_spikes = self._sums['planes'], self._sums['spikes']
        t_first_ns, t_last_ns = self._t_first_ns, self._t_last_ns
        span_s = self._spans.total_ns() / 1e9
        n_pixels = self._sensor[1] * self._sensor[2]
        return {
            **self._of_packets(span_s),
            'planes': n_planes,
            'plane_rate_hz': _per_second(n_planes - 1, span_s),
            'spikes': n_spikes,
            'rate_mean_spikes_plane': n_spikes / (n_planes * n_pixels) if n_planes else 0.0,
            'dropped': self._dropped(),
            't_first_ns': t_first_ns,
            't_last_ns': t_last_ns,
        }


def summary_for(encoding: str) -> EventSummary:
    """Return an empty summary for packets of an encoding."""
    return SpikeSummary() if sensor_kind_of(encoding) is SensorKind.SPIKE else EventSummary()


def _exact_sum(values: np.ndarray) -> int:
    """Sum int64 without overflow: halves of 32 bits cannot overflow below 2^31 values."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def _per_second(count: int, duration_s: float) -> float:
    return count / duration_s if duration_s > 0 else 0.0
