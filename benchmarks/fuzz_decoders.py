# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Feed random and damaged words to every decoder and count what must never happen.

    python benchmarks/fuzz_decoders.py 1e8 7 > benchmarks/results/fuzz_decoders.json

Arguments: words in all, seed. Half of the packets hold uniformly random words. The other half
repeats one valid stream, with bits flipped and bytes removed. Packets have random lengths, so
words are cut in two; some have a wrong `seq` or a random `time_base`, and decoders are reset now
and then. Prints one JSON object; exit status 1 if anything was found.
"""

import argparse
import json
import sys
import time
import traceback
from dataclasses import asdict

import numpy as np

from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes, unpack_planes

WIDTH, HEIGHT = 645, 479
PLANE_WIDTH, PLANE_HEIGHT = 45, 7
WORD_BYTES = {
    'evt2': 4,
    'evt21': 8,
    'evt21;endianness=legacy': 8,
    'evt3': 2,
    'libcaer': 8,
    'libcaer_cmp': 2,
    'mono': 8,
    'spike_planes;period_ns=50000': -(-PLANE_WIDTH // 8) * PLANE_HEIGHT,
}
"""Bytes per word by encoding; the word of spike planes is a plane."""
PACKET_BYTES = 1 << 20
LATEST_NS = 2**63 - 2**40
"""Later times would be close to an overflow."""


def valid_words(encoding: str, rng: np.random.Generator) -> np.ndarray:
    """Return the bytes of a stream as a camera sends it, about 128 KiB."""
    count = 1 << 14
    t_us = np.cumsum(rng.integers(0, 40, count)) + 5_000_000
    x, y = rng.integers(0, WIDTH, count), rng.integers(0, HEIGHT, count)
    if encoding == 'evt3':
        high, low = 0x8000 | (t_us >> 12 & 0xFFF), 0x6000 | (t_us & 0xFFF)
        return np.stack([high, low, y, 0x2800 | x], 1).astype('<u2').view(np.uint8).ravel()
    if encoding == 'libcaer_cmp':
        low = 0x1000 | (np.arange(count) & 0xFFF)
        words = np.stack([low, 0x2000 | x, 0x3800 | y], 1)
        return words.astype('<u2').view(np.uint8).ravel()
    if encoding.startswith('evt2'):
        high, event = 8 << 28 | t_us >> 6, 1 << 28 | (t_us & 63) << 22 | x << 11 | y
        words = [high, event]
        if encoding.startswith('evt21'):
            mask = rng.integers(0, 2**32, count)
            little = [np.zeros_like(mask), high, mask, event]
            words = [high, little[0], event, mask] if 'legacy' in encoding else little
        return np.stack(words, 1).astype('<u4').view(np.uint8).ravel()
    if encoding == 'libcaer':
        words = [x << 17 | y << 2 | 2, t_us]
        return np.stack(words, 1).astype('<u4').view(np.uint8).ravel()
    if encoding == 'mono':
        words = [1000 * t_us & 0xFFFF_FFFF, y << 16 | x]
        return np.stack(words, 1).astype('<u4').view(np.uint8).ravel()
    return rng.integers(0, 256, 1 << 17, np.uint8)


def damaged(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a copy with up to 20 bits flipped and up to 3 runs of bytes removed."""
    data = data.copy()
    places = rng.integers(0, len(data), int(rng.integers(0, 20)))
    data[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    for _ in range(int(rng.integers(0, 4))):
        start = int(rng.integers(0, len(data)))
        data = np.delete(data, slice(start, start + int(rng.integers(1, 9))))
    return data


def wrong_samples(found: Events | SpikePlanes) -> int:
    """Return how many samples are outside the sensor, or have an impossible value or time."""
    wrong = int(np.count_nonzero((found.t_ns < 0) | (found.t_ns > LATEST_NS)))
    if isinstance(found, SpikePlanes):
        spikes = unpack_planes(found.bits[..., -1:], 8)
        return wrong + int(np.count_nonzero(spikes[..., PLANE_WIDTH % 8 :]))
    edges = found.triggers
    wrong += int(np.count_nonzero((found.x >= WIDTH) | (found.y >= HEIGHT) | (found.p > 1)))
    return wrong + int(np.count_nonzero((edges.t_ns < 0) | (edges.t_ns > LATEST_NS)))


class Fuzzer:
    """Sends packets to one decoder until it has seen enough words."""

    def __init__(self, encoding: str, seed: int) -> None:
        self.encoding = encoding
        self._rng = np.random.default_rng([seed, *encoding.encode()])
        self._size = (WIDTH, HEIGHT) if 'planes' not in encoding else (PLANE_WIDTH, PLANE_HEIGHT)
        self._decoder: Decoder = decoder_for(encoding, *self._size)
        self._valid = valid_words(encoding, self._rng)
        self._seq = self._time_base = 0
        self.result = {'words': 0, 'samples': 0, 'exceptions': 0, 'events_outside': 0}

    def run(self, words: float) -> dict[str, object]:
        """Return the counts after at least this many words."""
        while self.result['words'] < words:
            packet = self._packet()
            self.result['words'] += len(packet.data) // WORD_BYTES[self.encoding]
            try:
                found = self._decoder.decode(packet)
            except Exception:
                traceback.print_exc()
                self.result['exceptions'] += 1
                self._decoder.reset()
                continue
            self.result['samples'] += len(found)
            self.result['events_outside'] += wrong_samples(found)
            if self._rng.random() < 0.01:
                self._decoder.reset()
        return {**self.result, **asdict(self._decoder.statistics)}

    def _packet(self) -> Packet:
        rng = self._rng
        self._seq += 1 if rng.random() < 0.9 else int(rng.integers(0, 1000))
        if rng.random() < 0.3:
            self._time_base = int(rng.integers(0, 2**64, dtype=np.uint64))
        size = int(PACKET_BYTES ** rng.random())
        if rng.random() < 0.5:
            data = np.frombuffer(rng.bytes(size), np.uint8)
        else:
            data = damaged(self._valid, rng)[-size:]
        return Packet(self.encoding, *self._size, self._seq, self._time_base, 0, data)


def main() -> int:
    """Fuzz every decoder in turn; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('words', type=float, help='words in all')
    parser.add_argument('seed', type=int)
    args = parser.parse_args()
    begun = time.perf_counter()
    found = {
        encoding: Fuzzer(encoding, args.seed).run(args.words / len(WORD_BYTES))
        for encoding in WORD_BYTES
    }
    failures = {
        name: sum(int(row[name]) for row in found.values())  # type: ignore[call-overload]
        for name in ('exceptions', 'events_outside')
    }
    total = sum(int(row['words']) for row in found.values())  # type: ignore[call-overload]
    seconds = round(time.perf_counter() - begun, 1)
    print(
        json.dumps(
            {'seed': args.seed, 'words': total, **failures, 'seconds': seconds, 'decoders': found}
        )
    )
    return int(any(failures.values()))


if __name__ == '__main__':
    sys.exit(main())
