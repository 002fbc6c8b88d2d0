# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The calibration: when it comes, and with which quality of service."""

import itertools

import pytest
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import CameraInfo, Image

from spike_recon_ros.topics import CAMERA_INFO, EVENTS, IMAGE

KEPT = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
OUT = '/event_camera/recon/camera_info'


@pytest.mark.parametrize('is_early', [True, False])
def test_a_calibration_that_is_sent_once_and_kept_goes_with_each_image(
    make_node, camera, subscribe, other, wait_until, is_early
):
    assert make_node(model='fibar', fps=100.0).start()
    publisher = other.create_publisher(CameraInfo, CAMERA_INFO, KEPT)
    if is_early:  # before the node subscribes
        publisher.publish(CameraInfo(width=64, height=48))
    infos, images = subscribe(CameraInfo, OUT), subscribe(Image, IMAGE)
    if not is_early:
        wait_until(publisher.get_subscription_count, 'the node')
        publisher.publish(CameraInfo(width=64, height=48))
    seqs = itertools.count()

    def is_relayed():  # packets come until then, as those of a driver do
        camera([next(seqs)])
        return infos and images

    wait_until(is_relayed, 'a calibration and an image')
    wait_until(lambda: infos[-1].header == images[-1].header, 'the last pair')
    assert (infos[0].width, infos[0].height) == (64, 48)


def test_publishers_that_keep_nothing_are_asked_for_nothing_else(
    make_node, subscribe, other, wait_until
):
    assert make_node(model='fibar').start()
    publisher = other.create_publisher(CameraInfo, CAMERA_INFO, 10)
    subscribe(Image, IMAGE)
    wait_until(lambda: other.count_subscribers(EVENTS), 'the node')
    wait_until(publisher.get_subscription_count, 'its subscription')
    (found,) = other.get_subscriptions_info_by_topic(CAMERA_INFO)
    assert found.qos_profile.durability == DurabilityPolicy.VOLATILE
