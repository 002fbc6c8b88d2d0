# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whatever came before, the next sound stream gives the frames that it gives offline."""

import pytest
from event_camera_msgs.msg import EventPacket
from sensor_msgs.msg import Image

from spike_recon_ros.benchmarking.live_faults import (
    FAULTS,
    faulty_stream,
    images_of,
    sound_stream,
)
from spike_recon_ros.nodes.messages import packet_message
from spike_recon_ros.settings import Settings
from spike_recon_ros.topics import EVENTS, IMAGE

SETTINGS = {'fps': 100.0, 'model': 'fibar', 'overload_lag': 60.0, 'queue_time_limit': 3600.0}


@pytest.fixture
def live(make_node, subscribe, other, wait_until):
    """A running node, and a function that publishes packets and waits until it is idle."""
    node = make_node(**SETTINGS)
    assert node.start()
    images = subscribe(Image, IMAGE, 100)
    publisher = other.create_publisher(EventPacket, EVENTS, 1000)

    def publish(packets):
        wait_until(publisher.get_subscription_count, 'the subscription to packets')
        counts = node._worker.statistics
        expected = counts.received_packets + len(packets)
        for packet in packets:
            publisher.publish(packet_message(packet, 'camera'))
        wait_until(lambda: counts.received_packets == expected, 'the packets')
        wait_until(lambda: counts.waiting_packets == 0, 'the worker')

    return node, images, publish


def _check_sound_stream(live, wait_until, seed):
    node, images, publish = live
    wait_until(lambda: len(images) == node._topic_statistics.published_frames, 'old images')
    node._worker.call(lambda reconstructor: reconstructor.reset())
    images.clear()
    packets = sound_stream(seed)
    expected = images_of(Settings(**SETTINGS), packets)
    assert len(expected) == 6
    publish(packets)
    wait_until(lambda: len(images) == len(expected), 'all images')
    assert [bytes(image.data) for image in images] == expected
    node._topic_statistics.published_frames = 0
    images.clear()


@pytest.mark.parametrize('fault', FAULTS)
def test_frames_after_a_damaged_stream_are_those_of_a_sound_one(live, wait_until, fault):
    _, _, publish = live
    for seed in range(3):
        publish(faulty_stream(fault, seed))
        _check_sound_stream(live, wait_until, 100 + seed)


def test_frames_after_each_activation_are_those_of_a_sound_stream(live, wait_until):
    node, _, publish = live
    for seed in range(5):
        publish(sound_stream(seed, 3))
        node.trigger_deactivate()
        node.trigger_activate()
        _check_sound_stream(live, wait_until, 100 + seed)
