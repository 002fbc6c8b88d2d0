# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How each topic is carried.

Drivers of event cameras publish best effort: a reliable subscriber would never match them. Images
go out reliable, which matches both kinds of subscriber; the middleware profile makes large ones
cheap. Profiles of topics created with `overridable()` follow the standard QoS parameters; rclpy
writes these into the profile that it is given, so each topic gets one of its own.
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


def events_qos() -> QoSProfile:
    """Return the profile of the packets that come in."""
    return _keep_last(1000, ReliabilityPolicy.BEST_EFFORT)


def reference_qos() -> QoSProfile:
    """Return the profile of another camera's messages, of which a few facts are wanted."""
    return _keep_last(10, ReliabilityPolicy.BEST_EFFORT)


def image_qos() -> QoSProfile:
    """Return the profile of what the node publishes."""
    return _keep_last(10, ReliabilityPolicy.RELIABLE)


def replay_qos() -> QoSProfile:
    """Return the profile of a recording: the player keeps what is on its way."""
    return _keep_last(1000, ReliabilityPolicy.RELIABLE)


def overridable() -> QoSOverridingOptions:
    """Return the options that declare `qos_overrides.<topic>...` parameters for a topic."""
    return QoSOverridingOptions.with_default_policies()
