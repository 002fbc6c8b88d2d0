# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What this machine's CPU can do that decides how a network is computed.

Comes in: nothing. Goes out: yes or no. Knows nothing about networks or libraries.
"""

from pathlib import Path

CPU_INFO = Path('/proc/cpuinfo')


def multiplies_bytes() -> bool:
    """Return whether the CPU adds products of bytes without loss (VNNI).

    Older ones run graphs in eight bits, too, but their sums of two products saturate.
    """
    return CPU_INFO.is_file() and 'vnni' in CPU_INFO.read_text(encoding='utf-8')
