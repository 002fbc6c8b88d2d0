# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How a frame and its samples are printed."""

from dataclasses import replace

import numpy as np

import spike_recon_ros as sr
from spike_recon_ros.packets.events import Triggers
from spike_recon_ros.packets.spike_planes import pack_planes

HEIGHT, WIDTH, N_EVENTS = 48, 64, 2_000


def events():
    t_ns = np.arange(N_EVENTS, dtype=np.int64) * 50_000
    x, y = (np.arange(N_EVENTS) % side for side in (WIDTH, HEIGHT))
    p = np.arange(N_EVENTS) % 2
    return sr.Events(
        x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8), t_ns, Triggers.empty()
    )


def test_a_printed_frame_is_one_short_line():
    frame, *_ = sr.reconstruct(events(), size=(WIDTH, HEIGHT), model='fibar', fps=50)
    shown = repr(frame)
    assert '\n' not in shown
    assert len(shown) < 300
    assert f'<{len(frame.samples)} events from 0 to ' in shown
    assert 'image=<uint8 [48, 64]>' in shown
    assert repr(replace(frame, image=None)).endswith('image=None)')


def test_printed_samples_are_one_short_line():
    edges = Triggers(*(np.zeros(2, kind) for kind in (np.int64, np.uint8, np.uint8)))
    assert repr(replace(events(), triggers=edges)) == (
        '<2000 events from 0 to 0.09995 s, 2 trigger edges>'
    )
    assert repr(sr.Events.empty()) == '<0 events>'
    bits = pack_planes(np.zeros((3, HEIGHT, WIDTH), np.uint8))
    planes = sr.SpikePlanes(bits, 50_000 * np.arange(3, dtype=np.int64))
    assert repr(planes) == '<3 spike planes from 0 to 0.0001 s>'
