# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A calibration as the YAML file that ROS's drivers load (camera_calibration_parsers)."""

from pathlib import Path

import cv2
import numpy as np

from spike_recon_ros.calibration.solve import Calibration
from spike_recon_ros.whole_file import write_whole


def write_camera_info(path: Path, calibration: Calibration, camera_name: str) -> None:
    """Write the file.

    `projection_matrix` is that of the rectified image that shows no pixel from outside the camera
    image, as ROS's camera_calibration chooses it.
    """
    size = calibration.width, calibration.height
    rectified, _ = cv2.getOptimalNewCameraMatrix(
        calibration.matrix, calibration.distortion, size, 0.0
    )
    write_whole(
        path,
        f'image_width: {calibration.width}\n'
        f'image_height: {calibration.height}\n'
        f'camera_name: {camera_name}\n'
        + _matrix('camera_matrix', calibration.matrix)
        + f'distortion_model: {calibration.model}\n'
        + _matrix('distortion_coefficients', calibration.distortion[None])
        + _matrix('rectification_matrix', np.eye(3))
        + _matrix('projection_matrix', np.column_stack([rectified, np.zeros(3)])),
    )


def _matrix(name: str, values: np.ndarray) -> str:
    rows, columns = values.shape
    data = ', '.join(f'{value:.8g}' for value in values.ravel())
    return f'{name}:\n  rows: {rows}\n  cols: {columns}\n  data: [{data}]\n'
