# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Real recordings decode to exactly the counts and sums of independent decoders."""

import numpy as np
import pytest

BAGS = (
    'davis346_apriltags',
    'vga_evt3',
    'hd_evt3_trigger',
    'dvxplorer_libcaer_rollover',
    'mono',
)


def sums(events):
    return {name: int(getattr(events, name).astype(np.int64).sum()) for name in 'xyp'}


def test_davis_bag_of_libcaer_cmp_decodes_exactly(bag_packets, decode_all):
    events, _ = decode_all(bag_packets('davis346_apriltags'))
    t_us = events.t_ns // 1000
    assert np.bincount(events.p).tolist() == [360223, 211043]
    assert t_us[0] == 1744227144732712
    assert (t_us - t_us[0]).sum() == 335555680277


def test_vga_bag_of_evt3_decodes_exactly(bag_packets, decode_all):
    events, _ = decode_all(bag_packets('vga_evt3'))
    assert np.bincount(events.p).tolist() == [218291, 125183]
    assert len(events.triggers) == 4157
    assert events.t_ns.sum() + events.triggers.t_ns.sum() == 1000 * 2885601049874
    # The trigger input was fed with a square wave: the edges alternate every 500 us.
    assert set(np.diff(events.triggers.t_ns)) <= {499_000, 500_000, 501_000}
    assert (np.diff(events.triggers.p.astype(int)) != 0).all()
    assert set(events.triggers.channel) == {6}


def test_hd_bag_of_evt3_decodes_exactly(bag_packets, decode_all):
    events, _ = decode_all(bag_packets('hd_evt3_trigger'))
    assert len(events) == 82469
    assert events.t_ns.sum() == 1222326831810000
    assert sums(events) == {'x': 42078718, 'y': 31656267, 'p': 41439}
    assert events.triggers.p.tolist() == [0, 1]


def test_dvxplorer_bag_of_libcaer_decodes_exactly_through_its_rollover(bag_packets, decode_all):
    events, _ = decode_all(bag_packets('dvxplorer_libcaer_rollover'))
    assert len(events) == 334331
    assert int(events.t_ns.astype(np.uint64).sum()) == 15762826572202229126
    assert sums(events) == {'x': 111651612, 'y': 82801007, 'p': 181908}
    assert np.diff(events.t_ns).min() >= 0


def test_mono_bag_decodes_exactly(bag_packets, decode_all):
    events, _ = decode_all(bag_packets('mono'))
    assert len(events) == 100
    assert events.t_ns.sum() == 4950000
    assert sums(events) == {'x': 34450, 'y': 26450, 'p': 50}


def test_raw_file_of_evt2_decodes_to_its_known_count(raw_packet, decode_all):
    events, _ = decode_all([raw_packet('gen3_vga_evt2.raw', 'evt2', 640, 480)])
    assert len(events) == 521252
    assert events.t_ns[-1] - events.t_ns[0] == pytest.approx(95.9e6, rel=1e-3)


def test_raw_file_of_vectorised_evt3_decodes_to_its_known_count(raw_packet, decode_all):
    events, _ = decode_all([raw_packet('gen41_hd_evt3_vectorised.raw', 'evt3', 1280, 720)])
    assert len(events) == 219596
    assert events.t_ns[-1] - events.t_ns[0] == pytest.approx(8.8e6, rel=1e-2)


@pytest.mark.parametrize('name', BAGS)
def test_no_word_of_a_real_bag_is_dropped(name, bag_packets, decode_all):
    _, statistics = decode_all(bag_packets(name))
    assert not any(getattr(statistics, field) for field in statistics.__slots__)


@pytest.mark.parametrize('name', BAGS)
@pytest.mark.parametrize('sizes', [[1021], [7, 4096, 1, 333, 2, 5000]])
def test_real_bag_cut_anywhere_decodes_the_same(
    name, sizes, bag_packets, decode_all, cut, assert_same_events
):
    packets = bag_packets(name)
    whole, _ = decode_all(packets)
    parts, statistics = decode_all(cut(packets, sizes))
    assert_same_events(whole, parts)
    assert statistics.truncated_words == 0


@pytest.mark.parametrize(
    'file',
    [
        ('gen3_vga_evt2.raw', 'evt2', 640, 480),
        ('gen41_hd_evt3_vectorised.raw', 'evt3', 1280, 720),
    ],
)
def test_raw_file_cut_anywhere_decodes_the_same(
    file, raw_packet, decode_all, cut, assert_same_events
):
    packets = [raw_packet(*file)]
    whole, _ = decode_all(packets)
    parts, _ = decode_all(cut(packets, [10007, 3, 6, 4099]))
    assert_same_events(whole, parts)
