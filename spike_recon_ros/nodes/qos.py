# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The quality of service of each topic, and the check of what a user overrides in it.

Drivers of event cameras publish best effort, so a reliable subscriber would not receive anything.
Images are published reliably, which matches both kinds of subscriber; the middleware profile makes
large ones cheap. Profiles of topics created with `overridable()` follow the standard QoS
parameters; rclpy writes these into the profile that it is given, so each topic gets its own.
"""

from collections.abc import Mapping
from typing import Any

from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

from spike_recon_ros.errors import UserError, did_you_mean
from spike_recon_ros.nodes.topic_names import PUBLISHED, SUBSCRIBED
from spike_recon_ros.parameter_files import QOS_OVERRIDES

# Topics of ROS itself, whose overrides other nodes in the same parameter file may need.
_OF_ROS = ('/parameter_events', '/rosout', '/clock')
_WORDS = {'history': HistoryPolicy, 'reliability': ReliabilityPolicy}
_LARGEST_DEPTH = 1_000_000


def _keep_last(depth: int, reliability: ReliabilityPolicy) -> QoSProfile:
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=DurabilityPolicy.VOLATILE,
    )


def events_qos() -> QoSProfile:
    """Return the profile of the incoming packets."""
    return _keep_last(1000, ReliabilityPolicy.BEST_EFFORT)


def reference_qos() -> QoSProfile:
    """Return the profile for messages of other cameras: their stamps or calibration."""
    return _keep_last(10, ReliabilityPolicy.BEST_EFFORT)


def kept_qos() -> QoSProfile:
    """Return the profile for a message that its publisher keeps for late subscribers."""
    return QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def image_qos() -> QoSProfile:
    """Return the profile of what the node publishes."""
    return _keep_last(10, ReliabilityPolicy.RELIABLE)


def watching_qos() -> QoSProfile:
    """Return the profile of somebody who watches: the newest image, from any publisher."""
    return _keep_last(1, ReliabilityPolicy.BEST_EFFORT)


def replay_qos() -> QoSProfile:
    """Return the profile of a recording, of which no message may be lost."""
    return _keep_last(1000, ReliabilityPolicy.RELIABLE)


def overridable() -> QoSOverridingOptions:
    """Return the options that declare `qos_overrides.<topic>...` parameters for a topic."""
    return QoSOverridingOptions.with_default_policies()


def check_qos_overrides(node: Node, overrides: Mapping[str, Any]) -> None:
    """Check the parameters `qos_overrides.*` among a node's overrides.

    rclpy reads them when a topic is created, which for the packets is when the first viewer
    subscribes, and ignores those of topics that it does not create.

    Args:
        node: whose names of topics count.
        overrides: values of parameters by name.

    Raises:
        UserError: there is no such topic or policy, or the value is not valid; the message names
            the parameter, the value and what is valid.
    """
    topics = {
        kind: [node.resolve_topic_name(name) for name in names]
        for kind, names in (('publisher', PUBLISHED), ('subscription', SUBSCRIBED))
    }
    for parameter, value in overrides.items():
        prefix, _, rest = parameter.partition('.')
        if prefix != QOS_OVERRIDES or rest.partition('.')[0] in _OF_ROS:
            continue
        parts = rest.rsplit('.', 2)
        if len(parts) != 3:
            raise UserError(
                f'{parameter} is not of the form {QOS_OVERRIDES}.<topic>.<publisher or '
                'subscription>.<history, depth or reliability>'
            )
        topic, kind, policy = parts
        if topic not in topics.get(kind, ()):
            ours = [f'{name}.{kind}' for kind, names in topics.items() for name in names]
            raise UserError(
                f'{parameter} is of no topic of this node'
                f'{did_you_mean(f"{topic}.{kind}", ours)}; its topics are: {", ".join(ours)}'
            )
        _check_policy(parameter, policy, value)


def _check_policy(parameter: str, policy: str, value: Any) -> None:
    if policy == 'depth':
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole or not 1 <= value <= _LARGEST_DEPTH:
            raise UserError(
                f'{parameter} is {value!r}; it must be a whole number from 1 to {_LARGEST_DEPTH:,}'
            )
        return
    if policy not in _WORDS:
        raise UserError(
            f'{parameter} cannot be set; what can be set is history, depth and reliability'
        )
    allowed = [word for word in _WORDS[policy].short_keys() if word != 'unknown']
    if not isinstance(value, str) or value.lower() not in allowed:
        hint = did_you_mean(str(value), allowed)
        raise UserError(f'{parameter} is {value!r}; it must be one of: {", ".join(allowed)}{hint}')
