# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`--rectify`: rectified images from `run`, rectified ground truth in `evaluate`."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.rectification import read_rectification
from spike_recon_ros.topics import GROUND_TRUTH

h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')

HEIGHT, WIDTH = 48, 64


@pytest.fixture(scope='module')
def board(tmp_path_factory):
    bag = tmp_path_factory.mktemp('rectify') / 'board'
    simulate_board(bag, duration_s=0.1, size=(WIDTH, HEIGHT))
    return bag


@pytest.fixture(scope='module')
def map_file(tmp_path_factory):
    """The map of a lens that magnifies, shifts and distorts."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float64)
    u, v = (x - 30) / 40, (y - 22) / 40
    stretch = 1.05 + 0.1 * (u * u + v * v)
    places = np.stack([32 + 40 * u * stretch, 24 + 40 * v * stretch], -1)
    path = tmp_path_factory.mktemp('map') / 'rectify_map.h5'
    with h5py.File(path, 'w') as file:
        file['rectify_map'] = places.astype(np.float32)
    return path


@pytest.mark.parametrize('encoding', ['mono8', '32FC1'])
def test_run_writes_the_same_images_rectified(spike_recon, board, map_file, tmp_path, encoding):
    line = ['run', board, '-m', 'fibar', '--image-encoding', encoding]
    assert spike_recon(*line, '-o', tmp_path / 'plain')[0] == 0
    status, _, err = spike_recon(*line, '-o', tmp_path / 'rectified', '--rectify', map_file)
    assert status == 0, err
    warp = read_rectification(map_file)
    files = sorted((tmp_path / 'plain').glob('frame_*'))
    assert files
    for file in files:
        plain, rectified = (
            cv2.imread(str(folder / file.name), cv2.IMREAD_UNCHANGED)
            for folder in (tmp_path / 'plain', tmp_path / 'rectified')
        )
        assert not np.array_equal(rectified, plain)
        assert np.array_equal(rectified, warp.rectified(plain))


def scores(spike_recon, bag, out, *words):
    line = ['evaluate', '-m', 'fibar', '-d', bag, '-q', 'mse', 'ssim', '-o', out]
    status, _, err = spike_recon(*line, *words)
    assert status == 0, err
    return (out / 'frames.csv').read_text(), err


def test_evaluate_warps_the_ground_truth_into_the_pixels_of_the_sensor(
    spike_recon, board, map_file, tmp_path
):
    warp = read_rectification(map_file)
    with open_source(board) as source, BagWriter(tmp_path / 'warped' / 'board') as writer:
        for item in source:
            if isinstance(item, Packet):
                writer.write_packet(item)
        for stamp_ns, image in read_images(board, GROUND_TRUTH):
            warped = np.ascontiguousarray(warp.distorted(image))
            writer.write_image(GROUND_TRUTH, warped, stamp_ns, 'mono8', stamp_ns)
    by_map, err = scores(spike_recon, board, tmp_path / 'a', '--rectify', map_file)
    beforehand, _ = scores(spike_recon, tmp_path / 'warped' / 'board', tmp_path / 'b')
    without, _ = scores(spike_recon, board, tmp_path / 'c')
    assert by_map == beforehand != without
    assert f'{100 * warp.outside_share:.1f} % of the sensor' in err


def test_a_map_of_another_size_is_one_sentence(spike_recon, board, tmp_path):
    path = tmp_path / 'rectify_map.h5'
    y, x = np.mgrid[:20, :30]
    with h5py.File(path, 'w') as file:
        file['rectify_map'] = np.stack([x, y], -1).astype(np.float32)
    words = '-m', 'fibar', '--rectify', path, '-o'
    for number, line in enumerate((('run', board), ('evaluate', '-d', board))):
        status, _, err = spike_recon(*line, *words, tmp_path / str(number))
        assert status == 1
        assert 'rectifies 30x20 pixels and the image has 64x48' in ' '.join(err.split())


def test_rectified_truth_is_not_read_as_frames(spike_recon, board, map_file, tmp_path):
    line = ('evaluate', '-m', 'fibar', '-d', board, '-o', tmp_path / 'e', '--rectify', map_file)
    status, _, err = spike_recon(*line, '--color', 'frame')
    assert status == 1
    assert '--frame-topic' in err


def test_a_recording_without_ground_truth_is_refused(spike_recon, board, map_file, tmp_path):
    with open_source(board) as source, BagWriter(tmp_path / 'bare') as writer:
        for item in source:
            writer.write_packet(item)
    line = ('evaluate', '-m', 'fibar', '-d', tmp_path / 'bare', '-o', tmp_path / 'e')
    status, _, err = spike_recon(*line, '--rectify', map_file)
    assert status == 1
    assert 'no ground truth, which --rectify warps' in ' '.join(err.split())
