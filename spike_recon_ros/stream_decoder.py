# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decode all packets of a recording, also where the sensor changes or the sender starts again."""

from typing import Any

from spike_recon_ros.packet_sequence import PacketOrder, Succession
from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for, sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes


class StreamDecoder:
    """Keeps the decoder of the latest packet, and those before it for their counts.

    What the pipeline leaves out, because it comes a second time or too late, is left out here.

    Attributes:
        decoders: one for each time that the sensor changed, the latest last.
        found: how the latest packet follows those before it.
    """

    def __init__(self) -> None:
        self.decoders: list[Decoder[Any]] = []
        self.found = Succession()
        self._order = PacketOrder()
        self._sensor: tuple[str, int, int] | None = None

    def decode(self, packet: Packet) -> Any:
        """Return the events or spike planes of the next packet; none of one that is left out.

        Raises:
            UserError: there is no decoder for its encoding.
        """
        if packet.sensor != self._sensor:
            self.decoders.append(decoder_for(*packet.sensor))
            self._sensor = packet.sensor
        decoder = self.decoders[-1]
        self.found = self._order.follow(packet)
        if self.found.restarts:  # such as the second of two joined files
            decoder.reset()
        if self.found.is_used:
            return decoder.decode(packet)
        is_spike = sensor_kind_of(packet.encoding) is SensorKind.SPIKE
        return SpikePlanes.empty(packet.height, packet.width) if is_spike else Events.empty()
