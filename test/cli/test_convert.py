# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The same recording as a bag and as a file gives the same frames."""

import argparse
import json

import numpy as np
import pytest
from aedat4_file import write_aedat4

from spike_recon_ros.cli import convert, evaluate, inspect
from spike_recon_ros.cli import run as run_command
from spike_recon_ros.cli.main import main
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_layout import sidecar_of
from spike_recon_ros.topics import GROUND_TRUTH

SIZE = ('--plane-size', '30x18', '--plane-period-ns', '100000', '--plane-flip')


def call(command, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args([str(word) for word in words]))


@pytest.fixture
def dat(tmp_path):
    """A file of 230 planes of 30x18 pixels without a sidecar."""
    path = tmp_path / 'a.dat'
    bits = np.random.default_rng(0).integers(0, 256, (230, 18, 4), np.uint8)
    bits[..., -1] &= 0b00111111
    path.write_bytes(bits.tobytes())
    return path


def frames(source, out, *words):
    call(run_command, source, '-m', 'spike_intervals', '--fps', 900, '-o', out, *words)
    pictures = [file.read_bytes() for file in sorted(out.glob('*.png'))]
    return pictures, (out / 'frames.csv').read_text(encoding='utf-8')


def test_bag_gives_the_frames_of_the_file_bit_for_bit(dat, tmp_path):
    result = call(convert, dat, '-o', tmp_path / 'bag', *SIZE)
    assert (result['packets'], result['gaps']) == (12, 0)
    found = frames(tmp_path / 'bag', tmp_path / 'from_bag')
    assert len(found[0]) > 15
    assert found == frames(dat, tmp_path / 'from_dat', *SIZE)


def test_bag_of_a_real_camera_gives_the_frames_of_its_file(recordings, tmp_path):
    path = recordings('spike/real_car_250x400.dat')
    call(convert, path, '-o', tmp_path / 'bag')
    found = frames(tmp_path / 'bag', tmp_path / 'from_bag')
    assert len(found[0]) == 8
    assert found == frames(path, tmp_path / 'from_dat')


def test_bag_is_inspected_and_evaluated_as_the_file(recordings, tmp_path):
    path = recordings('spike/200_part1_key_id151.dat')
    truth = path.with_suffix('.png')
    call(convert, path, '-o', tmp_path / 'bag')
    one, other = (call(inspect, source) for source in (path, tmp_path / 'bag'))
    for name in ('encoding', 'width', 'height', 'planes', 'spikes', 't_first_ns', 't_last_ns'):
        assert one[name] == other[name]
    options = ('--truth', truth, '--truth-plane', 150, '-m', 'spike_intervals')
    one, other = (call(evaluate, '-d', at, *options) for at in (path, tmp_path / 'bag'))
    assert (one['psnr'], one['ssim']) == (other['psnr'], other['ssim'])


def test_file_of_a_bag_is_the_first_file_and_says_what_it_is(dat, tmp_path):
    call(convert, dat, '-o', tmp_path / 'bag', *SIZE)
    back = tmp_path / 'b.dat'
    call(convert, tmp_path / 'bag', '-o', back)
    assert sidecar_of(back).exists()
    assert np.array_equal(*(pixels(path, words) for path, words in ((dat, True), (back, False))))


def pixels(path, is_raw):
    planes = {'width': 30, 'height': 18, 'period_ns': 100_000, 'flip': True} if is_raw else None
    with open_source(path, planes=planes) as source:
        assert source.layout.period_ns == 100_000
        return np.concatenate([packet.data for packet in source])


def test_events_become_a_bag_with_the_same_events(tmp_path):
    path = tmp_path / 'events.raw'
    words = np.array([0x8000_0000, *(0x1000_0000 | i << 22 for i in range(50))], np.uint32)
    path.write_bytes(b'% evt 2.0\n% end\n' + words.tobytes())
    call(convert, path, '-o', tmp_path / 'bag')
    one, other = (call(inspect, source) for source in (path, tmp_path / 'bag'))
    for name in ('encoding', 'events', 'sum_t_ns', 'sum_x', 'sum_y', 'sum_p'):
        assert one[name] == other[name]
    with pytest.raises(UserError, match=r'a \.dat holds spike planes'):
        call(convert, path, '-o', tmp_path / 'a.dat')


def test_what_exists_is_replaced_only_if_asked(dat, tmp_path):
    for name in ('bag', 'b.dat'):
        words = (dat, '-o', tmp_path / name, *SIZE)
        call(convert, *words)
        with pytest.raises(UserError, match='--overwrite'):
            call(convert, *words)
        call(convert, *words, '--overwrite')


@pytest.mark.parametrize('name', ['a.dat', 'link.dat', 'hard.dat'])
def test_a_file_is_not_replaced_by_its_copy(dat, tmp_path, name):
    (tmp_path / 'link.dat').symlink_to(dat)
    (tmp_path / 'hard.dat').hardlink_to(dat)
    with pytest.raises(UserError, match='which is read; choose another name'):
        call(convert, dat, '-o', tmp_path / name, '--overwrite', *SIZE)
    assert dat.stat().st_size == 230 * 18 * 4


@pytest.mark.parametrize('command', ['convert', 'run'])
def test_a_bag_is_not_written_over_itself(dat, tmp_path, command, capsys):
    bag = tmp_path / 'bag'
    call(convert, dat, '-o', bag, *SIZE)
    before = {file.name: file.read_bytes() for file in bag.iterdir()}
    sources_and_outputs = {
        'convert': [(bag / 'bag.mcap', bag), (bag, bag)],
        'run': [(bag / 'bag.mcap', bag / 'bag.mcap'), (bag, bag), (bag, bag / 'bag.mcap')],
    }[command]
    for source, out in sources_and_outputs:
        assert main([command, str(source), '-o', str(out), '--overwrite']) == 1
        assert 'which is read; choose another name' in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in bag.iterdir()} == before


def test_a_copy_that_fails_leaves_the_earlier_one(dat, tmp_path, monkeypatch):
    bag = tmp_path / 'bag'
    call(convert, dat, '-o', bag, *SIZE)
    before = {file.name: file.read_bytes() for file in bag.iterdir()}

    def disk_full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(BagWriter, 'write_packet', disk_full)
    with pytest.raises(UserError, match='bag cannot be written: no space left on device'):
        call(convert, dat, '-o', bag, '--overwrite', *SIZE)
    assert {file.name: file.read_bytes() for file in bag.iterdir()} == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ['a.dat', 'bag']


def test_a_file_without_a_sidecar_has_the_layout_of_public_data_sets(tmp_path, capsys):
    path = tmp_path / 'a.dat'
    path.write_bytes(bytes(2 * 12_500))
    assert main(['inspect', str(path)]) == 0
    seen = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (seen['width'], seen['height'], seen['planes']) == (400, 250, 2)
    assert main(['inspect', str(path), '--plane-size', '800x250', '--no-plane-flip']) == 0
    seen = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (seen['width'], seen['planes']) == (800, 1)


@pytest.mark.parametrize('size', ['400', 'x', '400x', '-4x5', '4x5x6'])
def test_a_malformed_size_is_refused_with_an_example(dat, size, capsys):
    with pytest.raises(SystemExit):
        main(['inspect', str(dat), f'--plane-size={size}'])
    assert 'is not a size like 400x250' in capsys.readouterr().err


def planes_packet(seq, t_ns, width=8):
    data = np.zeros(2 * 6 * width // 8, np.uint8)
    return Packet(spike_encoding(1000), width, 6, seq, t_ns, 10**9 + t_ns, data)


def test_gaps_are_counted_because_a_dat_stores_no_times(tmp_path, capsys):
    with BagWriter(tmp_path / 'bag') as writer:
        for seq, t_ns in enumerate([0, 2000, 7000, 9000]):
            writer.write_packet(planes_packet(seq, t_ns))
    assert call(convert, tmp_path / 'bag', '-o', tmp_path / 'a.dat')['gaps'] == 1
    assert '1 gap in time lost' in capsys.readouterr().err


def test_planes_that_come_late_or_twice_are_not_in_a_dat(tmp_path, capsys):
    stamps = [10**9, 10**9 + 1, 10**9 + 2, 10**9 + 3, 10**9 + 4]
    with BagWriter(tmp_path / 'bag') as writer:
        for at, seq in enumerate([5, 7, 6, 7, 8]):
            writer.write_packet(planes_packet(seq, seq * 2000), stamps[at])
    result = call(convert, tmp_path / 'bag', '-o', tmp_path / 'a.dat')
    assert (result['repeated_packets'], result['unordered_packets']) == (1, 1)
    printed = capsys.readouterr().err
    assert '1 packet recorded twice' in printed
    assert '1 packet came after a later one, their planes are left out' in printed
    assert call(inspect, tmp_path / 'a.dat')['planes'] == 2 * 3


def test_sensor_that_changes_cannot_become_a_dat(tmp_path):
    with BagWriter(tmp_path / 'bag') as writer:
        writer.write_packet(planes_packet(0, 0))
        writer.write_packet(planes_packet(1, 2000, width=16))
    with pytest.raises(UserError, match='the sensor or its period changes'):
        call(convert, tmp_path / 'bag', '-o', tmp_path / 'a.dat')


def test_a_bag_of_a_dataset_keeps_its_frames_and_scores(make_recorded, tmp_path, layout):
    source = make_recorded().write(layout, tmp_path)
    result = call(convert, source, '-o', tmp_path / 'bag')
    assert result['frames'] == 9
    stamps = [t_ns for t_ns, _ in open_images(source, 'images')]
    kept = list(open_images(tmp_path / 'bag', GROUND_TRUTH))
    assert [t_ns for t_ns, _ in kept] == stamps
    for (_, one), (_, other) in zip(open_images(source, 'images'), kept, strict=True):
        assert np.array_equal(one, other)
    options = ('-m', 'leaky_integrator', '-q', 'mse', 'ssim')
    one, other = (
        call(evaluate, '-d', path, '-o', tmp_path / out, *options)['mean']
        for path, out in ((source, 'one'), (tmp_path / 'bag', 'other'))
    )
    assert one == other


def test_a_bag_of_aedat4_keeps_its_frames(tmp_path):
    pytest.importorskip('aedat')
    events = [(1_000_000 + 100 * i, i % 30, i % 20, i % 2) for i in range(1_000)]
    frames = [(1_020_000 + 20_000 * i, np.full((20, 30), i, np.uint8)) for i in range(3)]
    source = write_aedat4(tmp_path / 'a.aedat4', events, frames, (30, 20))
    assert call(convert, source, '-o', tmp_path / 'bag')['frames'] == 3
    kept = list(open_images(tmp_path / 'bag', GROUND_TRUTH))
    assert [(t_ns, int(image[0, 0])) for t_ns, image in kept] == [
        (1_000 * t_us, number) for number, (t_us, _) in enumerate(frames)
    ]
    words = ('-d', source, '-o', tmp_path / 'scores', '-m', 'leaky_integrator', '-q', 'mse')
    assert call(evaluate, *words)['datasets']['a']['frames'] == 3


def test_another_topic_of_a_bag_becomes_the_ground_truth(walk, tmp_path):
    result = call(convert, walk, '-o', tmp_path / 'bag', '--truth-topic', GROUND_TRUTH)
    assert result['frames'] == len(list(open_images(walk, GROUND_TRUTH))) > 3
    with pytest.raises(UserError, match='has no image topic /other'):
        call(convert, walk, '-o', tmp_path / 'b', '--truth-topic', '/other')


@pytest.mark.parametrize('name', ['x.mcap', 'x.RAW', 'x.h5', 'x.mp4'])
def test_a_bag_is_not_given_the_name_of_a_file(dat, tmp_path, name):
    with pytest.raises(UserError, match=f'a bag, a folder; leave out {name[1:]}'):
        call(convert, dat, '-o', tmp_path / name, *SIZE)
    call(convert, dat, '-o', tmp_path / 'walk.v2', *SIZE)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize('start_s', [2**32, 2**31 - 1])
def test_times_that_ros_cannot_hold_are_one_sentence_and_leave_no_bag(tmp_path, capsys, start_s):
    text, out = tmp_path / 'a.txt', tmp_path / 'bag'
    text.write_text(''.join(f'{start_s + at / 100:.2f} {at % 50} 3 1\n' for at in range(200)))
    assert main(['convert', str(text), '-o', str(out)]) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert 'ROS has times from 1970 to 2038; add an offset' in error
    assert list(tmp_path.iterdir()) == [text]
