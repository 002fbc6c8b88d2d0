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
        uses: samples with `at` (s), `memory_mb` (all that is resident), `own_memory_mb` (of that,
            what is no page of a file or of shared memory), `threads` and `descriptors`, in order.

    Returns: for both kinds of memory the medians by minute and, if the node lived longer than
    WARM_UP_MINUTES, how it changed after that; all counts of threads and descriptors.
    """
    minutes = np.array([use['at'] - uses[0]['at'] for use in uses]) / 60.0
    result: dict[str, Any] = {
        'minutes_of_first_node': round(float(minutes[-1]), 1),
        'threads': sorted({use['threads'] for use in uses}),
        'descriptors': sorted({use['descriptors'] for use in uses}),
    }
    for name in ('memory_mb', 'own_memory_mb'):
        used = np.array([use[name] for use in uses])
        result[f'{name}_by_minute'] = {
            minute: round(float(np.median(used[minutes.astype(int) == minute])), 1)
            for minute in sorted({*minutes.astype(int).tolist()})
        }
        is_late = minutes >= WARM_UP_MINUTES
        if np.count_nonzero(is_late) > 1:
            result[f'{name}_after_warm_up'] = _change(minutes[is_late], used[is_late])
    return result


def _change(minutes: np.ndarray, used: np.ndarray) -> dict[str, float]:
    half = (minutes[0] + minutes[-1]) / 2
    return {
        'minutes': round(float(minutes[-1] - minutes[0]), 1),
        'smallest': round(float(used.min()), 1),
        'largest': round(float(used.max()), 1),
        'median_of_first_half': round(float(np.median(used[minutes <= half])), 1),
        'median_of_second_half': round(float(np.median(used[minutes > half])), 1),
        'slope_mb_per_hour': round(60 * float(np.polyfit(minutes, used, 1)[0]), 2),
    }
