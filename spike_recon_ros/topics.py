# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Default topic names: those of the event camera drivers, and those of the node.

Nodes use the relative names, in their namespace. Files hold the full names.
"""

NAMESPACE = 'event_camera'
"""Namespace of the nodes of this package, unless `-r __ns:=...` gives another."""
EVENTS_NAME, IMAGE_NAME = 'events', 'recon/image_raw'


def in_namespace(name: str, namespace: str) -> str:
    """Return the full name of a node or topic; one that begins with a slash is full already."""
    if name.startswith('/'):
        return name
    return '/' + '/'.join(part for part in (namespace.strip('/'), name) if part)


EVENTS = in_namespace(EVENTS_NAME, NAMESPACE)
FRAMES = in_namespace('frame_image', NAMESPACE)
CAMERA_INFO = in_namespace('camera_info', NAMESPACE)
IMAGE = in_namespace(IMAGE_NAME, NAMESPACE)
COLOR_IMAGE = in_namespace('recon/image_color', NAMESPACE)
GROUND_TRUTH = in_namespace('ground_truth/image_raw', NAMESPACE)
GROUND_TRUTH_COLOR = in_namespace('ground_truth/image_color', NAMESPACE)
GROUND_TRUTH_POSE = in_namespace('ground_truth/pose', NAMESPACE)
