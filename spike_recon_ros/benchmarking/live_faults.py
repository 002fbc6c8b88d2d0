# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Damaged streams of packets, and the sound stream that must be reconstructed after each.

Used by a test of the live node, and by a program that runs hundreds of them.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import DECODERS
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

WIDTH, HEIGHT = 64, 48
PACKET_NS = 2_000_000
PACKET_EVENTS = 200
SOUND_PACKETS = 32
FAULTY_PACKETS = 12
EPOCH_NS = 1_700_000_000 * 10**9
FIRST_SEQ = 1000
WARM_UP_MINUTES = 10.0
"""Time in which a node may grow: each kind of fault first loads the code that it needs."""


def sound_stream(seed: int, count: int = SOUND_PACKETS) -> list[Packet]:
    """Return packets of 2 ms with 200 random events each; frames at 100 Hz have five packets."""
    generator = np.random.default_rng(seed)
    packets = []
    for index in range(count):
        t_ns = index * PACKET_NS + np.arange(PACKET_EVENTS, dtype=np.int64) * 10_000
        events = Events(
            generator.integers(0, WIDTH, PACKET_EVENTS).astype(np.uint16),
            generator.integers(0, HEIGHT, PACKET_EVENTS).astype(np.uint16),
            generator.integers(0, 2, PACKET_EVENTS).astype(np.uint8),
            t_ns,
            Triggers.empty(),
        )
        base = int(t_ns[0])
        data = encode_mono(events, base)
        seq = FIRST_SEQ + index
        packets.append(Packet('mono', WIDTH, HEIGHT, seq, base, EPOCH_NS + base, data))
    return packets


def images_of(settings: Settings, packets: list[Packet]) -> list[bytes]:
    """Return the images that a new reconstructor makes of a stream."""
    reconstructor = Reconstructor(settings)
    images = []
    for packet in packets:
        for frame in reconstructor.push(packet):
            assert frame.image is not None
            images.append(frame.image.tobytes())
    reconstructor.close()
    return images


def _random_bytes(packet: Packet, generator: np.random.Generator) -> Packet:
    encoding = str(generator.choice([*DECODERS]))
    data = generator.integers(0, 256, int(generator.integers(0, 4096)), np.uint8)
    return dataclasses.replace(packet, encoding=encoding, data=data)


def _truncated(packet: Packet, generator: np.random.Generator) -> Packet:
    return dataclasses.replace(packet, data=packet.data[: int(generator.integers(0, 1600))])


def _flipped_bits(packet: Packet, generator: np.random.Generator) -> Packet:
    data = packet.data.copy()
    places = generator.integers(0, len(data), 20)
    data[places] ^= np.uint8(1) << generator.integers(0, 8, 20).astype(np.uint8)
    return dataclasses.replace(packet, data=data)


def _unknown_encoding(packet: Packet, generator: np.random.Generator) -> Packet:
    names = ('evt9', '', ';;;=', 'mono\x1b[31m\x00', 'x' * 30_000, 'spike_planes;period_ns=-1')
    return dataclasses.replace(packet, encoding=str(generator.choice(names)))


def _other_size(packet: Packet, generator: np.random.Generator) -> Packet:
    width, height = ((0, 0), (65535, 65535), (32, 24), (128, 96), (1, 1))[generator.integers(5)]
    return dataclasses.replace(packet, width=width, height=height)


def _time_jump(packet: Packet, generator: np.random.Generator) -> Packet:
    jump_ns = int(generator.integers(-(2**40), 2**50))
    return dataclasses.replace(packet, time_base=max(0, packet.time_base + jump_ns))


def _other_stamp(packet: Packet, generator: np.random.Generator) -> Packet:
    return dataclasses.replace(packet, stamp_ns=int(generator.integers(0, 2**60)))


def _other_count(packet: Packet, generator: np.random.Generator) -> Packet:
    return dataclasses.replace(packet, seq=int(generator.integers(0, 2**63)))


FAULTS: dict[str, Callable[[Packet, np.random.Generator], Packet]] = {
    'random bytes': _random_bytes,
    'truncated': _truncated,
    'flipped bits': _flipped_bits,
    'unknown encoding': _unknown_encoding,
    'other size': _other_size,
    'time jump': _time_jump,
    'other stamp': _other_stamp,
    'other count': _other_count,
}
"""Ways to damage a packet."""


def faulty_stream(fault: str, seed: int) -> list[Packet]:
    """Return a stream in which about half of the packets are damaged, and some are missing."""
    generator = np.random.default_rng(seed)
    packets = []
    for packet in sound_stream(seed, FAULTY_PACKETS):
        if generator.random() < 0.1:
            continue
        damaged = generator.random() < 0.5
        packets.append(FAULTS[fault](packet, generator) if damaged else packet)
    return packets


def use_over_time(uses: list[dict[str, float]]) -> dict[str, Any]:
    """Return what a node used in each minute of its life, and how flat that was at the end.

    Args:
        uses: samples with `at` (s), `memory_mb`, `threads` and `descriptors`, in order.

    Returns: the medians of `memory_mb` by minute, all counts of threads and descriptors, and, if
    it lived longer than WARM_UP_MINUTES, the memory after that with its slope.
    """
    begun = uses[0]['at']
    minutes: dict[int, list[dict[str, float]]] = {}
    for use in uses:
        minutes.setdefault(int((use['at'] - begun) // 60), []).append(use)
    memory = {
        minute: float(np.median([use['memory_mb'] for use in found]))
        for minute, found in minutes.items()
    }
    late = [use for use in uses if use['at'] - begun >= 60 * WARM_UP_MINUTES]
    result: dict[str, Any] = {
        'seconds_of_first_node': round(uses[-1]['at'] - begun, 1),
        'memory_mb_by_minute': {minute: round(value, 1) for minute, value in memory.items()},
        'memory_mb_largest': max(use['memory_mb'] for use in uses),
        'threads': sorted({use['threads'] for use in uses}),
        'descriptors': sorted({use['descriptors'] for use in uses}),
    }
    if len(late) > 1:
        at_minutes = [(use['at'] - begun) / 60 for use in late]
        used = [use['memory_mb'] for use in late]
        result['after_warm_up'] = {
            'warm_up_minutes': WARM_UP_MINUTES,
            'minutes': round(at_minutes[-1] - at_minutes[0], 1),
            'memory_mb_smallest': min(used),
            'memory_mb_median': round(float(np.median(used)), 1),
            'memory_mb_largest': max(used),
            'memory_mb_per_hour': round(60 * float(np.polyfit(at_minutes, used, 1)[0]), 2),
        }
    return result
