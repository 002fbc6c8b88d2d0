# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every public layout of spike planes is read, and what is missing is named."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import unpack_planes
from spike_recon_ros.sources.spike_clip import read_truth
from spike_recon_ros.sources.spike_datasets import find_clips, holds_clips
from spike_recon_ros.sources.spike_layout import SpikeLayout, write_sidecar

VIDAR = 250, 400
SMALL = 6, 16


def write_planes(path, count=3, size=SMALL, flip=False, seed=0):
    """Write random planes as `.dat`; return the spikes, upright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    spikes = np.random.default_rng(seed).integers(0, 2, (count, *size), np.uint8)
    stored = spikes[:, ::-1] if flip else spikes
    np.packbits(stored, axis=-1, bitorder='little').tofile(path)
    return spikes


def write_image(path, size=SMALL):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.full(size, 100, np.uint8))


def truths_of(clip):
    return [(truth.plane, truth.image.name) for truth in clip.truths]


def spikes_of(clip):
    return unpack_planes(clip.planes().bits, clip.layout.width)


@pytest.mark.parametrize('folder', ['input', 'spike'])
def test_spike_reds(tmp_path, folder):
    train = write_planes(tmp_path / f'train/{folder}/160_part1_key_id21.dat', 41, VIDAR, True)
    for number in (35, 7, 21, 28, 14):
        write_image(tmp_path / f'train/gt/160_part1_key_id{number}.png', VIDAR)
    write_image(tmp_path / 'train/gt/160_part10_key_id21.png', VIDAR)
    test = write_planes(tmp_path / f'test/{folder}/200_part1_key_id151.dat', 301, VIDAR, True, 1)
    write_image(tmp_path / 'test/gt/200_part1_key_id151.png', VIDAR)
    assert holds_clips(tmp_path)

    [clip] = find_clips(tmp_path)
    assert (clip.name, truths_of(clip)) == (
        '200_part1_key_id151',
        [(150, '200_part1_key_id151.png')],
    )
    np.testing.assert_array_equal(spikes_of(clip), test)
    [clip] = find_clips(tmp_path, 'train')
    assert [plane for plane, _ in truths_of(clip)] == [6, 13, 20, 27, 34]
    np.testing.assert_array_equal(spikes_of(clip), train)


def test_the_folder_of_one_split_can_be_named(tmp_path):
    write_planes(tmp_path / 'test/input/200_key_id3.dat')
    write_image(tmp_path / 'test/gt/200_key_id3.png')
    assert holds_clips(tmp_path / 'test')
    assert find_clips(tmp_path / 'test') == find_clips(tmp_path)


def test_spike_x4k_is_upright_and_its_test_images_show_the_middle_plane(tmp_path):
    size = 40, 40
    train = write_planes(tmp_path / 'train/input/a.001.dat', 41, size)
    for number in (7, 14, 21, 28, 35):
        write_image(tmp_path / f'train/gt/a.001_key_id{number}.png', size)
    write_planes(tmp_path / 'test/input/b.dat', 41, size)
    write_image(tmp_path / 'test/gt/b_key_id14.png', size)

    [clip] = find_clips(tmp_path, 'train')
    assert [plane for plane, _ in truths_of(clip)] == [6, 13, 20, 27, 34]
    np.testing.assert_array_equal(spikes_of(clip), train)
    [clip] = find_clips(tmp_path)
    assert truths_of(clip) == [(20, 'b_key_id14.png')]


def test_sreds_scenes_are_files_in_a_row(tmp_path):
    scene = tmp_path / 'spike/val/interp_20_alpha_0.40/003'
    parts = [write_planes(scene / f'0000000{n}.dat', 20, SMALL, True, n) for n in range(3)]
    for number in (0, 2):
        write_image(tmp_path / f'imgs/val/val_orig/003/0000000{number}.png')
    assert holds_clips(tmp_path)

    [clip] = find_clips(tmp_path)
    assert (clip.name, clip.white_rate) == ('interp_20_alpha_0.40/003', 0.4)
    assert truths_of(clip) == [(0, '00000000.png'), (40, '00000002.png')]
    np.testing.assert_array_equal(spikes_of(clip), np.concatenate(parts))
    assert clip.planes().t_ns.tolist() == list(range(0, 60 * 50_000, 50_000))


def test_the_training_part_of_sreds(tmp_path):
    write_planes(tmp_path / 'crop_mini/spike/train/interp_20_alpha_0.40/007_1/00000000.dat')
    write_image(tmp_path / 'crop_mini/image/train/train_orig/007_1/00000000.png')
    [clip] = find_clips(tmp_path, 'train')
    assert clip.name == 'interp_20_alpha_0.40/007_1'


@pytest.mark.parametrize('folder', ['classA', 'classB', 'test'])
def test_real_recordings_have_no_truth(tmp_path, folder):
    spikes = write_planes(tmp_path / folder / 'car-100kmh.dat', 2, VIDAR, True)
    assert holds_clips(tmp_path)
    [clip] = find_clips(tmp_path)
    assert (clip.name, clip.truths) == (f'{folder}/car-100kmh', ())
    np.testing.assert_array_equal(spikes_of(clip), spikes)


def test_one_folder_with_planes_and_images_beside_each_other(tmp_path):
    write_planes(tmp_path / '200_part1_key_id2.dat')
    write_image(tmp_path / '200_part1_key_id2.png')
    write_image(tmp_path / '200_part1_key_id1.png')
    write_image(tmp_path / 'sheet.png')
    write_planes(tmp_path / 'car.dat', 1, VIDAR)
    clips = find_clips(tmp_path)
    assert [clip.name for clip in clips] == ['200_part1_key_id2', 'car']
    assert [plane for plane, _ in truths_of(clips[0])] == [0, 1]
    assert not clips[1].truths


def test_simulated_clips(tmp_path):
    write_planes(tmp_path / 'walk.dat')
    write_image(tmp_path / 'walk_truth/plane_000002.png')
    [clip] = find_clips(tmp_path)
    assert truths_of(clip) == [(2, 'plane_000002.png')]


def test_a_sidecar_overrides_the_size_of_the_images(tmp_path):
    layout = SpikeLayout(width=12, height=8, period_ns=25_000, flip=True)
    spikes = write_planes(tmp_path / 'a_key_id1.dat', 2, (8, 12), True)
    write_image(tmp_path / 'a_key_id1.png', (5, 5))
    write_sidecar(tmp_path / 'a_key_id1.dat', layout)
    [clip] = find_clips(tmp_path)
    assert clip.layout == layout
    np.testing.assert_array_equal(spikes_of(clip), spikes)
    assert clip.planes().t_ns.tolist() == [0, 25_000]


@pytest.mark.parametrize(
    ('files', 'sentence'),
    [
        ([], 'no data set of spike planes; looked for were input or spike beside gt'),
        (['events.raw'], 'no data set of spike planes'),
        (['test/input/a_key_id1.dat'], r'has planes in input but no \.png in gt'),
        (['train/input/a_key_id1.dat'], 'holds train but no .dat below test'),
        (['spike/val/interp_20_alpha_0.40/003/0.dat'], 'has no frames in .*val_orig/003'),
    ],
)
def test_what_is_missing_is_named(tmp_path, files, sentence):
    for file in files:
        write_planes(tmp_path / file)
    with pytest.raises(UserError, match=sentence):
        find_clips(tmp_path)


def test_a_missing_folder_and_a_damaged_image_are_named(tmp_path):
    with pytest.raises(UserError, match='there is no folder'):
        find_clips(tmp_path / 'nothing')
    (tmp_path / 'a_key_id1.png').write_bytes(b'no image')
    write_planes(tmp_path / 'a_key_id1.dat')
    with pytest.raises(UserError, match='cannot be read as an image'):
        find_clips(tmp_path)
    with pytest.raises(UserError, match=r'no file or folder .*missing'):
        read_truth(tmp_path / 'missing.png')


def test_folders_of_other_kinds_hold_no_clips(tmp_path):
    (tmp_path / 'metadata.yaml').write_text('rosbag2_bagfile_information: {}')
    assert not holds_clips(tmp_path)
    assert not holds_clips(tmp_path / 'metadata.yaml')
    assert not holds_clips(tmp_path / 'missing')


def test_the_real_clips_of_spike_reds_are_found(recordings):
    path = recordings('spike/200_part1_key_id151.dat')
    clips = {clip.name: clip for clip in find_clips(path.parent)}
    clip = clips['200_part1_key_id151']
    assert truths_of(clip) == [(150, '200_part1_key_id151.png')]
    assert len(clip.planes()) == 301
    assert [plane for plane, _ in truths_of(clips['160_part1_key_id21'])] == [6, 13, 20, 27, 34]
