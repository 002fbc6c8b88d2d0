# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The streams of benchmarks: synthetic and the same everywhere, or a recording."""

from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sources.open_source import open_source

PACKET_EVENTS = 4096
_EVT3_ADDR_Y, _EVT3_ADDR_X, _EVT3_TIME_LOW, _EVT3_TIME_HIGH = 0x0, 0x2, 0x6, 0x8


def moving_edges(width: int, height: int, count: int) -> Events:
    """Return events of vertical edges that sweep over the sensor at 10 Mev/s, with noise.

    Args:
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        count: number of events.
    """
    generator = np.random.default_rng(0)
    t_us = np.sort(generator.integers(0, count // 10, count))
    edge = (t_us // 50 + generator.integers(0, 4, count) * (width // 4)) % width
    x = (edge + generator.integers(-2, 3, count)) % width
    y = generator.integers(0, height, count)
    noise = generator.random(count) < 0.05
    x[noise] = generator.integers(0, width, int(noise.sum()))
    p = (edge // 7) % 2 ^ noise
    return Events(
        x.astype(np.uint16),
        y.astype(np.uint16),
        p.astype(np.uint8),
        t_us * 1000,
        Triggers.empty(),
    )


def packets_of(encoding: str, events: Events, width: int, height: int) -> list[Packet]:
    """Return events as packets of PACKET_EVENTS events; the encoding is one of ENCODERS."""
    packets = []
    for seq, start in enumerate(range(0, len(events), PACKET_EVENTS)):
        part = events[start : start + PACKET_EVENTS]
        time_base = int(part.t_ns[0])
        data = ENCODERS[encoding](part, time_base)
        packets.append(Packet(encoding, width, height, seq, time_base, 0, data))
    return packets


def recorded_packets(path: Path) -> list[Packet]:
    """Return all packets of a recording.

    Raises:
        UserError: it cannot be read, or holds spike planes.
    """
    with open_source(path) as source:
        packets = [packet for packet in source if isinstance(packet, Packet)]
    if any(sensor_kind_of(packet.encoding) is SensorKind.SPIKE for packet in packets):
        raise UserError(f'{path} holds spike planes, and bench measures events; leave it out')
    return packets


def _encode_evt3(events: Events, time_base: int) -> np.ndarray:
    """Return up to four words per event: no vectors, as from a noisy scene."""
    t_us = events.t_ns // 1000
    words = np.empty((len(events), 4), np.uint16)
    words[:, 0] = _EVT3_TIME_HIGH << 12 | (t_us >> 12 & 0xFFF)
    words[:, 1] = _EVT3_TIME_LOW << 12 | (t_us & 0xFFF)
    words[:, 2] = _EVT3_ADDR_Y << 12 | events.y
    words[:, 3] = _EVT3_ADDR_X << 12 | events.p.astype(np.uint16) << 11 | events.x
    repeats = np.zeros(words.shape, np.bool_)
    repeats[1:] = words[1:] == words[:-1]
    repeats[:, 3] = False
    return words[~repeats].view(np.uint8)


def _encode_libcaer(events: Events, time_base: int) -> np.ndarray:
    words = np.empty((len(events), 2), np.uint32)
    words[:, 0] = events.x.astype(np.uint32) << 17 | events.y.astype(np.uint32) << 2
    words[:, 0] |= events.p.astype(np.uint32) << 1
    words[:, 1] = (events.t_ns - time_base) // 1000
    return words.reshape(-1).view(np.uint8)


ENCODERS = {'evt3': _encode_evt3, 'libcaer': _encode_libcaer, 'mono': encode_mono}
