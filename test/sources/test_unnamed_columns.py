# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What tables of events leave open: which column is the time, where pixels begin, what is ON."""

import numpy as np
import pytest

from spike_recon_ros.sources.array_file import ArrayFile
from spike_recon_ros.sources.columns import unnamed_columns
from spike_recon_ros.sources.open_source import open_source

N = 1_000
CHANCE = np.random.default_rng(0)
ANY = CHANCE.integers(0, 200, N)
TIMES = {
    'seconds': np.arange(N) * 2e-7,
    'seconds since 1970': 1.7e9 + np.arange(N) * 1e-6,
    'microseconds': 50_000 + np.arange(N) // 3,
    'a readout in one microsecond': np.full(N, 70_000),
    'many readouts': np.repeat(np.arange(10, 20), N // 10) * 1_000,
}
PIXELS = {
    'any': ANY,
    'sorted in one readout': np.sort(ANY),
    'sorted in each of ten readouts': np.sort(ANY.reshape(10, -1), axis=1).reshape(-1),
}
POLARITIES = {
    'any': CHANCE.integers(0, 2, N),
    'one': np.ones(N),
    'first OFF, then ON': np.arange(N) > N / 2,
    'signed': 2 * CHANCE.integers(0, 2, N) - 1,
}


@pytest.mark.parametrize('order', ['txyp', 'xytp', 'xypt'])
@pytest.mark.parametrize('time', TIMES)
@pytest.mark.parametrize('sorted_column', ['x', 'y'])
@pytest.mark.parametrize('pixels', PIXELS)
@pytest.mark.parametrize('polarity', POLARITIES)
def test_the_time_is_found_in_every_known_order(order, time, sorted_column, pixels, polarity):
    columns = {'t': TIMES[time], 'x': ANY, 'y': ANY, 'p': POLARITIES[polarity]}
    columns[sorted_column] = PIXELS[pixels]
    table = np.column_stack([columns[name] for name in order]).astype(np.float64)
    found = unnamed_columns(table)
    assert ''.join(order[place] for place in found) == 'txyp'


@pytest.mark.parametrize('pixels', PIXELS)
def test_small_times_in_the_first_column_are_not_taken_for_pixels(pixels):
    columns = [np.arange(N) // 3, ANY, PIXELS[pixels], POLARITIES['any']]
    assert unnamed_columns(np.column_stack(columns).astype(np.float64)) == [0, 1, 2, 3]


def test_a_table_in_which_nothing_grows_has_no_time():
    assert unnamed_columns(CHANCE.integers(0, 200, (N, 4)).astype(np.float64)) is None


@pytest.mark.parametrize(
    ('x', 'y', 'counts_from_1'), [(240, 180, True), (239, 179, False), (239, 180, False)]
)
def test_coordinates_that_may_count_from_one_are_named(tmp_path, x, y, counts_from_1):
    path = tmp_path / 'a.npz'
    arrays = {'t': [1, 2], 'x': [1, x], 'y': [1, y], 'p': [0, 1]}
    np.savez(path, **{name: np.array(values) for name, values in arrays.items()})
    with open_source(path) as source:
        (warning,) = (one for one in source.warnings if 'sensor size' in one)
    assert ('if they count from 1, subtract 1' in warning) == counts_from_1


@pytest.mark.parametrize(
    ('polarities', 'are_wrong'),
    [([1, 2], True), ([0, 1], False), ([-1, 1], False), ([0, 255], False), ([1, 1], False)],
)
def test_polarities_that_all_mean_on_are_named(tmp_path, polarities, are_wrong):
    path = tmp_path / 'a.csv'
    lines = [f'{i},{i % 50},{i % 40},{polarities[i % 2]}\n' for i in range(100)]
    path.write_text('t,x,y,p\n' + ''.join(lines))
    with open_source(path) as source:
        list(source)
        warned = [one for one in source.warnings if 'are 1 to 2, and all above 0 are ON' in one]
    assert bool(warned) == are_wrong


@pytest.mark.parametrize('polarities', [(0, 1, 2, 3), (-1, 0, 1), (0.0, 0.5, 1.0)])
def test_more_than_two_polarities_are_named_once(tmp_path, monkeypatch, polarities):
    """EV-IMO2 had 0 to 3, and CeleX cameras mark pixels without a change by 0."""
    monkeypatch.setattr(ArrayFile, 'chunk', 50)
    path = tmp_path / 'a.npz'
    p = np.random.default_rng(1).choice(np.array(polarities), 500)
    np.savez(path, t=np.arange(500) / 1e3, x=p * 0, y=p * 0, p=p)
    with open_source(path) as source:
        list(source)
        warned = [one for one in source.warnings if 'and all above 0 are ON' in one]
    assert len(warned) == 1
    assert f'are {min(polarities):g} to {max(polarities):g}' in warned[0]
