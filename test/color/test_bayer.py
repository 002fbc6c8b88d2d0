# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The phases of a Bayer pattern."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spike_recon_ros.color.bayer import (
    check_mosaic,
    demosaiced,
    joined,
    phases_of,
)
from spike_recon_ros.color_settings import BAYER_PATTERNS
from spike_recon_ros.conditioning.region import region_of
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes, unpack_planes
from spike_recon_ros.settings import Settings


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_planes_are_split_into_their_phases(columns, rows, seed):
    width, height = 2 * columns, 2 * rows
    spikes = np.random.default_rng(seed).integers(0, 2, (3, height, width), np.uint8)
    phases = phases_of(SpikePlanes(pack_planes(spikes), np.arange(3)))
    for k, phase in enumerate(phases):
        expected = spikes[:, k // 2 :: 2, k % 2 :: 2]
        np.testing.assert_array_equal(phase.bits, pack_planes(expected))
        np.testing.assert_array_equal(unpack_planes(phase.bits, columns), expected)


def test_every_event_goes_to_the_phase_of_its_pixel():
    rng = np.random.default_rng(1)
    x, y = (rng.integers(0, side, 500).astype(np.uint16) for side in (20, 10))
    events = Events(x, y, (x % 3 == 0).astype(np.uint8), np.arange(500), Triggers.empty())
    phases = phases_of(events)
    assert sum(map(len, phases)) == 500
    for k, phase in enumerate(phases):
        kept = (x % 2 == k % 2) & (y % 2 == k // 2)
        np.testing.assert_array_equal(phase.x, x[kept] // 2)
        np.testing.assert_array_equal(phase.y, y[kept] // 2)
        np.testing.assert_array_equal(phase.p, events.p[kept])
        np.testing.assert_array_equal(phase.t_ns, events.t_ns[kept])


def test_joined_images_are_the_image_that_was_split():
    image = np.arange(48.0).reshape(6, 8)
    assert (joined([image[k // 2 :: 2, k % 2 :: 2] for k in range(4)]) == image).all()


@pytest.mark.parametrize('pattern', BAYER_PATTERNS)
def test_demosaicing_restores_a_uniform_colour(pattern):
    bgr = {'b': 30, 'g': 90, 'r': 200}
    pixels = np.empty((8, 8), np.uint8)
    for k, letter in enumerate(pattern):
        pixels[k // 2 :: 2, k % 2 :: 2] = bgr[letter]
    colour = demosaiced(pixels, pattern)
    assert (colour[2:-2, 2:-2] == [30, 90, 200]).all()


@pytest.mark.parametrize(
    ('values', 'size', 'cure'),
    [
        ({'bayer_pattern': ''}, (64, 48), 'set bayer_pattern, for example to rggb'),
        ({}, (65, 48), 'a sensor of 65x48 pixels has not; set roi to 0,0,64,48'),
        ({'roi': '2,2,31,20'}, (64, 48), 'a roi of 31x20 pixels has not; set roi to 2,2,30,20'),
        ({'roi': '3,2,30,20'}, (64, 48), 'begins at the odd pixel 3,2.*begin at 2,2'),
        ({'scale': 2}, (64, 48), 'mixes pixels of different colours; set scale to 1'),
    ],
)
def test_a_broken_pattern_is_one_sentence(values, size, cure):
    settings = Settings(**{'color': 'mosaic', 'bayer_pattern': 'rggb', **values})
    with pytest.raises(UserError, match=cure):
        check_mosaic(settings, region_of(settings, *size), SensorKind.EVENT)


@pytest.mark.parametrize(
    ('size', 'kind'), [((33, 17), SensorKind.SPIKE), ((7, 7), SensorKind.EVENT)]
)
def test_a_roi_is_no_cure_where_none_can_be_set(size, kind):
    settings = Settings(color='mosaic', bayer_pattern='rggb')
    with pytest.raises(UserError, match='has not; check width and height') as caught:
        check_mosaic(settings, region_of(settings, *size), kind)
    assert 'roi' not in str(caught.value)
