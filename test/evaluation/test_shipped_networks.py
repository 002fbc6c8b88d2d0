# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The shipped weights make images: of a simulated scene, and of a real one."""

import numpy as np
import pytest

from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.full_reference import ssim
from spike_recon_ros.evaluation.spike_scores import score, spike_packets
from spike_recon_ros.evaluation.tags import read_tags
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_clip import WHITE_RATE, read_truth
from spike_recon_ros.topics import GROUND_TRUTH

FPS = 50.0


def frames_of(recording, **settings):
    reconstructor = Reconstructor(Settings(fps=FPS, tone_time=0.0, **settings))
    with open_source(recording) as source:
        packets = [packet for packet in source if isinstance(packet, Packet)]
    frames = [frame for packet in packets for frame in reconstructor.push(packet)]
    reconstructor.close()
    return frames


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    bag = tmp_path_factory.mktemp('board') / 'bag'
    simulate_board(bag, duration_s=0.6, size=(240, 180))
    return bag


@pytest.mark.parametrize('model', ['two_scale_gru', 'two_scale_gru_small'])
def test_a_simulated_board_looks_like_its_truth_after_half_a_second(board, model):
    last = frames_of(board, model=model)[-1]
    truth = list(open_images(board, GROUND_TRUTH))[-1][1]
    likeness = ssim(np.clip(last.intensity, 0, 1), truth.astype(np.float32) / 255)
    assert likeness > 0.5
    assert len(read_tags(last.image)) >= 0.8 * len(read_tags(truth)) > 0


@pytest.mark.parametrize(
    ('model', 'least'), [('two_scale_gru', 9.0), ('two_scale_gru_small', 8.0)]
)
def test_tags_are_read_in_a_recording_of_a_real_camera(recordings, model, least):
    frames = frames_of(recordings('event/davis346_apriltags'), model=model)
    assert np.mean([len(read_tags(frame.image)) for frame in frames]) >= least


def test_the_network_for_spike_cameras_beats_the_filters_on_public_clips(recordings):
    found = {'spk2vid': [], 'compensated_tfi': [], 'spike_intervals': []}
    for clip in ('200_part1', '203_part1', '203_part2'):
        path = recordings(f'spike/{clip}_key_id151.dat')
        truth = read_truth(recordings(f'spike/{clip}_key_id151.png'))
        packets = spike_packets(path)
        for name, rows in found.items():
            start = ColdStart(Settings(model=name))
            rows.append(score(start.intensity(packets, 150), truth, WHITE_RATE))
            start.close()
    psnr, likeness = (
        {name: np.array([row[key] for row in rows]) for name, rows in found.items()}
        for key in ('psnr', 'ssim')
    )
    for name in ('compensated_tfi', 'spike_intervals'):
        assert (likeness['spk2vid'] > likeness[name]).all()
        assert psnr['spk2vid'].mean() > psnr[name].mean() + 0.5
    assert psnr['spk2vid'].mean() > 33.5
