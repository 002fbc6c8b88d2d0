# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node with frames of an aligned camera, over DDS."""

import numpy as np
import pytest
from sensor_msgs.msg import Image

from spike_recon_ros.nodes.messages import image_message

pytest.importorskip('onnxruntime', reason='onnxruntime is not installed')

IMAGE = '/event_camera/recon/image_raw'
FRAMES = '/event_camera/frame_image'
EPOCH_NS = 1_700_000_000_000_000_000
MS = 1_000_000


@pytest.mark.parametrize(
    ('side', 'counter'), [((0, 0), None), ((2, 4), 'camera_frames: unregistered')]
)
def test_the_node_reads_frames_and_counts_those_it_cannot_use(
    make_node, camera, subscribe, other, wait_until, side, counter
):
    node = make_node(frames='anchor', fps=100.0, model='two_scale_gru_frames')
    assert node.start()
    images = subscribe(Image, IMAGE)
    publisher = other.create_publisher(Image, FRAMES, 10)
    wait_until(publisher.get_subscription_count, 'the subscription to frames')
    camera(range(2))
    wait_until(lambda: node._inputs.packet_size, 'a packet')
    width, height = node._inputs.packet_size
    picture = np.random.default_rng(0).integers(0, 256, (height + side[0], width + side[1]))
    publisher.publish(image_message(picture.astype(np.uint8), EPOCH_NS + 5 * MS, 'frames'))
    wait_until(lambda: node._topic_statistics.camera_frames == 1, 'the frame')
    camera(range(2, 12))
    wait_until(lambda: images, 'an image')
    counts = node._health.counters()
    assert counts['camera_frames'] == 1
    refused = {key for key, n in counts.items() if key.startswith('camera_frames: ') and n}
    assert refused == ({counter} if counter else set())
