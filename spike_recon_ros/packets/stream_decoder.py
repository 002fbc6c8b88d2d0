# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Decode all packets of a recording, also where the sensor changes or the sender starts again."""

from typing import Any

from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for


class StreamDecoder:
    """Keeps the decoder of the latest packet.

    Attributes:
        decoder: the decoder; None before the first packet.
    """

    def __init__(self) -> None:
        self.decoder: Decoder[Any] | None = None
        self._last: Packet | None = None

    def decode(self, packet: Packet) -> Any:
        """Return the events or spike planes of the next packet.

        Raises:
            UserError: there is no decoder for its encoding.
        """
        last, self._last = self._last, packet
        sensor = packet.encoding, packet.width, packet.height
        if last is None or sensor != (last.encoding, last.width, last.height):
            self.decoder = decoder_for(*sensor)
        assert self.decoder is not None
        if last is not None and packet.seq < last.seq:  # such as the second of two joined files
            self.decoder.reset()
        return self.decoder.decode(packet)
