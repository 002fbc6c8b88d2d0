# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decode all packets of a recording, also where the sensor changes or the sender starts again."""

from typing import Any

from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.packet import LARGEST_STAMP_STEP_BACK_NS, Packet
from spike_recon_ros.packets.registry import decoder_for


class StreamDecoder:
    """Keeps the decoder of the latest packet, and those before it for their counts.

    Attributes:
        decoders: one for each time that the sensor changed, the latest last.
    """

    def __init__(self) -> None:
        self.decoders: list[Decoder[Any]] = []
        self._last: Packet | None = None

    def decode(self, packet: Packet) -> Any:
        """Return the events or spike planes of the next packet.

        Raises:
            UserError: there is no decoder for its encoding.
        """
        last, self._last = self._last, packet
        if last is None or packet.sensor != last.sensor:
            self.decoders.append(decoder_for(*packet.sensor))
        elif packet.seq < last.seq:
            back_ns = last.stamp_ns - packet.stamp_ns
            if packet.stamp_ns and 0 < back_ns <= LARGEST_STAMP_STEP_BACK_NS:
                self._last = last  # the packet came late
            else:  # such as the second of two joined files
                self.decoders[-1].reset()
        return self.decoders[-1].decode(packet)
