# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How much compressed data may declare to hold.

A few kilobytes of an archive can declare terabytes, so declared sizes are checked before anything
is expanded.
"""

SMALL_BYTES = 2**26
LARGEST_RATIO = 1_100
"""Deflate, the usual compression, shrinks no data by more than a factor of 1,032."""


def most_bytes(compressed: int) -> int:
    """Return the largest size that is believed of data of so many compressed bytes."""
    return max(SMALL_BYTES, LARGEST_RATIO * compressed)
