# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How many threads may compute without starving the rest of the machine.

Comes in: nothing. Goes out: a number of cores. Knows nothing about who asks.
"""

import os


def default_threads() -> int:
    """Return one core fewer than this process may use, but at least 1.

    With all of them taken, one other busy process makes PyTorch and OpenVINO wait for their
    slowest thread again and again.
    """
    own = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return max(1, own - 1)
