# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Spike planes through the whole pipeline."""

import argparse
import csv

import cv2
import numpy as np
import pytest
from rich.console import Console

from spike_recon_ros.benchmarking.streams import recorded_packets
from spike_recon_ros.cli import run as run_command
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.recordings import survey
from spike_recon_ros.filters.spike_intervals import SpikeIntervals
from spike_recon_ros.filters.tfp import Tfp
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.reconstructor import Reconstructor, ResetReason
from spike_recon_ros.settings import Settings
from spike_recon_ros.warm_up import warm_up
from spike_recon_ros.windows.window import Window

HEIGHT, WIDTH, PERIOD_NS = 6, 16, 50_000
START_NS = 10**9
SPIKES = Settings(model='tfp', fps=1000.0)


def random_bits(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, HEIGHT, WIDTH // 8), np.uint8)


def packet_of(bits, first=0, seq=0, stamp_ns=0):
    time_base = START_NS + first * PERIOD_NS
    data = bits.reshape(-1)
    return Packet(spike_encoding(PERIOD_NS), WIDTH, HEIGHT, seq, time_base, stamp_ns, data)


def packets_of(bits, planes_each):
    parts = range(0, len(bits), planes_each)
    return [packet_of(bits[i : i + planes_each], i, seq) for seq, i in enumerate(parts)]


def frames_of(reconstructor, packets):
    return [frame for packet in packets for frame in reconstructor.push(packet)]


def test_a_frame_is_for_the_plane_in_the_middle_of_its_mean():
    bits = random_bits(100)
    frames = frames_of(Reconstructor(SPIKES), packets_of(bits, 20))
    planes = [(frame.t_ns - START_NS) // PERIOD_NS for frame in frames]
    assert planes == [9, 29, 49, 69]
    expected = Tfp(WIDTH, HEIGHT)
    for frame, plane in zip(frames, planes, strict=True):
        expected.reset()
        seen = bits[: plane + 11]
        intensity = expected.step(Window(0, 1, SpikePlanes(seen, np.arange(len(seen)))))
        np.testing.assert_array_equal(frame.intensity, intensity)


def test_frames_do_not_depend_on_how_the_stream_was_cut():
    bits = random_bits(200)
    settings = Settings(model='spike_intervals', fps=700.0)
    whole = frames_of(Reconstructor(settings), packets_of(bits, 200))
    parts = frames_of(Reconstructor(settings), packets_of(bits, 7))
    assert [frame.t_ns for frame in whole] == [frame.t_ns for frame in parts]
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_no_frame_has_a_time_before_the_first_plane():
    settings = Settings(model='spike_intervals', fps=1000.0)
    frames = frames_of(Reconstructor(settings), packets_of(random_bits(100), 20))
    lookahead = SpikeIntervals(WIDTH, HEIGHT).lookahead_planes
    assert [frame.t_ns - START_NS for frame in frames] == [
        (end - 1 - lookahead) * PERIOD_NS for end in (60, 80)
    ]


def test_the_stamp_is_the_host_time_of_the_plane():
    packets = [
        packet_of(random_bits(20, seq), 20 * seq, seq, 5 * 10**9 + 20 * seq * PERIOD_NS)
        for seq in range(4)
    ]
    frames = frames_of(Reconstructor(SPIKES), packets)
    assert frames
    assert all(frame.stamp_ns - 5 * 10**9 == frame.t_ns - START_NS for frame in frames)


def test_stream_that_starts_again_gives_the_first_frames_again():
    packets = packets_of(random_bits(100), 20)
    reconstructor = Reconstructor(SPIKES)
    first, again = frames_of(reconstructor, packets), frames_of(reconstructor, packets)
    assert reconstructor.statistics.resets[ResetReason.SENDER_RESTARTED] == 1
    assert [frame.t_ns for frame in first] == [frame.t_ns for frame in again]
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.intensity, other.intensity)


def test_time_that_goes_back_resets():
    reconstructor = Reconstructor(SPIKES)
    packets = [packet_of(random_bits(20), 4000, 0), packet_of(random_bits(20), 0, 1)]
    frames_of(reconstructor, packets)
    reconstructor.flush()
    assert reconstructor.statistics.resets[ResetReason.TIME_BACKWARDS] == 1


def test_an_event_model_is_refused_with_the_names_of_spike_models():
    with pytest.raises(
        UserError, match=r'packets hold spike planes.*compensated_tfi.*spike_intervals.*tfi, tfp'
    ):
        Reconstructor(Settings(model='fibar')).push(packet_of(random_bits(1)))


def test_a_spike_model_is_refused_with_the_names_of_event_models():
    packet = Packet('mono', WIDTH, HEIGHT, 0, 0, 0, np.zeros(8, np.uint8))
    with pytest.raises(UserError, match=r'packets hold events.*fibar'):
        Reconstructor(SPIKES).push(packet)


def test_a_camera_of_the_other_kind_and_the_same_size_is_refused():
    reconstructor = Reconstructor(SPIKES)
    frames_of(reconstructor, [packet_of(random_bits(20))])
    with pytest.raises(UserError, match='packets hold events'):
        reconstructor.push(Packet('mono', WIDTH, HEIGHT, 1, 0, 0, np.zeros(8, np.uint8)))


@pytest.mark.parametrize('setting', [{'sync_mode': 'by_count'}, {'hot_pixel_time': 1.0}])
def test_settings_for_events_only_are_refused(setting):
    settings = Settings(model='tfp', **setting)
    with pytest.raises(UserError, match=next(iter(setting))):
        Reconstructor(settings).push(packet_of(random_bits(1)))


def test_warm_up_accepts_a_spike_model():
    warm_up(SPIKES)


def run(*arguments):
    parser = argparse.ArgumentParser()
    run_command.add_arguments(parser)
    return run_command.run(parser.parse_args([str(one) for one in arguments]))


def dat_file(folder, planes):
    path = folder / 'a.dat'
    data = np.random.default_rng(0).integers(0, 256, (planes, 12_500), np.uint8)
    path.write_bytes(data.tobytes())
    return path


def test_a_file_gives_an_image_per_millisecond(tmp_path):
    path = dat_file(tmp_path, 100)
    result = run(path, '-m', 'tfp', '--fps', 1000, '-o', tmp_path / 'out')
    assert (result['frames'], result['planes']) == (5, 100)
    with (tmp_path / 'out/frames.csv').open(encoding='utf-8') as file:
        times = [int(row['t_ns']) for row in csv.DictReader(file)]
    assert times == [(plane - 10) * PERIOD_NS for plane in (19, 39, 59, 79, 99)]
    image = cv2.imread(str(tmp_path / 'out/frame_000000.png'), cv2.IMREAD_UNCHANGED)
    assert image.shape == (250, 400)


def test_a_file_shorter_than_the_lookahead_gives_an_error_with_the_reason(tmp_path):
    with pytest.raises(UserError, match='fewer planes than the model looks ahead'):
        run(dat_file(tmp_path, 9), '-m', 'spike_intervals', '-o', tmp_path / 'out')


def test_commands_for_events_refuse_spike_planes(tmp_path):
    with pytest.raises(UserError, match='bench measures events'):
        recorded_packets(dat_file(tmp_path, 2))
    with pytest.raises(UserError, match='holds spike planes'):
        survey(dat_file(tmp_path, 2), Console(quiet=True))
