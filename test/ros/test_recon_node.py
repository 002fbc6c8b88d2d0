# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node by itself: lifecycle, parameters, services, topics."""

import dataclasses

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import DescribeParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image, TimeReference
from std_msgs.msg import Float64
from std_srvs.srv import Trigger

from spike_recon_ros.nodes.messages import image_array, packet_message, time_message, time_ns
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.settings import Settings, setting_fields

WIDTH, HEIGHT = 64, 48
MS = 1_000_000
EPOCH_NS = 1_700_000_000 * 10**9
PACKET_EVENTS = 200
IMAGE, EVENTS = '/event_camera/recon/image_raw', '/event_camera/events'


def packet(seq):
    """Packet `seq` of a made-up camera: 200 events in 2 ms."""
    generator = np.random.default_rng(seq)
    t_ns = seq * 2 * MS + np.arange(PACKET_EVENTS, dtype=np.int64) * 10_000
    events = Events(
        generator.integers(0, WIDTH, PACKET_EVENTS).astype(np.uint16),
        generator.integers(0, HEIGHT, PACKET_EVENTS).astype(np.uint16),
        generator.integers(0, 2, PACKET_EVENTS).astype(np.uint8),
        t_ns,
        Triggers.empty(),
    )
    base = int(t_ns[0])
    return Packet('mono', WIDTH, HEIGHT, seq, base, EPOCH_NS + base, encode_mono(events, base))


@pytest.fixture
def camera(other, wait_until):
    """A function that publishes packets of the made-up camera, once the node listens."""
    publisher = other.create_publisher(EventPacket, EVENTS, 1000)

    def publish(seqs, **changes):
        wait_until(publisher.get_subscription_count, 'the node to take packets')
        for seq in seqs:
            message = packet_message(dataclasses.replace(packet(seq), **changes), 'camera_optical')
            publisher.publish(message)

    return publish


@pytest.fixture
def heard(other):
    """A function that subscribes to a topic and returns the list of what comes."""

    def listen(kind, topic, qos=10):
        messages = []
        other.create_subscription(kind, topic, messages.append, qos)
        return messages

    return listen


def _values(diagnostics):
    return {item.key: item.value for item in diagnostics[-1].status[0].values}


def test_packets_become_images_with_the_packets_frame_and_time(
    make_node, camera, heard, wait_until
):
    assert make_node(fps=100, image_encoding='mono16').start()
    images = heard(Image, IMAGE)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'two images')
    assert images[0].header.frame_id == 'camera_optical'
    assert time_ns(images[0].header.stamp) == EPOCH_NS + 10 * MS
    assert (images[0].encoding, images[0].width, images[0].height) == ('mono16', WIDTH, HEIGHT)
    assert image_array(images[0]).std() > 0


def test_nothing_is_subscribed_while_nobody_looks(make_node, other, wait_until):
    assert make_node().start()
    wait_until(lambda: other.count_publishers(IMAGE), 'the image topic')
    assert other.count_subscribers(EVENTS) == 0
    viewer = other.create_subscription(Image, IMAGE, lambda message: None, 10)
    wait_until(lambda: other.count_subscribers(EVENTS) == 1, 'the node to subscribe')
    other.destroy_subscription(viewer)
    wait_until(lambda: other.count_subscribers(EVENTS) == 0, 'the node to unsubscribe')


def test_the_lifecycle_is_walked_through_twice(make_node, camera, heard, wait_until):
    node = make_node(fps=100.0)
    images = heard(Image, IMAGE)
    for seqs in (range(12), range(100, 112)):
        before = len(images)
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        camera(seqs)
        wait_until(lambda: len(images) >= before + 2, 'images')  # noqa: B023
        assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS


def test_a_wrong_model_leaves_the_node_unconfigured(make_node, other, wait_until):
    node = make_node(model='nonsense')
    assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
    client = other.create_client(GetState, '/event_camera/recon/get_state')
    answer = client.call_async(GetState.Request())
    wait_until(answer.done, 'the state')
    assert answer.result().current_state.id == State.PRIMARY_STATE_UNCONFIGURED
    node.set_parameters([Parameter('model', value='fibar')])
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS


def test_every_setting_is_a_parameter_with_its_description_and_range(make_node, other, wait_until):
    make_node()
    names = [field.name for field in setting_fields()]
    client = other.create_client(DescribeParameters, '/event_camera/recon/describe_parameters')
    answer = client.call_async(DescribeParameters.Request(names=names))
    wait_until(answer.done, 'the descriptions')
    for field, descriptor in zip(setting_fields(), answer.result().descriptors, strict=True):
        assert descriptor.description == field.metadata['description']
        ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
        if field.metadata['low'] is not None:
            assert ranges[0].from_value == field.metadata['low']
            assert ranges[0].to_value == field.metadata['high']


def test_the_defaults_of_the_parameters_are_those_of_the_settings(make_node):
    node = make_node()
    for field in setting_fields():
        assert node.get_parameter(field.name).value == getattr(Settings(), field.name)


@pytest.mark.parametrize(
    ('name', 'value', 'words'),
    [
        ('fps', -1.0, '0.1'),
        ('image_encoding', 'rgb8', 'mono8, mono16, 32FC1'),
        ('gamma', 'bright', 'a number'),
    ],
)
def test_a_wrong_value_is_refused_and_the_old_one_stays(make_node, name, value, words):
    node = make_node()
    before = node.get_parameter(name).value
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert words in result.reason
    assert node.get_parameter(name).value == before


def test_once_configured_only_what_may_change_live_can_be_set(make_node):
    node = make_node()
    assert node.start()
    refused, accepted = node.set_parameters(
        [Parameter('model', value='leaky_integrator'), Parameter('gamma', value=2.0)]
    )
    assert not refused.successful
    assert 'clean it up first' in refused.reason
    assert accepted.successful


def test_a_live_change_of_rendering_reaches_the_images(make_node, camera, heard, wait_until):
    node = make_node(fps=100.0)
    assert node.start()
    images = heard(Image, IMAGE)
    camera(range(6))
    wait_until(lambda: len(images) == 1, 'an image')
    node.set_parameters([Parameter('gamma', value=8.0)])
    camera(range(6, 12))
    wait_until(lambda: len(images) == 2, 'a brighter image')
    assert image_array(images[1]).mean() > image_array(images[0]).mean() + 20


def test_reset_zeroes_the_state_and_is_counted(make_node, camera, heard, other, wait_until):
    assert make_node(fps=100.0).start()
    images, diagnostics = heard(Image, IMAGE), heard(DiagnosticArray, '/diagnostics')
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')
    client = other.create_client(Trigger, '/event_camera/recon/reset')
    answer = client.call_async(Trigger.Request())
    wait_until(answer.done, 'the answer')
    assert answer.result().success
    camera(range(12))
    wait_until(lambda: len(images) == 4, 'images after the reset')
    assert bytes(images[0].data) == bytes(images[2].data)
    assert bytes(images[1].data) == bytes(images[3].data)
    wait_until(
        lambda: diagnostics and _values(diagnostics).get('resets: requested') == '1', 'the count'
    )


def test_lost_packets_and_a_restart_are_counted_in_the_diagnostics(
    make_node, camera, heard, wait_until
):
    assert make_node(fps=100.0).start()
    images, diagnostics = heard(Image, IMAGE), heard(DiagnosticArray, '/diagnostics')
    camera([0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    wait_until(lambda: images, 'images')
    wait_until(lambda: diagnostics and _values(diagnostics)['packets'] == '12', 'the diagnostics')
    assert _values(diagnostics)['lost_packets'] == '2'
    assert _values(diagnostics)['resets: lost packets'] == '1'
    assert diagnostics[-1].status[0].name == '/event_camera/recon: reconstruction'


def test_a_packet_that_cannot_be_decoded_is_an_error_in_the_diagnostics_and_no_more(
    make_node, camera, heard, wait_until
):
    assert make_node(fps=100.0).start()
    images, diagnostics = heard(Image, IMAGE), heard(DiagnosticArray, '/diagnostics')
    camera([0], encoding='evt9')
    wait_until(
        lambda: any(message.status[0].level == b'\x02' for message in diagnostics), 'an error'
    )
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images')


def test_camera_info_is_relayed_with_the_header_of_the_frame(
    make_node, camera, heard, other, wait_until
):
    assert make_node(fps=100.0).start()
    images, infos = heard(Image, IMAGE), heard(CameraInfo, '/event_camera/recon/camera_info')
    publisher = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    wait_until(publisher.get_subscription_count, 'the node to take camera_info')
    publisher.publish(CameraInfo(width=WIDTH, height=HEIGHT, distortion_model='plumb_bob'))
    camera(range(6))
    wait_until(lambda: images, 'an image')
    camera(range(6, 12))
    wait_until(lambda: infos, 'camera_info')
    assert infos[-1].header == images[len(images) - 1].header
    assert (infos[-1].width, infos[-1].distortion_model) == (WIDTH, 'plumb_bob')


@pytest.mark.parametrize(
    ('mode', 'kind', 'topic'),
    [('camera_image', Image, 'frame_image'), ('time_reference', TimeReference, 'time_reference')],
)
def test_frames_follow_another_camera_and_carry_its_stamps(
    make_node, camera, heard, other, wait_until, mode, kind, topic
):
    assert make_node(sync_mode=mode).start()
    images = heard(Image, IMAGE)
    publisher = other.create_publisher(kind, f'/event_camera/{topic}', 10)
    wait_until(publisher.get_subscription_count, 'the node to take references')
    wanted = [EPOCH_NS + 7 * MS + 1, EPOCH_NS + 15 * MS]
    for stamp_ns in wanted:
        message = kind()
        message.header.stamp = time_message(stamp_ns)
        publisher.publish(message)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'two images')
    assert [time_ns(image.header.stamp) for image in images] == wanted


def test_debug_topics_tell_processing_time_and_latency(make_node, camera, heard, wait_until):
    assert make_node(fps=100.0).start()
    heard(Image, IMAGE)
    processing = heard(Float64, '/event_camera/recon/debug/processing_time_ms')
    latency = heard(Float64, '/event_camera/recon/debug/pipeline_latency_ms')
    wait_until(lambda: True, 'nothing')
    seq = iter(range(0, 10_000, 6))

    def both():
        start = next(seq)
        camera(range(start, start + 6))
        return processing and latency

    wait_until(both, 'the debug topics')
    assert 0 < processing[0].data < 1000
    assert latency[0].data > 1e9  # the made-up camera's stamps are years old


def test_a_subscriber_with_incompatible_qos_is_reported(make_node, heard, wait_until):
    assert make_node().start()
    diagnostics = heard(DiagnosticArray, '/diagnostics')
    heard(Image, IMAGE, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    wait_until(
        lambda: diagnostics and _values(diagnostics)['incompatible_qos'] == '1', 'the report'
    )


def test_the_qos_of_the_packets_can_be_overridden(make_node, heard, other, wait_until):
    name = 'qos_overrides./event_camera/events.subscription.reliability'
    assert make_node(**{name: 'reliable'}).start()
    heard(Image, IMAGE)
    wait_until(lambda: other.get_subscriptions_info_by_topic(EVENTS), 'the subscription')
    (info,) = other.get_subscriptions_info_by_topic(EVENTS)
    assert info.qos_profile.reliability.name == 'RELIABLE'
