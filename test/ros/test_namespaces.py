# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Names of topics: a namespace moves what every program reads and writes."""

import numpy as np
import pytest
from event_camera_msgs.msg import EventPacket
from rclpy.parameter import Parameter
from rosbags.rosbag2 import Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.nodes.play_node import PlayNode
from spike_recon_ros.nodes.recon_node import ReconNode
from spike_recon_ros.nodes.recon_process import _namespaces
from spike_recon_ros.nodes.record_node import RecordNode
from spike_recon_ros.nodes.recording import open_recording
from spike_recon_ros.nodes.view_node import ViewNode
from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_FIELDS
from spike_recon_ros.topics import EVENTS, IMAGE, IMAGE_NAME

IN_CAM0 = {'cli_args': ['--ros-args', '-r', '__ns:=/cam0']}


@pytest.fixture
def raw(tmp_path):
    """A file with packets and no names of topics."""
    path = tmp_path / 'a.raw'
    words = np.array([8 << 28 | 5_000_000 >> 6, *[1 << 28 | 3 << 11 | 4] * 10], '<u4')
    path.write_bytes(b'% evt 2.0\n% geometry 640x480\n% end\n' + words.tobytes())
    return path


@pytest.fixture
def bag(tmp_path):
    """A ROS 2 bag with one packet."""
    store = get_typestore(Stores.ROS2_HUMBLE)
    store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
    stamp = store.types['builtin_interfaces/msg/Time'](sec=1, nanosec=0)
    header = store.types['std_msgs/msg/Header'](stamp=stamp, frame_id='')
    packet = store.types[EVENT_PACKET](header, 4, 4, 0, 0, 'mono', False, np.zeros(8, np.uint8))
    with Writer(tmp_path / 'bag', version=9) as writer:
        connection = writer.add_connection(EVENTS, EVENT_PACKET, typestore=store)
        writer.write(connection, 1, store.serialize_cdr(packet, EVENT_PACKET))
    return tmp_path / 'bag'


@pytest.fixture
def player(executor):
    """A function that makes a player with ROS arguments."""

    def make(path, *rules):
        words = [word for rule in rules for word in ('-r', rule)]
        options = {'cli_args': ['--ros-args', *words]}
        node = PlayNode(open_recording(path), rate=1.0, restamp=False, clock=False, **options)
        executor.add_node(node)
        return node

    return make


def published(node):
    topics = node.get_publisher_names_and_types_by_node(node.get_name(), node.get_namespace())
    return [name for name, types in topics if EVENT_PACKET in types]


@pytest.mark.parametrize(
    ('rules', 'topic'),
    [
        ([], EVENTS),
        (['__ns:=/cam0'], '/cam0/events'),
        (['events:=driver/events'], '/event_camera/driver/events'),
        (['/event_camera/events:=/my/events'], '/my/events'),
        (['__ns:=/cam0', 'events:=/my/events'], '/my/events'),
    ],
)
def test_the_packets_of_a_file_follow_the_namespace_and_the_remaps(player, raw, rules, topic):
    assert published(player(raw, *rules)) == [topic]


def test_a_player_waits_for_a_topic_by_its_relative_name(player, raw, other):
    node = player(raw, '__ns:=/cam0')
    other.create_subscription(EventPacket, '/cam0/events', print, 10)
    node.wait_for_subscribers(['events'], 20.0)


@pytest.mark.parametrize(
    ('rules', 'warns'),
    [
        ([], False),
        (['__ns:=/cam0'], True),
        (['__ns:=/cam0', '/event_camera/events:=events'], False),
    ],
)
def test_a_namespace_that_moves_no_topic_of_a_bag_is_named(player, bag, capfd, rules, warns):
    player(bag, *rules)
    sentence = 'move each of them, for example: -r /event_camera/events:=/cam0/events'
    assert (sentence in capfd.readouterr().err) == warns


@pytest.mark.parametrize(('options', 'topic'), [({}, IMAGE), (IN_CAM0, '/cam0/recon/image_raw')])
def test_the_recorder_follows_the_namespace(executor, options, topic):
    node = RecordNode(None, IMAGE_NAME, **options)
    executor.add_node(node)
    node.finish()
    assert node.topic == topic


@pytest.mark.parametrize(
    ('target', 'options', 'expected'),
    [
        ('recon', {}, '/event_camera/recon'),
        ('recon', IN_CAM0, '/cam0/recon'),
        ('/left/recon', IN_CAM0, '/left/recon'),
        ('/recon', {}, '/recon'),
    ],
)
def test_the_page_looks_at_the_node_in_its_namespace(
    executor, tmp_path, target, options, expected
):
    node = ViewNode(target, '', executor, 25.0, tmp_path, **options)
    executor.add_node(node)
    assert node.target == expected
    assert node.topics['image'] == f'{expected}/image_raw'
    assert node.topics['truth'] == f'{expected.rpartition("/")[0]}/ground_truth/image_raw'


def test_several_nodes_of_a_process_stay_apart_below_a_namespace(executor):
    arguments = ['left', '/right', '--ros-args', '-r', '__ns:=/robot']
    nodes = [ReconNode(**options) for options in _namespaces(arguments)]
    for node in nodes:
        executor.add_node(node)
    names = [node.get_fully_qualified_name() for node in nodes]
    assert names == ['/robot/left/recon', '/right/recon']


def test_a_recorder_reads_what_the_node_in_the_same_namespace_publishes(
    executor, other, wait_until
):
    recorder = RecordNode(None, IMAGE_NAME, **IN_CAM0)
    recon = ReconNode(parameter_overrides=[Parameter('model', value='fibar')], **IN_CAM0)
    for node in (recorder, recon):
        executor.add_node(node)
    assert recon.start()
    wait_until(lambda: other.count_subscribers('/cam0/events'), 'the node to see the recorder')
    recorder.finish()
