# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files that storage, downloads and other systems leave under the name of the data."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import check_no_stand_in, own_files
from spike_recon_ros.sources.open_source import open_source

LFS = b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345678\n'
ANNEX = b'/annex/objects/SHA256E-s1048576--0a1b2c.raw\n'
PAGE = b'<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title></head></html>'
CLOUD = b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code></Error>'
MACOS = b'\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        '
SUFFIXES = ('raw', 'mcap', 'db3', 'bag', 'aedat4', 'h5', 'txt', 'npz', 'npy', 'dat', 'zip', 'bin')


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        (LFS, r'is a pointer of Git LFS, .*git lfs pull$'),
        (ANNEX, r'is a pointer of git-annex, .*git annex get$'),
        (b'\xef\xbb\xbf\n  ' + PAGE.lower(), r'is a web page, not the data; download it again'),
        (CLOUD, r'is an error message of a web server'),
        (MACOS, r'holds only what macOS notes'),
    ],
)
def test_a_file_that_stands_for_the_data_names_how_to_get_them(tmp_path, content, sentence):
    for suffix in SUFFIXES:
        path = tmp_path / f'a.{suffix}'
        path.write_bytes(content)
        with pytest.raises(UserError, match=sentence) as raised:
            open_source(path)
        assert str(raised.value).startswith(f'{path} ')


def test_a_bag_folder_whose_file_is_a_pointer_says_so(tmp_path):
    (tmp_path / 'bag').mkdir()
    (tmp_path / 'bag' / 'bag_0.mcap').write_bytes(LFS)
    with pytest.raises(UserError, match=r'bag_0\.mcap is a pointer of Git LFS'):
        open_source(tmp_path / 'bag')


@pytest.mark.parametrize(
    'content', [b'', b'x', b'0 1 2 3\n', b'% evt 3.0\n', b'<x>', bytes(2_000)]
)
def test_other_files_stand_for_nothing(tmp_path, content):
    (tmp_path / 'a').write_bytes(content)
    check_no_stand_in(tmp_path / 'a')


@pytest.mark.parametrize(
    ('target', 'cure'),
    [('/media/disk/a.raw', 'mount its disk'), ('../.git/annex/objects/x/a.raw', 'git annex get')],
)
def test_a_link_without_its_target_names_both(tmp_path, target, cure):
    (tmp_path / 'a.raw').symlink_to(target)
    with pytest.raises(UserError, match=rf'a\.raw is a link to {target}, .*{cure}'):
        open_source(tmp_path / 'a.raw')


def test_files_of_macos_are_no_part_of_a_recording(tmp_path):
    for name in ('b.txt', '._b.txt', 'a.txt', '._a.txt'):
        (tmp_path / name).touch()
    assert [path.name for path in own_files(tmp_path.iterdir())] == ['a.txt', 'b.txt']


def test_files_are_in_the_order_of_their_numbers(tmp_path):
    names = ['a_1b1.txt', 'a_2b1.txt', 'a_10b0.txt', 'a_10b1.txt', 'b.txt']
    for name in reversed(names):
        (tmp_path / name).touch()
    assert [path.name for path in own_files(tmp_path.iterdir())] == names


def test_folders_that_macos_copied_are_read(tmp_path):
    folder = tmp_path / 'input'
    folder.mkdir()
    for name in ('a', 'b'):
        np.zeros(3 * 12_500, np.uint8).tofile(folder / f'{name}.dat')
        (folder / f'._{name}.dat').write_bytes(MACOS)
    with pytest.raises(UserError, match=r'such as .*input/a\.dat'):
        open_source(tmp_path)
    sequence = tmp_path / 'evaid'
    (sequence / 'event').mkdir(parents=True)
    (sequence / 'timestamps.txt').write_text('')
    (sequence / 'shape.txt').write_text('100 100\n')
    (sequence / 'event' / '000001.txt').write_text('100 1 2 1\n200 3 4 0\n')
    (sequence / 'event' / '._000001.txt').write_bytes(MACOS)
    with open_source(sequence) as source:
        assert len(list(source)) == 1
