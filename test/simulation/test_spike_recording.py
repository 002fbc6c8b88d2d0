# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated spike camera recordings, read back with the project's sources."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.full_reference import psnr
from spike_recon_ros.filters.tfp import Tfp
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import CAMERA_INFO, EVENTS, GROUND_TRUTH
from spike_recon_ros.windows.window import Window
from spike_recon_training.simulation.recording import START_STAMP_NS
from spike_recon_training.simulation.scene import BoardScene
from spike_recon_training.simulation.spike_camera import SpikeCamera, SpikeSensorModel
from spike_recon_training.simulation.spike_recording import simulate_spikes

WIDTH, HEIGHT = 66, 48
MS = 1_000_000


def record(out, duration_s=0.02, truth_hz=100.0, **options):
    camera = SpikeCamera(WIDTH, HEIGHT, SpikeSensorModel(), seed=1)
    scene = BoardScene(WIDTH, HEIGHT, seed=1)
    return simulate_spikes(scene, camera, out, duration_s=duration_s, truth_hz=truth_hz, **options)


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp('simulated')
    return folder / 'bag', folder / 'a.dat', record(folder / 'bag'), record(folder / 'a.dat')


def packets_of(path):
    with open_source(path) as source:
        return list(source)


def bits_of(path):
    packets = packets_of(path)
    decoder = decoder_for(packets[0].encoding, packets[0].width, packets[0].height)
    return SpikePlanes.concatenate([decoder.decode(packet) for packet in packets]).bits


def test_bag_and_dat_contain_the_same_planes(both):
    bag, dat, summary, same = both
    assert summary == same
    assert (summary.packets, summary.planes, summary.truth_images) == (20, 400, 2)
    bits = bits_of(bag)
    np.testing.assert_array_equal(bits, bits_of(dat))
    assert int(np.unpackbits(bits).sum()) == summary.spikes


def test_bag_has_the_topics_and_stamps_of_a_camera(both):
    with open_source(both[0]) as source:
        assert {topic.name for topic in source.topics} == {EVENTS, GROUND_TRUTH, CAMERA_INFO}
    packets = packets_of(both[0])
    assert [packet.seq for packet in packets] == list(range(20))
    assert {packet.encoding for packet in packets} == {'spike_planes;period_ns=50000'}
    assert [packet.stamp_ns for packet in packets] == [
        START_STAMP_NS + (seq + 1) * MS for seq in range(20)
    ]


def test_truth_has_the_stamp_of_the_frame_reconstructed_for_its_plane(both):
    frames = []
    reconstructor = Reconstructor(Settings(model='tfp', tfp_planes=1, fps=20_000 / 201))
    for packet in packets_of(both[0]):
        frames += reconstructor.push(packet)
    stamps = [stamp_ns for stamp_ns, _ in read_images(both[0], GROUND_TRUTH)]
    # The first window has 201 planes, so its frame and the second truth are both for plane 200.
    assert frames[0].stamp_ns == stamps[1]


def test_truth_matches_the_mean_of_the_planes_at_the_light_scale(both):
    planes = bits_of(both[1])
    folder = both[1].with_name('a_truth')
    assert sorted(file.name for file in folder.iterdir()) == [
        'plane_000000.png',
        'plane_000200.png',
    ]
    truth = cv2.imread(str(folder / 'plane_000200.png'), cv2.IMREAD_GRAYSCALE) / 255
    mean = Tfp(WIDTH, HEIGHT, planes=41)
    used = planes[: 200 + 1 + mean.lookahead_planes]
    image = mean.step(Window(0, 1, SpikePlanes(used, np.arange(len(used)))))
    scale = SpikeSensorModel().light_scale
    assert psnr(np.clip(image / scale, 0, 1), truth) > 22
    assert psnr(np.clip(image / (0.7 * scale), 0, 1), truth) < 18


def test_existing_recordings_are_replaced_only_with_overwrite(tmp_path):
    for name in ('bag', 'a.dat'):
        record(tmp_path / name, duration_s=0.001)
        with pytest.raises(UserError, match='--overwrite'):
            record(tmp_path / name, duration_s=0.001)
        record(tmp_path / name, duration_s=0.001, overwrite=True)


@pytest.mark.parametrize(
    'numbers', [{'duration_s': 0}, {'truth_hz': 0}, {'truth_hz': 20_001}, {'duration_s': -1}]
)
def test_durations_and_rates_out_of_range_are_rejected(tmp_path, numbers):
    with pytest.raises(UserError, match='above 0'):
        record(tmp_path / 'bag', **numbers)
