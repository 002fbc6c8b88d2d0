# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Whether the bits of spike planes are in reverse order, as the scene shows it.

`np.packbits` puts the leftmost pixel into bit 7 unless it gets `bitorder='little'`. Such planes
look plausible, but each group of eight pixels is mirrored. At the border of two bytes, one pair of
pixels is then 15 pixels apart that should be neighbours, and another pair the reverse.
"""

import numpy as np

LOOKED_AT_PLANES = 40
"""The first planes of a stream, which decide; light differs too little to do so in fewer."""
FEWEST_SIGMAS, LARGEST_RATIO = 6.0, 0.8
"""How clearly, and how much more, the pairs of reversed planes must be alike."""

REVERSED = np.packbits(np.unpackbits(np.arange(256, dtype=np.uint8)), bitorder='little')
"""The byte with the reverse order of bits, for each byte."""


class BitOrder:
    """Looks at the first planes of a stream, then knows whether their bits are reversed.

    Args:
        width: sensor columns, pixels.

    Attributes:
        is_reversed: whether they clearly are; False until enough planes have come.
    """

    def __init__(self, width: int) -> None:
        self.is_reversed = False
        self._whole_bytes = width // 8
        self._missing = LOOKED_AT_PLANES if self._whole_bytes > 1 else 0
        self._spikes: list[np.ndarray] = []

    @property
    def is_known(self) -> bool:
        """Whether enough planes have been looked at."""
        return not self._missing

    def look_at(self, bits: np.ndarray) -> None:
        """Add the next planes.

        Args:
            bits: uint8 [n, height, bytes of a row].
        """
        some = bits[: self._missing, :, : self._whole_bytes]
        self._missing -= len(some)
        # Bits 0 and 7 are at the borders of bytes, bits 3 and 4 are neighbours in either order.
        counts = [(some >> bit & 1).sum(axis=0, dtype=np.int32) for bit in (0, 7, 3, 4)]
        self._spikes = [sum(pair) for pair in zip(self._spikes or [0] * 4, counts, strict=True)]
        if not self._missing:
            self.is_reversed = _are_reversed(*self._spikes)
            self._spikes = []


def _are_reversed(
    first: np.ndarray, last: np.ndarray, inner: np.ndarray, beside: np.ndarray
) -> bool:
    as_stated = np.abs(last[:, :-1] - first[:, 1:])
    as_reversed = np.abs(first[:, :-1] - last[:, 1:])
    gain = as_stated - as_reversed
    is_clear = gain.mean() * np.sqrt(gain.size) > FEWEST_SIGMAS * gain.std()
    # Fine stripes make neighbours differ everywhere, also within the bytes.
    neighbours = np.abs(inner - beside).mean()
    limit = LARGEST_RATIO * as_stated.mean()
    return bool(is_clear and as_reversed.mean() < limit and neighbours < limit)
