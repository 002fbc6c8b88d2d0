# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.representations.voxel_grid import voxel_grid


def events_of(rows):
    x, y, p, t_ns = np.array(rows, np.int64).reshape(-1, 4).T
    return Events(
        x.astype(np.uint16), y.astype(np.uint16), p.astype(np.uint8), t_ns, Triggers.empty()
    )


def slow_grid(events, t_start_ns, t_end_ns, shape):
    grid = np.zeros(shape)
    bins = len(grid)
    for x, y, p, t_ns in zip(events.x, events.y, events.p, events.t_ns, strict=True):
        place = (bins - 1) * (int(t_ns) - t_start_ns) / (t_end_ns - t_start_ns)
        for b in range(bins):
            grid[b, y, x] += (1 if p else -1) * max(0.0, 1.0 - abs(b - place))
    return grid


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 2), st.integers(0, 1), st.integers(0, 1000)),
        max_size=60,
    ),
    st.integers(1, 7),
    st.integers(1, 10**15),
)
def test_equals_the_definition(rows, bins, start_ns):
    events = events_of([(x, y, p, start_ns + t) for x, y, p, t in rows])
    grid = voxel_grid(events, start_ns, start_ns + 1000, bins=bins, height=3, width=5)
    expected = slow_grid(events, start_ns, start_ns + 1000, (bins, 3, 5))
    assert grid.dtype == np.float32
    np.testing.assert_allclose(grid, expected, atol=1e-5)


def test_an_event_between_two_bins_is_shared_in_proportion():
    grid = voxel_grid(events_of([(1, 0, 1, 130)]), 100, 200, bins=5, height=1, width=2)
    np.testing.assert_allclose(grid[:, 0, 1], [0, 0.8, 0.2, 0, 0], atol=1e-6)
    assert not grid[:, 0, 0].any()


@pytest.mark.parametrize(('t_ns', 'bin_'), [(100, 0), (200, 4), (-9, 0), (9999, 4)])
def test_ends_of_the_window_and_beyond_go_to_the_outer_bins(t_ns, bin_):
    grid = voxel_grid(events_of([(0, 0, 0, t_ns)]), 100, 200, bins=5, height=1, width=1)
    assert grid[bin_, 0, 0] == -1.0
    assert np.count_nonzero(grid) == 1


def test_a_single_bin_adds_up_the_polarities():
    rows = [(0, 0, 1, 0), (0, 0, 1, 50), (0, 0, 0, 99), (1, 0, 0, 20)]
    grid = voxel_grid(events_of(rows), 0, 100, bins=1, height=1, width=2)
    np.testing.assert_array_equal(grid, [[[1.0, -1.0]]])


def test_a_window_without_duration_fills_the_first_bin():
    grid = voxel_grid(events_of([(0, 0, 1, 7)]), 7, 7, bins=3, height=1, width=1)
    np.testing.assert_array_equal(grid[:, 0, 0], [1, 0, 0])


@pytest.mark.parametrize('normalisation', ['none', 'nonzero'])
def test_empty_window_gives_zero_grid(normalisation):
    grid = voxel_grid(
        Events.empty(), 0, 10, bins=5, height=4, width=3, normalisation=normalisation
    )
    np.testing.assert_array_equal(grid, np.zeros((5, 4, 3)))


def test_input_events_are_not_changed():
    events = events_of([(0, 0, 1, 1), (2, 1, 0, 5)])
    arrays = [events.x, events.y, events.p, events.t_ns]
    for array in arrays:
        array.setflags(write=False)
    voxel_grid(events, 0, 10, bins=5, height=2, width=3, normalisation='nonzero')
    np.testing.assert_array_equal(events.t_ns, [1, 5])


def test_nonzero_normalisation_changes_only_non_zero_entries():
    random = np.random.default_rng(0)
    rows = [(*random.integers(0, (9, 7, 2)), t) for t in range(80)]
    raw = voxel_grid(events_of(rows), 0, 80, bins=3, height=7, width=9)
    grid = voxel_grid(events_of(rows), 0, 80, bins=3, height=7, width=9, normalisation='nonzero')
    entries = raw[raw != 0].astype(np.float64)
    expected = np.where(raw != 0, (raw - entries.mean()) / entries.std(), 0.0)
    np.testing.assert_allclose(grid, expected, atol=1e-5)


def test_a_grid_of_equal_entries_is_not_normalised():
    rows = [(0, 0, 1, 0), (1, 0, 1, 0)]
    grid = voxel_grid(events_of(rows), 0, 9, bins=2, height=1, width=2, normalisation='nonzero')
    np.testing.assert_array_equal(grid, [[[1, 1]], [[0, 0]]])


def test_grid_is_written_into_a_view_of_a_padded_array():
    padded = np.full((2, 4, 8), 7.0, np.float32)
    out = padded[:, :3, :5]
    events = events_of([(4, 2, 1, 0)])
    grid = voxel_grid(events, 0, 10, bins=2, height=3, width=5, normalisation='nonzero', out=out)
    assert grid is out
    np.testing.assert_array_equal(out, voxel_grid(events, 0, 10, bins=2, height=3, width=5))
    assert (padded[:, 3:] == 7.0).all()
    assert (padded[:, :, 5:] == 7.0).all()


@pytest.mark.parametrize(
    'wrong', [np.zeros((2, 3, 4), np.float32), np.zeros((2, 3, 5), np.float64)]
)
def test_a_wrong_output_array_is_refused(wrong):
    with pytest.raises(ValueError, match=r'float32 \(2, 3, 5\)'):
        voxel_grid(Events.empty(), 0, 10, bins=2, height=3, width=5, out=wrong)


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(ValueError, match='nonzeros'):
        voxel_grid(Events.empty(), 0, 1, bins=1, height=1, width=1, normalisation='nonzeros')
