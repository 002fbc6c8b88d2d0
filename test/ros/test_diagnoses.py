# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What /diagnostics and the log say about wrong topics, clocks and quality of service."""

import threading

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image, TimeReference
from std_msgs.msg import String

from spike_recon_ros.nodes import packet_checks
from spike_recon_ros.nodes.messages import time_message
from spike_recon_ros.topics import EVENTS, IMAGE

MS = 1_000_000
EPOCH_NS = 1_700_000_000 * 10**9


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(packet_checks, 'LONGEST_WITHOUT_FRAME', 0.5)


def _stream(camera, wait_until, done):
    """Publish packets until a condition holds."""
    seq = iter(range(0, 1_000_000, 6))

    def publish():
        start = next(seq)
        camera(range(start, start + 6))
        return done()

    wait_until(publish, 'the end of the stream')


def test_two_publishers_of_packets_are_named(make_node, other, subscribe, warned):
    assert make_node(model='fibar').start()
    subscribe(Image, IMAGE)
    publishers = [other.create_publisher(EventPacket, EVENTS, 10) for _ in range(2)]
    message = warned('2 publishers send packets on /event_camera/events')
    assert 'a namespace' in message
    assert len(publishers) == 2


def test_messages_of_another_type_are_named_and_are_no_second_camera(
    make_node, camera, stranger, subscribe, warned, wait_until
):
    frames = stranger.create_publisher(CompressedImage, '/event_camera/frame_image', 10)
    texts = stranger.create_publisher(String, EVENTS, 10)
    node = make_node(model='fibar', sync_mode='camera_image')
    wait_until(lambda: node.count_publishers(texts.topic_name), 'the other type')
    assert node.start()
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    subscribe(Image, IMAGE)
    message = warned(f'stranger publishes sensor_msgs/msg/CompressedImage on {frames.topic_name}')
    assert 'not sensor_msgs/msg/Image' in message
    camera(range(6))
    wait_until(lambda: node.count_publishers(EVENTS) == 2, 'the camera')
    count = len(diagnostics)
    wait_until(lambda: len(diagnostics) > count + 1, 'later diagnostics')
    assert 'publishers send packets' not in diagnostics[-1].status[0].message


def test_the_graph_is_asked_once_for_the_publishers_of_a_topic(make_node, subscribe, wait_until):
    node = make_node(model='fibar', sync_mode='camera_image')
    assert node.start()
    subscribe(Image, IMAGE)
    wait_until(lambda: node._inputs.are_open, 'the subscriptions')
    asked, ask = [], node.get_publishers_info_by_topic
    node.get_publishers_info_by_topic = lambda topic: asked.append(topic) or ask(topic)
    checks = node._checks._graph
    checks.problems(node._inputs)
    checks.wrong_types()
    assert asked == [one.topic_name for one in node._inputs.subscriptions]


def test_the_qos_of_a_publisher_that_does_not_match_is_named_with_its_cure(
    make_node, other, subscribe, warned
):
    name = 'qos_overrides./event_camera/events.subscription.reliability'
    assert make_node(model='fibar', **{name: 'reliable'}).start()
    subscribe(Image, IMAGE)
    qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
    publisher = other.create_publisher(EventPacket, EVENTS, qos)
    message = warned('the QoS of other on /event_camera/events does not match')
    assert name in message
    assert publisher is not None


def test_a_viewer_whose_qos_does_not_match_is_warned_about_as_long_as_it_is_there(
    make_node, subscribe, warned, wait_until
):
    assert make_node(model='fibar').start()
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    subscribe(Image, IMAGE, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    warned('other cannot see /event_camera/recon/image_raw')
    count = len(diagnostics)
    wait_until(lambda: len(diagnostics) > count + 1, 'later diagnostics')
    assert 'cannot see' in diagnostics[-1].status[0].message


@pytest.mark.parametrize('reliability', ReliabilityPolicy.short_keys()[1:3])
def test_matching_viewers_and_publishers_are_not_warned_about(
    make_node, camera, other, subscribe, wait_until, reliability
):
    assert make_node(model='fibar').start()
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    qos = QoSProfile(depth=10, reliability=ReliabilityPolicy.get_from_short_key(reliability))
    images = subscribe(Image, IMAGE, qos)
    _stream(camera, wait_until, lambda: images)
    assert other.get_subscriptions_info_by_topic(IMAGE)  # the graph has reported the viewer
    count = len(diagnostics)
    wait_until(lambda: len(diagnostics) > count + 1, 'later diagnostics')
    assert not [one.status[0].message for one in diagnostics if 'QoS' in one.status[0].message]


@pytest.mark.parametrize(
    ('mode', 'kind', 'topic'),
    [('camera_image', Image, 'frame_image'), ('time_reference', TimeReference, 'time_reference')],
)
def test_references_on_another_clock_are_named(
    make_node, camera, subscribe, other, warned, wait_until, mode, kind, topic
):
    assert make_node(model='fibar', sync_mode=mode).start()
    subscribe(Image, IMAGE)
    publisher = other.create_publisher(kind, f'/event_camera/{topic}', 10)
    wait_until(publisher.get_subscription_count, 'the subscription to references')
    camera(range(6))
    message = kind()
    message.header.stamp = time_message(EPOCH_NS - 3600 * 10**9)
    other.create_timer(0.1, lambda: publisher.publish(message))
    text = warned(f'the stamps on /event_camera/{topic} are 3600.0 s behind')
    assert 'synchronise the clocks' in text


def test_references_without_a_stamp_and_their_second_sender_are_named(
    make_node, camera, subscribe, other, warned, wait_until
):
    assert make_node(model='fibar', sync_mode='camera_image').start()
    subscribe(Image, IMAGE)
    senders = [other.create_publisher(Image, '/event_camera/frame_image', 10) for _ in range(2)]
    wait_until(senders[0].get_subscription_count, 'the subscription to references')
    warned('2 publishers send images on /event_camera/frame_image')
    camera(range(6))
    other.create_timer(0.1, lambda: senders[0].publish(Image()))
    text = warned('the messages on /event_camera/frame_image have no stamp (0)')
    assert 'let their driver stamp them' in text


def test_references_that_all_come_too_late_are_named(
    make_node, camera, subscribe, other, warned, wait_until
):
    assert make_node(model='fibar', sync_mode='time_reference').start()
    subscribe(Image, IMAGE)
    publisher = other.create_publisher(TimeReference, '/event_camera/time_reference', 10)
    wait_until(publisher.get_subscription_count, 'the subscription to references')
    camera(range(100, 106))
    message = TimeReference()
    message.header.stamp = time_message(EPOCH_NS + 199 * MS)  # before the first event
    other.create_timer(0.1, lambda: publisher.publish(message))
    text = warned('all references on /event_camera/time_reference came too late')
    assert 'within 1 s of their stamp' in text


@pytest.mark.parametrize(
    ('sync_mode', 'problem', 'advice'),
    [
        ('trigger_events', 'no trigger edge (up) came', 'check the trigger input'),
        ('camera_image', 'no message came on /event_camera/frame_image', 'remap frame_image'),
    ],
)
def test_missing_edges_and_references_are_named(
    make_node, camera, subscribe, warned, wait_until, soon, sync_mode, problem, advice
):
    assert make_node(model='fibar', sync_mode=sync_mode).start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    _stream(
        camera,
        wait_until,
        lambda: diagnostics and problem in diagnostics[-1].status[0].message,
    )
    assert advice in warned(problem)


def test_edges_on_several_trigger_channels_are_named(make_node, camera, subscribe, warned, soon):
    assert make_node(model='fibar', sync_mode='trigger_events', sensor_size='64x48').start()
    subscribe(Image, IMAGE)
    event, edges = 0x1 << 28, [0xA << 28 | channel << 8 | 1 for channel in (2, 6, 6)]
    words = np.array([0x8 << 28, event, *edges], '<u4')
    camera([0], encoding='evt2', data=words.view(np.uint8))
    text = warned('edges on other trigger channels than the first were ignored: 2 on channel 6')
    assert 'choose a channel with trigger_channel' in text


def test_every_packet_is_accounted_for(make_node, camera, subscribe, wait_until, values):
    assert make_node(model='fibar', fps=100.0).start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    camera(range(20))
    camera([20, 21], encoding='evt9')
    camera([22], width=0)
    wait_until(
        lambda: diagnostics and values(diagnostics)['received_packets'] == '23', 'the packets'
    )
    wait_until(lambda: values(diagnostics)['waiting_packets'] == '0', 'the worker')
    counts = values(diagnostics)
    assert (counts['decoded_packets'], counts['failed_packets']) == ('20', '3')
    assert counts['dropped_packets'] == counts['discarded_packets'] == '0'


def test_the_pause_of_an_inactive_node_is_not_counted_as_lost_packets(
    make_node, camera, subscribe, wait_until, values
):
    node = make_node(model='fibar', fps=100.0, lost_packets_tolerated=0)
    assert node.start()
    images, diagnostics = subscribe(Image, IMAGE), subscribe(DiagnosticArray, '/diagnostics')
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    node.trigger_deactivate()
    wait_until(lambda: not node.count_subscribers(EVENTS), 'the end of the subscription')
    node.trigger_activate()
    camera(range(300, 312))
    wait_until(lambda: len(images) == 4, 'images')
    wait_until(
        lambda: diagnostics and values(diagnostics)['decoded_packets'] == '24', 'the diagnostics'
    )
    counts = values(diagnostics)
    assert counts['lost_packets'] == '0'
    assert [name for name in counts if name.startswith('resets')] == ['resets: deactivated']


def test_the_log_does_not_miss_packets_that_wait(make_node, camera, subscribe, wait_until, capfd):
    node = make_node(model='fibar', fps=100.0, statistics_period=0.3)
    assert node.start()
    gate = threading.Event()
    node._worker.call(lambda reconstructor: gate.wait(20.0))
    subscribe(Image, IMAGE)
    camera(range(12))
    wait_until(lambda: node._worker.statistics.waiting_packets == 12, 'the packets')
    capfd.readouterr()
    log = []

    def logged():
        log.append(capfd.readouterr().err)
        return ''.join(log).count('packets wait') >= 2

    try:
        wait_until(logged, 'two lines')
    finally:
        gate.set()
    assert 'no packets come' not in ''.join(log)


def test_control_characters_of_an_encoding_are_escaped_in_the_log(
    make_node, camera, subscribe, wait_until, capfd, values
):
    assert make_node(model='fibar', fps=100.0).start()
    subscribe(Image, IMAGE)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    camera([0], encoding='evt9\x1b[31m\x07' + 'x' * 5000)
    wait_until(lambda: diagnostics and values(diagnostics)['failed_packets'] == '1', 'the failure')
    log = capfd.readouterr().err
    assert 'evt9' in log
    assert '\x07' not in log
    assert 'x' * 3000 not in log
