# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings as the player publishes them."""

import os
import sys
import time

import numpy as np
import pytest
from event_camera_msgs.msg import EventPacket
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag1 import Writer
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.errors import UserError
from spike_recon_ros.nodes.messages import packet_of
from spike_recon_ros.nodes.play_node import PlayNode, play
from spike_recon_ros.nodes.recording import open_recording
from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_FIELDS
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import EVENTS, EVENTS_NAME


@pytest.fixture
def ros1_bag(tmp_path):
    """A ROS 1 bag with two EventPackets."""
    store = get_typestore(Stores.ROS1_NOETIC)
    store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
    types = store.types
    path = tmp_path / 'old.bag'
    with Writer(path) as writer:
        connection = writer.add_connection(EVENTS, EVENT_PACKET, typestore=store)
        for seq in range(2):
            stamp = types['builtin_interfaces/msg/Time'](sec=100, nanosec=seq)
            message = types[EVENT_PACKET](
                header=types['std_msgs/msg/Header'](seq=seq, stamp=stamp, frame_id='camera'),
                height=480,
                width=640,
                seq=seq,
                time_base=0,
                encoding='evt3',
                is_bigendian=False,
                events=np.arange(4, dtype=np.uint8),
            )
            writer.write(
                connection, 100 * 10**9 + seq, store.serialize_ros1(message, EVENT_PACKET)
            )
    return path


def test_the_packets_of_a_ros_1_bag_are_published_as_ros_2_messages(ros1_bag):
    played = [packet_of(due.message) for due in open_recording(ros1_bag).messages()]
    assert [(one.seq, one.encoding, one.stamp_ns) for one in played] == [
        (0, 'evt3', 100 * 10**9),
        (1, 'evt3', 100 * 10**9 + 1),
    ]
    assert played[1].data.tolist() == [0, 1, 2, 3]


def test_a_wrong_topic_is_named_before_anybody_waits(ros1_bag):
    with pytest.raises(UserError, match='has no event topic /nope'):
        open_recording(ros1_bag, {'topic': '/nope'})


def test_a_recording_can_be_published_again(ros1_bag):
    recording = open_recording(ros1_bag)
    assert [len([*recording.messages()]) for _ in range(3)] == [2, 2, 2]


def test_a_recording_that_is_closed_keeps_no_file_open(ros1_bag):
    before = len(os.listdir('/proc/self/fd'))
    for _ in range(4):
        open_recording(ros1_bag).close()
    assert len(os.listdir('/proc/self/fd')) == before


def test_the_packets_of_a_dataset_are_due_at_their_first_event(make_recorded, tmp_path):
    recorded = make_recorded()
    recording = open_recording(recorded.write('npy', tmp_path))
    due = list(recording.messages())
    assert due[0].t_ns == recording.stamp_ns(due[0]) == recorded.t_ns[0]
    assert sum(len(one.message.events) for one in due) == 8 * len(recorded.t_ns)
    assert [one.t_ns for one in due] == sorted(packet_of(one.message).stamp_ns for one in due)


def test_packets_before_the_first_time_are_due_with_the_first_event(tmp_path):
    t_high = [8 << 28 | 5_000_000 >> 6]  # 5 s after the camera was switched on
    quiet = [0xE << 28] * 40_000
    event = [1 << 28 | 3 << 11 | 4]
    words = np.array([*quiet, *t_high, *event * 10, *quiet, *event], '<u4')
    path = tmp_path / 'late.raw'
    path.write_bytes(b'% evt 2.0\n% geometry 640x480\n% end\n' + words.tobytes())
    due = list(open_recording(path).messages())
    assert len(due) > 3
    assert {one.t_ns for one in due} == {5_000_000 // 64 * 64_000}
    assert all(one.is_unstamped for one in due)


def test_the_second_of_two_joined_files_follows_at_its_own_pace(tmp_path):
    words = [word for t in range(100, 900) for word in (8 << 12 | t, 6 << 12, 3, 2 << 12 | 5)]
    part = b'% evt 3.0\n% geometry 640x480\n% end\n' + np.array(words, '<u2').tobytes()
    path = tmp_path / 'joined.raw'
    path.write_bytes(part + part)
    times = [one.t_ns for one in open_recording(path).messages()]
    half = len(times) // 2
    steps = np.diff(times)
    assert steps[: half - 1].tolist() == steps[half:].tolist()
    assert times[half] == times[half - 1]


@pytest.mark.parametrize(
    ('file', 'clock', 'rate', 'expected'),
    [
        ('unstamped', False, 1.0, 'now'),
        ('unstamped', True, 1.0, 'recorded'),
        ('unstamped', False, 0.5, 'recorded'),
        ('bag', False, 1.0, 'recorded'),
    ],
)
def test_packets_of_files_without_host_time_are_stamped_with_now(
    executor, subscribe, wait_until, ros1_bag, tmp_path, file, clock, rate, expected
):
    words = np.array([8 << 28 | 5_000_000 >> 6, *[1 << 28 | 3 << 11 | 4] * 10], '<u4')
    raw = tmp_path / 'a.raw'
    raw.write_bytes(b'% evt 2.0\n% geometry 640x480\n% end\n' + words.tobytes())
    recording = open_recording(raw if file == 'unstamped' else ros1_bag)
    node = PlayNode(recording, rate=rate, restamp=False, clock=clock)
    executor.add_node(node)
    packets = subscribe(EventPacket, EVENTS)
    wait_until(lambda: node.count_subscribers(EVENTS), 'the subscription')
    node.wait_for_subscribers([EVENTS], 20.0)
    node.play(loop=False)
    wait_until(lambda: packets, 'a packet')
    is_today = abs(packets[0].header.stamp.sec - time.time()) < 600
    assert is_today == (expected == 'now')


def test_all_cameras_of_a_bag_are_published(tmp_path):
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
    with Writer2(tmp_path / 'stereo', version=8) as writer:
        for side in ('left', 'right'):
            connection = writer.add_connection(f'/{side}/events', EVENT_PACKET, typestore=store)
            writer.write(connection, 1, serialize_message(EventPacket(width=4, height=4)))
    assert set(open_recording(tmp_path / 'stereo').topics) == {'/left/events', '/right/events'}
    alone = open_recording(tmp_path / 'stereo', {'topic': '/right/events'})
    assert set(alone.topics) == {EVENTS_NAME}


@pytest.mark.parametrize('name', ['davis346_apriltags', 'mono', 'gen41_hd_evt3_vectorised.raw'])
def test_what_is_published_is_what_was_recorded(recordings, name):
    recording = open_recording(recordings(f'event/{name}'))
    (topic,) = [topic for topic, kind in recording.topics.items() if 'Packet' in kind.__name__]
    with open_source(recordings(f'event/{name}')) as source:
        for due, packet in zip(recording.messages(), source, strict=True):
            message = due.message
            if isinstance(message, bytes):
                message = deserialize_message(message, recording.topics[topic])
            again = packet_of(message)
            assert (again.seq, again.time_base) == (packet.seq, packet.time_base)
            np.testing.assert_array_equal(again.data, packet.data)


def test_restamping_changes_the_stamp_alone(recordings):
    recording = open_recording(recordings('event/davis346_apriltags'))
    due = next(recording.messages())
    moved = recording.restamped(due, 1_800_000_000 * 10**9 + 5)
    (kind,) = recording.topics.values()
    before, after = deserialize_message(due.message, kind), deserialize_message(moved, kind)
    assert (after.header.stamp.sec, after.header.stamp.nanosec) == (1_800_000_000, 5)
    after.header.stamp = before.header.stamp
    assert after == before


def test_recorded_clock_and_new_stamps_cannot_be_combined(ros1_bag):
    with pytest.raises(UserError, match='drop one'):
        play(ros1_bag, clock=True, restamp=True)


def test_a_bag_cannot_choose_which_package_is_imported(tmp_path, monkeypatch):
    package = tmp_path / 'site' / 'evil_msgs'
    package.mkdir(parents=True)
    (package / '__init__.py').write_text('raise SystemExit("imported")', encoding='utf-8')
    monkeypatch.syspath_prepend(tmp_path / 'site')
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
    store.register(get_types_from_msg('uint8 x', 'evil_msgs/msg/Code'))
    with Writer2(tmp_path / 'bag', version=8) as writer:
        writer.add_connection(EVENTS, EVENT_PACKET, typestore=store)
        writer.add_connection('/code', 'evil_msgs/msg/Code', typestore=store)
    recording = open_recording(tmp_path / 'bag')
    assert set(recording.topics) == {EVENTS}
    assert 'evil_msgs/msg/Code is of no package' in recording.left_out['/code']
    assert 'evil_msgs' not in sys.modules
