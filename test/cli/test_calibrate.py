# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon calibrate` on a folder of images; the mistakes that people make."""

import json

import cv2
import numpy as np
import pytest

pytest.importorskip('spike_recon_training')
from spike_recon_training.simulation.calibration_scene import CalibrationScene

BOARD = ('--board', 'charuco', '--board-size', '7x5', '--square', '0.04')


@pytest.fixture(scope='module')
def scene():
    return CalibrationScene(240, 180, 'charuco', seed=1)


@pytest.fixture(scope='module')
def images(scene, tmp_path_factory):
    """A folder with 16 images of a board."""
    folder = tmp_path_factory.mktemp('images')
    for number in range(16):
        image = np.clip(255 * scene.luminance(0.7 * number), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f'{number:02d}.png'), image)
    return folder


def test_images_of_a_board_give_the_camera(spike_recon, images, scene, tmp_path):
    status, (line,), err = spike_recon('calibrate', images, '-o', tmp_path / 'out', *BOARD)
    assert status == 0, err
    result = json.loads(line)
    true = scene.camera_matrix
    assert result['fx'] == pytest.approx(true[0, 0], rel=0.01)
    assert result['fy'] == pytest.approx(true[1, 1], rel=0.01)
    assert result['rms_px'] < 0.3
    files = {file.name for file in (tmp_path / 'out').iterdir()}
    assert files == {'camera_info.yaml', 'report.json', 'coverage.png'}
    status, _, err = spike_recon('calibrate', images, '-o', tmp_path / 'out', *BOARD)
    assert status == 1
    assert 'add --overwrite' in err


def test_a_board_of_another_size_is_named(spike_recon, images, tmp_path):
    how = '--board', 'charuco', '--board-size', '5x3', '--square', '0.04'
    status, _, err = spike_recon('calibrate', images, '-o', tmp_path / 'out', *how)
    assert status == 1
    assert 'no charuco of 5x3 was found in 16 images; they show a marker' in err
    assert not (tmp_path / 'out').exists()


def test_too_few_images_are_named(spike_recon, images, tmp_path):
    few = tmp_path / 'few'
    few.mkdir()
    for file in sorted(images.iterdir())[:4]:
        (few / file.name).write_bytes(file.read_bytes())
    status, _, err = spike_recon('calibrate', few, '-o', tmp_path / 'out', *BOARD)
    assert status == 1
    assert 'of 4 images and 10 are needed' in err


def test_a_recording_without_the_board_is_named(spike_recon, walk, tmp_path):
    status, _, err = spike_recon(
        'calibrate', walk, '-o', tmp_path / 'out', *BOARD, '-m', 'fibar', '--interval', '0'
    )
    assert status == 1
    assert 'no charuco of 7x5 was found in' in err


@pytest.mark.parametrize(
    ('option', 'value', 'words'),
    [
        ('--interval', 'nan', 'give seconds, 0 or more'),
        ('--interval', 'inf', 'give seconds, 0 or more'),
        ('--camera-name', 'a: b', 'use letters, digits'),
    ],
)
def test_a_wrong_option_is_named(spike_recon, images, tmp_path, option, value, words):
    how = *BOARD, option, value
    status, _, err = spike_recon('calibrate', images, '-o', tmp_path / 'out', *how)
    assert status == 1
    assert words in err


def test_one_pose_gives_no_calibration(spike_recon, images, tmp_path):
    same = tmp_path / 'same'
    same.mkdir()
    first = min(images.iterdir()).read_bytes()
    for number in range(12):
        (same / f'{number}.png').write_bytes(first)
    status, _, err = spike_recon('calibrate', same, '-o', tmp_path / 'out', *BOARD)
    assert status == 1
    assert 'record the board tilted by 20 to 40 degrees' in err
    assert not (tmp_path / 'out').exists()


def test_a_folder_of_jpeg_images_is_searched(spike_recon, images, tmp_path):
    folder = tmp_path / 'jpeg'
    folder.mkdir()
    for file in images.iterdir():
        cv2.imwrite(str(folder / f'{file.stem}.JPG'), cv2.imread(str(file)))
    status, (line,), err = spike_recon('calibrate', folder, '-o', tmp_path / 'out', *BOARD)
    assert status == 0, err
    assert json.loads(line)['images'] == 16
