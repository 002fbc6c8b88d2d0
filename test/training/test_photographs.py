# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Photographs as they come in."""

import argparse
import os
import shutil
import struct
import zlib

import cv2
import numpy as np
import pytest

pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_ros.cli import simulate as simulate_command
from spike_recon_ros.errors import UserError
from spike_recon_training.recipe import find_recipe, read_recipe
from spike_recon_training.simulation.patterns import random_pattern
from spike_recon_training.simulation.photographs import (
    find_photographs,
    load_colours,
    load_photographs,
    split_photographs,
    textured_crops,
)
from spike_recon_training.source_choice import photographs_of


def test_photographs_are_found_recursively_and_sorted(photo_folder, tmp_path):
    (tmp_path / 'deep' / 'er').mkdir(parents=True)
    source = next(photo_folder.iterdir()).read_bytes()
    for name in ('10.png', '9.png', 'b.png', 'deep/er/a.PNG', 'notes.txt'):
        (tmp_path / name).write_bytes(source)
    (tmp_path / 'folder.png').mkdir()
    os.mkfifo(tmp_path / 'pipe.png')  # reading it would wait for ever
    names = [file.name for file in find_photographs([tmp_path])]
    assert names == ['10.png', '9.png', 'b.png', 'a.PNG']  # by name, as seeds rely on it


def test_folder_without_photographs_is_an_error_that_names_the_file_types(tmp_path):
    with pytest.raises(UserError, match=r'\.jpg'):
        find_photographs([tmp_path])
    with pytest.raises(UserError, match='does not exist; give a folder'):
        find_photographs([tmp_path / 'missing'])


def test_files_that_are_not_images_are_skipped(photo_folder, tmp_path):
    broken, huge, lost = (tmp_path / name for name in ('broken.jpg', 'huge.png', 'lost.png'))
    broken.write_bytes(b'no image')
    header = struct.pack('>4sIIBBBBB', b'IHDR', 100_000, 100_000, 8, 0, 0, 0, 0)
    checksum = struct.pack('>I', zlib.crc32(header))
    huge.write_bytes(b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + header + checksum)
    lost.symlink_to('/nowhere/lost.png')
    good = find_photographs([photo_folder])
    assert load_photographs([broken, huge, lost, *good], 64).files == len(good)
    with pytest.raises(UserError, match='1 files'):
        load_photographs([broken], 64)
    with pytest.raises(UserError, match='1 files'):
        load_colours([huge], 64)


def test_files_that_are_left_out_are_counted_in_a_warning(photo_folder, tmp_path, caplog):
    recipe = read_recipe(find_recipe('toy'))
    shutil.copytree(photo_folder, tmp_path / 'photos')
    photographs_of(recipe, [tmp_path / 'photos'])
    assert 'left out' not in caplog.text
    for name in ('a.jpg', 'b.jpg'):
        (tmp_path / 'photos' / name).write_bytes(b'no image')
    photographs_of(recipe, [tmp_path / 'photos'])
    assert '2 of 14 files of photographs are left out' in caplog.text


def test_squares_have_the_whole_range_and_the_size(photographs):
    assert photographs.squares.shape[1:] == (128, 128)
    spread = photographs.squares.flatten(1).float().std(1)
    assert (spread > 10).float().mean() > 0.9


def test_textured_crops_are_the_centres_of_large_photographs(tmp_path):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (20, 40), np.uint8)
    files = [tmp_path / f'{name}.png' for name in ('wide', 'high', 'small', 'flat')]
    for file, pixels in zip(files, (image, image.T, image[:9], image * 0 + 7), strict=True):
        cv2.imwrite(str(file), pixels)
    crops = list(textured_crops([*files, tmp_path / 'missing.png'], 30, 10, seed=1))
    assert len(crops) == 2
    for crop in crops:
        np.testing.assert_array_equal(crop, image[5:15, 5:35].astype(np.float32) / 255)


def test_long_photograph_gives_several_squares(tmp_path):
    rng = np.random.default_rng(0)
    wide = cv2.resize(rng.random((6, 18), np.float32) * 255, (300, 100)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'wide.png'), wide)
    cv2.imwrite(str(tmp_path / 'high.png'), wide.T)
    assert len(load_photographs([tmp_path / 'wide.png'], 100)) == 3
    assert len(load_photographs([tmp_path / 'high.png'], 50)) == 3


def test_photographs_without_texture_do_not_count(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), np.uint8)
    for name, image in (('flat', np.full_like(noise, 90)), ('noise', noise)):
        cv2.imwrite(str(tmp_path / f'{name}.png'), image)
    files = find_photographs([tmp_path])
    assert load_photographs(files, 64).files == 1
    assert [colour.files for colour in load_colours(files, 64)] == [1, 1, 1]
    with pytest.raises(UserError, match='image with texture of at least 64x64'):
        load_photographs(files[:1], 64)


def test_patterns_have_the_requested_share(photo_folder):
    files = find_photographs([photo_folder])
    without, half = (load_photographs(files, 64, pattern_share=share) for share in (0.0, 0.5))
    assert len(half) == 2 * len(without)


def test_held_back_photographs_do_not_depend_on_the_others(photo_folder):
    files = find_photographs([photo_folder])
    used, held = split_photographs(files, 0.4)
    assert used
    assert held
    assert sorted(used + held) == files
    fewer = files[::2]
    assert set(split_photographs(fewer, 0.4)[1]) == set(held) & set(fewer)


def test_a_file_is_always_left_to_train_on(photo_folder):
    files = find_photographs([photo_folder])
    for some in (files[:1], files[:2], files):
        used, held = split_photographs(some, 0.9999)
        assert len(used) == 1
        assert sorted(used + held) == some


def test_a_file_held_back_that_is_no_photograph_leaves_out_the_validation(
    photo_folder, tmp_path, caplog
):
    recipe = read_recipe(find_recipe('toy'))
    shutil.copytree(photo_folder, tmp_path / 'photos')
    _, held = split_photographs(
        find_photographs([tmp_path / 'photos']), recipe.photographs.held_share
    )
    for file in held:
        file.write_bytes(b'no image')
    photographs, kept, counts = photographs_of(recipe, [tmp_path / 'photos'])
    assert photographs.files == counts['photographs'] == 12 - len(held)
    assert (kept, counts['held_back']) == (None, 0)
    assert 'nothing is held back for validation: none of the' in caplog.text


def test_patterns_differ_and_are_not_flat():
    rng = np.random.default_rng(3)
    drawn = [random_pattern(96, rng) for _ in range(12)]
    assert {pattern.shape for pattern in drawn} == {(96, 96)}
    assert min(pattern.std() for pattern in drawn) > 1
    assert not np.array_equal(drawn[0], drawn[1])


def test_photographs_become_a_bag(tmp_path, photo_folder):
    parser = argparse.ArgumentParser()
    simulate_command.add_arguments(parser)
    words = [
        str(photo_folder),
        '-o',
        str(tmp_path / 'bag'),
        '--size',
        '64x48',
        '--duration',
        '.05',
    ]
    figures = simulate_command.run(parser.parse_args(words))
    assert figures['events'] > 0
    assert figures['truth_images'] == 3
