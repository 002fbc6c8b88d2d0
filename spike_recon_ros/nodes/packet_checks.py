# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Why no packets come, or why packets make no frame, in sentences that name the cure."""

import time
from collections.abc import Mapping

from rclpy.node import Node

from spike_recon_ros.nodes.inputs import REFERENCES, Inputs
from spike_recon_ros.nodes.problems import Problem, of_camera
from spike_recon_ros.packets.decoder import MISREAD_SHARE, UNKNOWN_SHARE, UNUSABLE
from spike_recon_ros.packets.packet import EVENT_PACKET
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes_decoder import (
    bits_reversed,
    parts_of_planes,
    spikes_in_padding,
)
from spike_recon_ros.settings import Settings
from spike_recon_ros.status import DECODER

# No packet for so long needs an explanation, s.
LONGEST_WITHOUT_PACKETS = 2.0
# No frame for so long, although packets come, needs one too, s.
LONGEST_WITHOUT_FRAME = 5.0
# At a low frame rate, the time of so many frames.
MOST_FRAMES_MISSING = 3.0
OUTSIDE_SHARE = 0.01
"""Share of events outside the sensor that no damage explains."""
CUT_SHARE = 0.5
"""Share of packets that end inside an event or a plane that losses do not explain."""
OVERLOAD = ('dropped_packets', 'merged_windows')
MOST_PACKETS = 3000
"""Packets in a second that each computer can take; drivers send one every 1 to 4 ms."""
TOO_MANY = (*OVERLOAD, 'lost_packets', 'lost_messages')
"""Counters of what more packets cause."""


class PacketChecks:
    """Finds out from the counters and the graph of topics what is wrong with the packets.

    Args:
        node: that receives the packets.
        settings: of the node.
    """

    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._settings = settings
        # Received packets, and when their number last changed.
        self._at_packet: tuple[int, float] | None = None
        # When a publisher came after a time without one; None = there is none now.
        self._at_publisher: float | None = 0.0
        # Totals at the latest frame, and when that was.
        self._at_frame: tuple[Mapping[str, int], float] | None = None

    def reset(self) -> None:
        """Forget the earlier calls: the node is not subscribed."""
        self._at_frame = self._at_packet = None
        self._at_publisher = 0.0

    def missing_packets(self, inputs: Inputs, counts: Mapping[str, int]) -> list[Problem]:
        """Return why no packets come, if none do; call it about once a second.

        Args:
            inputs: the node's subscriptions.
            counts: the node's counters, as in /diagnostics.
        """
        now, received = time.monotonic(), counts['received_packets']
        if self._at_packet is None or received != self._at_packet[0]:
            self._at_packet = received, now
        seconds = now - self._at_packet[1]
        if seconds < LONGEST_WITHOUT_PACKETS or counts['waiting_packets']:
            return []
        topic = inputs.subscriptions[0].topic_name
        publishers = self._node.get_publishers_info_by_topic(topic)
        if not publishers:
            self._at_publisher = None
            return of_camera(self._nobody_publishes(topic))
        if self._at_publisher is None:
            self._at_publisher = now
        seconds = min(seconds, now - self._at_publisher)
        names = [one.node_name for one in publishers]
        if EVENT_PACKET not in (types := {one.topic_type for one in publishers}):
            return of_camera(
                f'no packets: {names[0]} publishes {", ".join(sorted(types))} on {topic}, not '
                f'{EVENT_PACKET}; use a driver that sends these, or remap events to its topic'
            )
        if seconds < LONGEST_WITHOUT_PACKETS:  # it has just been started
            return []
        return of_camera(
            f'no packets for {seconds:.0f} s: {names[0]} publishes on {topic}, '
            'but nothing comes; check the camera, its cable and its driver, or whether its '
            'packets are too large for the middleware (docs: troubleshooting)'
        )

    def _nobody_publishes(self, topic: str) -> str:
        others = [
            name
            for name, types in self._node.get_topic_names_and_types()
            if EVENT_PACKET in types and name != topic and self._node.count_publishers(name)
            if not self._is_read_by_another(name)
        ]
        if others:
            return (
                f'no packets: nothing publishes on {topic}, but packets are published on '
                f'{", ".join(sorted(others))}; remap events: -r events:={others[0]}, or '
                f'events_topic:={others[0]} of the launch file'
            )
        return (
            f'no packets: nothing publishes on {topic}; start the driver of the camera, '
            'or remap events to its topic. If it runs on another computer, check the '
            'network and ROS_DOMAIN_ID'
        )

    def _is_read_by_another(self, topic: str) -> bool:
        """Return whether a node of this name in another namespace subscribes: another camera's."""
        return any(
            one.node_name == self._node.get_name()
            and one.node_namespace != self._node.get_namespace()
            for one in self._node.get_subscriptions_info_by_topic(topic)
        )

    def left_out(
        self, inputs: Inputs, news: Mapping[str, int], kind: SensorKind = SensorKind.EVENT
    ) -> list[Problem]:
        """Return what a wrong size or encoding of the packets left out in the last second.

        Args:
            inputs: the node's subscriptions.
            news: what was counted in the last second.
            kind: of the camera.
        """
        columns, rows = inputs.packet_size or (0, 0)
        sentence = ''
        events = news['events']
        outside, unknown = news[f'{DECODER}outside_pixels'], news[f'{DECODER}unknown_words']
        if kind is SensorKind.SPIKE:
            sentence = _planes_left_out(news, f' of {columns}x{rows} pixels')
        elif unknown > UNKNOWN_SHARE * (unknown + outside + events):
            sentence = (
                f'{unknown} words of the last second are of no known type, beside {events} '
                'events; the encoding that the driver states is probably wrong'
            )
        elif outside > OUTSIDE_SHARE * (outside + events):
            wrong = 'width and height'
            if outside > MISREAD_SHARE * (outside + events):
                wrong = 'width, height or encoding'
            sentence = (
                f'{outside} events ({100 * outside / (outside + events):.0f} %) of the last '
                f'second lie outside the sensor of {columns}x{rows} pixels and are left out; '
                f'correct {wrong} in the driver'
            )
        elif (cut := news[f'{DECODER}truncated_words']) > CUT_SHARE * news['decoded_packets']:
            sentence = (
                f'{cut} packets of the last second end inside an event, which is left out; check '
                'whether the driver or a relay cuts them'
            )
        return of_camera(sentence)

    def too_many(self, news: Mapping[str, int]) -> list[Problem]:
        """Return a problem if the packets are so small that their number is the overload.

        Args:
            news: what was counted in the last second.
        """
        packets = news['received_packets']
        if packets <= MOST_PACKETS or not any(news[key] for key in TOO_MANY):
            return []
        return of_camera(
            f'{packets} packets came in the last second, too many to take one by one; let the '
            'driver put the events of 1 to 4 ms into a packet (event_message_time_threshold '
            'of metavision_driver and libcaer_driver)'
        )

    def missing_frames(self, counts: Mapping[str, int]) -> list[Problem]:
        """Return why packets make no frame, if they do not; call it about once a second."""
        now = time.monotonic()
        at_frame = self._at_frame
        if at_frame is None or counts['frames'] != at_frame[0]['frames']:
            self._at_frame = counts, now
            return []
        then, begun = at_frame
        if (
            counts['decoded_packets'] == then['decoded_packets']
            or now - begun < LONGEST_WITHOUT_FRAME
        ):
            return []
        news = {key: number - then.get(key, 0) for key, number in counts.items()}
        return of_camera(self._why_no_frame(news, now - begun))

    def _why_no_frame(self, news: Mapping[str, int], seconds: float) -> str:
        """Return why there was no frame, or '' if that needs no explanation.

        Args:
            news: what was counted since the latest frame.
            seconds: time since then.
        """
        unused = {
            name: news[f'{DECODER}{key}']
            for key, name in UNUSABLE.items()
            if news.get(f'{DECODER}{key}')
        }
        if not news['events'] and unused:
            listed = ', '.join(f'{number} {name}' for name, number in unused.items())
            return (
                f'nothing in the packets of {seconds:.0f} s could be used ({listed}); check '
                'encoding, width and height in the driver'
            )
        mode = self._settings.sync_mode
        if mode == 'trigger_events':
            return (
                f'no trigger edge ({self._settings.trigger_edge}) came in {seconds:.0f} s of '
                'packets, so no frame was made; check the trigger input of the camera, its driver '
                'and trigger_edge'
            )
        if mode in REFERENCES:
            name = REFERENCES[mode][1]
            topic = self._node.resolve_topic_name(name)
            return (
                ''
                if news['references']
                else f'no message came on {topic} in {seconds:.0f} s, so no frame was made; remap '
                f'{name} to a topic that is published'
            )
        if any(news[key] for key in OVERLOAD):
            return ''
        if not news['events']:
            return (
                f'no event came in {seconds:.0f} s of packets, so no frame was made: nothing '
                'moves, the lens is covered, or the thresholds (biases) of the camera are too high'
            )
        return self._why_windows_are_open(news, seconds)

    def _why_windows_are_open(self, news: Mapping[str, int], seconds: float) -> str:
        """Return why events complete no window of `window_events` or of 1 / `fps`."""
        if self._settings.sync_mode == 'by_count':
            return (
                f'only {news["events"]} events came in {seconds:.0f} s; a frame needs '
                f'window_events, which is {self._settings.window_events}'
            )
        if seconds < MOST_FRAMES_MISSING / self._settings.fps:
            return ''
        return (
            f'the packets of {seconds:.0f} s made no frame, because the time of the sensor hardly '
            'advances in them; check time_base in the driver, or play the recording faster'
        )


def _planes_left_out(news: Mapping[str, int], size: str) -> str:
    """Return a sentence if the planes of the last second do not have the size of the sensor."""
    when, cut = ' of the last second', news[f'{DECODER}truncated_words']
    if cut > CUT_SHARE * news['decoded_packets']:
        return parts_of_planes(cut, 'correct width and height in the driver', size, when)
    if outside := news[f'{DECODER}outside_pixels']:
        cure = 'correct width, height and the order of bits (bit 0 is the leftmost) in the driver'
        return spikes_in_padding(outside, cure, size, when)
    if mirrored := news[f'{DECODER}reversed_planes']:
        cure = "let the driver put the leftmost pixel into bit 0 (np.packbits: bitorder='little')"
        return bits_reversed(mirrored, cure, when)
    return ''
