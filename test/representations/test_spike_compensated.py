# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The motion-compensated tensor: as sharp as the instant, and sane where nothing is known."""

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.representations.registry import representation_for, with_lookahead
from spike_recon_ros.representations.spike_compensated import MEANS, STILL
from spike_recon_ros.spike_history.interval_rates import RATES
from spike_recon_ros.windows.window import Window

DESCRIPTION = {'kind': 'spike_compensated', 'lookahead_planes': 30}
COUNT = 120
INSTANT = COUNT - 1 - 30


@pytest.fixture(scope='module')
def scene(moving_spikes):
    """Return spikes of a texture that moves, and its light."""
    return moving_spikes((0.2, -0.1), COUNT, INSTANT)


@pytest.fixture
def spikes(scene):
    return scene[0]


def new(description, spikes):
    _, height, width = spikes.shape
    return representation_for(description, width, height)


def written(description, spikes, cuts=()):
    """Return what is written after the last of the windows that the cuts make."""
    representation = new(description, spikes)
    out = np.empty((representation.channels, *spikes.shape[1:]), np.float32)
    first = 0
    for part in np.split(spikes, sorted(cuts)):
        planes = SpikePlanes(pack_planes(part), np.arange(first, first + len(part)))
        representation.write(Window(first, first + len(part), planes), out)
        first += len(part)
    return out


def test_the_tensor_does_not_depend_on_how_planes_are_cut_into_windows(spikes):
    whole = written(DESCRIPTION, spikes)
    np.testing.assert_array_equal(written(DESCRIPTION, spikes, [1, 20, 77, 119])[:-2], whole[:-2])


def test_the_mean_over_all_planes_shows_the_scene_at_the_instant(scene):
    spikes, rates = scene
    inside = slice(12, -12), slice(12, -12)
    light = rates[INSTANT][inside]
    made = written(DESCRIPTION, spikes)
    off = {
        name: np.sqrt(np.mean((made[channel][inside] - light) ** 2))
        for name, channel in {'mean': 0, 'second order': STILL.start}.items()
    }
    assert off['mean'] < 0.5 * off['second order']
    for group in made[MEANS]:
        assert np.corrcoef(group[inside].ravel(), light.ravel())[0, 1] > 0.85


def test_the_displacement_is_that_of_the_scene_since_the_last_window(spikes):
    gone = written(DESCRIPTION, spikes, [100])[-2:]
    median = np.median(gone, (1, 2))
    np.testing.assert_allclose(median, (-0.2 * 20, 0.1 * 20), atol=0.3)
    # Beyond the planes that are kept, the path is extrapolated.
    np.testing.assert_allclose(written(DESCRIPTION, spikes, [80])[-2:], 2 * gone, atol=0.4)


def test_without_measurable_motion_the_displacement_is_zero(spikes):
    assert not written(DESCRIPTION, spikes[:15])[-2:].any()


def test_the_rates_are_those_of_the_intervals(spikes):
    plain = {'kind': 'spike_intervals', 'counts': 1, 'planes_per_count': 1, 'lookahead_planes': 30}
    rates = written(plain, spikes)[: len(RATES)]
    np.testing.assert_array_equal(written(DESCRIPTION, spikes)[STILL], rates)


def test_groups_with_missing_planes_have_the_most_likely_rate(spikes):
    made = written(DESCRIPTION, spikes[:47])  # instant: plane 16; the first group: from -13
    np.testing.assert_array_equal(made[MEANS][0], made[STILL.start])
    assert all((seen != made[STILL.start]).any() for seen in made[MEANS][1:])


def test_a_shorter_lookahead_leaves_out_later_groups(spikes):
    hasty = written(with_lookahead(DESCRIPTION, 6), spikes)
    for unseen in hasty[MEANS][-3:]:
        np.testing.assert_array_equal(unseen, hasty[STILL.start])
    assert (hasty[MEANS][-4] != hasty[STILL.start]).any()


def test_a_reset_clears_the_history(spikes):
    representation = new(DESCRIPTION, spikes)
    outs = []
    for _ in range(2):
        out = np.empty((representation.channels, *spikes.shape[1:]), np.float32)
        planes = SpikePlanes(pack_planes(spikes[:50]), np.arange(50))
        representation.write(Window(0, 50, planes), out)
        outs.append(out)
        representation.reset()
    np.testing.assert_array_equal(*outs)


def test_more_planes_than_are_kept_cannot_be_looked_ahead(spikes):
    with pytest.raises(UserError, match=r'lookahead_planes is 34.* at most 33'):
        new(DESCRIPTION | {'lookahead_planes': 34}, spikes)


def test_light_between_the_pixels_is_appended_without_changing_the_rest(spikes):
    plain, more = (written(one, spikes) for one in (DESCRIPTION, DESCRIPTION | {'phases': 4}))
    np.testing.assert_array_equal(more[: len(plain)], plain)
    assert len(more) == len(plain) + 2 * 4**2
    assert more[-16:].mean() > 0.2
    with pytest.raises(UserError, match='phases'):
        new(DESCRIPTION | {'phases': 5}, spikes)
