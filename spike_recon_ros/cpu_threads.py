# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The number of threads that may compute without starving the rest of the machine."""

import os


def default_threads() -> int:
    """Return the number of cores that this process may use minus one, but at least 1.

    With all cores in use, one other busy process makes PyTorch and OpenVINO wait for their slowest
    thread at every layer.
    """
    own = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
    return max(1, own - 1)
