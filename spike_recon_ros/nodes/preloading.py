# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Loads the model before the first packet, for the sensor that is expected."""

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo

from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import kinds_expected
from spike_recon_ros.nodes.expected_sensor import (
    Sensor,
    expected_kind,
    last_sensor,
    remember_sensor,
    sensor_of_settings,
)
from spike_recon_ros.nodes.messages import camera_info_size
from spike_recon_ros.nodes.qos import reference_qos
from spike_recon_ros.nodes.reporting import Reporter
from spike_recon_ros.nodes.worker import Worker
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.warm_up import warm_up
from spike_recon_ros.windows.hot_pixels import check_mask_file


class Preloader:
    """Loads a reconstructor's model for the sensor of the settings, or for a guess.

    The first packet confirms the sensor, or makes the reconstructor load another model.

    Args:
        node: whose topics and log are used.
        settings: of the node.
        reconstructor: whose model is loaded.
        reporter: logs the model that runs.

    Attributes:
        worker: owns the reconstructor at the moment; None while the node is not active.
    """

    def __init__(
        self, node: Node, settings: Settings, reconstructor: Reconstructor, reporter: Reporter
    ) -> None:
        self.worker: Worker | None = None
        self._node, self._settings, self._reporter = node, settings, reporter
        self._reconstructor = reconstructor
        self._topic = node.resolve_topic_name('events')
        self._subscription: Subscription | None = None
        self._seen: Sensor | None = None

    def load(self) -> None:
        """Warm up; load the model now if the sensor can be guessed, else once a CameraInfo comes.

        If the kind of camera is likely, only the model for it is warmed up.

        Raises:
            UserError: the setting `sensor_size` is malformed, or the model cannot run for it, or
                the mask of hot pixels cannot be read.
        """
        check_mask_file(self._settings)
        sensor = sensor_of_settings(self._settings, self._topic)
        last = last_sensor(self._topic)
        if last is not None and last.kind not in kinds_expected(self._settings):
            last = None
        likely = sensor or last
        kinds = [likely.kind] if likely is not None else ()
        warm_up(self._settings, kinds, networks=likely is None)
        if sensor is not None:
            self._reconstructor.prepare(*sensor)
            self._reporter.running(self._reconstructor.runs)
            return
        if last is not None:
            self._load_guess(last, 'last seen on this topic')
        else:
            self._subscription = self._node.create_subscription(
                CameraInfo, 'camera_info', self._on_camera_info, reference_qos()
            )

    def remember(self) -> None:
        """Keep the sensor that the reconstructor runs for, for the next start."""
        region = self._reconstructor.region
        if region is None:
            return
        sensor = Sensor(region.sensor_width, region.sensor_height, self._reconstructor.kind)
        if sensor != self._seen:
            self._seen = sensor
            remember_sensor(self._topic, sensor)

    def close(self) -> None:
        """Stop waiting for a CameraInfo."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None

    def _on_camera_info(self, message: CameraInfo) -> None:
        size = camera_info_size(message)
        if self._subscription is None or not all(size):
            return
        self.close()
        kind = expected_kind(self._settings, self._topic)
        sensor = Sensor(*size, kind)
        if self.worker is None:
            self._load_guess(sensor, 'from camera_info')
        else:
            self.worker.call(lambda _: self._load_guess(sensor, 'from camera_info'))

    def _load_guess(self, sensor: Sensor, source: str) -> None:
        if self._reconstructor.statistics.packets:  # the sensor is known
            return
        try:
            self._reconstructor.prepare(*sensor)
        except UserError as error:
            self._node.get_logger().info(f'no model loaded for {sensor} ({source}): {error}')
        else:
            self._node.get_logger().info(f'model loaded for {sensor} ({source})')
            self._reporter.running(self._reconstructor.runs)
