# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network with super-resolution, through DDS: the camera_info is that of the large image."""

import numpy as np
import pytest

pytest.importorskip('openvino', reason='openvino is not installed: no network runs')

from event_camera_msgs.msg import EventPacket
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest

from spike_recon_ros.nodes.messages import packet_message
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.topics import EVENTS

WIDTH, HEIGHT, SCALE = 48, 32, 4
IMAGE, INFO = '/event_camera/recon/image_raw', '/event_camera/recon/camera_info'
K = np.array([[40.0, 0.0, 23.0], [0.0, 41.0, 15.0], [0.0, 0.0, 1.0]])
BASELINE = np.array([[-4.0], [0.0], [0.0]])
"""Last column of P: the focal length times the distance to the left camera, negative."""
PERIOD_NS = 50_000


def packets():
    rng = np.random.default_rng(0)
    for seq in range(12):
        bits = pack_planes(rng.random((20, HEIGHT, WIDTH)) < 0.4)
        start_ns = 20 * PERIOD_NS * seq
        yield Packet(
            spike_encoding(PERIOD_NS), WIDTH, HEIGHT, seq, start_ns, start_ns + 1, bits.ravel()
        )


def test_the_camera_info_of_a_large_image_projects_to_its_pixels(
    make_node, other, subscribe, wait_until
):
    node = make_node(sensor='spike', model='spk2vid_x4', fps=1000, overload_lag=60.0)
    assert node.start()
    images, infos = subscribe(Image, IMAGE), subscribe(CameraInfo, INFO)
    calibration = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    camera = other.create_publisher(EventPacket, EVENTS, 1000)
    wait_until(calibration.get_subscription_count, 'the subscription to camera_info')
    wait_until(camera.get_subscription_count, 'the subscription to events')
    given = CameraInfo(
        width=WIDTH,
        height=HEIGHT,
        k=K.ravel().tolist(),
        p=np.hstack([K, BASELINE]).ravel().tolist(),
        roi=RegionOfInterest(width=WIDTH, height=HEIGHT),
    )

    def is_known():
        # Best effort: what is published before the subscription has found the publisher is lost.
        calibration.publish(given)
        return node._inputs.camera_info

    wait_until(is_known, 'camera_info')
    for packet in packets():
        camera.publish(packet_message(packet, 'camera'))
    wait_until(lambda: images and infos, 'an image and its camera_info')
    image, info = images[-1], infos[-1]
    assert (image.width, image.height) == (SCALE * WIDTH, SCALE * HEIGHT)
    assert (info.width, info.height) == (image.width, image.height)
    assert (info.roi.width, info.roi.height) == (image.width, image.height)
    # A point on the right border of the sensor lies on the right border of the image.
    for matrix in (np.reshape(info.k, (3, 3)), np.reshape(info.p, (3, 4))[:, :3]):
        corner = matrix @ np.linalg.inv(K) @ np.array([WIDTH - 0.5, HEIGHT - 0.5, 1.0])
        assert corner == pytest.approx([image.width - 0.5, image.height - 0.5, 1.0])
    assert np.reshape(info.p, (3, 4))[:, 3] == pytest.approx(SCALE * BASELINE[:, 0])
