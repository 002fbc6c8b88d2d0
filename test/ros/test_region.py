# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`roi` and `scale` through DDS: what a reader that follows REP 104 finds in the image.

`projection_of` repeats the rule of image_geometry's PinholeCameraModel: subtract the offset of
`roi` from the principal point, then divide the first two rows by the binning.
"""

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest

from spike_recon_ros.nodes.expected_sensor import last_sensor
from spike_recon_ros.topics import EVENTS

WIDTH, HEIGHT = 64, 48  # of the fixture `camera`
IMAGE, INFO = '/event_camera/recon/image_raw', '/event_camera/recon/camera_info'
K = np.array([[60.0, 0.0, 31.0], [0.0, 58.0, 22.0], [0.0, 0.0, 1.0]])


def projection_of(info):
    matrix = np.array(info.k).reshape(3, 3).copy()
    matrix[0, 2] -= info.roi.x_offset
    matrix[1, 2] -= info.roi.y_offset
    matrix[0] /= info.binning_x or 1
    matrix[1] /= info.binning_y or 1
    return matrix


@pytest.fixture
def received(make_node, camera, subscribe, other, wait_until):
    """A function that returns the first image and camera_info of a node with these parameters."""

    def receive(info, size=(WIDTH, HEIGHT), **parameters):
        assert make_node(fps=100.0, model='fibar', **parameters).start()
        images, infos = subscribe(Image, IMAGE), subscribe(CameraInfo, INFO)
        publisher = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
        wait_until(publisher.get_subscription_count, 'the subscription to camera_info')
        publisher.publish(info)
        camera(range(8), width=size[0], height=size[1])
        wait_until(lambda: images, 'an image')
        publisher.publish(info)  # the first may have come before the node subscribed
        camera(range(8, 16), width=size[0], height=size[1])
        wait_until(lambda: infos, 'camera_info')
        return images[-1], infos[-1]

    return receive


def info_of_sensor(**fields):
    return CameraInfo(
        width=WIDTH,
        height=HEIGHT,
        k=K.ravel().tolist(),
        p=np.hstack([K, np.zeros((3, 1))]).ravel().tolist(),
        **fields,
    )


@pytest.mark.parametrize(
    ('parameters', 'size', 'roi', 'scale'),
    [
        ({'scale': 2}, (32, 24), (0, 0, 64, 48), 2),
        ({'roi': '16,8,32,24'}, (32, 24), (16, 8, 32, 24), 1),
        ({'roi': '16,8,32,32', 'scale': 4}, (8, 8), (16, 8, 32, 32), 4),
    ],
)
def test_a_reader_finds_a_point_of_the_scene_in_the_image(received, parameters, size, roi, scale):
    image, info = received(info_of_sensor(), **parameters)
    assert (image.width, image.height) == size
    assert (info.width, info.height) == (WIDTH, HEIGHT)
    assert (info.roi.width // info.binning_x, info.roi.height // info.binning_y) == size
    assert np.array_equal(np.array(info.k).reshape(3, 3), K)
    assert (info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height) == roi
    assert info.binning_x == info.binning_y == scale
    assert info.roi.do_rectify == (roi[2:] != (WIDTH, HEIGHT))
    point = np.array([0.1, 0.05, 1.0])
    on_sensor, in_image = K @ point, projection_of(info) @ point
    assert in_image[:2] == pytest.approx((on_sensor[:2] - roi[:2]) / scale)


def test_the_region_lies_within_that_of_a_camera_that_bins(received):
    of_camera = RegionOfInterest(x_offset=10, y_offset=20, width=64, height=48)
    given = CameraInfo(width=200, height=100, binning_x=2, binning_y=2, roi=of_camera)
    image, info = received(given, size=(32, 24), roi='4,2,16,16', scale=2)
    assert (image.width, image.height) == (8, 8)
    assert (info.binning_x, info.binning_y) == (4, 4)
    assert (info.roi.x_offset, info.roi.y_offset) == (18, 24)
    assert (info.roi.width, info.roi.height) == (32, 32)


def test_a_region_of_the_sensor_does_not_disturb_the_warm_up(make_node):
    assert make_node(roi='100,50,200,200', sensor_size='346x260', model='fibar').start()


def test_the_size_of_the_sensor_is_remembered_not_that_of_the_image(received):
    received(info_of_sensor(), scale=2)
    sensor = last_sensor(EVENTS)
    assert (sensor.width, sensor.height) == (WIDTH, HEIGHT)


def test_a_roi_outside_the_expected_sensor_stops_the_start(make_node, capfd):
    assert not make_node(roi='0,0,65,48', sensor_size='64x48', model='fibar').start()
    assert 'beyond the sensor of 64x48 pixels' in capfd.readouterr().err


def test_a_camera_info_of_another_size_is_a_problem(received, subscribe, wait_until):
    found = subscribe(DiagnosticArray, '/diagnostics')
    received(CameraInfo(width=640, height=480))
    wait_until(
        lambda: any('camera_info is for 640x480' in m.status[0].message for m in found),
        'the problem in /diagnostics',
    )
