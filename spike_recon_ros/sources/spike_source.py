# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The common part of all files of spike planes: planes in packets of 20."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.spike_planes_decoder import spike_encoding
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_layout import SpikeLayout

PLANES_PER_PACKET = 20
"""A millisecond of a camera that reads 20,000 planes a second."""


class SpikeSource(Source):
    """Planes of one file in packets of 20; the first plane is at time 0."""

    def __init__(self, path: Path, layout: SpikeLayout) -> None:
        super().__init__(path)
        self.layout = layout
        self.encoding = spike_encoding(layout.period_ns)

    def __iter__(self) -> Iterator[Packet | Reference]:
        for seq, (first, bits) in enumerate(self._planes()):
            upright = bits[:, ::-1] if self.layout.upside_down else bits
            data = np.ascontiguousarray(upright).reshape(-1)
            size = (self.layout.width, self.layout.height)
            yield Packet(self.encoding, *size, seq, first * self.layout.period_ns, 0, data)

    @abstractmethod
    def _planes(self) -> Iterator[tuple[int, np.ndarray]]:
        """Yield the number of the first of up to 20 planes, and their bits as stored."""
