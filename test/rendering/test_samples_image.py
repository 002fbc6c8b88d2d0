# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Events and spike planes as pictures for people."""

import numpy as np

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.rendering.samples_image import draw_samples


def test_the_latest_event_of_a_pixel_is_drawn():
    x, y = np.array([1, 1, 0, 2], np.uint16), np.array([0, 0, 1, 1], np.uint16)
    events = Events(x, y, np.array([1, 0, 1, 0], np.uint8), np.arange(4), Triggers.empty())
    assert draw_samples(events, 2, 3).tolist() == [[128, 0, 128], [255, 128, 0]]


def test_no_events_give_a_grey_picture():
    assert (draw_samples(Events.empty(), 2, 3) == 128).all()


def test_planes_are_averaged_up_to_the_brightest_pixel():
    spikes = np.zeros((4, 2, 3), np.uint8)
    spikes[:, 0, 0] = 1
    spikes[:2, 1, 2] = 1
    planes = SpikePlanes(pack_planes(spikes), np.arange(4))
    assert draw_samples(planes, 2, 3).tolist() == [[255, 0, 0], [0, 0, 127]]


def test_no_planes_give_a_black_picture():
    assert not draw_samples(SpikePlanes.empty(2, 3), 2, 3).any()
