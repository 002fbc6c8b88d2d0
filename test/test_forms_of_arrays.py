# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What programs hand over: events in any form, numbers of NumPy, paths with a home folder."""

import numpy as np
import pytest

import spike_recon_ros as sr

SIZE = 64, 48
N_EVENTS = 4_000
DURATION_US = 100_000


@pytest.fixture(scope='module')
def arrays():
    """Return x, y, t (us) and p of noise events."""
    random = np.random.default_rng(3)
    x, y = random.integers(0, SIZE[0], N_EVENTS), random.integers(0, SIZE[1], N_EVENTS)
    t = np.sort(random.integers(0, DURATION_US, N_EVENTS))
    return x, y, t, random.integers(0, 2, N_EVENTS)


def images(frames):
    return [(frame.t_ns, frame.image.tobytes()) for frame in frames]


def run(samples, **values):
    return list(sr.reconstruct(samples, size=SIZE, model='fibar', fps=50, **values))


def structured(x, y, t, p):
    table = np.empty(len(t), [('ts', t.dtype), ('x', 'i2'), ('y', 'i2'), ('polarity', '?')])
    table['ts'], table['x'], table['y'], table['polarity'] = t, x, y, p
    return table


def of_metavision(x, y, t, p):
    table = np.empty(len(t), [('x', '<u2'), ('y', '<u2'), ('p', '<i2'), ('t', '<i8')])
    table['x'], table['y'], table['p'], table['t'] = x, y, p, t
    return table


def of_dv_processing(x, y, t, p):
    names = ['timestamp', 'x', 'y', 'polarity']
    table = np.empty(len(t), list(zip(names, ['<i8', '<i2', '<i2', 'i1'], strict=True)))
    for name, column in zip(names, (t, x, y, p), strict=True):
        table[name] = column
    return table


@pytest.mark.parametrize(
    'form',
    [
        structured,
        of_metavision,
        of_dv_processing,
        lambda x, y, t, p: structured(x, y, t, p)[::1].view(np.recarray),
        lambda x, y, t, p: {'X': x, 'Y': y, 'T': t, 'P': p, 'frames': None},
        lambda x, y, t, p: (x.astype('>i4'), y.tolist(), t.astype('>i8'), p.astype('>f4')),
        lambda x, y, t, p: (x, y, t.astype('timedelta64[us]'), p),
        lambda x, y, t, p: (x, y, t.astype('datetime64[us]'), p),
    ],
)
def test_events_in_any_form_give_the_same_frames(arrays, form):
    expected = images(run(arrays, t_unit='us'))
    assert images(run(form(*arrays), t_unit='us')) == expected
    with sr.ArrayReconstructor(SIZE, model='fibar', fps=50) as live:
        pushed = live.push(form(*arrays), t_unit='us') + live.flush()
    assert images(pushed) == expected


def test_numbers_of_numpy_and_paths_are_values_of_settings(tmp_path):
    settings = sr.Settings(fps=np.float64(50), window_events=np.int32(7), hot_pixel_file=tmp_path)
    assert settings == sr.Settings(fps=50.0, window_events=7, hot_pixel_file=str(tmp_path))


def test_a_path_may_begin_with_the_home_folder(arrays, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    np.save(tmp_path / 'events.npy', structured(*arrays))
    assert len(list(sr.reconstruct('~/events.npy', size=SIZE, model='fibar', fps=50))) == 5
    with pytest.raises(sr.UserError, match='there is no file or folder ~nobody-here/bag'):
        sr.reconstruct('~nobody-here/bag')
