# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Outputs survive kills and full disks, and never replace what is read or written elsewhere."""

import os
import subprocess
import sys

import numpy as np
import pytest

from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import IMAGE

NOISE = np.random.default_rng(0).integers(0, 256, (120, 160), np.uint8)
WRITE_UNTIL_KILLED = """
import sys, numpy as np
from spike_recon_ros.sinks.open_sink import open_sink
random = np.random.default_rng(0)
sink = open_sink(sys.argv[1], 50)
for index in range(100_000):
    sink.write(random.integers(0, 256, (120, 160), np.uint8), index * 20_000_000, 0)
    if index == 400:
        print('enough', flush=True)
"""


def packets(count, data=bytes(800)):
    values = np.frombuffer(data, np.uint8)
    return [Packet('mono', 640, 480, seq, seq, 10**9 + seq, values) for seq in range(count)]


def write_bag(path, count=3, **options):
    with BagWriter(path, **options) as writer:
        for packet in packets(count):
            writer.write_packet(packet)


def killed_video(folder):
    """Return the file that a run killed after 400 frames leaves."""
    command = [sys.executable, '-c', WRITE_UNTIL_KILLED, str(folder / 'out.mp4')]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        process.kill()
    return folder / '.out.unfinished.mp4'


def test_a_killed_video_can_be_played_and_is_not_deleted_by_the_next_run(tmp_path):
    av = pytest.importorskip('av')
    left = killed_video(tmp_path)
    with av.open(str(left)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 250
    with open_sink(tmp_path / 'out.mp4', 50) as sink:
        sink.write(NOISE, 0, 0)
    assert sorted(os.listdir(tmp_path)) == ['.out.unfinished-1.mp4', 'out.mp4']
    [warning] = sink.warnings
    assert '.out.unfinished-1.mp4' in warning


@pytest.mark.parametrize('name', ['out', 'out.mp4', 'out.mcap'])
def test_two_writers_of_one_output_are_refused(tmp_path, name):
    if name == 'out.mp4':
        pytest.importorskip('av')
    with open_sink(tmp_path / name, 50) as first:
        first.write(NOISE, 0, 0)
        with pytest.raises(UserError, match='another program writes'):
            open_sink(tmp_path / name, 50, overwrite=True)
        first.write(NOISE, 20_000_000, 0)
    assert os.listdir(tmp_path) == [name]


def test_the_second_of_two_bags_of_one_name_is_refused_and_leaves_nothing(tmp_path):
    def write():
        with BagWriter(tmp_path / 'bag') as first:
            first.write_packet(packets(1)[0])
            write_bag(tmp_path / 'bag')

    with pytest.raises(UserError, match='exists already'):
        write()
    assert os.listdir(tmp_path) == ['bag']
    assert len(list(open_source(tmp_path / 'bag'))) == 3


@pytest.mark.parametrize('name', ['out', 'out.mp4', 'out.mcap'])
def test_a_full_disk_is_one_sentence_and_leaves_nothing_incomplete(tmp_path, full_disk, name):
    if name == 'out.mp4':
        pytest.importorskip('av')
    random = np.random.default_rng(1)
    large = random.integers(0, 256, (480, 640), np.uint8)

    def run():
        with open_sink(tmp_path / name, 50) as sink:
            for index in range(200):
                image = NOISE if name == 'out' and index < 3 else np.roll(large, 7 * index, 1)
                sink.write(image, index * 20_000_000, index)

    with pytest.raises(UserError, match=rf'{name}.* cannot be written: .*(arge|space)'):
        run()
    if name == 'out':
        assert sorted(os.listdir(tmp_path / name))[:3] == [f'frame_00000{i}.png' for i in range(3)]
        assert not list((tmp_path / name).glob('.unfinished*'))
    else:
        assert not (tmp_path / name).exists()
        assert os.listdir(tmp_path) == []


@pytest.mark.parametrize('name', ['live.mp4', 'live.mcap'])
def test_what_cannot_be_recorded_again_is_kept_when_the_disk_is_full(tmp_path, full_disk, name):
    av = pytest.importorskip('av')

    def record():
        with open_sink(tmp_path / name, 50) as sink:
            sink.keeps_partial = True
            for index in range(400):
                sink.write(np.roll(NOISE[:100, :100], 7 * index, 1), index * 20_000_000, index)

    kept = name.replace('.', '.partial1.')
    with pytest.raises(UserError, match=f'what was recorded before is in .*{kept}'):
        record()
    assert os.listdir(tmp_path) == [kept]
    if name == 'live.mp4':
        with av.open(str(tmp_path / kept)) as container:
            frames = container.decode(video=0)
            assert len([next(frames) for _ in range(25)]) == 25
    else:
        assert len(list(open_images(tmp_path / kept, IMAGE))) > 10


def test_a_bag_on_a_full_disk_leaves_nothing(tmp_path, full_disk):
    def write():
        with BagWriter(tmp_path / 'bag') as writer:
            for packet in packets(2_000, os.urandom(8_000)):
                writer.write_packet(packet)

    with pytest.raises(UserError, match='bag cannot be written'):
        write()
    assert os.listdir(tmp_path) == []


def test_an_old_bag_survives_a_failed_overwrite(tmp_path):
    write_bag(tmp_path / 'bag', 3)
    with pytest.raises(UserError, match='no room'), BagWriter(tmp_path / 'bag', overwrite=True):
        raise OSError('no room')
    with pytest.raises(ValueError, match='x'), BagWriter(tmp_path / 'bag', overwrite=True):
        raise ValueError('x')
    assert len(list(open_source(tmp_path / 'bag'))) == 3
    write_bag(tmp_path / 'bag', 5, overwrite=True)
    assert len(list(open_source(tmp_path / 'bag'))) == 5
    assert os.listdir(tmp_path) == ['bag']


def test_overwriting_never_destroys_the_recording_that_is_read(tmp_path, capsys):
    bag, linked = tmp_path / 'bag', tmp_path / 'linked'
    write_bag(bag)
    file = next(bag.glob('*.mcap'))
    linked.mkdir()
    os.link(file, linked / 'other.mcap')
    (tmp_path / 'alias').symlink_to(bag)
    commands = [
        ['run', bag, '-o', bag],
        ['run', file, '-o', file],
        ['run', file, '-o', bag],
        ['run', bag, '-o', tmp_path / 'alias'],
        ['convert', file, '-o', bag],
        ['convert', bag, '-o', linked],
        ['convert', linked / 'other.mcap', '-o', tmp_path / 'alias'],
    ]
    for command in commands:
        assert main([*map(str, command), '--overwrite']) == 1
        assert 'which is read; choose another name' in capsys.readouterr().err
    assert len(list(open_source(bag))) == 3
