# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Properties of every decoder for every stream of bytes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for

ENCODINGS = (
    'evt2',
    'evt21',
    'evt21;endianness=legacy',
    'evt3',
    'libcaer',
    'libcaer_cmp',
    'mono',
)
WIDTH, HEIGHT = 300, 200
MODEST = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def plausible_bytes(encoding, seed, size):
    """Random words, most of them of a valid type."""
    rng = np.random.default_rng(seed)
    data = rng.integers(0, 256, size + 8, np.uint8)
    if encoding in ('evt3', 'libcaer_cmp'):
        words = data[: size // 2 * 2].view(np.uint16)
        kinds = (0, 2, 2, 3, 4, 5, 6, 8, 10) if encoding == 'evt3' else (0, 1, 2, 3, 3, 4, 5)
        kind = np.where(rng.random(len(words)) < 0.9, rng.choice(kinds, len(words)), words >> 12)
        words[:] = (words & 0x9FF) | kind.astype(np.uint16) << 12
    elif encoding.startswith('evt2'):
        words = data[: size // 4 * 4].view(np.uint32)
        kind = np.where(
            rng.random(len(words)) < 0.9, rng.choice((0, 1, 1, 8, 10), len(words)), words >> 28
        )
        words[:] = (words & 0x0FCFF8FF) | kind.astype(np.uint32) << 28
    elif encoding == 'libcaer':
        data[: size // 8 * 8].view(np.uint32)[::2] &= 0x03FF03FF
    else:
        data[: size // 8 * 8].view(np.uint32)[1::2] &= 0x80FF01FF
    return data[:size]


@st.composite
def streams(draw, encoding):
    """A few consecutive packets of plausible or random bytes, with arbitrary time bases."""
    packets, time_base = [], 0
    for seq in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            data = np.frombuffer(draw(st.binary(max_size=64)), np.uint8)
        else:
            data = plausible_bytes(
                encoding, draw(st.integers(0, 2**32)), draw(st.integers(0, 3000))
            )
        if draw(st.booleans()):
            time_base = draw(st.sampled_from([0, 1744227144732712000, 2**62, 2**63, 2**64 - 1]))
        packets.append(Packet(encoding, WIDTH, HEIGHT, seq, time_base, 0, data))
    return packets


@pytest.mark.parametrize('encoding', ENCODINGS)
@MODEST
@given(data=st.data())
def test_any_bytes_cut_anywhere_give_the_same_events_on_the_sensor(
    encoding, data, decode_all, cut, assert_same_events
):
    packets = data.draw(streams(encoding))
    whole, whole_statistics = decode_all(packets)
    assert (whole.x < WIDTH).all()
    assert (whole.y < HEIGHT).all()
    assert (whole.p <= 1).all()
    assert (whole.triggers.p <= 1).all()
    sizes = data.draw(st.lists(st.integers(1, 700), min_size=1, max_size=5))
    parts, statistics = decode_all(cut(packets, sizes))
    assert_same_events(whole, parts)
    assert statistics == whole_statistics


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_plausible_bytes_give_events(encoding, decode_all):
    data = plausible_bytes(encoding, 1, 30_000)
    events, _ = decode_all([Packet(encoding, WIDTH, HEIGHT, 0, 0, 0, data)])
    assert len(events) > 100


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_events_outside_the_sensor_are_counted(encoding, decode_all):
    data = plausible_bytes(encoding, 2, 30_000)
    large, of_large = decode_all([Packet(encoding, 2048, 2048, 0, 0, 0, data)])
    small, statistics = decode_all([Packet(encoding, WIDTH, HEIGHT, 0, 0, 0, data)])
    assert statistics.outside_pixels > 0
    if encoding not in ('evt3', 'libcaer_cmp'):  # these drop addresses never sent on any sensor
        expected = len(large) + of_large.outside_pixels
        assert len(small) + statistics.outside_pixels == expected
    inside = (large.x < WIDTH) & (large.y < HEIGHT)
    np.testing.assert_array_equal(large.t_ns[inside], small.t_ns)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_reset_gives_the_first_events_back(encoding, assert_same_events):
    packet = Packet(
        encoding, WIDTH, HEIGHT, 0, 10**18, 0, plausible_bytes(encoding, 3, 30_000)[:-3]
    )
    decoder = decoder_for(encoding, WIDTH, HEIGHT)
    first = decoder.decode(packet)
    decoder.reset()
    assert_same_events(first, decoder.decode(packet))


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_packet_at_an_odd_address_is_read_and_not_changed(encoding, assert_same_events):
    data = plausible_bytes(encoding, 4, 8000)
    shifted = np.concatenate((np.zeros(1, np.uint8), data))[1:]
    before = shifted.copy()
    events = [
        decoder_for(encoding, WIDTH, HEIGHT).decode(
            Packet(encoding, WIDTH, HEIGHT, 0, 0, 0, payload)
        )
        for payload in (data, shifted)
    ]
    assert_same_events(*events)
    np.testing.assert_array_equal(before, shifted)
    assert shifted.flags.writeable


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_events_stay_when_the_message_is_overwritten(encoding):
    data = plausible_bytes(encoding, 5, 8000)
    events = decoder_for(encoding, WIDTH, HEIGHT).decode(
        Packet(encoding, WIDTH, HEIGHT, 0, 0, 0, data)
    )
    before = events.t_ns.copy()
    data[:] = 0
    np.testing.assert_array_equal(before, events.t_ns)
