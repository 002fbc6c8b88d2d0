# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node on the planes of a spike camera."""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from event_camera_msgs.msg import EventPacket
from sensor_msgs.msg import Image

from spike_recon_ros.bundles import zoo
from spike_recon_ros.nodes.messages import packet_message, time_ns
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.topics import EVENTS, IMAGE

WIDTH, HEIGHT, PERIOD_NS, PLANES = 64, 48, 50_000, 20
EPOCH_NS = 1_700_000_000 * 10**9
SPIKES = {'sensor': 'spike', 'model': 'spike_intervals', 'fps': 1000, 'overload_lag': 60.0}


def planes_message(seq):
    bits = np.random.default_rng(seq).integers(0, 256, PLANES * HEIGHT * WIDTH // 8, np.uint8)
    t_ns = seq * PLANES * PERIOD_NS
    packet = Packet(spike_encoding(PERIOD_NS), WIDTH, HEIGHT, seq, t_ns, EPOCH_NS + t_ns, bits)
    return packet_message(packet, 'camera_optical')


@pytest.fixture
def publish(other, wait_until):
    """A function that publishes planes, once the node subscribes."""
    publisher = other.create_publisher(EventPacket, EVENTS, 1000)

    def publish(seqs):
        wait_until(publisher.get_subscription_count, 'the subscription to packets')
        for seq in seqs:
            publisher.publish(planes_message(seq))

    return publish


@pytest.mark.parametrize(('lookahead', 'first'), [(40, 2), (10, 0), (0, 0)])
def test_an_image_is_stamped_with_the_host_time_of_its_plane(
    make_node, publish, subscribe, wait_until, lookahead, first
):
    assert make_node(**SPIKES, lookahead_planes=lookahead).start()
    images = subscribe(Image, IMAGE, 100)
    publish(range(8))
    # The last packet of a live stream completes no window: nothing later has been seen.
    wait_until(lambda: len(images) == 7 - first, 'an image for each millisecond')
    last_planes = [(window + 1) * PLANES - 1 for window in range(first, 7)]
    assert [time_ns(image.header.stamp) for image in images] == [
        EPOCH_NS + (plane - lookahead) * PERIOD_NS for plane in last_planes
    ]
    assert images[0].header.frame_id == 'camera_optical'


def test_spike_planes_for_a_node_of_events_cause_only_an_error_in_the_diagnostics(
    make_node, publish, camera, subscribe, wait_until, values
):
    assert make_node(sensor='event', model='fibar', fps=100.0).start()
    images, diagnostics = subscribe(Image, IMAGE), subscribe(DiagnosticArray, '/diagnostics')
    publish(range(3))
    wait_until(lambda: diagnostics and values(diagnostics)['failed_packets'] == '3', 'the count')
    assert any(message.status[0].level == b'\x02' for message in diagnostics)
    camera(range(12))
    wait_until(lambda: len(images) == 2, 'images of events')
    assert not any(name.startswith('resets') for name in values(diagnostics))


def test_the_diagnostics_name_the_model_that_was_chosen(
    make_node, publish, subscribe, wait_until, values, monkeypatch, tmp_path
):
    monkeypatch.setattr(zoo, 'zoo_folder', lambda: tmp_path)
    assert make_node(**{**SPIKES, 'model': 'auto'}).start()
    subscribe(Image, IMAGE, 100)
    diagnostics = subscribe(DiagnosticArray, '/diagnostics')
    publish(range(8))
    wait_until(
        lambda: diagnostics and values(diagnostics)['decoded_packets'] == '8', 'the packets'
    )
    assert values(diagnostics)['model'] == 'spike_intervals'
    assert values(diagnostics)['runs'] == 'filter spike_intervals'
    assert values(diagnostics)['events'] == str(8 * PLANES)
