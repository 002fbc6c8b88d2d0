# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Find AprilTags in the published images and publish their poses, with OpenCV.

    python examples/apriltag_node.py --ros-args -p tag_size:=0.1

Subscribes to /event_camera/recon/image_raw and camera_info beside it, pairs them by stamp, and
publishes one geometry_msgs/TransformStamped for each tag on /apriltag/tags; also on /tf where
tf2_msgs is installed. Frames are named as by apriltag_ros: tag36h11:7. The x axis of a tag points
right, y down and z into the tag, as seen by somebody who reads it.
"""

import sys
from collections import OrderedDict
from typing import Any

import cv2
import numpy as np
import rclpy
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.msg import ParameterDescriptor
from rclpy.exceptions import ParameterException
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import CameraInfo, Image

from spike_recon_ros.errors import UserError
from spike_recon_ros.nodes.messages import image_array
from spike_recon_ros.sources.open_images import grey_image

try:
    from tf2_msgs.msg import TFMessage
except ImportError:  # not on PyPI
    TFMessage = None

WAITING = 50
"""Images and camera_info kept until their partner comes."""


class AprilTagNode(Node):
    """Node `apriltag`: an image and its camera_info in, poses of tags out."""

    def __init__(self, **options: Any) -> None:
        super().__init__('apriltag', **options)
        # A whole number of metres, as in tag_size:=1, is another type to ROS.
        any_number = ParameterDescriptor(dynamic_typing=True)
        self._side = float(self.declare_parameter('tag_size', 0.1, any_number).value)
        border = int(self.declare_parameter('border_bits', 1).value)
        if self._side <= 0 or border < 1:
            raise SystemExit(
                f'tag_size is {self._side:g} and border_bits is {border}; give the side of the '
                'black square in metres, above 0, and the width of its border in bits, 1 or more'
            )
        image: str = self.declare_parameter('image', '/event_camera/recon/image_raw').value
        half = self._side / 2
        self._corners = np.array(
            [[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]]
        )
        parameters = cv2.aruco.DetectorParameters()
        parameters.markerBorderBits = border
        parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
        self._detector = cv2.aruco.ArucoDetector(
            cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11), parameters
        )
        self._waiting: OrderedDict[tuple[int, int], Any] = OrderedDict()
        self._tags = self.create_publisher(TransformStamped, '~/tags', 100)
        self._tf = None if TFMessage is None else self.create_publisher(TFMessage, '/tf', 100)
        info = image.rsplit('/', 1)[0] + '/camera_info'
        self.create_subscription(Image, image, self._pair, qos_profile_sensor_data)
        self.create_subscription(CameraInfo, info, self._pair, qos_profile_sensor_data)

    def _pair(self, message: Image | CameraInfo) -> None:
        """Wait for the other message of the same stamp."""
        stamp = message.header.stamp.sec, message.header.stamp.nanosec
        other = self._waiting.pop(stamp, None)
        if other is None or isinstance(other, type(message)):
            self._waiting[stamp] = message
            while len(self._waiting) > WAITING:
                self._waiting.popitem(last=False)
            return
        image, info = (other, message) if isinstance(message, CameraInfo) else (message, other)
        self._find(image, info)

    def _find(self, image: Image, info: CameraInfo) -> None:
        try:
            corners, ids, _ = self._detector.detectMarkers(grey_image(image_array(image)))
        except UserError as error:
            self.get_logger().warning(f'an image is left out: {error}', throttle_duration_sec=10.0)
            return
        if ids is None:
            return
        if problem := unusable(info):
            self.get_logger().warning(problem, throttle_duration_sec=10.0)
            return
        matrix, distortion = np.reshape(info.k, (3, 3)), np.array(info.d)
        found = []
        for number, corner in zip(ids.ravel().tolist(), corners, strict=True):
            pixels = on_sensor(corner.reshape(4, 2), info)
            solved, rotation, position = cv2.solvePnP(
                self._corners, pixels, matrix, distortion, flags=cv2.SOLVEPNP_IPPE
            )
            if solved:
                found.append(transform(image.header, number, rotation, position))
        for one in found:
            self._tags.publish(one)
        if self._tf is not None:
            self._tf.publish(TFMessage(transforms=found))


def unusable(info: CameraInfo) -> str:
    """Return why no pose can be computed with this calibration; '' if one can."""
    if not info.k[0]:
        return 'the camera is not calibrated (K is zero); run: spike-recon calibrate'
    if len(info.d) and info.distortion_model not in ('', 'plumb_bob', 'rational_polynomial'):
        return (
            f'the distortion model of the camera is {info.distortion_model}, which this example '
            'does not compute; rectify the images, or calibrate with plumb_bob'
        )
    return ''


def on_sensor(pixels: np.ndarray, info: CameraInfo) -> np.ndarray:
    """Return pixels of the image as pixels of the full sensor, to which K belongs (REP 104)."""
    binning = np.array([max(1, info.binning_x), max(1, info.binning_y)])
    offset = np.array([info.roi.x_offset, info.roi.y_offset])
    # The centre of a binned pixel lies in the middle of those that it covers.
    return pixels.astype(np.float64) * binning + (binning - 1) / 2 + offset


def transform(
    header: Any, number: int, rotation: np.ndarray, position: np.ndarray
) -> TransformStamped:
    """Return the message of a tag's pose in the frame of the camera."""
    message = TransformStamped(header=header, child_frame_id=f'tag36h11:{number}')
    angle = float(np.linalg.norm(rotation))
    axis = rotation.ravel() / angle if angle else np.zeros(3)
    x, y, z = (float(value) for value in np.sin(angle / 2) * axis)
    turn, place = message.transform.rotation, message.transform.translation
    turn.x, turn.y, turn.z, turn.w = x, y, z, float(np.cos(angle / 2))
    place.x, place.y, place.z = (float(value) for value in position.ravel())
    return message


def main() -> None:
    """Run until interrupted."""
    rclpy.init(args=sys.argv)
    try:
        node = AprilTagNode()
    except (ValueError, ParameterException) as error:  # a text where a number is expected
        rclpy.try_shutdown()
        raise SystemExit(f'error: a parameter is wrong: {error}') from None
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
