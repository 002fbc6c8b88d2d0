# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulated bags, read back with rosbags and NumPy only, without this project's readers."""

import numpy as np
import pytest
import yaml
from rosbags.highlevel import AnyReader

from spike_recon_ros.errors import UserError
from spike_recon_ros.topics import CAMERA_INFO, EVENTS, GROUND_TRUTH
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel
from spike_recon_training.simulation.recording import (
    PACKET_NS,
    SENSOR_START_NS,
    START_STAMP_NS,
    simulate,
)
from spike_recon_training.simulation.scene import BoardScene

WIDTH, HEIGHT = 64, 48


def record(bag, duration_s=0.2, model=None, **options):
    scene = BoardScene(WIDTH, HEIGHT, seed=1)
    camera = EventCamera(WIDTH, HEIGHT, model or SensorModel(), seed=1)
    return simulate(scene, camera, bag, duration_s=duration_s, **options)


def messages(bag):
    """Return topic -> [(record time, message)]; check that record times never decrease."""
    found, last_ns = {}, 0
    with AnyReader([bag]) as reader:
        for connection, t_ns, raw in reader.messages():
            assert t_ns >= last_ns
            last_ns = t_ns
            message = reader.deserialize(raw, connection.msgtype)
            found.setdefault(connection.topic, []).append((t_ns, message))
    return found


def stamp_ns(message):
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


@pytest.fixture(scope='module')
def recording(tmp_path_factory):
    bag = tmp_path_factory.mktemp('simulated') / 'board'
    return bag, record(bag), messages(bag)


def test_bag_has_the_topics_of_a_camera_and_its_ground_truth(recording):
    bag, summary, found = recording
    assert set(found) == {EVENTS, GROUND_TRUTH, CAMERA_INFO}
    assert len(found[EVENTS]) == summary.packets == 100
    assert len(found[GROUND_TRUTH]) == len(found[CAMERA_INFO]) == summary.truth_images == 10
    metadata = yaml.safe_load((bag / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert metadata['storage_identifier'] == 'mcap'
    assert metadata['version'] <= 8


def test_record_times_equal_the_stamps(recording):
    for topic in recording[2].values():
        assert all(t_ns == stamp_ns(message) for t_ns, message in topic)
        assert {message.header.frame_id for _, message in topic} == {'event_camera'}


def test_stamp_of_a_packet_is_its_end(recording):
    for seq, (_, packet) in enumerate(recording[2][EVENTS]):
        assert packet.seq == seq
        assert packet.encoding == 'mono'
        assert (packet.width, packet.height) == (WIDTH, HEIGHT)
        assert packet.time_base == SENSOR_START_NS + seq * PACKET_NS
        assert stamp_ns(packet) == START_STAMP_NS + (seq + 1) * PACKET_NS


def test_packets_contain_the_events_of_their_interval(recording):
    total = 0
    for _, packet in recording[2][EVENTS]:
        words = packet.events.view('<u8')
        offset_ns = (words & 0xFFFFFFFF).astype(np.int64)
        assert (np.diff(offset_ns) >= 0).all()
        assert (offset_ns <= PACKET_NS).all()
        assert ((words >> np.uint64(32) & 0xFFFF) < WIDTH).all()
        assert ((words >> np.uint64(48) & 0x7FFF) < HEIGHT).all()
        total += len(words)
    assert total == recording[1].events > 1000


def test_ground_truth_has_the_stamp_delay_of_the_events_of_its_instant(recording):
    scene = BoardScene(WIDTH, HEIGHT, seed=1)
    for number, (_, image) in enumerate(recording[2][GROUND_TRUTH]):
        t_ns = stamp_ns(image) - START_STAMP_NS - PACKET_NS
        assert t_ns == number * 20_000_000
        assert image.encoding == 'mono8'
        expected = np.rint(255 * scene.luminance(t_ns / 1e9))
        assert np.array_equal(image.data.reshape(HEIGHT, WIDTH), expected)


def test_camera_info_has_the_intrinsics_and_the_stamp_of_the_image(recording):
    images = recording[2][GROUND_TRUTH]
    for (_, info), (_, image) in zip(recording[2][CAMERA_INFO], images, strict=True):
        assert stamp_ns(info) == stamp_ns(image)
        assert np.array_equal(info.k.reshape(3, 3), BoardScene(WIDTH, HEIGHT).camera_matrix)
        assert (info.width, info.height) == (WIDTH, HEIGHT)


def test_packets_without_events_are_recorded(tmp_path):
    insensitive = SensorModel(
        contrast_on=50.0, contrast_off=50.0, noise_hz=0, leak_hz=0, hot_pixels=0
    )
    summary = record(tmp_path / 'bag', 0.02, insensitive)
    packets = messages(tmp_path / 'bag')[EVENTS]
    assert summary.events == 0
    assert [len(packet.events) for _, packet in packets] == [0] * 10


def test_truth_instants_are_exact_for_a_rate_that_does_not_divide_the_packets(tmp_path):
    record(tmp_path / 'bag', 0.1, truth_hz=30.0)
    begin_ns = START_STAMP_NS + PACKET_NS
    times = [t_ns - begin_ns for t_ns, _ in messages(tmp_path / 'bag')[GROUND_TRUTH]]
    assert times == [0, 33_333_333, 66_666_667]


def test_same_seed_gives_the_same_bag(tmp_path):
    for name in ('one', 'two'):
        record(tmp_path / name / 'bag', 0.03)
    one, two = ((tmp_path / name / 'bag' / 'bag.mcap').read_bytes() for name in ('one', 'two'))
    assert one == two


def test_progress_ends_at_one(tmp_path):
    shares = []
    record(tmp_path / 'bag', 0.02, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_existing_bag_is_replaced_only_with_overwrite(tmp_path):
    record(tmp_path / 'bag', 0.01)
    with pytest.raises(UserError, match='--overwrite'):
        record(tmp_path / 'bag', 0.01)
    assert record(tmp_path / 'bag', 0.02, overwrite=True).packets == 10


def test_folder_with_other_files_is_never_overwritten(tmp_path):
    (tmp_path / 'thesis.tex').write_text('text')
    with pytest.raises(UserError, match='more than a bag'):
        record(tmp_path, 0.01, overwrite=True)
    assert (tmp_path / 'thesis.tex').read_text() == 'text'


@pytest.mark.parametrize('numbers', [{'duration_s': 0.0}, {'duration_s': 1.0, 'truth_hz': -1.0}])
def test_durations_and_rates_out_of_range_raise_an_error_and_write_nothing(tmp_path, numbers):
    with pytest.raises(UserError, match='above 0'):
        record(tmp_path / 'bag', **numbers)
    assert not (tmp_path / 'bag').exists()
