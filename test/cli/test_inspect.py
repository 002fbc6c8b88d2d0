# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import argparse
import dataclasses
import json

import numpy as np
import pytest

from spike_recon_ros.cli import inspect
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packets.decoder import UNUSABLE, DecoderStatistics
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter

ORACLES = {
    'davis346_apriltags': {
        'encoding': 'libcaer_cmp',
        'width': 346,
        'height': 260,
        'packets': 100,
        'events': 571_266,
        'off': 360_223,
        'on': 211_043,
        't_first_us': 1_744_227_144_732_712,
        'sum_t_minus_t0_us': 335_555_680_277,
    },
    'vga_evt3': {
        'encoding': 'evt3',
        'width': 640,
        'height': 480,
        'packets': 517,
        'events': 343_474,
        'triggers': 4_157,
        'off': 218_291,
        'on': 125_183,
        'sum_t_us_with_triggers': 2_885_601_049_874,
    },
    'hd_evt3_trigger': {
        'encoding': 'evt3',
        'width': 1280,
        'height': 720,
        'packets': 105,
        'events': 82_469,
        'sum_t_ns': 1_222_326_831_810_000,
        'sum_x': 42_078_718,
        'sum_y': 31_656_267,
        'sum_p': 41_439,
    },
    'dvxplorer_libcaer_rollover': {
        'encoding': 'libcaer',
        'width': 640,
        'height': 480,
        'packets': 201,
        'events': 334_331,
        'sum_t_mod64': 15_762_826_572_202_229_126,
        'sum_x': 111_651_612,
        'sum_y': 82_801_007,
        'sum_p': 181_908,
    },
    'mono': {
        'encoding': 'mono',
        'events': 100,
        'sum_t_ns': 4_950_000,
        'sum_x': 34_450,
        'sum_y': 26_450,
        'sum_p': 50,
    },
    'gen3_vga_evt2.raw': {'encoding': 'evt2', 'width': 640, 'height': 480, 'events': 521_252},
    'gen41_hd_evt3_vectorised.raw': {
        'encoding': 'evt3',
        'width': 1280,
        'height': 720,
        'events': 219_596,
    },
    'dvxplorer_320x240.aedat4': {'width': 320, 'height': 240, 'events': 111_954},
}


def run(*arguments):
    parser = argparse.ArgumentParser()
    inspect.add_arguments(parser)
    return inspect.run(parser.parse_args([str(one) for one in arguments]))


@pytest.mark.parametrize('name', ORACLES)
def test_real_recording_gives_the_published_numbers(recordings, name):
    if name.endswith('.aedat4'):
        pytest.importorskip('aedat')
    result = run(recordings(f'event/{name}'))
    assert {key: result[key] for key in ORACLES[name]} == ORACLES[name]
    assert result['lost_packets'] == 0
    assert not any(result['dropped'][key] for key in ('outside_pixels', 'truncated_words'))


def test_result_is_json_and_people_read_stderr(recordings, capsys):
    result = run(recordings('event/mono'))
    assert json.loads(json.dumps(result)) == result
    printed = capsys.readouterr()
    assert printed.out == ''
    assert '640 x 480' in printed.err
    assert '/event_camera/events' in printed.err


def test_a_missing_topic_is_a_user_error(recordings):
    with pytest.raises(UserError, match='no event topic /nope'):
        run(recordings('event/mono'), '--topic', '/nope')


def mono_packet(times, seq=0, width=64, time_base=0, encoding='mono', p=1):
    words = np.array(times, np.uint64) | np.uint64(p << 63) | np.uint64(3 << 32)
    return Packet(encoding, width, 48, seq, time_base, 0, words.view(np.uint8))


def tallied(*packets):
    tally = EventSummary()
    for packet in packets:
        tally.add(packet)
    return tally.summary()


def test_gaps_in_the_numbers_count_as_lost_packets():
    seqs = [5, 6, 9, 10, 3, 4]
    summary = tallied(*(mono_packet([1], seq) for seq in seqs))
    assert (summary['packets'], summary['lost_packets']) == (6, 2)


def test_missing_packets_are_named_with_their_share():
    tally = EventSummary()
    for seq in (5, 6, 9, 10, 11, 12):
        tally.add(mono_packet([seq], seq))
    (sentence,) = tally.warnings()
    assert sentence.startswith('2 packets (25 %) missing, as the numbers of the others show')


@pytest.mark.parametrize(('p', 'polarity'), [(0, 'OFF'), (1, 'ON')])
def test_events_of_one_polarity_are_named(p, polarity):
    tally = EventSummary()
    tally.add(mono_packet(range(1000), p=p))
    (sentence,) = tally.warnings()
    assert sentence.startswith(f'all 1,000 events are {polarity}; the driver')
    tally.add(mono_packet([1000], 1, p=1 - p))
    assert tally.warnings() == []


def test_packets_recorded_twice_count_once_with_a_warning():
    tally = EventSummary()
    for seq in (5, 6, 6, 7, 7, 7):
        tally.add(mono_packet([seq], seq))
    summary = tally.summary()
    assert (summary['packets'], summary['repeated_packets'], summary['events']) == (6, 3, 3)
    assert tally.warnings() == [
        '3 packets recorded twice, each used once; the relay or bridge of their topic '
        'probably ran twice'
    ]


def test_the_times_of_a_second_stream_do_not_continue_those_of_the_first():
    def evt3(t_high, seq):
        words = np.array([8 << 12 | t_high, 6 << 12, 3, 2 << 12 | 5, 2 << 12 | 6], '<u2')
        return Packet('evt3', 64, 48, seq, 0, 0, words.view(np.uint8))

    second = tallied(evt3(100, 0), evt3(101, 1), evt3(2, 0))
    assert second['t_last_ns'] == 2 * 4_096_000


def test_sums_beyond_64_bits_are_exact():
    time_base = 2**62
    summary = tallied(*(mono_packet([1, 2, 3], time_base=time_base) for _ in range(4)))
    assert summary['sum_t_ns'] == 4 * (3 * time_base + 6)
    assert summary['sum_t_mod64'] == 4 * (3 * time_base + 6) % 2**64
    assert summary['sum_t_minus_t0_us'] == 4 * 3 // 1_000


def test_peak_rate_is_that_of_the_fullest_ten_milliseconds():
    quiet = [0, 5_000_000, 11_000_000]
    busy = [20_000_000 + i for i in range(50)]
    summary = tallied(mono_packet(quiet), mono_packet(busy), mono_packet([29_999_999]))
    assert summary['rate_peak_ev_s'] == 5_100
    assert summary['rate_mean_ev_s'] == pytest.approx(54 / 0.029999999)


def test_stream_without_events_has_no_times():
    summary = tallied(mono_packet([]))
    assert (summary['events'], summary['t_first_ns'], summary['duration_s']) == (0, None, 0)
    assert json.dumps(summary)


def test_dropped_events_are_summed_across_a_change_of_sensor_size():
    summary = tallied(mono_packet([1], width=2), mono_packet([1, 2], width=3))
    assert summary['events'] == 0
    assert summary['dropped']['outside_pixels'] == 3
    assert summary['width'] == 3


def test_unknown_encoding_is_a_user_error():
    with pytest.raises(UserError, match='morse'):
        tallied(mono_packet([1], encoding='morse'))


def test_spike_planes_are_counted_with_their_rate(tmp_path, capsys):
    path = tmp_path / 'a.dat'
    plane = np.zeros(12_500, np.uint8)
    plane[:10] = 255
    path.write_bytes(plane.tobytes() * 41 + b'rest')
    result = run(path)
    assert (result['planes'], result['spikes'], result['packets']) == (41, 41 * 80, 3)
    assert result['plane_rate_hz'] == pytest.approx(20_000)
    assert result['rate_mean_spikes_plane'] == pytest.approx(0.0008)
    assert 'events' not in result
    assert json.dumps(result)
    assert 'ends with 4 bytes' in capsys.readouterr().err


def test_events_and_spike_planes_on_one_topic_are_refused():
    planes = Packet('spike_planes;period_ns=1', 8, 1, 0, 0, 0, np.zeros(1, np.uint8))
    with pytest.raises(UserError, match='record each camera on its own'):
        tallied(mono_packet([1]), planes)


@pytest.fixture
def damaged_bag(tmp_path):
    """A bag of 40 packets with 3,000 events each, a part of which was overwritten."""
    random = np.random.default_rng(0)  # does not shrink, so that there are several chunks
    path = tmp_path / 'a.mcap'
    with BagWriter(path) as bag:
        for seq in range(40):
            times = np.sort(random.integers(0, 2**20, 3_000)) + seq * 2**20
            noise = (random.integers(0, 48, 3_000) << 48) | (random.integers(0, 64, 3_000) << 32)
            bag.write_packet(mono_packet(times.astype(np.uint64) | noise.astype(np.uint64), seq))
    file = path if path.is_file() else next(path.glob('*.mcap'))
    whole = bytearray(file.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 60_000] = bytes(60_000)
    file.write_bytes(whole)
    return path


def test_of_a_damaged_bag_the_readable_part_is_shown_and_the_damage_named(
    damaged_bag, spike_recon
):
    status, (line,), err = spike_recon('inspect', damaged_bag)
    assert status == 1
    result = json.loads(line)
    assert 0 < result['packets'] < 40
    assert result['events'] == 3_000 * result['packets']
    assert (result['width'], result['height']) == (64, 48)
    assert f'{result["packets"]} of 40 messages could be read' in result['warnings'][-1]
    assert err.splitlines()[-1] == f'spike-recon inspect: {result["warnings"][-1]}'
    assert '64 x 48 pixels' in err


def test_a_recording_of_which_nothing_can_be_read_gives_no_numbers(tmp_path, spike_recon):
    (tmp_path / 'a.mcap').write_bytes(b'\x89MCAP0\r\n' + bytes(100))
    status, out, err = spike_recon('inspect', tmp_path / 'a.mcap')
    assert (status, out) == (1, [])
    assert len(err.splitlines()) == 1


def test_events_outside_the_sensor_are_reported_by_inspect_and_run(tmp_path, spike_recon):
    path = tmp_path / 'a.dat'
    x = 100 * np.arange(4)
    records = np.column_stack([np.arange(4) * 20_000, x]).astype('<u4').tobytes()
    path.write_bytes(b'% Width 150\n% Height 100\n\x0c\x08' + records)
    for command in (['inspect'], ['run', '-m', 'fibar', '-o', str(tmp_path / 'out')]):
        status, _, err = spike_recon(*command, str(path))
        assert status == 0
        assert '2 events (50 %) lie outside the sensor' in err


def test_the_bayer_pattern_is_that_of_the_frames_of_the_sensor(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    size = {'size': (32, 32), 'duration_s': 0.02, 'bayer_pattern': 'gbrg'}
    simulate(tmp_path / 'color', Simulation(EventSensor(), frames_hz=100.0, **size))
    assert run(tmp_path / 'color')['bayer_pattern'] == 'gbrg'
    assert 'gbrg, as the images on /event_camera/frame_image' in capsys.readouterr().err
    simulate(tmp_path / 'alone', Simulation(EventSensor(), **size))
    assert run(tmp_path / 'alone')['bayer_pattern'] is None
    assert 'set `bayer_pattern` if the sensor has' in capsys.readouterr().err


def test_unusable_data_have_names_that_explain_them(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    header = b'% evt 3.0\n% geometry 640x480\n% end\n'
    sound = np.array([0x8000, 0x6001, 0x0001, 0x2002], '<u2').tobytes()
    for name, more, expected in (
        ('sound.raw', b'', 'unusable data'),
        ('padded.raw', b'\x99\x99' * 3, 'words of unknown type'),
        ('wide.raw', np.array([0x27FF], '<u2').tobytes(), 'events outside the sensor'),
    ):
        (tmp_path / name).write_bytes(header + sound + more)
        run(tmp_path / name)
        assert expected in capsys.readouterr().err
    assert set(UNUSABLE) == {field.name for field in dataclasses.fields(DecoderStatistics)}
