# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the node's topics and light, in sentences that name the cause and the cure.

Looks at the graph of topics and at what came on them; nothing here changes either.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rclpy.node import Node

from spike_recon_ros.errors import counted
from spike_recon_ros.nodes.frame_checks import FrameChecks
from spike_recon_ros.nodes.graph_checks import GraphChecks
from spike_recon_ros.nodes.inputs import FRAME_TOPIC, Inputs
from spike_recon_ros.nodes.lamp_check import LampCheck
from spike_recon_ros.nodes.messages import camera_info_size
from spike_recon_ros.nodes.outputs import Outputs
from spike_recon_ros.nodes.packet_checks import PacketChecks
from spike_recon_ros.nodes.pixel_check import PixelCheck
from spike_recon_ros.nodes.problems import Problem, of_camera
from spike_recon_ros.nodes.stamp_checks import StampChecks
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.windows.ignored_edges import IgnoredEdges

# A frame is made at a reference only if the reference is at most this far from the packets, s.
LARGEST_STAMP_DIFFERENCE = 1.0


class TopicChecks:
    """Finds what keeps frames from being made or seen, and what spoils them.

    `add` is called on the worker's thread, everything else on the executor's.

    Args:
        node: whose topics are checked.
        settings: of the node.
        outputs: publishes the images.
        ignored_edges: counts the trigger edges that are not used.
        counters: returns the node's counters, as in /diagnostics.
    """

    def __init__(
        self,
        node: Node,
        settings: Settings,
        outputs: Outputs,
        ignored_edges: IgnoredEdges,
        counters: Callable[[], Mapping[str, int]],
    ) -> None:
        self._node = node
        self._settings = settings
        self._lamps, self._pixels = LampCheck(), PixelCheck()
        self._ignored_edges = ignored_edges
        self._frames = FrameChecks(node.resolve_topic_name(FRAME_TOPIC))
        self._counters, self._last = counters, counters()
        self._was_open = False
        self._graph = GraphChecks(node, outputs.image_topic, outputs.image_qos)
        self._packets = PacketChecks(node, settings)
        self._stamps = StampChecks(node, settings)

    def add(self, samples: Any) -> None:
        """Look at the samples of a frame for lamps and defective pixels."""
        self._lamps.add(samples)
        self._pixels.add(samples)

    def problems(
        self,
        inputs: Inputs,
        kind: SensorKind,
        refused_frame: str = '',
    ) -> list[Problem]:
        """Return the problems; call it about once a second.

        Args:
            inputs: the node's subscriptions.
            kind: of the camera.
            refused_frame: why the latest frame of the aligned camera was refused, if any was.
        """
        counts = self._counters()
        news, self._last = news_since(self._last, counts), counts
        was_open, self._was_open = self._was_open, inputs.are_open
        found = self._graph.problems(inputs)
        if inputs.are_open:
            if not found:
                found += self._packets.missing_packets(inputs, counts)
            found += self._graph.wrong_types()
            found += self._stamps.problems(inputs, counts)
            found += self._camera_info(inputs)
            found += self._references(inputs, news)
            found += self._packets.too_many(news)
            missing = self._packets.missing_frames(counts)
            found += self._packets.left_out(inputs, news, kind) or missing
            found += self._flicker()
            found += self._hot_pixel()
            if inputs.wants_frames:
                found += self._frames.problems(inputs, news, refused_frame)
                if was_open:  # for all of the last second
                    found += self._frames.missing(news)
            found += self._other_trigger_channels()
        else:
            self._packets.reset()
            self._stamps.reset()
        found += self._graph.other_senders()
        return found

    def _flicker(self) -> list[Problem]:
        frequency = self._lamps.frequency_hz
        if frequency is None:
            return []
        return of_camera(
            f'the light flickers at {frequency:.0f} Hz and causes most events; networks '
            'average them over a period (lamp_averaging), which blurs fast motion. Use lamps '
            f'that do not flicker, or set flicker_frequency to {frequency:.0f} to remove '
            'most of these events'
        )

    def _hot_pixel(self) -> list[Problem]:
        found = self._pixels.hottest
        if found is None:
            return []
        others = f' (and {counted(found.n_hot - 1, "others")})' if found.n_hot > 1 else ''
        learn = (
            'it became so after hot_pixel_time; restart the node, which learns again'
            if self._settings.hot_pixel_time
            else 'mask it with hot_pixel_time:=5.0'
        )
        return of_camera(
            f'the pixel at column {found.x}, row {found.y} of the image fires '
            f'{found.rate_hz:.0f} times a second without a cause{others}; {learn}, or for '
            'good with hot_pixel_file (spike-recon run --save-hot-pixels)'
        )

    def _other_trigger_channels(self) -> list[Problem]:
        return of_camera(self._ignored_edges.warning(self._settings, 'trigger_channel'))

    def _camera_info(self, inputs: Inputs) -> list[Problem]:
        info = inputs.camera_info
        if info is None or inputs.packet_size is None:
            return []
        size = camera_info_size(info)
        if not all(size) or size == inputs.packet_size:
            return []
        columns, rows = inputs.packet_size
        return of_camera(
            f'camera_info is for {size[0]}x{size[1]} pixels, but the packets are from '
            f'{columns}x{rows}; calibrate the event camera, or remap camera_info to its topic'
        )

    def _references(self, inputs: Inputs, news: Mapping[str, int]) -> list[Problem]:
        if not news['references']:
            return []
        ahead = inputs.reference_ahead
        topic = inputs.reference_topic
        if inputs.reference_stamp_ns == 0:
            return of_camera(
                f'the messages on {topic} have no stamp (0), so no frame can be made for '
                'them; let their driver stamp them with the time of the host'
            )
        if ahead is not None and abs(ahead) > LARGEST_STAMP_DIFFERENCE:
            direction = 'ahead of' if ahead > 0 else 'behind'
            return of_camera(
                f'the stamps on {topic} are {abs(ahead):.1f} s {direction} those of the '
                'packets, so no frame can be made for them; synchronise the clocks of both '
                'cameras (PTP, chrony), or let both drivers stamp with the time of the host'
            )
        late = news['late_references']
        if late and not news['frames']:
            return of_camera(
                f'all references on {topic} came too late for a frame ({late} in the last '
                'second); deliver them within 1 s of their stamp and in order'
            )
        return []


def news_since(last: Mapping[str, int], counts: Mapping[str, int]) -> dict[str, int]:
    """Return what was counted since an earlier look; a counter that began again has no news."""
    return {key: max(0, number - last.get(key, 0)) for key, number in counts.items()}
