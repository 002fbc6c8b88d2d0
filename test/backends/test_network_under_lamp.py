# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network under a lamp that shines from the start: the flicker leaves its state."""

import contextlib

import numpy as np
import pytest

from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_network
from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.windows.window import Window

WIDTH, HEIGHT = 64, 48
WINDOW_NS, PERIOD_NS = 20_000_000, 10_000_000
MOST = 8
"""Events of a pixel in half a period, at most."""

if all(candidate.missing() for candidate in CANDIDATES):
    pytest.skip('no backend is installed', allow_module_level=True)


def windows(count):
    """Yield the windows of a grey wall under a lamp; the thresholds of each pixel differ."""
    random = np.random.default_rng(2)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    counts = random.integers(MOST - 1, MOST + 1, (2, HEIGHT, WIDTH))
    step_ns = PERIOD_NS // 2 // MOST
    for k in range(count):
        parts = []
        for step in range(WINDOW_NS // step_ns):
            polarity = 1 - step // MOST % 2
            fires = counts[polarity] > step % MOST
            kinds = np.full(fires.sum(), polarity, np.uint8)
            t_ns = np.full(fires.sum(), k * WINDOW_NS + step * step_ns, np.int64)
            parts.append((x[fires], y[fires], kinds, t_ns))
        xs, ys, ps, ts_ns = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
        events = Events(xs.astype(np.uint16), ys.astype(np.uint16), ps, ts_ns, Triggers.empty())
        yield Window(k * WINDOW_NS, (k + 1) * WINDOW_NS, events)


def network(name, **options):
    """Return a context manager of a network of the zoo."""
    folder = find_network(name)
    assert folder is not None
    model = NetworkModel(
        read_bundle(folder), choose_backend(), WIDTH, HEIGHT, NetworkOptions(**options)
    )
    return contextlib.closing(model)


def contrasts(count, **options):
    """Return the standard deviation of each image; the wall has none."""
    with network('two_scale_gru_small', **options) as model:
        return [float(model.step(window).std()) for window in windows(count)]


def test_what_flickered_before_the_lamp_was_found_leaves_the_image():
    averaged, plain = contrasts(16, lamp_averaging=True), contrasts(16)
    before, found = averaged[9], averaged[11]  # the lamp is found at .2 s
    assert before == plain[9]
    assert found < 0.7 * before
    assert max(averaged[11:]) < 0.7 * min(plain[11:])


def test_frames_are_asked_for_in_order_when_a_lamp_is_found():
    grey = np.full((HEIGHT, WIDTH), 0.5, np.float32)
    asked = []

    def anchor_at(t_ns):
        asked.append(t_ns)
        return Anchor(0, t_ns, grey)

    with network('two_scale_gru_frames', lamp_averaging=True) as model:
        model.anchor_at = anchor_at
        for window in windows(16):
            model.step(window)
    assert asked == sorted(asked)
