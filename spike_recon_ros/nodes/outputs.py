# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The node's publishers."""

from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Float64

from spike_recon_ros.conditioning.region import Region
from spike_recon_ros.frame import Frame
from spike_recon_ros.nodes.diagnostics import TopicStatistics
from spike_recon_ros.nodes.messages import camera_info_of, image_message
from spike_recon_ros.nodes.qos import image_qos, overridable
from spike_recon_ros.nodes.subscribers import SubscriberWatch
from spike_recon_ros.rendering.samples_image import draw_samples
from spike_recon_ros.settings import Settings


class Outputs:
    """Publishes images and what goes with them, only while the node is active.

    Args:
        node: whose topics they are.
        statistics: where published frames and their times are counted.
        viewers_changed: called when someone may have subscribed to the images, or left.
        settings: of the node.
    """

    def __init__(
        self,
        node: LifecycleNode,
        statistics: TopicStatistics,
        viewers_changed: Callable[[], None],
        settings: Settings,
    ) -> None:
        self._color_encoding = settings.color_encoding
        self._node = node
        self._statistics = statistics
        self._publishers: list[LifecyclePublisher] = []
        self._watch = SubscriberWatch(node, viewers_changed, statistics)
        try:
            self._images = self._publisher(
                Image, '~/image_raw', event_callbacks=self._watch.events
            )
            self._samples = self._publisher(
                Image, '~/samples_image', event_callbacks=self._watch.events
            )
            self._colors = (
                None
                if settings.color == 'off'
                else self._publisher(Image, '~/image_color', event_callbacks=self._watch.events)
            )
            self._camera_infos = self._publisher(CameraInfo, '~/camera_info')
            self._processing_ms = self._publisher(Float64, '~/debug/processing_time_ms')
            self._latency_ms = self._publisher(Float64, '~/debug/pipeline_latency_ms')
            self._diagnostics = self._publisher(DiagnosticArray, '/diagnostics')
        except Exception:  # an override of the QoS that is not valid
            self.close()
            raise

    @property
    def image_topic(self) -> str:
        """The full name of the image topic."""
        return self._images.topic_name

    @property
    def image_qos(self) -> QoSProfile:
        """The QoS of the image topic, with what the user has overridden."""
        return self._images.qos_profile

    def has_viewers(self) -> bool:
        """Whether anybody subscribes to images: of the scene, in colour, or of the samples."""
        topics = self._images, self._samples
        return self.has_color_viewers() or any(one.get_subscription_count() for one in topics)

    def has_color_viewers(self) -> bool:
        """Whether anybody subscribes to the colour images."""
        return self._colors is not None and self._colors.get_subscription_count() > 0

    def publish(
        self,
        frame: Frame,
        seconds: float,
        frame_id: str,
        camera_info: CameraInfo | None,
        region: Region | None,
    ) -> None:
        """Publish a rendered frame.

        Args:
            frame: with its image.
            seconds: time spent on it.
            frame_id: of the image.
            camera_info: of the sensor; sent along for the image, with its header.
            region: the part of the sensor that the image shows.
        """
        assert frame.image is not None
        message = image_message(frame.image, frame.stamp_ns, frame_id)
        self._images.publish(message)
        if frame.color is not None and self._colors is not None:
            stamp_ns, encoding = frame.stamp_ns, self._color_encoding
            self._colors.publish(image_message(frame.color, stamp_ns, frame_id, encoding))
        if self._samples.get_subscription_count():
            width, height = frame.image.shape[::-1] if region is None else region.image_size
            drawn = draw_samples(frame.samples, height, width)
            self._samples.publish(image_message(drawn, frame.stamp_ns, frame_id))
        if camera_info is not None and self._camera_infos.get_subscription_count():
            enlargement = 1 if region is None else message.width // region.image_size[0]
            self._camera_infos.publish(
                camera_info_of(camera_info, region, message.header, enlargement)
            )
        latency_ms = (self._node.get_clock().now().nanoseconds - frame.stamp_ns) / 1e6
        self._statistics.published_frames += 1
        self._statistics.latencies_ms.append(latency_ms)
        self._statistics.processing_ms.append(seconds * 1e3)
        for topic, value in (
            (self._processing_ms, seconds * 1e3),
            (self._latency_ms, latency_ms),
        ):
            if topic.get_subscription_count():
                topic.publish(Float64(data=value))

    def publish_diagnostics(self, status: DiagnosticStatus) -> None:
        """Publish the node's status."""
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def close(self) -> None:
        """Destroy the publishers."""
        self._watch.close()
        while self._publishers:
            self._node.destroy_lifecycle_publisher(self._publishers.pop())

    def _publisher(self, kind: type, topic: str, **options: Any) -> LifecyclePublisher:
        publisher: LifecyclePublisher = self._node.create_lifecycle_publisher(
            kind, topic, image_qos(), qos_overriding_options=overridable(), **options
        )
        self._publishers.append(publisher)
        return publisher
