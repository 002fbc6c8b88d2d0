# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How each topic is carried.

Drivers of event cameras publish best effort: a reliable subscriber would never match them. Images
go out reliable, which matches both kinds of subscriber; the middleware profile makes large ones
cheap. Every profile can be overridden by the standard QoS parameters.
"""

from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions


def _keep_last(depth: int, reliability: ReliabilityPolicy) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=DurabilityPolicy.VOLATILE,
    )


EVENTS_QOS = _keep_last(1000, ReliabilityPolicy.BEST_EFFORT)
# A reference is one small fact about a message; it comes as the camera sends it.
REFERENCE_QOS = _keep_last(10, ReliabilityPolicy.BEST_EFFORT)
IMAGE_QOS = _keep_last(10, ReliabilityPolicy.RELIABLE)
# A recording is replayed without the camera's losses: the player keeps what is on its way.
REPLAY_QOS = _keep_last(1000, ReliabilityPolicy.RELIABLE)


def overridable() -> QoSOverridingOptions:
    """Return the options that declare `qos_overrides.<topic>...` parameters for a topic."""
    return QoSOverridingOptions.with_default_policies()
