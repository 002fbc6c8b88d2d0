# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.open_source import open_source

COMPRESSIONS = [
    ('sqlite3', 'none'),
    ('sqlite3', 'message'),
    ('sqlite3', 'file'),
    ('mcap', 'none'),
    ('mcap', 'message'),
    ('mcap', 'file'),
    ('mcap', 'storage'),
]


def three_packets(messages, topic):
    return [(topic, messages.packet(10 + seq, seq, bytes([seq] * 8))) for seq in range(3)]


def assert_three_packets(source):
    packets = list(source)
    assert [packet.seq for packet in packets] == [0, 1, 2]
    assert [packet.stamp_ns for packet in packets] == [10, 11, 12]
    assert [packet.data.tolist() for packet in packets] == [[seq] * 8 for seq in range(3)]
    first = packets[0]
    assert (first.encoding, first.width, first.height, first.time_base) == ('mono', 640, 480, 5)


@pytest.mark.parametrize('way', COMPRESSIONS, ids='-'.join)
def test_rosbag2_packets_arrive_from_every_storage_and_compression(
    ros2, write_bag, events_topic, tmp_path, way
):
    storage, compression = way
    content = three_packets(ros2, events_topic)
    path = write_bag(tmp_path / 'bag', ros2, content, storage=storage, compression=compression)
    with open_source(path) as source:
        assert source.n_packets == 3
        assert_three_packets(source)


@pytest.mark.parametrize('compression', ['none', 'bz2', 'lz4'])
def test_ros1_packets_arrive_from_every_compression(
    ros1, write_bag, events_topic, tmp_path, compression
):
    content = three_packets(ros1, events_topic)
    with open_source(write_bag(tmp_path / 'a', ros1, content, compression=compression)) as source:
        assert source.n_packets == 3
        assert_three_packets(source)


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap'])
def test_file_of_a_bag_can_be_named_instead_of_its_folder(
    ros2, write_bag, events_topic, tmp_path, storage
):
    content = three_packets(ros2, events_topic)
    path = write_bag(tmp_path / 'bag', ros2, content, storage=storage)
    with open_source(next(path.glob('bag.*'))) as source:
        assert_three_packets(source)


def test_source_can_be_iterated_twice(ros2, write_bag, events_topic, tmp_path):
    path = write_bag(tmp_path / 'bag', ros2, three_packets(ros2, events_topic))
    with open_source(path) as source:
        assert_three_packets(source)
        assert_three_packets(source)


def test_payload_is_a_view_of_the_message(ros2, write_bag, events_topic, tmp_path):
    path = write_bag(tmp_path / 'bag', ros2, three_packets(ros2, events_topic))
    with open_source(path) as source:
        packet = next(iter(source))
        assert packet.data.dtype == np.uint8
        assert not packet.data.flags.owndata


def test_folder_without_metadata_is_read_from_its_files_in_order_of_time(
    ros2, write_bag, events_topic, tmp_path
):
    content = three_packets(ros2, events_topic)
    later = write_bag(tmp_path / 'a', ros2, [(events_topic, ros2.packet(1, 9)), *content])
    folder = tmp_path / 'folder'
    folder.mkdir()
    (later / 'a.mcap').rename(folder / 'a.mcap')
    with open_source(folder) as source:
        assert [packet.seq for packet in source] == [9, 0, 1, 2]


def test_unfinished_last_file_is_reported_after_the_packets_of_the_others(
    ros2, write_bag, events_topic, tmp_path
):
    path = write_bag(tmp_path / 'bag', ros2, three_packets(ros2, events_topic))
    (path / 'metadata.yaml').unlink()
    whole = (path / 'bag.mcap').read_bytes()
    (path / 'bag_1.mcap').write_bytes(whole[: len(whole) // 2])
    with open_source(path) as source:
        assert len(list(source)) >= 3
    assert any('bag_1.mcap' in warning for warning in source.warnings)


CUT_WAYS = [(one, share) for one in ('sqlite3', 'mcap', 'ros1') for share in (0.5, 0.98)]


@pytest.mark.parametrize(('storage', 'share'), CUT_WAYS)
def test_a_cut_bag_gives_what_it_holds_and_says_so(
    ros1, ros2, write_bag, events_topic, tmp_path, storage, share
):
    messages, suffix = (ros1, '.bag') if storage == 'ros1' else (ros2, '')
    content = [(events_topic, messages.packet(i, i, bytes(4000))) for i in range(400)]
    path = write_bag(tmp_path / f'bag{suffix}', messages, content, storage=storage)
    file = path if path.is_file() else next(path.glob('bag.*'))
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])
    for named in {path, file}:
        with open_source(named) as source:
            packets = list(source)
        assert [packet.seq for packet in packets] == list(range(len(packets)))
        assert 400 * share - 20 < len(packets) <= 400
        assert any('was not closed or is cut' in warning for warning in source.warnings)


@pytest.mark.parametrize('storage', ['sqlite3', 'mcap', 'ros1'])
def test_the_first_bytes_of_a_bag_are_one_sentence_that_names_the_cure(
    ros1, ros2, write_bag, events_topic, tmp_path, storage
):
    messages, suffix = (ros1, '.bag') if storage == 'ros1' else (ros2, '')
    content = [(events_topic, messages.packet(i, i, bytes(4000))) for i in range(20)]
    path = write_bag(tmp_path / f'bag{suffix}', messages, content, storage=storage)
    file = path if path.is_file() else next(path.glob('bag.*'))
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(UserError, match=r'bag') as raised:
        open_source(file)
    assert '\n' not in str(raised.value)


def test_damage_in_the_middle_is_reported_after_all_other_packets(
    ros2, write_bag, events_topic, tmp_path
):
    noise = np.random.default_rng(1)  # does not shrink
    content = [(events_topic, ros2.packet(i, i, noise.bytes(100_000))) for i in range(30)]
    path = write_bag(tmp_path / 'bag', ros2, content, compression='storage')
    file = path / 'bag.mcap'
    whole = bytearray(file.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 300_000] = bytes(300_000)
    file.write_bytes(whole)
    received = []
    with (
        open_source(path) as source,
        pytest.raises(UserError, match=r'damaged: (\d+) of 30 messages could be read') as raised,
    ):
        received.extend(source)
    assert 15 < len(received) < 30
    assert (received[0].seq, received[-1].seq) == (0, 29)
    assert f'{len(received)} of 30' in str(raised.value)


def test_fewer_messages_than_the_metadata_announces_are_reported(
    ros2, write_bag, events_topic, tmp_path
):
    path = write_bag(tmp_path / 'bag', ros2, three_packets(ros2, events_topic))
    metadata = path / 'metadata.yaml'
    metadata.write_text(metadata.read_text().replace('message_count: 3', 'message_count: 4'))
    with open_source(path) as source:
        assert len(list(source)) == 3
    assert any('holds 3 of the 4 messages' in warning for warning in source.warnings)


def test_a_bag_without_messages_is_reported_as_empty(
    either_ros, write_bag, events_topic, tmp_path
):
    kind = 'event_camera_msgs/msg/EventPacket'
    path = write_bag(tmp_path / 'bag', either_ros, [], empty_topics=[(events_topic, kind)])
    with pytest.raises(UserError, match='is empty'):
        open_source(path)


def test_event_topic_without_messages_is_named(ros2, write_bag, events_topic, tmp_path):
    path = write_bag(
        tmp_path / 'bag',
        ros2,
        [('/stamp', ros2.header(1))],
        empty_topics=[(events_topic, 'event_camera_msgs/msg/EventPacket')],
    )
    with pytest.raises(UserError, match=f'no message on its event topic {events_topic}'):
        open_source(path)


def test_bag_without_event_topics_lists_what_it_has(ros2, write_bag, tmp_path):
    path = write_bag(tmp_path / 'bag', ros2, [('/stamp', ros2.header(1))])
    with pytest.raises(UserError, match=r'no event topic.*/stamp.*std_msgs/msg/Header'):
        open_source(path)


def test_topic_that_is_not_there_lists_the_event_topics(ros2, write_bag, events_topic, tmp_path):
    content = [*three_packets(ros2, events_topic), ('/stamp', ros2.header(1))]
    path = write_bag(tmp_path / 'bag', ros2, content)
    with pytest.raises(UserError, match=f'no event topic /nope; it has: {events_topic}') as raised:
        open_source(path, topic='/nope')
    assert '/stamp' not in str(raised.value)


def test_several_event_topics_need_a_choice(ros2, write_bag, tmp_path):
    content = [('/left', ros2.packet(1, 1)), ('/right', ros2.packet(2, 2))]
    path = write_bag(tmp_path / 'bag', ros2, content)
    with pytest.raises(UserError, match=r'--topic: /left .*/right'):
        open_source(path)
    with open_source(path, topic='right') as source:
        assert [packet.seq for packet in source] == [2]


def test_topics_are_listed_with_types_and_counts(ros2, write_bag, events_topic, tmp_path):
    content = [*three_packets(ros2, events_topic), ('/stamp', ros2.header(1))]
    with open_source(write_bag(tmp_path / 'bag', ros2, content)) as source:
        listed = [(topic.name, topic.type, topic.n_messages) for topic in source.topics]
    assert listed == [
        (events_topic, 'event_camera_msgs/msg/EventPacket', 3),
        ('/stamp', 'std_msgs/msg/Header', 1),
    ]


def test_references_come_at_their_place_in_the_recording(
    either_ros, write_bag, events_topic, tmp_path
):
    pixels = np.zeros((2, 3), np.uint8)
    content = [
        (events_topic, either_ros.packet(1_000_000_001, 0)),
        ('/camera/image', either_ros.image(2_000_000_005, pixels, 'mono8')),
        (events_topic, either_ros.packet(3_000_000_001, 1)),
        ('/camera/image', either_ros.image(4_000_000_005, pixels, 'mono8')),
    ]
    path = write_bag(tmp_path / 'bag', either_ros, content)
    with open_source(path, reference_topic='/camera/image') as source:
        items = list(source)
    assert [type(item) for item in items] == [Packet, Reference, Packet, Reference]
    assert [item.stamp_ns for item in items] == [
        1_000_000_001,
        2_000_000_005,
        3_000_000_001,
        4_000_000_005,
    ]


def test_reference_topic_that_is_not_there_lists_the_candidates(
    ros2, write_bag, events_topic, tmp_path
):
    image = ros2.image(2, np.zeros((2, 3), np.uint8), 'mono8')
    content = [*three_packets(ros2, events_topic), ('/camera/image', image)]
    path = write_bag(tmp_path / 'bag', ros2, content)
    with pytest.raises(UserError, match=r'no topic /nope of images.*it has: /camera/image'):
        open_source(path, reference_topic='/nope')


def test_packets_of_a_big_endian_machine_are_refused(ros2, write_bag, events_topic, tmp_path):
    content = [(events_topic, ros2.packet(1, 1, is_bigendian=True))]
    path = write_bag(tmp_path / 'bag', ros2, content)
    with open_source(path) as source, pytest.raises(UserError, match='big-endian'):
        list(source)


def test_message_cut_short_is_a_user_error(
    either_ros, write_bag, events_topic, tmp_path, monkeypatch
):
    whole = either_ros.serialize
    for n_bytes in (0, 3, 20, -3):
        monkeypatch.setattr(either_ros, 'serialize', lambda message, n=n_bytes: whole(message)[:n])
        content = [(events_topic, either_ros.packet(1, 1))]
        path = write_bag(tmp_path / f'bag{n_bytes}', either_ros, content)
        with open_source(path) as source, pytest.raises(UserError, match='is damaged'):
            list(source)


def test_a_closed_source_closes_its_files(ros2, write_bag, events_topic, tmp_path):
    path = write_bag(tmp_path / 'bag', ros2, three_packets(ros2, events_topic))

    def open_files():
        links = Path('/proc/self/fd').iterdir()
        return [file for link in links if str(path) in (file := str(link.resolve()))]

    with open_source(path) as source:
        list(source)
        assert open_files()
    assert not open_files()
