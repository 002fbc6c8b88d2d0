# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Default topic names: those of the event camera drivers, and those of the node.

Nodes use the relative names, in their namespace. Files hold the full names.
"""

NAMESPACE = 'event_camera'
"""Namespace of the nodes of this package, unless `-r __ns:=...` gives another."""
EVENTS_NAME, IMAGE_NAME = 'events', 'recon/image_raw'
EVENTS = '/event_camera/events'
FRAMES = '/event_camera/frame_image'
CAMERA_INFO = '/event_camera/camera_info'
IMAGE = '/event_camera/recon/image_raw'
COLOR_IMAGE = '/event_camera/recon/image_color'
GROUND_TRUTH = '/event_camera/ground_truth/image_raw'
GROUND_TRUTH_COLOR = '/event_camera/ground_truth/image_color'
GROUND_TRUTH_POSE = '/event_camera/ground_truth/pose'
