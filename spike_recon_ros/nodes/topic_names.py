# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The names of the node's topics, and the check that each is a topic of its own.

Two of them on one topic would feed the node its own messages, or end it when the first viewer
subscribes: within a process, most middlewares allow one type for a topic.
"""

from rclpy.node import Node

from spike_recon_ros.errors import UserError

PUBLISHED = (
    '~/image_raw',
    '~/image_color',
    '~/samples_image',
    '~/camera_info',
    '~/debug/processing_time_ms',
    '~/debug/pipeline_latency_ms',
    '/diagnostics',
)
SUBSCRIBED = ('events', 'camera_info', 'frame_image', 'time_reference')


def check_topic_names(node: Node) -> None:
    """Raise UserError if two topics of the node are remapped to the same name."""
    names: dict[str, str] = {}
    for name in (*PUBLISHED, *SUBSCRIBED):
        topic = node.resolve_topic_name(name)
        if topic in names:
            raise UserError(
                f'{names[topic]} and {name} are both the topic {topic}; remap one of them to '
                'another topic'
            )
        names[topic] = name
