# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks of several nodes do not compete for the first core."""

import os
import threading

import numpy as np
import pytest

from spike_recon_ros.backends.backend import Placement
from spike_recon_ros.bundles.bundle import read_bundle

CORES = os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else set()


@pytest.mark.skipif(len(CORES) < 2, reason='needs two cores, on Linux')
def test_a_network_with_one_thread_may_run_on_every_core(shipped):
    module = pytest.importorskip(
        'spike_recon_ros.backends.openvino_backend', reason='openvino is not installed'
    )
    backend = module.OpenVinoBackend(read_bundle(shipped), Placement(96, 128, threads=1))
    x = np.zeros((5, 96, 128), np.float32)

    def run():
        for _ in range(20):
            backend.step(x)

    thread = threading.Thread(target=run)
    thread.start()
    seen = set()
    while thread.is_alive():
        try:
            seen.add(frozenset(os.sched_getaffinity(thread.native_id)))
        except ProcessLookupError:  # it has just ended
            break
    thread.join()
    backend.close()
    assert seen == {frozenset(CORES)}
