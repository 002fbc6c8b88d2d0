# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the stamps of the packets and with the clock of the node.

The images get their stamps from those of the packets, so a wrong clock spoils every pairing with
other sensors.
"""

import time
from collections.abc import Mapping
from typing import NamedTuple

from rclpy.node import Node

from spike_recon_ros.nodes.inputs import Inputs
from spike_recon_ros.nodes.problems import Problem, of_camera
from spike_recon_ros.settings import Settings
from spike_recon_ros.status import RESETS, Part

# Stamps so far from the clock of this computer, s, are of another clock. Recordings lie in the
# past, so older ones than the second limit are theirs; none lies ahead.
AHEAD, BEHIND = 0.1, (0.5, 10.0)
# Stamps that do not advance for so long, s, although so many packets came, are not of messages.
LONGEST_WITHOUT_ADVANCE, FEWEST_PACKETS = 2.0, 10
EARLIEST_NS = 10**18
"""In 2001; clocks that count from the start of a computer or a simulation are far below."""


class _At(NamedTuple):
    """When the stamps last advanced, and what was counted then."""

    seconds: float
    stamp_ns: int
    received: int
    resets: int


class StampChecks:
    """Compares the stamps with the clocks, and with those of earlier calls.

    Args:
        node: that receives the packets.
        settings: of the node.
    """

    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._settings = settings
        self._at_stamp: _At | None = None

    def reset(self) -> None:
        """Forget the earlier calls: the node is not subscribed."""
        self._at_stamp = None

    def problems(self, inputs: Inputs, counts: Mapping[str, int]) -> list[Problem]:
        """Return what is wrong; call it about once a second.

        Args:
            inputs: the node's subscriptions.
            counts: the node's counters, as in /diagnostics.
        """
        if inputs.packet_stamp_ns is None:  # a player may not have started yet
            return []
        is_simulated = self._node.get_parameter('use_sim_time').value
        if is_simulated and not self._node.get_clock().now().nanoseconds:
            clock = self._node.resolve_topic_name('/clock')
            sentence = (
                f'use_sim_time is set, but the publisher of {clock} is silent, so latencies are '
                'not known; let the simulation or the bag go on'
                if self._node.count_publishers(clock)
                else f'use_sim_time is set, but nothing publishes {clock}, so latencies are not '
                'known; play the bag with --clock, or leave out use_sim_time'
            )
            return [Problem(Part.NODE, sentence)]
        sentence = _no_time_of_day(inputs, 0 if is_simulated else EARLIEST_NS)
        sentence = sentence or self._stopped(inputs, counts)
        if not sentence and not is_simulated:
            sentence = self._other_clock(inputs)
        return of_camera(sentence)

    def _stopped(self, inputs: Inputs, counts: Mapping[str, int]) -> str:
        """Return a sentence if packets come and their stamps do not advance."""
        now, stamp_ns = time.monotonic(), inputs.packet_stamp_ns or 0
        received = counts['received_packets']
        resets = sum(number for key, number in counts.items() if key.startswith(RESETS))
        at = self._at_stamp
        # A recording that loops goes back, and the state is reset.
        if at is None or stamp_ns > at.stamp_ns or resets != at.resets:
            self._at_stamp = _At(now, stamp_ns, received, resets)
            return ''
        if now - at.seconds < LONGEST_WITHOUT_ADVANCE or received - at.received < FEWEST_PACKETS:
            return ''
        topic = inputs.subscriptions[0].topic_name
        return (
            f'the stamps of the packets on {topic} have not advanced for '
            f'{now - at.seconds:.0f} s, so those of the images jump; let the driver stamp each '
            'message with its own time'
        )

    def _other_clock(self, inputs: Inputs) -> str:
        """Return a sentence if the packets are stamped by another clock than this computer's.

        Old stamps matter only where the frames of two cameras are paired by them.
        """
        delay = inputs.packet_delay
        is_paired = self._settings.grid_origin == 'host_time'
        if delay is None:
            return ''
        if delay < -AHEAD:
            where = 'ahead of'
        elif is_paired and BEHIND[0] < delay < BEHIND[1]:
            where = 'behind'
        else:
            return ''
        pairs = ', so pairs of images show different moments' if is_paired else ''
        return (
            f'the packets on {inputs.subscriptions[0].topic_name} are stamped {abs(delay):.1f} s '
            f'{where} the clock of this computer{pairs}; synchronise the clocks of the computers '
            '(PTP, chrony)'
        )


def _no_time_of_day(inputs: Inputs, earliest_ns: int) -> str:
    """Return a sentence if the latest stamp is none, or not later than a time."""
    stamp_ns = inputs.packet_stamp_ns or 0
    if stamp_ns > earliest_ns:
        return ''
    where = 'before' if stamp_ns < 0 else 'after the beginning of'
    what = f'are stamped {abs(stamp_ns) / 1e9:.1f} s {where} 1970, and so are the images'
    if not stamp_ns:
        what = 'have no stamp (0), so the images are stamped with the time of the sensor'
    return (
        f'the packets on {inputs.subscriptions[0].topic_name} {what}; let the driver stamp its '
        'messages with the time of ROS, or play a recording with --restamp'
    )
