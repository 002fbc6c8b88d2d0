# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Properties of the pipeline for packets of arbitrary bytes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings

ENCODINGS = ('evt2', 'evt21', 'evt3', 'libcaer', 'libcaer_cmp', 'mono')
EPOCH_NS = 1_700_000_000 * 10**9
PERIOD_NS = 2_000_000
FPS, MAX_GAP = 100.0, 0.2
SYNC_MODES = ('free_running', 'by_count', 'trigger_events')


@pytest.mark.parametrize('encoding', ENCODINGS)
@given(
    seed=st.integers(0, 2**32),
    sizes=st.lists(st.integers(0, 4000), min_size=1, max_size=12),
    sync_mode=st.sampled_from(SYNC_MODES),
    is_stamped=st.booleans(),
)
@settings(max_examples=25, deadline=None)
def test_any_packets_give_few_frames_in_temporal_order(
    encoding, seed, sizes, sync_mode, is_stamped
):
    rng = np.random.default_rng(seed)
    resets = []
    reconstructor = Reconstructor(
        Settings(model='leaky_integrator', fps=FPS, max_gap=MAX_GAP, sync_mode=sync_mode,
                 window_events=200),
        on_reset=lambda *reason: resets.append(reason),
    )  # fmt: skip
    frames = []
    for seq, size in enumerate(sizes):
        time_base = int(rng.integers(0, 2**64, dtype=np.uint64)) if rng.random() < 0.3 else 0
        data = rng.integers(0, 256, size, np.uint8)
        stamp_ns = (EPOCH_NS + seq * PERIOD_NS) * is_stamped
        made = reconstructor.push(Packet(encoding, 64, 48, seq, time_base, stamp_ns, data))
        if sync_mode == 'free_running' and is_stamped:
            assert len(made) <= 2 * FPS * MAX_GAP + 2
        frames += made
    frames += reconstructor.flush()
    assert len(resets) <= len(sizes) + 1
    if is_stamped:
        assert all(a.t_ns < b.t_ns for a, b in itertools.pairwise(frames))
    assert all(np.isfinite(frame.intensity).all() for frame in frames)
