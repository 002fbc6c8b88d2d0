# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The example `apriltag_node.py` finds the tags in live reconstructions, with their poses."""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest
from event_camera_msgs.msg import EventPacket
from geometry_msgs.msg import TransformStamped
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, Image, RegionOfInterest

from spike_recon_ros.calibration.april_grid import AprilGrid
from spike_recon_ros.nodes.messages import image_message, packet_message, time_ns
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet

pytest.importorskip('spike_recon_training')
from spike_recon_training.simulation.calibration_scene import CalibrationScene
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel

EXAMPLE = Path(__file__).resolve().parents[2] / 'examples' / 'apriltag_node.py'
EPOCH_NS = 1_700_000_000 * 10**9
MS = 1_000_000
WIDTH, HEIGHT = 320, 240
PACKETS, PACKET_NS = 60, 5 * MS
SIDE = 0.06


@pytest.fixture(scope='module')
def scene():
    return CalibrationScene(WIDTH, HEIGHT, AprilGrid(4, 3, SIDE, squares=False), seed=3)


@pytest.fixture(scope='module')
def packets(scene):
    """0.3 s of events of moving tags."""
    camera = EventCamera(WIDTH, HEIGHT, SensorModel(noise_hz=0.1), 0)
    camera.step(scene.luminance(0.0), 0)
    made = []
    for seq in range(PACKETS):
        base = seq * PACKET_NS
        t_ns = base + PACKET_NS
        events = camera.step(scene.luminance(t_ns / 1e9), t_ns)
        data = encode_mono(events, base)
        first_ns = int(events.t_ns[0])
        made.append(Packet('mono', WIDTH, HEIGHT, seq, base, EPOCH_NS + first_ns, data))
    return made


@pytest.fixture
def module():
    spec = importlib.util.spec_from_file_location('apriltag_node', EXAMPLE)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def node_of(module, **parameters):
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    return module.AprilTagNode(parameter_overrides=overrides)


@pytest.fixture
def tags(executor, subscribe, module):
    """The messages of the example, which runs in this test's executor."""
    executor.add_node(node_of(module, tag_size=SIDE, border_bits=2))
    return subscribe(TransformStamped, '/apriltag/tags', 100)


def info_of(scene, **fields):
    return CameraInfo(
        width=WIDTH,
        height=HEIGHT,
        distortion_model='plumb_bob',
        k=scene.camera_matrix.ravel().tolist(),
        d=scene.distortion.tolist(),
        **fields,
    )


def error_of(scene, message):
    """The error of a tag's position as a share of its distance, and of its axes, degrees."""
    number = int(message.child_frame_id.partition(':')[2])
    columns, rows, pitch = 4, 3, 1.3 * SIDE
    column, row = number % columns, rows - 1 - number // columns
    middle = np.array([column * pitch + SIDE / 2, row * pitch + SIDE / 2, 0.0])
    rotation, position = scene.pose((time_ns(message.header.stamp) - EPOCH_NS) / 1e9)
    true = rotation @ middle + position
    place, turn = message.transform.translation, message.transform.rotation
    away = np.linalg.norm(np.array([place.x, place.y, place.z]) - true) / np.linalg.norm(true)
    vector = 2 * np.arccos(np.clip(turn.w, -1, 1)) * np.array([turn.x, turn.y, turn.z])
    length = np.linalg.norm([turn.x, turn.y, turn.z])
    found, _ = cv2.Rodrigues(vector / length if length else vector)
    normal = np.degrees(np.arccos(np.clip(found[:, 2] @ rotation[:, 2], -1, 1)))
    return away, normal


def test_tags_have_poses_in_live_reconstructions(
    make_node, other, tags, scene, packets, wait_until
):
    if not any(importlib.util.find_spec(name) for name in ('openvino', 'onnxruntime')):
        pytest.skip('neither openvino nor onnxruntime is installed: no network runs')
    assert make_node(fps=50.0, model='two_scale_gru').start()
    events = other.create_publisher(EventPacket, '/event_camera/events', 1000)
    infos = other.create_publisher(CameraInfo, '/event_camera/camera_info', 10)
    wait_until(events.get_subscription_count, 'the subscription to packets')
    wait_until(infos.get_subscription_count, 'the subscription to camera_info')
    infos.publish(info_of(scene))
    for packet in packets:
        events.publish(packet_message(packet, 'camera_optical'))
    wait_until(lambda: len(tags) >= 20, 'twenty tags')
    errors = np.array([error_of(scene, message) for message in tags])
    assert all(message.header.frame_id == 'camera_optical' for message in tags)
    assert np.median(errors[:, 0]) < 0.04  # a tag has 40 pixels
    assert np.median(errors[:, 1]) < 10.0


def test_the_pose_does_not_depend_on_region_and_binning(other, tags, scene, wait_until):
    images = other.create_publisher(Image, '/event_camera/recon/image_raw', 10)
    infos = other.create_publisher(CameraInfo, '/event_camera/recon/camera_info', 10)
    wait_until(lambda: images.get_subscription_count() and infos.get_subscription_count(), 'it')
    whole = np.clip(255 * scene.luminance(0.5), 0, 255).astype(np.uint8)
    large = cv2.resize(whole, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    matrix = np.diag([2.0, 2.0, 1.0]) @ scene.camera_matrix
    matrix[:2, 2] += 0.5
    stamp_ns = EPOCH_NS + 500 * MS
    roi = RegionOfInterest(x_offset=16, y_offset=8, width=2 * WIDTH - 16, height=2 * HEIGHT - 8)
    info = CameraInfo(
        width=2 * WIDTH, height=2 * HEIGHT, k=matrix.ravel().tolist(), d=scene.distortion.tolist(),
        roi=roi, binning_x=2, binning_y=2,
    )  # fmt: skip
    binned = cv2.resize(large[8:, 16:], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    message = image_message(binned, stamp_ns, 'camera')
    info.header = message.header
    infos.publish(info)
    images.publish(message)
    wait_until(lambda: len(tags) >= 8, 'eight tags')
    errors = np.array([error_of(scene, message) for message in tags])
    assert np.median(errors[:, 0]) < 0.01


@pytest.mark.parametrize('wrong', [{'tag_size': -1.0}, {'tag_size': 0}, {'border_bits': 0}])
def test_a_tag_without_a_size_is_refused(executor, module, wrong):
    with pytest.raises(SystemExit, match='give the side of the black square in metres'):
        node_of(module, **wrong)


@pytest.mark.parametrize('wrong', ['tag_size:=big', 'border_bits:=1.5'])
def test_a_parameter_of_another_type_ends_the_example_with_a_sentence(module, monkeypatch, wrong):
    monkeypatch.setattr('sys.argv', ['apriltag_node.py', '--ros-args', '-p', wrong])
    with pytest.raises(SystemExit, match='error: a parameter is wrong'):
        module.main()


def test_a_size_may_be_a_whole_number(executor, module):
    executor.add_node(node_of(module, tag_size=1))


def test_a_calibration_that_gives_wrong_poses_is_named(module, scene):
    assert module.unusable(info_of(scene)) == ''
    fisheye = info_of(scene)
    fisheye.distortion_model, fisheye.d = 'equidistant', [0.1, 0.0, 0.0, 0.0]
    assert 'model of the camera is equidistant' in module.unusable(fisheye)
    assert 'not calibrated' in module.unusable(CameraInfo())


def test_an_image_that_cannot_be_decoded_is_left_out(executor, module, scene):
    node = node_of(module, tag_size=SIDE)
    executor.add_node(node)
    node._find(Image(encoding='jpeg', width=2, height=1, step=2, data=[0, 0]), info_of(scene))
