# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node's lifecycle, parameters and quality of service."""

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.msg import State, TransitionEvent
from lifecycle_msgs.srv import GetState
from rcl_interfaces.srv import DescribeParameters, SetParameters
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image

from spike_recon_ros.nodes.messages import image_array
from spike_recon_ros.nodes.parameters import warn_of_ignored_parameters
from spike_recon_ros.nodes.qos import check_qos_overrides
from spike_recon_ros.nodes.recon_node import ReconNode
from spike_recon_ros.nodes.recon_process import main
from spike_recon_ros.nodes.topic_names import PUBLISHED, SUBSCRIBED
from spike_recon_ros.settings import Settings, setting_fields
from spike_recon_ros.topics import EVENTS, IMAGE


def test_the_node_works_after_a_second_configuration(make_node, camera, subscribe, wait_until):
    node = make_node(fps=100.0)
    images = subscribe(Image, IMAGE)
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


def test_a_failed_configuration_is_announced_to_launch(make_node, other, wait_until):
    node = make_node(model='nonsense')
    events = []
    name = '/event_camera/recon/transition_event'
    other.create_subscription(TransitionEvent, name, events.append, 10)
    wait_until(lambda: other.count_publishers(name), 'the topic')
    wait_until(lambda: node.count_subscribers(name), 'the subscription')
    node.trigger_configure()
    wait_until(lambda: len(events) == 2, 'the transitions')
    labels = [(event.start_state.label, event.goal_state.label) for event in events]
    # recon.launch.py ends the launch at the second one.
    assert labels == [('unconfigured', 'configuring'), ('configuring', 'unconfigured')]


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


def test_a_wrong_value_is_answered_and_the_node_goes_on(make_node, other, wait_until):
    make_node()
    client = other.create_client(SetParameters, '/event_camera/recon/set_parameters')
    values = 'nonsense', [1, 2], 3, 2
    requests = [Parameter('scale', value=value).to_parameter_msg() for value in values]
    answer = client.call_async(SetParameters.Request(parameters=requests))
    wait_until(answer.done, 'the answers')
    results = answer.result().results
    assert [one.successful for one in results] == [False, False, False, True]
    assert results[0].reason == "scale is 'nonsense'; it must be one of: 1, 2, 4"
    assert results[1].reason == 'scale is [1, 2]; it must be one of: 1, 2, 4'


def test_the_defaults_of_the_parameters_are_those_of_the_settings(executor):
    node = ReconNode()
    executor.add_node(node)
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
def test_a_wrong_value_is_rejected_and_the_old_value_stays(make_node, name, value, words):
    node = make_node()
    before = node.get_parameter(name).value
    (result,) = node.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert words in result.reason
    assert node.get_parameter(name).value == before


def test_once_configured_only_what_may_change_live_can_be_set(make_node):
    node = make_node()
    assert node.start()
    rejected, accepted = node.set_parameters(
        [Parameter('model', value='leaky_integrator'), Parameter('gamma', value=2.0)]
    )
    assert not rejected.successful
    assert 'clean up the node first' in rejected.reason
    assert accepted.successful


def test_a_live_change_of_rendering_reaches_the_images(make_node, camera, subscribe, wait_until):
    node = make_node(fps=100.0)
    assert node.start()
    images = subscribe(Image, IMAGE)
    camera(range(6))
    wait_until(lambda: len(images) == 1, 'an image')
    node.set_parameters([Parameter('gamma', value=8.0)])
    camera(range(6, 12))
    wait_until(lambda: len(images) == 2, 'a brighter image')
    assert image_array(images[1]).mean() > image_array(images[0]).mean() + 20


def test_live_changes_in_quick_succession_are_all_applied(
    make_node, camera, subscribe, wait_until
):
    node = make_node(fps=100.0)
    assert node.start()
    images = subscribe(Image, IMAGE)
    node.set_parameters([Parameter('percentile_low', value=2.0)])
    node.set_parameters([Parameter('gamma', value=3.0)])
    node.set_parameters([Parameter('tone_time', value=0.5)])
    camera(range(6))
    wait_until(lambda: images, 'an image')
    adopted = node._reconstructor.settings
    assert (adopted.percentile_low, adopted.gamma, adopted.tone_time) == (2.0, 3.0, 0.5)


def test_the_node_starts_with_a_hot_pixel_mask(make_node, tmp_path):
    mask = tmp_path / 'mask.png'
    cv2.imwrite(str(mask), np.zeros((480, 640), np.uint8))
    assert make_node(hot_pixel_file=str(mask)).start()


def test_a_mask_that_cannot_be_read_leaves_the_node_unconfigured(make_node, tmp_path, capfd):
    assert not make_node(hot_pixel_file=str(tmp_path / 'none.png')).start()
    assert 'hot_pixel_file: there is no file or folder' in capfd.readouterr().err


def test_a_subscriber_with_incompatible_qos_is_reported(make_node, subscribe, wait_until, values):
    assert make_node(model='fibar').start()
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    subscribe(Image, IMAGE, QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    wait_until(
        lambda: diagnostics and values(diagnostics)['incompatible_qos'] == '1', 'the report'
    )


def test_a_qos_override_changes_one_topic_only(make_node, other, wait_until):
    name = 'qos_overrides./event_camera/recon/image_raw.publisher.reliability'
    assert make_node(**{name: 'best_effort'}).start()
    wait_until(lambda: other.count_publishers(IMAGE), 'the image topic')
    topics = {IMAGE: 'BEST_EFFORT', '/event_camera/recon/camera_info': 'RELIABLE'}
    for topic, reliability in topics.items():
        (info,) = other.get_publishers_info_by_topic(topic)
        assert info.qos_profile.reliability.name == reliability


QOS_OF_IMAGES = 'qos_overrides./event_camera/recon/image_raw.publisher.'
QOS_OF_PACKETS = 'qos_overrides./event_camera/events.subscription.'


@pytest.mark.parametrize(
    ('name', 'value', 'words'),
    [
        (QOS_OF_IMAGES + 'reliability', 'perhaps', ["'perhaps'", 'reliable, best_effort']),
        (QOS_OF_IMAGES + 'depth', -1, ['-1', 'from 1 to 1,000,000']),
        (QOS_OF_IMAGES + 'depth', 'ten', ["'ten'", 'a whole number']),
        (QOS_OF_IMAGES + 'durability', 'volatile', ['history, depth and reliability']),
        (QOS_OF_PACKETS + 'reliability', 'best-effort', ['did you mean best_effort?']),
        (QOS_OF_PACKETS + 'history', 'keep_some', ['keep_last, keep_all']),
        ('qos_overrides./events.subscription.depth', 5, ['/event_camera/events.subscription?']),
        ('qos_overrides.depth', 5, ['is not of the form']),
        ('fpss', 50, ['did you mean fps?']),
        ('bias_file', 'x', ["no parameter 'bias_file'"]),
        ('backend', False, ['backend is False', 'openvino']),
        ('threads', 2.5, ['threads is 2.5', 'a whole number']),
        ('frame_id', 7, ['frame_id is 7', 'a text']),
        ('fps', 'fast', ["fps is 'fast'", 'a number']),
    ],
)
def test_an_override_that_is_not_valid_leaves_the_node_unconfigured(
    make_node, capfd, name, value, words
):
    node = make_node(**{name: value})
    assert node.trigger_configure() != TransitionCallbackReturn.SUCCESS
    message = capfd.readouterr().err
    assert name in message
    assert all(word in message for word in words), message


def test_every_topic_with_overridable_qos_is_known_by_name(
    make_node, subscribe, other, wait_until
):
    node = make_node(sync_mode='camera_image', color='frame')
    assert node.start()
    subscribe(Image, IMAGE)
    wait_until(lambda: other.get_subscriptions_info_by_topic(EVENTS), 'the subscription')
    declared = {name for name in node._parameters if name.startswith('qos_overrides.')}
    assert len(declared) == 3 * (len(PUBLISHED) + len(SUBSCRIBED) - 1)
    check_qos_overrides(node, {name: node.get_parameter(name).value for name in declared})


def test_the_old_name_of_a_parameter_works_with_a_warning(make_node, capfd):
    node = make_node(front_end='device')
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node._settings.voxel_grid_on == 'gpu'
    assert 'front_end is deprecated; use voxel_grid_on' in capfd.readouterr().err


def test_a_program_without_parameters_warns_of_those_that_it_ignores(executor, capfd):
    for name, warns in (('rate', True), ('use_sim_time', False)):
        parameter = Parameter(name, value=False)
        node = rclpy.create_node('player', parameter_overrides=[parameter])
        warn_of_ignored_parameters(node)
        node.destroy_node()
        assert ('ignored parameters: rate' in capfd.readouterr().err) is warns


def test_off_is_valid_for_a_choice_though_yaml_reads_a_truth_value(make_node):
    node = make_node(cuda_graphs=False)
    assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert node._settings.cuda_graphs == 'off'


@pytest.mark.parametrize(
    ('name', 'topic', 'words'),
    [
        ('camera_info', EVENTS, 'events and camera_info are both the topic /event_camera/events'),
        ('frame_image', IMAGE, '~/image_raw and frame_image are both the topic'),  # a loop
    ],
)
def test_two_names_on_one_topic_leave_the_node_unconfigured(capfd, name, topic, words):
    arguments = ['--ros-args', '-r', f'{name}:={topic}', '-p', 'model:=fibar']
    assert main([*arguments, '-p', 'autostart:=true']) == 1
    assert words in capfd.readouterr().err


def test_the_qos_of_the_packets_can_be_overridden(make_node, subscribe, other, wait_until):
    name = 'qos_overrides./event_camera/events.subscription.reliability'
    assert make_node(**{name: 'reliable'}).start()
    subscribe(Image, IMAGE)
    wait_until(lambda: other.get_subscriptions_info_by_topic(EVENTS), 'the subscription')
    (info,) = other.get_subscriptions_info_by_topic(EVENTS)
    assert info.qos_profile.reliability.name == 'RELIABLE'
