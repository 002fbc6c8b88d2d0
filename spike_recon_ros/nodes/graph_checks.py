# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the graph of topics shows to be wrong: senders, viewers, their types and their QoS."""

from collections.abc import Sequence

from event_camera_msgs.msg import EventPacket
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo
from sensor_msgs.msg import Image, TimeReference

from spike_recon_ros.nodes.inputs import Inputs
from spike_recon_ros.nodes.problems import Problem, of_camera
from spike_recon_ros.status import Part

STREAMS = {EventPacket: 'packets', Image: 'images', TimeReference: 'references'}
"""Messages of which a topic can have one sender only, and their words."""
# RMW_DURATION_INFINITE, which some middlewares round down to seconds.
_INFINITE_NS = 9_223_372_036 * 10**9


class GraphChecks:
    """Looks at who else publishes and subscribes on the topics of the node.

    Args:
        node: whose topics are checked.
        image_topic: full name of the topic of its images.
        image_qos: of its publisher.
    """

    def __init__(self, node: Node, image_topic: str, image_qos: QoSProfile) -> None:
        self._node = node
        self._image_topic, self._image_qos = image_topic, image_qos
        # Each subscription of the node, with all that publish on its topic.
        self._publishers: list[tuple[Subscription, list[TopicEndpointInfo]]] = []

    def problems(self, inputs: Inputs) -> list[Problem]:
        """Look at the graph; return what keeps packets from the node, or images from viewers."""
        self._publishers = [
            (one, self._node.get_publishers_info_by_topic(one.topic_name))
            for one in inputs.subscriptions
        ]
        return [*self._senders(), *self._viewers()]

    def _senders(self) -> list[Problem]:
        found = []
        for subscription, everybody in self._publishers:
            topic = subscription.topic_name
            kind = type_name(subscription.msg_type)
            publishers = [one for one in everybody if one.topic_type == kind]
            if len(publishers) > 1 and (what := STREAMS.get(subscription.msg_type)):
                found += of_camera(
                    f'{len(publishers)} publishers send {what} on {topic} and their streams mix; '
                    'stop all but one, or give each camera a namespace and a node of its own'
                )
            for publisher in publishers:
                if reason := mismatch(publisher.qos_profile, subscription.qos_profile):
                    sentence = (
                        f'the QoS of {publisher.node_name} on {topic} does not match ({reason}); '
                        f'set qos_overrides.{topic}.subscription.reliability, or the QoS of the '
                        'publisher'
                    )
                    found.append(Problem(Part.NETWORK, sentence))
        return found

    def wrong_types(self) -> list[Problem]:
        """Return whose messages are of another type, at the latest look.

        For packets, PacketChecks does this.
        """
        sentences = [
            wrong_type(publishers, subscription)
            for subscription, publishers in self._publishers
            if subscription.msg_type is not EventPacket
        ]
        return [problem for sentence in sentences for problem in of_camera(sentence)]

    def _viewers(self) -> list[Problem]:
        found = []
        for viewer in self._node.get_subscriptions_info_by_topic(self._image_topic):
            if reason := mismatch(self._image_qos, viewer.qos_profile):
                sentence = (
                    f'{viewer.node_name} cannot see {self._image_topic}, because its QoS does not '
                    f'match ({reason}); let it subscribe with volatile durability, best effort'
                )
                found.append(Problem(Part.VIEWER, sentence))
        return found

    def other_senders(self) -> list[Problem]:
        """Name nodes that publish on the topic of the images too: often one left running."""
        publishers = self._node.get_publishers_info_by_topic(self._image_topic)
        senders = [full_name(one) for one in publishers]
        if len(senders) < 2:
            return []
        return [
            Problem(
                Part.NODE,
                f'{len(senders)} nodes publish on {self._image_topic} '
                f'({", ".join(sorted(senders))}), so viewers see their images mixed; stop all but '
                'one, or give each a namespace',
            )
        ]


def wrong_type(publishers: Sequence[TopicEndpointInfo], subscription: Subscription) -> str:
    """Return a sentence if all that publish on the topic of a subscription send another type."""
    kind = type_name(subscription.msg_type)
    others = {one.topic_type: one.node_name for one in publishers}
    if not others or kind in others:
        return ''
    other, name = next(iter(others.items()))
    return (
        f'{name} publishes {other} on {subscription.topic_name}, not {kind}, so nothing of it is '
        'received; remap this topic to one of that type, or let a node convert the messages '
        '(compressed images: image_transport republish)'
    )


def full_name(endpoint: TopicEndpointInfo) -> str:
    """Return the name of the node of a publisher or subscription, with its namespace."""
    return f'{endpoint.node_namespace.rstrip("/")}/{endpoint.node_name}'


def type_name(kind: type) -> str:
    """Return the name of a message type as the graph writes it."""
    return '/'.join([*kind.__module__.split('.')[:2], kind.__name__])


def mismatch(publisher: QoSProfile, subscription: QoSProfile) -> str:
    """Return in one line why two profiles do not match; '' if they may match."""
    match, reason = qos_check_compatible(_normalised(publisher), _normalised(subscription))
    if match != QoSCompatibility.ERROR:
        return ''
    return ' '.join(reason.replace('ERROR:', '').strip(' ;').split())


def _normalised(profile: QoSProfile) -> QoSProfile:
    """Return a profile in which `no limit` is written in one way.

    The graph reports an infinite duration for what a profile leaves at its default, 0. rclpy's
    check takes these two for different.
    """
    return QoSProfile(
        history=profile.history,
        depth=profile.depth,
        reliability=profile.reliability,
        durability=profile.durability,
        liveliness=profile.liveliness,
        deadline=_normalised_limit(profile.deadline),
        liveliness_lease_duration=_normalised_limit(profile.liveliness_lease_duration),
    )


def _normalised_limit(limit: Duration) -> Duration:
    return Duration() if limit.nanoseconds >= _INFINITE_NS else limit
