# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How each topic is carried.

Drivers of event cameras publish best effort: a reliable subscriber would never match them. Images
go out reliable, which matches both kinds of subscriber; the middleware profile makes large ones
cheap. Every profile can be overridden by the standard QoS parameters.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

EVENTS_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1000,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
# A reference is one small fact about a message; missing the camera's rate would cost frames.
REFERENCE_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.VOLATILE,
)
IMAGE_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=10,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)
# A recording is replayed without the camera's losses: the player keeps what is on its way.
REPLAY_QOS = QoSProfile(
    history=HistoryPolicy.KEEP_LAST,
    depth=1000,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.VOLATILE,
)


def overridable() -> QoSOverridingOptions:
    """Return the options that declare `qos_overrides.<topic>...` parameters for a topic."""
    return QoSOverridingOptions.with_default_policies()
