# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Planes with the bits of each byte in reverse order are named, others never."""

import numpy as np
import pytest

from spike_recon_ros.offline.stream_warnings import left_out_warnings
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.plane_bits import LOOKED_AT_PLANES, REVERSED, BitOrder
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.sources.open_source import open_source

ENCODING = 'spike_planes;period_ns=50000'
HEIGHT = 50


def scene(name, width):
    """Return the light of a scene, 0 to 1 [height, width]."""
    x, y = np.meshgrid(np.arange(width), np.arange(HEIGHT))
    if name == 'dark':
        return np.zeros_like(x, float)
    if name == 'bright':
        return np.ones_like(x, float)
    if name == 'uniform':
        return np.full_like(x, 0.3, float)
    if name.startswith('stripes'):
        return 0.2 + 0.4 * (x % int(name.split()[1]) == 0)
    if name == 'noise':
        return np.random.default_rng(5).random(x.shape)
    return 0.4 + 0.3 * np.sin(x / 7 + y / 11)


def planes_of(light, count=100):
    """Return packed planes of integrating pixels with random phases."""
    phase = np.random.default_rng(3).random(light.shape)
    charge = phase + light * np.arange(count + 1)[:, None, None]
    spikes = np.diff(np.floor(charge), axis=0) > 0
    return np.packbits(spikes, axis=2, bitorder='little')


def decoded(bits, width):
    decoder = decoder_for(ENCODING, width, HEIGHT)
    for at in range(0, len(bits), 7):
        part = np.ascontiguousarray(bits[at : at + 7])
        decoder.decode(Packet(ENCODING, width, HEIGHT, at // 7, at * 50_000, 0, part.reshape(-1)))
    return decoder.statistics.reversed_planes


@pytest.mark.parametrize('width', [64, 100, 400])
def test_reversed_planes_are_counted_from_when_they_are_known(width):
    bits = REVERSED[planes_of(scene('waves', width))[..., : width // 8]]
    padded = np.pad(bits, ((0, 0), (0, 0), (0, -(-width // 8) - width // 8)))
    count = decoded(padded, width)
    assert len(bits) - LOOKED_AT_PLANES <= count <= len(bits) - LOOKED_AT_PLANES + 7


@pytest.mark.parametrize('width', [64, 100, 400])
@pytest.mark.parametrize(
    'name',
    ['waves', 'dark', 'bright', 'uniform', 'noise', *(f'stripes {n}' for n in range(2, 18))],
)
def test_sound_planes_are_never_called_reversed(name, width):
    assert decoded(planes_of(scene(name, width)), width) == 0


@pytest.mark.parametrize('width', [1, 8, 15])
def test_too_few_columns_show_nothing(width):
    order = BitOrder(width)
    assert order.is_known
    assert not order.is_reversed


def test_the_sentence_names_the_cures_for_files_and_drivers():
    decoder = decoder_for(ENCODING, 64, HEIGHT)
    bits = REVERSED[planes_of(scene('waves', 64))]
    decoder.decode(Packet(ENCODING, 64, HEIGHT, 0, 0, 0, bits.reshape(-1)))
    (sentence,) = left_out_warnings(decoder.statistics, 100, kind=SensorKind.SPIKE)
    assert sentence.startswith('100 planes seem to have the bits of each byte in reverse order')
    assert '--plane-layout planes_msb' in sentence
    assert "bitorder='little'" in sentence


def test_a_file_of_reversed_planes_is_read_as_it_was_meant(tmp_path):
    bits = planes_of(scene('waves', 64))
    path = tmp_path / 'x.dat'
    path.write_bytes(REVERSED[bits].tobytes())
    given = {'layout': 'planes_msb', 'width': 64, 'height': HEIGHT}
    with open_source(path, planes=given) as source:
        read = np.concatenate([packet.data for packet in source])
    np.testing.assert_array_equal(read, bits.reshape(-1))


@pytest.mark.parametrize(
    'name', ['real_car_250x400.dat', '203_part1_key_id151.dat', '160_part1_key_id21.dat']
)
def test_real_planes_are_recognised_in_either_order(recordings, name):
    data = np.fromfile(recordings(f'spike/{name}'), np.uint8).reshape(-1, 250, 50)
    for bits, is_reversed in ((data, False), (REVERSED[data], True)):
        order = BitOrder(400)
        order.look_at(bits)
        assert order.is_reversed == is_reversed
