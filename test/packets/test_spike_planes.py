# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for, sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes, unpack_planes
from spike_recon_ros.packets.spike_planes_decoder import encode_spike_planes, spike_encoding

PERIOD_NS = 50_000
ENCODING = spike_encoding(PERIOD_NS)
WIDTH, HEIGHT = 24, 5
PLANE_BYTES = WIDTH // 8 * HEIGHT


def packet_of(data, seq=0, time_base=1000, width=WIDTH, encoding=ENCODING):
    return Packet(encoding, width, HEIGHT, seq, time_base, 0, np.asarray(data, np.uint8))


def random_bytes(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, count, np.uint8)


def decoded(packets, width=WIDTH):
    decoder = decoder_for(ENCODING, width, HEIGHT)
    parts = [decoder.decode(packet) for packet in packets]
    return SpikePlanes.concatenate(parts), decoder.statistics


def assert_same_planes(one, other):
    np.testing.assert_array_equal(one.t_ns, other.t_ns)
    np.testing.assert_array_equal(one.bits, other.bits)


def test_bit_0_is_the_leftmost_pixel_of_the_top_row():
    data = np.zeros(PLANE_BYTES, np.uint8)
    data[0], data[-1] = 1, 128
    planes = decoder_for(ENCODING, WIDTH, HEIGHT).decode(packet_of(data))
    spikes = unpack_planes(planes.bits, WIDTH)
    assert np.argwhere(spikes).tolist() == [[0, 0, 0], [0, HEIGHT - 1, WIDTH - 1]]


@given(st.integers(0, 4), st.integers(1, 20), st.integers(0, 99))
def test_spikes_survive_encoding_and_decoding(count, width, seed):
    spikes = np.random.default_rng(seed).integers(0, 2, (count, HEIGHT, width), np.uint8)
    planes = SpikePlanes(pack_planes(spikes), np.arange(count) * PERIOD_NS)
    data = encode_spike_planes(planes)
    assert data.size == count * HEIGHT * -(-width // 8)
    back = decoder_for(ENCODING, width, HEIGHT).decode(packet_of(data, width=width))
    np.testing.assert_array_equal(unpack_planes(back.bits, width), spikes)


def test_planes_follow_the_time_base_at_the_period():
    planes, _ = decoded([packet_of(random_bytes(3 * PLANE_BYTES), time_base=10**18)])
    assert planes.t_ns.tolist() == [10**18, 10**18 + PERIOD_NS, 10**18 + 2 * PERIOD_NS]
    assert planes.t_ns.dtype == np.int64


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=70), st.sampled_from([0, 7, 2**63, 2**64 - 1]))),
    st.lists(st.integers(1, 40), min_size=1, max_size=5),
    st.integers(1, 24),
)
def test_any_bytes_cut_anywhere_give_the_same_planes(stream, sizes, width):
    packets, time_base = [], 0
    for data, step in stream:
        time_base = (time_base + step) % 2**64
        payload = np.frombuffer(data, np.uint8)
        packets.append(packet_of(payload, len(packets), time_base, width))
    pieces = []
    for packet in packets:
        start = 0
        while start == 0 or start < packet.data.size:
            size = sizes[len(pieces) % len(sizes)]
            part = packet.data[start : start + size]
            pieces.append(packet_of(part, len(pieces), packet.time_base, width))
            start += size
    if packets:
        whole, statistics = decoded(packets, width)
        parts, statistics_of_parts = decoded(pieces, width)
        assert_same_planes(whole, parts)
        assert statistics == statistics_of_parts
        assert unpack_planes(whole.bits, 8 * whole.bits.shape[2])[..., width:].sum() == 0


@pytest.mark.parametrize(('seq', 'time_base'), [(2, 1000), (1, 2000)])
def test_plane_that_is_not_continued_is_dropped_and_counted(seq, time_base):
    data = random_bytes(PLANE_BYTES + 4)
    later = packet_of(data[:PLANE_BYTES], seq, time_base)
    planes, statistics = decoded([packet_of(data), later])
    assert len(planes) == 2
    np.testing.assert_array_equal(planes.bits[0], planes.bits[1])
    assert statistics.truncated_words == 1


def test_bits_beyond_the_width_are_cleared_and_counted():
    data = np.full(3 * HEIGHT, 255, np.uint8)
    planes, statistics = decoded([packet_of(data, width=21)], 21)
    assert statistics.outside_pixels == 3 * HEIGHT
    assert planes.bits[0, 0].tolist() == [255, 255, 31]
    assert data.min() == 255


def test_reset_gives_the_first_planes_back():
    packet = packet_of(random_bytes(2 * PLANE_BYTES + 3))
    decoder = decoder_for(ENCODING, WIDTH, HEIGHT)
    first = decoder.decode(packet)
    decoder.reset()
    assert_same_planes(first, decoder.decode(packet))


def test_whole_planes_are_read_only_views():
    packet = packet_of(random_bytes(2 * PLANE_BYTES))
    planes = decoder_for(ENCODING, WIDTH, HEIGHT).decode(packet)
    assert np.shares_memory(planes.bits, packet.data)
    with pytest.raises(ValueError, match='read-only'):
        planes.bits[0, 0, 0] = 1
    assert packet.data.flags.writeable


@pytest.mark.parametrize(
    'encoding', ['spike_planes', *(f'spike_planes;period_ns={t}' for t in ('', '0', '-5', '5e4'))]
)
def test_missing_or_malformed_period_is_refused(encoding):
    with pytest.raises(UserError, match=r'must give the nanoseconds between two planes'):
        decoder_for(encoding, WIDTH, HEIGHT)


def test_the_encoding_determines_the_kind_of_camera():
    assert sensor_kind_of('Spike_Planes;period_ns=1') is SensorKind.SPIKE
    assert sensor_kind_of('evt3') is SensorKind.EVENT
    with pytest.raises(UserError, match=r'known encodings: .*spike_planes'):
        decoder_for('evt9', 8, 8)
