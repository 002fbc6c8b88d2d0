# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The recorder of images: what it writes, counts and says."""

import json
import threading
from types import SimpleNamespace

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from event_camera_msgs.msg import EventPacket
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

from spike_recon_ros.cli.main import main
from spike_recon_ros.nodes import record_node
from spike_recon_ros.nodes.record_node import RecordNode


class FullDisk:
    """A sink that takes two images."""

    def __init__(self):
        self.room = 2

    def write(self, image, t_ns, stamp_ns):
        if not self.room:
            raise OSError('no space left on device')
        self.room -= 1


def test_a_recorder_that_can_no_longer_write_stops_with_the_error(executor):
    node = RecordNode(FullDisk(), '/image')
    executor.add_node(node)
    for _ in range(3):
        node._on_image(record_node.Image(encoding='mono8', height=1, width=1, step=1, data=[0]))
    node.finish()
    assert node.written == 2
    assert 'no space left' in str(node.failure)


def test_images_are_dropped_and_counted_while_too_many_wait(executor, monkeypatch):
    monkeypatch.setattr(record_node, 'MOST_WAITING_BYTES', 2)
    may_write = threading.Event()
    sink = SimpleNamespace(write=lambda *_: may_write.wait())
    node = RecordNode(sink, '/image')
    executor.add_node(node)
    for _ in range(20):
        node._on_image(Image(encoding='mono8', height=1, width=1, step=1, data=[0]))
    may_write.set()
    node.finish()
    assert node.written + node.dropped == 20
    assert node.dropped >= 16


@pytest.mark.parametrize(
    'change',
    [
        {'encoding': 'bayer_rggb8'},
        {'height': 2},
        {'height': 0},
        {'width': 3},
        {'step': 0},
        {'data': []},
        {'encoding': 'mono16'},
    ],
)
def test_a_malformed_image_is_counted_and_the_next_one_written(executor, change):
    node = RecordNode(FullDisk(), '/image')
    executor.add_node(node)
    good = {'encoding': 'mono8', 'height': 1, 'width': 1, 'step': 1, 'data': [0]}
    node._on_image(Image(**{**good, **change}))
    node._on_image(Image(**good))
    node.finish()
    assert (node.unreadable, node.written, node.failure) == (1, 1, None)


def status_of(name, received):
    counts = {'received_packets': received, 'waiting_packets': '0'}
    return DiagnosticStatus(
        name=f'{name}: reconstruction',
        hardware_id=name,
        values=[KeyValue(key=key, value=value) for key, value in counts.items()],
    )


def test_a_recorder_beside_two_cameras_follows_the_one_whose_images_it_records(
    executor, wait_until
):
    cameras = [rclpy.create_node('recon', namespace=side) for side in ('left', 'right')]
    for one in cameras:
        executor.add_node(one)
    outputs = [one.create_publisher(Image, 'recon/image_raw', 10) for one in cameras]
    inputs = [one.create_subscription(EventPacket, 'events', print, 10) for one in cameras]
    node = RecordNode(FullDisk(), '/left/recon/image_raw')
    executor.add_node(node)
    player = node.create_publisher(EventPacket, '/left/events', 10)
    wait_until(lambda: node.count_publishers('/left/events'), 'the player')
    wait_until(lambda: node.count_publishers('/left/recon/image_raw'), 'the images')
    wait_until(lambda: node._packet_topics('/left/recon') == ['/left/events'], 'the subscription')
    both = DiagnosticArray(status=[status_of('/left/recon', '7'), status_of('/right/recon', '9')])
    for _ in range(3):
        node._on_diagnostics(both)
    assert node.diagnostics['received_packets'] == '7'
    assert not node.is_idle
    node.destroy_publisher(player)
    wait_until(lambda: not node.count_publishers('/left/events'), 'the end of the player')
    node._on_diagnostics(both)
    assert node.is_idle
    node.finish()
    assert outputs
    assert inputs


@pytest.mark.parametrize(
    ('kind', 'reliability', 'words'),
    [
        (CompressedImage, 'reliable', 'sensor_msgs/msg/CompressedImage there, not sensor_msgs'),
        (Image, 'best_effort', 'qos_overrides./camera/image.subscription.reliability:=best_eff'),
        (Image, 'reliable', ''),
    ],
)
def test_a_recorder_names_why_it_receives_nothing(
    executor, stranger, wait_until, kind, reliability, words
):
    policy = ReliabilityPolicy.get_from_short_key(reliability)
    publisher = stranger.create_publisher(
        kind, '/camera/image', QoSProfile(depth=1, reliability=policy)
    )
    node = RecordNode(FullDisk(), '/camera/image')
    executor.add_node(node)
    wait_until(lambda: node.get_publishers_info_by_topic('/camera/image'), 'the publisher')
    assert words in node.why_silent()
    assert bool(words) == bool(node.why_silent())
    assert publisher is not None
    node.finish()


def test_after_an_interrupt_the_reason_for_silence_is_still_known(stranger, tmp_path, monkeypatch):
    publisher = stranger.create_publisher(CompressedImage, '/camera/image', 1)
    real = RecordNode.why_silent

    def then_interrupted(node):
        if why := real(node):
            rclpy.shutdown()
        return why

    monkeypatch.setattr(RecordNode, 'why_silent', then_interrupted)
    result = record_node.record(tmp_path / 'out', publisher.topic_name, ros_args=[])
    assert result['frames'] == 0
    assert 'publishes sensor_msgs/msg/CompressedImage there' in result['why_silent']


def test_a_recorder_with_another_qos_receives_images_that_are_sent_best_effort(
    executor, other, wait_until
):
    name = 'qos_overrides./camera/image.subscription.reliability'
    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = other.create_publisher(Image, '/camera/image', qos)
    overrides = [Parameter(name, value='best_effort')]
    node = RecordNode(FullDisk(), '/camera/image', parameter_overrides=overrides)
    executor.add_node(node)
    wait_until(publisher.get_subscription_count, 'the recorder')
    publisher.publish(Image(encoding='mono8', height=1, width=1, step=1, data=[0]))
    wait_until(lambda: node.received, 'the image')
    node.finish()


def test_a_recorder_that_receives_no_image_fails_and_names_the_topic(monkeypatch, capsys):
    nothing = {'frames': 0, 'written': 0, 'diagnostics': {'received_packets': '7'}}
    monkeypatch.setattr(record_node, 'record', lambda *_, **__: nothing)
    assert main(['record', 'out', '--topic', '/nobody/image']) == 1
    printed = capsys.readouterr()
    assert 'spike-recon record: no image arrived on /nobody/image; start what' in printed.err
    assert json.loads(printed.out) == nothing


def test_a_recorder_without_a_publisher_names_the_topics_of_images(other, executor, wait_until):
    other.create_publisher(Image, '/left/recon/image_raw', 1)
    node = RecordNode(FullDisk(), '/event_camera/recon/image_raw')
    executor.add_node(node)
    wait_until(node.why_silent, 'the other publisher')
    assert 'images come on /left/recon/image_raw; give it as --topic' in node.why_silent()
    node.finish()
