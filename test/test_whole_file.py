# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small files are complete or not there."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from full_disk import full_after

from spike_recon_ros.errors import UserError
from spike_recon_ros.whole_file import (
    check_output_folder,
    write_figure,
    write_picture,
    write_whole,
)


class Figure:
    """Stands for a figure of matplotlib."""

    def savefig(self, file, format):
        file.write(format.encode() * 2_000)


NOISE = np.random.default_rng(0).integers(0, 256, (60, 80), np.uint8)
WRITERS = {
    'a.json': lambda path: write_whole(path, '[' + 4_000 * '1,' + '1]'),
    'a.png': lambda path: write_picture(path, NOISE),
    'b.png': lambda path: write_figure(path, Figure()),
}


@pytest.mark.parametrize('name', WRITERS)
def test_a_full_disk_leaves_the_earlier_file_and_names_the_new_one(tmp_path, name):
    path = tmp_path / 'new' / name
    with pytest.raises(UserError, match=f'{name}: file too large; choose a disk'), full_after(99):
        WRITERS[name](path)
    assert os.listdir(path.parent) == []
    write_whole(path, 'earlier')
    with pytest.raises(UserError), full_after(99):
        WRITERS[name](path)
    assert os.listdir(path.parent) == [name]
    assert path.read_text(encoding='utf-8') == 'earlier'


@pytest.mark.parametrize('name', WRITERS)
def test_the_earlier_file_is_replaced(tmp_path, name):
    path = tmp_path / name
    path.write_text('earlier', encoding='utf-8')
    WRITERS[name](path)
    assert path.stat().st_size > 2_000
    assert os.listdir(tmp_path) == [name]


def test_names_that_are_no_utf8_are_written_as_their_bytes(tmp_path):
    write_whole(tmp_path / 'a.csv', os.fsdecode(b'\xff.raw'))
    assert (tmp_path / 'a.csv').read_bytes() == b'\xff.raw'


def test_a_folder_below_a_file_is_refused_before_the_work(tmp_path):
    (tmp_path / 'file').write_bytes(b'')
    with pytest.raises(UserError, match=r'file: not a directory; check the path'):
        check_output_folder(tmp_path / 'file' / 'out')
    check_output_folder(tmp_path / 'new' / 'out')
    assert os.listdir(tmp_path) == ['file']


def test_a_folder_without_permission_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda *_: False)  # root may write everywhere
    with pytest.raises(UserError, match=r'permission denied; check its permissions'):
        check_output_folder(tmp_path / 'out')


def test_no_module_writes_results_in_another_way():
    # These write into a folder that gets its name at the end, or do the same themselves.
    aside = {'quantise.py', 'export.py', 'image_folder.py', 'whole_file.py'}
    calls = re.compile(r'\.write_text\(|\.write_bytes\(|cv2\.imwrite\(|\.savefig\(')
    root = Path(__file__).parent.parent
    folders = [root / 'spike_recon_ros', root / 'training/spike_recon_training']
    files = [file for folder in folders for file in folder.rglob('*.py')]
    assert len(files) > 200
    assert not {
        str(file.relative_to(root))
        for file in files
        if file.name not in aside and calls.search(file.read_text(encoding='utf-8'))
    }
