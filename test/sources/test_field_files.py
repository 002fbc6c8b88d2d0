# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Right values of recordings as users bring them: other headers, layouts, units and recorders."""

import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.sources.open_source import open_source

VGA = {'width': 640, 'height': 480, 'sum_x': 1853150, 'sum_y': 1445368}
HD = {'width': 1280, 'height': 720, 'sum_x': 3771438, 'sum_y': 2169560}
WHOLE = {'events': 6000, 'on': 2920}
FIRST = {'t_first_us': 1000019, 't_last_ns': 1199958000}

FILES = {
    'd01_metavision_cd.dat': HD | FIRST,
    'd02_faery.dat': HD | FIRST,
    'r03_evk3_gen31_evt3_no_geometry.raw': VGA | FIRST,
    'r04_evk2_gen41_evt2_no_geometry.raw': HD | FIRST,
    'r05_evt21_no_endianness_imx636.raw': HD | FIRST,
    'r09_non_ascii_comment.raw': HD | FIRST,
    'r09b_non_ascii_after_format.raw': HD | FIRST,
    't02_channel0_and_loopback6.raw': VGA | FIRST,
    'h01_dsec_blosc.h5': VGA,
    'h02_dsec_gzip.h5': VGA,
    'h03_event_utils_blosc.h5': VGA | FIRST,
    'h07_metavision_plain.hdf5': VGA | FIRST,
    'h08_v2e.h5': VGA | FIRST,
    'h10_event_utils_float_us.h5': VGA | FIRST,
    'a12_aedat2.aedat': {'width': 346, 'height': 260} | FIRST,
    'a13_aedat3.aedat': {'width': 346, 'height': 260} | FIRST,
}


def summary_of(path, **facts):
    summary = EventSummary()
    with open_source(path, **facts) as source:
        for packet in source:
            summary.add(packet)
    return summary.summary(), source.warnings


@pytest.mark.parametrize('name', FILES)
def test_every_event_of_a_file_from_the_field_is_read(recordings, name):
    path = recordings(f'field/{name}')
    if name.startswith('h'):
        pytest.importorskip('h5py')
    if 'blosc' in name:
        pytest.importorskip('hdf5plugin')
    found, _ = summary_of(path)
    expected = WHOLE | FILES[name]
    assert {key: found[key] for key in expected} == expected
    assert found['dropped']['outside_pixels'] == 0
    assert found['duration_s'] == pytest.approx(0.199939)


def test_microseconds_and_a_size_in_the_first_line_of_a_text_are_read(recordings):
    for name, warnings in (('x02_e2vid_header', 0), ('x06_us_integers', 1)):
        found, given = summary_of(recordings(f'field/{name}'))
        assert (found['events'], found['width'], found['height']) == (3000, 240, 180)
        assert found['duration_s'] == pytest.approx(0.199939)
        assert len(given) == warnings


def test_evt4_is_named_as_not_supported(recordings):
    with pytest.raises(UserError, match='EVT4, which is not supported'):
        open_source(recordings('field/r07_evt4.raw'))


def test_a_wrong_size_drops_events_and_the_summary_says_so(recordings):
    path = recordings('field/r04_evk2_gen41_evt2_no_geometry.raw')
    summary = EventSummary()
    for packet in open_source(path, size=(640, 480)):
        summary.add(packet)
    [warning] = summary.warnings()
    assert warning.startswith('3,949 events')
    assert '--size' in warning


def test_packets_of_a_slow_scene_follow_each_other_within_tens_of_milliseconds(recordings):
    path = recordings('field/r20_slow_scene_evt2.raw')
    found, _ = summary_of(path)
    assert found['events'] == 12000
    assert found['packets'] > 6 / 0.02


@pytest.mark.parametrize('suffix', ['', '.raw'])
def test_edges_are_counted_by_trigger_channel(recordings, suffix):
    found, _ = summary_of(recordings(f'field/t02_channel0_and_loopback6{suffix}'))
    assert found['trigger_channels'] == {'0': {'up': 5, 'down': 5}, '6': {'up': 18, 'down': 18}}
