# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""CPU features that decide the precision of a network."""

from pathlib import Path

CPU_INFO = Path('/proc/cpuinfo')


def multiplies_bytes() -> bool:
    """Return whether the CPU sums products of bytes exactly (VNNI).

    Older CPUs can run int8 graphs too, but their sums of two products saturate.
    """
    return CPU_INFO.is_file() and 'vnni' in CPU_INFO.read_text(encoding='utf-8')
