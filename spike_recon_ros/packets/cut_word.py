# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A word that the end of a packet cut in two."""

import numpy as np

from spike_recon_ros.packets.packet import Packet


class CutWord:
    """Keeps the bytes at the end of a packet until the next one brings the rest of their word.

    Args:
        word_bytes: size of a whole word.

    Attributes:
        kept: the bytes; None if the last packet ended with a whole word.
        lost: words whose rest never came.
    """

    def __init__(self, word_bytes: int) -> None:
        self.kept: np.ndarray | None = None
        self.lost = 0
        self._word_bytes, self._seq = word_bytes, 0

    @property
    def carried(self) -> tuple[np.ndarray | None, int]:
        """The bytes that wait, and the `seq` of their packet; set it to return to that place."""
        return self.kept, self._seq

    @carried.setter
    def carried(self, value: tuple[np.ndarray | None, int]) -> None:
        self.kept, self._seq = value

    def joined(self, packet: Packet, *, may_follow: bool) -> np.ndarray:
        """Return the bytes of a packet, behind those kept if it continues them; else drop these.

        Args:
            packet: the next one.
            may_follow: whether its `time_base` allows it.
        """
        if self.kept is None:
            return packet.data
        if not may_follow or packet.seq != (self._seq + 1) % 2**64:
            self.drop()
            return packet.data
        kept, self.kept = self.kept, None
        return np.concatenate((kept, packet.data))

    def split(self, data: np.ndarray, seq: int) -> np.ndarray:
        """Return the whole words in the data of a packet, as a view; keep the rest."""
        left_over = data.size % self._word_bytes
        if not left_over:
            return data
        self.kept, self._seq = data[-left_over:].copy(), seq
        return data[:-left_over]

    def drop(self) -> None:
        """Count the word as lost, if one was cut."""
        if self.kept is not None:
            self.kept = None
            self.lost += 1
