# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The simulated calibration board is where its pose says, through a lens that distorts."""

import cv2
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_training.simulation.calibration_scene import BOARDS, CalibrationScene


@pytest.mark.parametrize('board', BOARDS)
def test_corners_lie_where_the_pose_projects_them(board):
    scene = CalibrationScene(346, 260, board, seed=1)
    image = np.clip(255 * scene.luminance(1.0), 0, 255).astype(np.uint8)
    points, pixels = scene.target.find(image)
    rotation, position = scene.pose(1.0)
    there, _ = cv2.projectPoints(points, rotation, position, scene.camera_matrix, scene.distortion)
    assert np.abs(there.reshape(-1, 2) - pixels).max() < 0.5
    assert np.hypot(*(there.reshape(-1, 2) - pixels).mean(axis=0)) < 0.1


def test_the_board_stands_in_front_of_the_camera_and_moves():
    scene = CalibrationScene(346, 260, 'charuco', seed=2)
    depths = [scene.pose(t)[1][2] for t in np.arange(0, 20, 0.5)]
    assert min(depths) > 0.1
    assert all(20 < scene.speed_px(t) < 1000 for t in np.arange(0, 20, 0.5))


def test_a_recording_holds_camera_and_poses(tmp_path):
    simulation = Simulation(board='aprilgrid', size=(64, 48), duration_s=0.1, truth_hz=50.0)
    simulate(tmp_path / 'bag', simulation)
    scene = CalibrationScene(64, 48, 'aprilgrid', 0)
    with AnyReader([tmp_path / 'bag']) as reader:
        read = {connection.topic: [] for connection in reader.connections}
        for connection, _, raw in reader.messages():
            read[connection.topic].append(reader.deserialize(raw, connection.msgtype))
    (first, *_), poses = read['/event_camera/camera_info'], read['/event_camera/ground_truth/pose']
    assert first.d == pytest.approx(scene.distortion)
    assert len(poses) == len(read['/event_camera/ground_truth/image_raw']) == 5
    for number, message in enumerate(poses):
        rotation, position = scene.pose(number / 50.0)
        place, turn = message.pose.position, message.pose.orientation
        assert (place.x, place.y, place.z) == pytest.approx(position)
        vector = 2 * np.arccos(turn.w) * np.array([turn.x, turn.y, turn.z])
        vector /= max(1e-9, np.linalg.norm([turn.x, turn.y, turn.z]))
        assert cv2.Rodrigues(vector)[0] == pytest.approx(rotation, abs=1e-6)
