# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""HDF5 files of converters and benchmarks: names, units, sizes and stamps in many places."""

import os

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source

h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')

N = 400
RANDOM = np.random.default_rng(5)
X, Y = RANDOM.integers(0, 900, N), RANDOM.integers(0, 500, N)
P = RANDOM.integers(0, 2, N)
T_US = 2_000_000 + 53 * np.arange(N)
GROUP = {'x': X.astype(np.uint16), 'y': Y.astype(np.uint16), 't': T_US, 'p': P.astype(np.uint8)}


def write(path, datasets, **attributes):
    with h5py.File(path, 'w') as file:
        for name, values in datasets.items():
            file[name] = values
        file.attrs.update(attributes)
    return path


def read(path, **facts):
    with open_source(path, **facts) as source:
        events = Events.concatenate(list(source.dataset.chunks()))
    return events, source.dataset


def inside(group, columns=GROUP, **further):
    return {f'{group}/{name}': values for name, values in {**columns, **further}.items()}


def table():
    rows = np.empty(N, [('t', '<u8'), ('x', '<u2'), ('y', '<u2'), ('on', '?')])
    rows['t'], rows['x'], rows['y'], rows['on'] = T_US, X, Y, P
    return rows


@pytest.mark.parametrize(
    ('datasets', 'attributes', 'size'),
    [
        (inside('events', height=720, width=1280), {}, (1280, 720)),
        (inside('events'), {}, (1280, 720)),
        (inside('events'), {'height': 500, 'width': 900}, (900, 500)),
        (GROUP, {'sensor_resolution': (500, 900)}, (900, 500)),
        (
            inside('CD', {'xs': X, 'ys': Y, 'timestamps': T_US / 1e6, 'pol': 2 * P - 1}),
            {},
            (1280, 720),
        ),
        (inside('events', {'x': X, 'y': Y, 't_ns': 1_000 * T_US, 'p': P}), {}, (1280, 720)),
        ({'events': table()}, {}, (1280, 720)),
        ({'data': table(), 'sensor_size': np.array([600, 1000])}, {}, (1000, 600)),
        (
            inside('events', t_offset=0) | {'t_offset': 0},
            {'height': 720, 'width': 1280},
            (1280, 720),
        ),
        (inside('sensors/cam0/Events'), {}, (1280, 720)),
        ({**GROUP, 't': T_US - 500, 't_offset': 500, 'ms_to_idx': [0, 9]}, {}, (1280, 720)),
        (
            inside('events', {'x': X, 'y': Y, 'ts': T_US / 1e6, 'p': P == 1}),
            {'sensor_resolution': (500, 900)},
            (900, 500),
        ),
        (inside('events') | {'ms_to_idx': [0, 9]}, {}, (1280, 720)),  # TUM-VIE
    ],
)
def test_events_are_found_whatever_their_names_and_place(tmp_path, datasets, attributes, size):
    events, dataset = read(write(tmp_path / 'a.h5', datasets, **attributes))
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert (events.x.tolist(), events.y.tolist()) == (X.tolist(), Y.tolist())
    assert events.p.tolist() == P.tolist()
    assert (dataset.width, dataset.height) == size


@pytest.mark.parametrize('order', ['txyp', 'xytp', 'xypt'])
def test_a_table_without_names_is_read_by_the_column_that_grows(tmp_path, order):
    columns = {'t': T_US, 'x': X, 'y': Y, 'p': P}
    path = write(tmp_path / 'a.h5', {'events': np.stack([columns[name] for name in order], 1)})
    events, dataset = read(path)
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert (events.x.tolist(), events.y.tolist()) == (X.tolist(), Y.tolist())
    assert events.p.tolist() == P.tolist()
    moved = any('column' in warning for warning in dataset.warnings)
    assert moved is (order != 'txyp')


@pytest.mark.parametrize(
    'attributes',
    [
        {'geometry': '640x480'},
        {'format': 'ECF;height=480;width=640'},
        {'width': 640, 'height': 480},
        {'system_ID': '40', 'plugin_name': 'hal_plugin_gen31_evk3'},
        {'plugin_name': np.bytes_(b'hal_plugin_gen31_fx3')},
    ],
)
def test_the_size_of_a_metavision_file_follows_from_its_attributes(tmp_path, attributes):
    rows = np.zeros(5, [('x', '<u2'), ('y', '<u2'), ('p', '<i2'), ('t', '<i8')])
    _, dataset = read(write(tmp_path / 'a.hdf5', {'CD/events': rows}, **attributes))
    assert (dataset.width, dataset.height) == (640, 480)
    assert dataset.warnings == ()


def m3ed(path, **cameras):
    datasets = {'imu/ts': np.zeros(3), 'ovc/left/data': np.zeros((2, 4, 4, 1), np.uint8)}
    for camera, columns in cameras.items():
        datasets |= inside(f'prophesee/{camera}', columns, ms_map_idx=np.arange(9))
        datasets[f'prophesee/{camera}/calib/resolution'] = [1280, 720]
    return write(path, datasets)


def test_one_camera_of_several_is_chosen_by_its_group(tmp_path):
    path = m3ed(tmp_path / 'a.h5', left=GROUP, right={**GROUP, 'x': 1279 - X})
    with pytest.raises(UserError, match='--topic: prophesee/left, prophesee/right'):
        open_source(path)
    with pytest.raises(UserError, match='no events in prophesee/top; it has: prophesee/left'):
        open_source(path, 'prophesee/top')
    events, dataset = read(path, topic='/prophesee/right')
    assert events.x.tolist() == (1279 - X).tolist()
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert (dataset.width, dataset.height) == (1280, 720)
    assert [topic.n_messages for topic in dataset.topics] == [N, N]
    assert dataset.warnings == ()


@pytest.mark.parametrize('name', ['events', 'sensors/left/x', 'davis'])
def test_links_to_other_files_are_refused_before_they_are_followed(tmp_path, name):
    os.mkfifo(tmp_path / 'other.h5')  # to open it would wait for ever
    path = write(tmp_path / 'a.h5', {'notes': np.zeros(3), 'sensors/left/y': Y})
    with h5py.File(path, 'a') as file:
        file[name] = h5py.ExternalLink('other.h5', '/')
    with pytest.raises(UserError, match='refers to another file; copy the data into one file'):
        open_source(path)


def test_links_in_circles_end(tmp_path):
    path = write(tmp_path / 'a.h5', inside('sensors/left'))
    with h5py.File(path, 'a') as file:
        file['sensors/round'] = h5py.SoftLink('/')
        file['sensors/back'] = file['sensors']
    with pytest.raises(UserError, match='several cameras, choose one with --topic: sensors/left'):
        open_source(path)
    assert len(read(path, topic='sensors/left')[0]) == N


def test_a_given_size_replaces_the_guess(tmp_path):
    _, dataset = read(write(tmp_path / 'a.h5', inside('events')), size=(1000, 600))
    assert (dataset.width, dataset.height) == (1000, 600)
    assert not any('sensor size' in one for one in dataset.warnings)


def test_dsec_keeps_its_size_and_offset(tmp_path):
    datasets = inside('events', {**GROUP, 'x': X % 640, 'y': Y % 480})
    datasets |= {'t_offset': np.int64(7), 'ms_to_idx': np.arange(20)}
    events, dataset = read(write(tmp_path / 'a.h5', datasets))
    assert events.t_ns.tolist() == (1_000 * (T_US + 7)).tolist()
    assert (dataset.width, dataset.height) == (640, 480)


def v2v(path, stamps=None, indices=None, resolution=(500, 900)):
    """Write the form in which V2V distributes EVAID: no attribute for the size, float32 times."""
    seconds = ((T_US - T_US[0]) / 1e6).astype(np.float32)
    columns = {'ts': seconds, 'xs': X.astype(np.int16), 'ys': Y.astype(np.int16), 'ps': P == 1}
    with h5py.File(write(path, inside('events', columns)), 'a') as file:
        if resolution:
            file['sensor_resolution'] = resolution
        for number in range(3):
            name = f'images/{number:06d}'
            file[name] = np.full((500, 900), number, np.uint8)
            if stamps is not None:
                file[name].attrs['timestamp'] = stamps[number]
            if indices is not None:
                file[name].attrs['event_idx'] = indices[number]
    return path


@pytest.mark.parametrize('resolution', [(500, 900), None])
def test_frames_of_v2v_have_their_stamps(tmp_path, resolution):
    path = v2v(tmp_path / 'ball.h5', stamps=[0.001, 0.002, 0.003], resolution=resolution)
    _, dataset = read(path)
    assert (dataset.width, dataset.height) == (900, 500)
    times = [t_ns for t_ns, _ in open_images(path, 'images')]
    assert times == [1_000_000, 2_000_000, 3_000_000]


def test_frames_without_stamps_take_the_time_of_their_event(tmp_path):
    path = v2v(tmp_path / 'bird.h5', indices=[0, 100, N - 1])
    events, _ = read(path)
    times = [t_ns for t_ns, _ in open_images(path, 'images')]
    assert times == events.t_ns[[0, 100, N - 1]].tolist()


@pytest.mark.parametrize('indices', [None, [0, 1, N], [0, -1, 2]])
def test_frames_without_a_usable_stamp_are_one_sentence(tmp_path, indices):
    path = v2v(tmp_path / 'a.h5', indices=indices)
    with pytest.raises(UserError, match='no attribute timestamp and no event_idx within'):
        list(open_images(path, 'images'))


def test_whole_nanoseconds_since_1970_stay_exact(tmp_path):
    t_ns = 1_764_000_000_123_456_789 + 53_001 * np.arange(N)
    columns = {'ts': t_ns.astype(np.uint64), 'xs': X, 'ys': Y, 'ps': P}
    path = write(tmp_path / 'a.h5', inside('events', columns), sensor_resolution=(500, 900))
    with h5py.File(path, 'a') as file:
        file['images/image000000000'] = np.zeros((500, 900), np.uint8)
        file['images/image000000000'].attrs['timestamp'] = np.uint64(t_ns[9])
    events, _ = read(path)
    assert events.t_ns.tolist() == t_ns.tolist()
    [(stamp, _)] = open_images(path, 'images')
    assert stamp == t_ns[9]


@pytest.mark.parametrize(
    ('datasets', 'attributes', 'sentence'),
    [
        (inside('events', {**GROUP, 'p': P[:5]}), {}, 'differ in length'),
        (inside('events', {**GROUP, 't': np.full(N, np.nan)}), {}, 'is damaged'),
        (inside('events', {name: one[:0] for name, one in GROUP.items()}), {}, 'no events'),
        (inside('events', {'x': X, 'y': Y, 't': T_US}), {}, 'unknown layout'),
        (inside('events'), {'height': -1, 'width': 9}, r'no \[height, width\]'),
        (inside('events', {**GROUP, 'x': np.array([b'a'] * N)}), {}, 'must hold numbers'),
    ],
)
def test_other_files_are_refused_in_one_sentence(tmp_path, datasets, attributes, sentence):
    with pytest.raises(UserError, match=sentence) as raised:
        read(write(tmp_path / 'a.h5', datasets, **attributes))
    assert '\n' not in str(raised.value)
