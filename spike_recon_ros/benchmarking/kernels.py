# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The speed of each stage of the pipeline on one core: events per second, ms per image."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.benchmarking.streams import (
    ENCODERS,
    moving_edges,
    packets_of,
    recorded_packets,
)
from spike_recon_ros.filters.registry import FILTERS
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.rendering.renderer import Renderer
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.cutter import cutter_for
from spike_recon_ros.windows.window import Window

ROUNDS = 5
IMAGES = 50
ROUND_EVENTS = 2_000_000
"""Short recordings are repeated until a round has at least so many events."""
WINDOW_FPS = 50.0
BINS = 5
SIZES = ((346, 260), (640, 480), (1280, 720))


def measure(what: str, recordings: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Measure one stage on synthetic streams and on recordings.

    Args:
        what: decode, window, representation, filter, render or end_to_end.
        recordings: of event cameras.

    Yields: one row for each stream, and for each filter where there are several.

    Raises:
        UserError: a recording cannot be read, or holds spike planes.
    """
    if what == 'render':
        yield from rendering()
        return
    stage = {
        'decode': decode,
        'window': window,
        'representation': representation,
        'filter': filters,
        'end_to_end': end_to_end,
    }[what]
    for name, packets in _streams(recordings, each_encoding=what == 'decode'):
        yield from stage(name, packets)


def _streams(
    recordings: Sequence[Path], *, each_encoding: bool
) -> Iterator[tuple[str, list[Packet]]]:
    for width, height in [(640, 480)] if each_encoding else [(346, 260), (640, 480)]:
        events = moving_edges(width, height, 2_000_000)
        for encoding in ENCODERS if each_encoding else ('mono',):
            yield 'made-up edges', packets_of(encoding, events, width, height)
    for path in recordings:
        yield path.name, recorded_packets(path)


def decode(name: str, packets: list[Packet]) -> list[dict[str, Any]]:
    """Measure the decoder of a stream, with allocation."""

    def once() -> int:
        decoder = decoder_for(*packets[0].sensor)
        return sum(len(decoder.decode(packet)) for packet in packets)

    return [{'encoding': packets[0].encoding, **_rate(name, once, packets)}]


def window(name: str, packets: list[Packet]) -> list[dict[str, Any]]:
    """Measure the cutting of decoded packets into windows."""
    parts = _decoded(packets)

    def once() -> int:
        return sum(len(window.samples) for window in _cut(parts))

    return [_rate(name, once, packets)]


def representation(name: str, packets: list[Packet]) -> list[dict[str, Any]]:
    """Measure the voxel grid of each window."""
    windows = _windows(packets)
    width, height = packets[0].width, packets[0].height

    def once() -> int:
        for window in windows:
            voxel_grid(
                window.samples,
                window.t_start_ns,
                window.t_end_ns,
                bins=BINS,
                height=height,
                width=width,
            )
        return sum(len(window.samples) for window in windows)

    return [{'bins': BINS, **_rate(name, once, packets)}]


def filters(name: str, packets: list[Packet]) -> list[dict[str, Any]]:
    """Measure each filter on a whole stream, and the readout of an image alone."""
    events = Events.concatenate(_decoded(packets))
    t_start_ns, t_end_ns = int(events.t_ns[0]), int(events.t_ns[-1]) + 1
    window = Window(t_start_ns, t_end_ns, events)
    empty = Window(t_end_ns, t_end_ns + 1, Events.empty())
    width, height = packets[0].width, packets[0].height
    results = []
    for filter_name, make in FILTERS.items():
        model = make(width, height, Settings())

        def once(model: Any = model) -> int:
            model.step(window)
            return len(events)

        rate = _rate(name, once, packets)
        readout_ms = _milliseconds(partial(model.step, empty))
        results.append({'filter': filter_name, **rate, 'readout_ms': readout_ms})
    return results


def rendering() -> list[dict[str, Any]]:
    """Measure the rendering of an image, percentiles included, for several sensor sizes."""
    results = []
    for width, height in SIZES:
        noise = np.random.default_rng(0).normal(size=(height, width)).astype(np.float32)
        renderer = Renderer(Settings(tone_time=0.0))
        ms = _milliseconds(partial(renderer.render, noise, 0))
        results.append({'size': f'{width}x{height}', 'ms_per_image': ms})
    return results


def end_to_end(name: str, packets: list[Packet]) -> list[dict[str, Any]]:
    """Measure the pipeline from packets to rendered frames, for each filter."""
    parts = [part for part in _decoded(packets) if len(part)]
    events = sum(map(len, parts))
    seconds = int(parts[-1].t_ns[-1] - parts[0].t_ns[0]) / 1e9
    results = []
    for model in FILTERS:
        settings = Settings(model=model, fps=WINDOW_FPS)

        reconstructor = Reconstructor(settings)

        def once(reconstructor: Reconstructor = reconstructor) -> int:
            reconstructor.reset()
            for packet in packets:
                deque(reconstructor.stream(packet), maxlen=0)
            deque(reconstructor.stream_end(), maxlen=0)
            return events

        rate = _rate(name, once, packets)
        faster = rate['mev_s_median'] * 1e6 / (events / seconds) if seconds else None
        results.append(
            {
                'filter': model,
                'fps': WINDOW_FPS,
                **rate,
                'times_real_time': faster and round(faster, 1),
            }
        )
    return results


def _rate(name: str, once: Callable[[], int], packets: list[Packet]) -> dict[str, Any]:
    once()  # compiles the kernels
    repeats = max(1, ROUND_EVENTS // max(1, once()))
    rates = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        events = sum(once() for _ in range(repeats))
        rates.append(events / (time.perf_counter() - begun) / 1e6)
    return {
        'stream': name,
        'size': f'{packets[0].width}x{packets[0].height}',
        'events_per_round': events,
        'mev_s_median': round(float(np.median(rates)), 1),
        'mev_s_best': round(max(rates), 1),
    }


def _milliseconds(once: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(IMAGES):
        begun = time.perf_counter()
        once()
        seconds.append(time.perf_counter() - begun)
    return round(1e3 * float(np.median(seconds)), 3)


def _decoded(packets: list[Packet]) -> list[Events]:
    decoder = decoder_for(*packets[0].sensor)
    return [decoder.decode(packet) for packet in packets]


def _windows(packets: list[Packet]) -> list[Window]:
    return _cut(_decoded(packets))


def _cut(parts: list[Events]) -> list[Window]:
    cutter = cutter_for(Settings(fps=WINDOW_FPS), SensorClock())
    windows = [window for part in parts for window in cutter.push(part)]
    return [*windows, *cutter.flush()]
