# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The four layouts of datasets with frames, written here and read back."""

import argparse

import numpy as np
import pytest

from spike_recon_ros.cli import inspect, run
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.sensor_clock import SensorClock
from spike_recon_ros.sources import text_folder
from spike_recon_ros.sources.dataset_source import PACKET_NS
from spike_recon_ros.sources.event_dataset import EventDataset
from spike_recon_ros.sources.open_images import open_images, truth_topic
from spike_recon_ros.sources.open_source import open_dataset, open_source


def decoded(items):
    packets = [item for item in items if isinstance(item, Packet)]
    decoder = decoder_for('mono', packets[0].width, packets[0].height)
    return Events.concatenate([decoder.decode(packet) for packet in packets])


def assert_same(events, recorded):
    assert events.x.tolist() == recorded.x.tolist()
    assert events.y.tolist() == recorded.y.tolist()
    assert events.p.tolist() == recorded.p.tolist()
    assert events.t_ns.tolist() == recorded.t_ns


def options(command, *words):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(word) for word in words])


@pytest.mark.parametrize('start_s', [0.0, 1.5e9])
def test_every_event_comes_back_exactly(layout, make_recorded, tmp_path, start_s):
    recorded = make_recorded(start_s=start_s)
    with open_source(recorded.write(layout, tmp_path)) as source:
        packets = list(source)
        assert_same(decoded(packets), recorded)
        assert_same(decoded(list(source)), recorded)  # from the beginning again
    assert {(packet.width, packet.height) for packet in packets} == {(23, 17)}
    assert [packet.seq for packet in packets] == list(range(len(packets)))


def test_packets_are_short_and_stamped_with_their_first_event(layout, make_recorded, tmp_path):
    with open_source(make_recorded().write(layout, tmp_path)) as source:
        packets = list(source)
    assert len(packets) > 40
    for packet in packets:
        t_ns = decoded([packet]).t_ns
        assert packet.stamp_ns == packet.time_base == t_ns[0]
        assert t_ns[-1] - t_ns[0] < PACKET_NS


def test_chunks_join_without_a_gap(layout, make_recorded, tmp_path, monkeypatch):
    recorded = make_recorded(n_events=500)
    monkeypatch.setattr(EventDataset, 'chunk', 7)
    monkeypatch.setattr(text_folder.TextFolder, 'chunk', 101)
    with open_source(recorded.write(layout, tmp_path), reference_topic='images') as source:
        items = list(source)
    assert_same(decoded(items), recorded)
    assert [one.stamp_ns for one in items if isinstance(one, Reference)] == recorded.images_ns


def test_any_time_is_found_without_reading_everything(
    layout, make_recorded, tmp_path, monkeypatch
):
    recorded = make_recorded()
    monkeypatch.setattr(EventDataset, 'chunk', 50)
    monkeypatch.setattr(text_folder.TextFolder, 'chunk', 1000)
    dataset = open_dataset(recorded.write(layout, tmp_path))
    for t_ns in (0, *recorded.t_ns[::211], *recorded.images_ns, 2**62):
        position = dataset.position_at(t_ns)
        found = np.concatenate(
            [np.empty(0, np.int64), *(e.t_ns for e in dataset.chunks(position))]
        )
        wanted = [t for t in recorded.t_ns if t >= t_ns]
        assert found[len(found) - len(wanted) :].tolist() == wanted
        assert len(found) - len(wanted) < 110
    dataset.close()


def test_frames_come_among_the_packets_in_order_of_time(layout, make_recorded, tmp_path):
    recorded = make_recorded()
    same = np.searchsorted(recorded.seconds, recorded.images_seconds[3])
    recorded.images_seconds[3] = recorded.seconds[same]
    recorded.images_seconds[0] = recorded.seconds[0] - 0.001
    recorded.images_seconds[-1] = recorded.seconds[-1] + 0.001
    with open_source(recorded.write(layout, tmp_path), reference_topic='/images') as source:
        items = list(source)
    assert [one.stamp_ns for one in items if isinstance(one, Reference)] == recorded.images_ns
    earlier_ns, references_ns = [], []
    for item in items:
        if isinstance(item, Reference):
            assert max(earlier_ns, default=0) <= item.stamp_ns
            references_ns.append(item.stamp_ns)
        else:
            earlier_ns = decoded([item]).t_ns.tolist()
            assert min(earlier_ns) > max(references_ns, default=0)


def test_every_frame_between_events_gives_its_reference_in_time(layout, make_recorded, tmp_path):
    recorded = make_recorded()
    recorded.images_seconds[-1] = (recorded.seconds[-2] + recorded.seconds[-1]) / 2
    clock = SensorClock()
    with open_source(recorded.write(layout, tmp_path), reference_topic='images') as source:
        for item in source:
            if isinstance(item, Packet):
                clock.observe(int(decoded([item]).t_ns[0]), item.stamp_ns)
    assert clock.covers(recorded.images_ns[-1])
    assert [clock.to_sensor_ns(t) for t in recorded.images_ns] == recorded.images_ns


def test_a_frame_whose_time_goes_back_comes_where_it_is_stored(layout, make_recorded, tmp_path):
    recorded = make_recorded()
    recorded.images_seconds[[3, 4]] = recorded.images_seconds[[4, 3]]
    with open_source(recorded.write(layout, tmp_path), reference_topic='images') as source:
        stamps = [item.stamp_ns for item in source if isinstance(item, Reference)]
    assert stamps == recorded.images_ns
    assert stamps != sorted(stamps)


def test_events_whose_time_goes_back_come_as_they_are_stored(layout, make_recorded, tmp_path):
    recorded = make_recorded()
    recorded.seconds = np.roll(recorded.seconds, 1500)
    with open_source(recorded.write(layout, tmp_path), reference_topic='images') as source:
        items = list(source)
    assert_same(decoded(items), recorded)
    assert [one.stamp_ns for one in items if isinstance(one, Reference)] == recorded.images_ns


def test_events_off_the_sensor_are_counted_and_do_not_shift_the_stamps(
    layout, make_recorded, tmp_path
):
    recorded = make_recorded()
    recorded.x[:2], recorded.y[5] = (23, -1), 17
    path = recorded.write(layout, tmp_path)
    assert inspect.run(options(inspect, path))['dropped']['outside_pixels'] == 3
    with open_source(path) as source:
        first = next(iter(source))
    assert first.stamp_ns == recorded.t_ns[2]
    assert decoded([first]).t_ns[0] == recorded.t_ns[2]


def test_images_and_their_stamps_come_back(layout, make_recorded, tmp_path):
    recorded = make_recorded()
    path = recorded.write(layout, tmp_path)
    assert truth_topic(path) == 'images'
    stamps, images = zip(*open_images(path, 'images'), strict=True)
    assert list(stamps) == recorded.images_ns
    np.testing.assert_array_equal(np.stack(images), recorded.images)
    with pytest.raises(UserError, match='no topic /left of images; it has: images'):
        next(open_images(path, '/left'))


def test_wrong_reference_topic_names_the_right_one(layout, make_recorded, tmp_path):
    path = make_recorded().write(layout, tmp_path)
    with pytest.raises(UserError, match='no topic /image of images; it has: images'):
        open_source(path, reference_topic='/image')


@pytest.mark.parametrize('start_s', [0.0, 1.5e9])
def test_recording_becomes_a_frame_at_each_of_its_images(layout, make_recorded, tmp_path, start_s):
    recorded = make_recorded(start_s=start_s)
    recorded.seconds[0] = start_s  # a stamp of 0 means that there is none
    path = recorded.write(layout, tmp_path)
    result = inspect.run(options(inspect, path))
    assert (result['events'], result['on']) == (3_000, int(recorded.p.sum()))
    assert result['topics'][-1] == {'name': 'images', 'type': 'frames', 'n_messages': 9}
    words = ['--sync-mode', 'camera_image', '--reference-topic', 'images']
    result = run.run(options(run, path, '-o', tmp_path / 'out', *words))
    assert result['frames'] == 9
    assert (result['lost_packets'], result['resets']) == (0, {})


def test_recording_without_frames_is_read_but_has_no_truth(make_recorded, tmp_path):
    path = make_recorded().write('npy', tmp_path)
    (path / 'images.npy').unlink()
    assert truth_topic(path) is None
    assert len(decoded(list(open_source(path)))) == 3_000
    with pytest.raises(UserError, match='holds no frames'):
        open_source(path, reference_topic='images')


def test_other_formats_have_neither_truth_nor_images(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 3.0\n% end\n' + bytes(8))
    assert truth_topic(path) is None
    with pytest.raises(UserError, match='holds no images'):
        next(open_images(path, 'images'))


def test_either_camera_of_mvsec_can_be_chosen(make_recorded, tmp_path):
    recorded = make_recorded()
    path = recorded.write('mvsec', tmp_path)
    with open_source(path, topic='/davis/right', reference_topic='images') as source:
        items = list(source)
        names = [topic.name for topic in source.topics]
    assert names == ['davis/left', 'davis/right', 'images']
    assert truth_topic(path) == 'images'
    truth = truth_topic(path, camera='davis/right')
    assert truth == 'davis/right/images'
    right = [image for _, image in open_images(path, truth)]
    assert (np.stack(right) == 255 - recorded.images).all()
    assert len(decoded(items)) == 1_500
    assert not decoded(items).x.any()
    with open_source(path, topic='davis/left/events') as source:
        assert_same(decoded(list(source)), recorded)
    with pytest.raises(UserError, match='no events of front; it has: davis/left, davis/right'):
        open_source(path, topic='front')


def test_a_folder_of_evimo2_is_read(make_recorded, tmp_path):
    recorded = make_recorded()
    names = {'events_ts': 'events_t', 'events_xy': 'events_xy', 'events_p': 'events_p'}
    evreal = recorded.write('npy', tmp_path)
    folder = tmp_path / 'evimo2'
    folder.mkdir()
    for old, new in names.items():
        (evreal / f'{old}.npy').rename(folder / f'dataset_{new}.npy')
    with open_source(folder) as source:
        assert_same(decoded(list(source)), recorded)
    assert any('give --size' in warning for warning in source.warnings)


@pytest.mark.parametrize('layout', ['npy', 'event_utils', 'mvsec'])
def test_times_in_whole_microseconds_are_read_with_a_warning(layout, make_recorded, tmp_path):
    recorded = make_recorded(start_s=1.0)
    expected_ns = [round(t * 1e6) * 1_000 for t in recorded.seconds]
    recorded.seconds, recorded.images_seconds = (
        np.rint(times * 1e6).astype(np.int64)
        for times in (recorded.seconds, recorded.images_seconds)
    )
    with open_source(recorded.write(layout, tmp_path)) as source:
        assert decoded(list(source)).t_ns.tolist() == expected_ns
        assert any('are microseconds, not seconds' in warning for warning in source.warnings)
        assert source.dataset.frame_times_ns[0] == 1_010_000_000


def test_a_list_of_frames_may_have_comments_and_commas(make_recorded, tmp_path):
    recorded = make_recorded()
    path = recorded.write('text', tmp_path)
    lines = (path / 'images.txt').read_text().replace(' ', ', ')
    (path / 'images.txt').write_text(f'\ufeff# timestamp, filename\n{lines}\n', encoding='utf-8')
    assert [t_ns for t_ns, _ in open_images(path, 'images')] == recorded.images_ns


def test_frames_without_leading_zeros_are_in_the_order_of_their_numbers(make_recorded, tmp_path):
    h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')
    recorded = make_recorded(n_frames=12)
    path = recorded.write('event_utils', tmp_path)
    with h5py.File(path, 'r+') as file:
        for number in range(12):
            file.move(f'images/image{number:09d}', f'images/image{number}')
    assert [t_ns for t_ns, _ in open_images(path, 'images')] == recorded.images_ns


def test_topic_is_refused_where_there_is_one_camera(layout, make_recorded, tmp_path):
    if layout == 'mvsec':
        pytest.skip('MVSEC has two cameras')
    path = make_recorded().write(layout, tmp_path)
    with pytest.raises(UserError, match='has no topics; leave out the topic /a'):
        open_source(path, topic='/a')


@pytest.mark.parametrize('polarity', [np.float64, np.int8, np.uint8, bool])
def test_either_sign_convention_of_polarity_is_read(make_recorded, tmp_path, polarity):
    recorded = make_recorded()
    path = recorded.write('npy', tmp_path)
    low = -1 if np.dtype(polarity).kind in 'fi' else 0
    np.save(path / 'events_p.npy', np.where(recorded.p, 1, low).astype(polarity)[:, None])
    assert_same(decoded(list(open_source(path))), recorded)


def test_size_of_the_sensor_falls_back_on_the_frames_then_on_the_events(make_recorded, tmp_path):
    recorded = make_recorded()
    path = recorded.write('npy', tmp_path)
    (path / 'metadata.json').unlink()
    with open_source(path) as source:
        assert (next(iter(source)).width, next(iter(source)).height) == (23, 17)
    (path / 'images.npy').unlink()
    with open_source(path) as source:
        assert (next(iter(source)).width, next(iter(source)).height) == (128, 128)
    assert any('give --size' in warning for warning in source.warnings)
