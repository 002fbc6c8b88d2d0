# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Datasets with frames that are damaged, cut short or do not fit together."""

import resource
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source


def test_missing_library_names_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'h5py', None)
    path = tmp_path / 'a.h5'
    path.write_bytes(b'\x89HDF\r\n\x1a\n')
    with pytest.raises(UserError, match='pip install h5py'):
        open_source(path)


def without(name):
    def damage(path):
        (path / name).unlink()

    return damage


def array(name, values):
    return lambda path: np.save(path / name, values)


def metadata(text):
    return lambda path: (path / 'metadata.json').write_text(text)


def cut(name, n_bytes):
    def damage(path):
        (path / name).write_bytes((path / name).read_bytes()[:n_bytes])

    return damage


@pytest.mark.parametrize(
    ('damage', 'cure'),
    [
        (without('events_xy.npy'), r'no .*events_xy\.npy; convert'),
        (cut('events_ts.npy', 5_000), r'events_ts\.npy is damaged.*convert it again'),
        (cut('events_ts.npy', 0), r'events_ts\.npy is damaged'),
        (array('events_p.npy', np.zeros(5)), r'events_ts\.npy 3000, events_xy\.npy 3000, .* 5'),
        (array('events_xy.npy', np.zeros((3_000, 3))), r'numbers \[n, 2\]'),
        (array('events_p.npy', np.array(1)), 'it is a scalar'),
        (array('events_p.npy', np.full(3_000, 'a')), 'must hold numbers'),
        (array('events_ts.npy', np.full(3_000, np.nan)), 'what follows 0 of 3,000 events'),
        (array('events_ts.npy', np.full(3_000, 1.5e15)), 'times must be seconds'),
        (array('images_ts.npy', np.zeros(4)), r'images\.npy 9, images_ts\.npy 4'),
        (array('images.npy', np.zeros((9, 4), np.uint8)), r'images\.npy 0'),
        (metadata('{'), 'size of the sensor cannot be read'),
        (metadata('{"sensor_resolution": [0, 3]}'), r'no \[height, width\]'),
        (metadata('{"sensor_resolution": 9}'), r'no \[height, width\]'),
        (metadata('{"sensor_resolution": ["a", 1e999]}'), r'no \[height, width\]'),
    ],
)
def test_damaged_numpy_sequence_is_one_sentence(make_recorded, tmp_path, damage, cure):
    path = make_recorded().write('npy', tmp_path)
    damage(path)
    with pytest.raises(UserError, match=cure) as raised, open_source(path) as source:
        list(source)
    assert '\n' not in str(raised.value)


def test_a_recording_without_events_is_refused(make_recorded, tmp_path, layout):
    recorded = make_recorded(n_events=0)
    with pytest.raises(UserError, match=r'holds no events|is empty'):
        open_source(recorded.write(layout, tmp_path))


def deleted(name):
    def change(file):
        del file[name]

    return change


def replaced(name, values):
    def change(file):
        del file[name]
        file[name] = values

    return change


def attribute(name, value):
    def change(file):
        file.attrs[name] = value

    return change


def without_stamp(file):
    del file['images/image000000003'].attrs['timestamp']


@pytest.mark.parametrize(
    ('layout', 'change', 'cure'),
    [
        ('event_utils', deleted('events/ps'), 'no dataset events/ps; convert'),
        ('event_utils', deleted('events'), r'unknown layout \(it holds: images\)'),
        ('event_utils', replaced('events/xs', np.zeros(5)), 'xs 5, events/ys 3000'),
        ('event_utils', replaced('events/ts', np.full(3_000, -1.0)), 'begin at -1; add an offset'),
        ('event_utils', replaced('images/image000000003', 'text'), 'no attribute timestamp'),
        ('event_utils', without_stamp, 'no attribute timestamp'),
        ('event_utils', attribute('sensor_resolution', 'large'), r'no \[height, width\]'),
        ('mvsec', deleted('davis/left/events'), 'no events of davis/left; it has: davis/right'),
        (
            'mvsec',
            replaced('davis/left/events', np.zeros((5, 3))),
            r'must hold numbers \[n, 4\]',
        ),
        ('mvsec', replaced('davis/left/image_raw_ts', np.zeros(5)), 'image_raw 9, .* 5'),
        ('mvsec', deleted('davis'), r'unknown layout \(it holds: nothing\)'),
    ],
)
def test_hdf5_that_does_not_fit_together_is_one_sentence(
    make_recorded, tmp_path, layout, change, cure
):
    path = make_recorded().write(layout, tmp_path)
    with pytest.importorskip('h5py').File(path, 'a') as file:
        change(file)
    with pytest.raises(UserError, match=cure) as raised:
        list(open_source(path, reference_topic='images'))
    assert '\n' not in str(raised.value)


def test_frame_that_is_no_image_is_one_sentence(make_recorded, tmp_path):
    path = make_recorded().write('event_utils', tmp_path)
    with pytest.importorskip('h5py').File(path, 'a') as file:
        del file['images/image000000002']
        file['images/image000000002'] = np.zeros((4, 4), np.int64)
        file['images/image000000002'].attrs['timestamp'] = 1.5e9
    with pytest.raises(UserError, match=r'frame 2 of .* int64 \[4, 4\].*uint8'):
        list(open_images(path, 'images'))


def test_truncated_hdf5_asks_for_another_copy(make_recorded, tmp_path):
    path = make_recorded().write('mvsec', tmp_path)
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(UserError, match=r'the HDF5 file cannot be read .*copy'):
        open_source(path)


@pytest.mark.parametrize(
    ('line', 'cure'),
    [
        ('0.5 1 2\n', r'events\.txt|cannot be read'),
        ('a b c d\n', 'cannot be read'),
        ('nan 1 2 1\n', 'times must be seconds'),
        ('9' * 5_000 + '\n', 'cannot be read'),
    ],
)
def test_damaged_line_of_text_is_one_sentence(make_recorded, tmp_path, line, cure):
    path = make_recorded().write('text', tmp_path)
    with (path / 'events.txt').open('a') as file:
        file.write(line)
    with pytest.raises(UserError, match=cure) as raised:
        list(open_source(path))
    assert '\n' not in str(raised.value)


def test_frame_that_is_missing_is_named(make_recorded, tmp_path):
    path = make_recorded().write('text', tmp_path)
    (path / 'images' / 'frame_00000003.png').unlink()
    with pytest.raises(UserError, match=r'images\.txt lists .*3\.png.*copy it, or remove'):
        list(open_images(path, 'images'))


def test_text_without_frames_has_the_sensor_size_of_the_data_set(make_recorded, tmp_path):
    path = make_recorded().write('text', tmp_path)
    (path / 'images.txt').unlink()
    with open_source(path) as source:
        assert (next(iter(source)).width, next(iter(source)).height) == (240, 180)


@pytest.fixture(scope='module')
def whole(make_recorded, tmp_path_factory):
    """Return a function that writes a small recording and returns its path and a file's bytes."""

    def write(layout, name=''):
        recorded = make_recorded(n_events=200, n_frames=2)
        path = recorded.write(layout, tmp_path_factory.mktemp('whole'))
        return path, path / name, (path / name).read_bytes()

    return write


def read_or_refuse(path):
    """Read everything; only a UserError of one line is accepted as a failure."""
    try:
        with open_source(path, reference_topic='images') as source:
            list(source)
        list(open_images(path, 'images'))
        sentence = ''
    except UserError as error:
        sentence = str(error)
    assert '\n' not in sentence


PATCHES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)))


def patched(content, patches):
    changed = bytearray(content)
    for share, patch in patches:
        start = int(share * len(changed))
        changed[start : start + len(patch)] = patch
    return bytes(changed)


@pytest.fixture
def little_memory():
    """Limit memory to 4 GB more: damaged HDF5 files make the library allocate absurd sizes."""
    now_bytes = int(Path('/proc/self/statm').read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (now_bytes + 4 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.usefixtures('little_memory')
@pytest.mark.parametrize('layout', ['event_utils', 'mvsec'])
def test_any_bytes_in_hdf5_are_read_or_refused_in_one_sentence(whole, layout):
    path, file, content = whole(layout)

    @given(PATCHES, st.floats(0.1, 1))
    @settings(max_examples=60, deadline=None)
    def check(patches, share):
        file.write_bytes(patched(content, patches)[: int(share * len(content))])
        read_or_refuse(path)

    check()
    for n_bytes in (8, 48, 96, 500):
        file.write_bytes(content[:n_bytes] + bytes(n_bytes))
        with pytest.raises(UserError, match='copy'):
            open_source(path)


@pytest.mark.parametrize(
    'name', ['events_ts.npy', 'events_xy.npy', 'events_p.npy', 'images.npy', 'images_ts.npy']
)
def test_any_bytes_in_numpy_files_are_read_or_refused_in_one_sentence(whole, name):
    path, file, content = whole('npy', name)
    header = content[:128]

    @given(st.one_of(st.binary(max_size=200), PATCHES.map(lambda p: patched(header, p))))
    @settings(max_examples=60, deadline=None)
    def check(start):
        file.write_bytes(start + content[128:])
        read_or_refuse(path)

    check()


@pytest.mark.parametrize('name', ['events.txt', 'images.txt', 'images/frame_00000000.png'])
def test_any_bytes_in_text_are_read_or_refused_in_one_sentence(whole, name):
    path, file, content = whole('text', name)

    @given(PATCHES, st.binary(max_size=20))
    @settings(max_examples=60, deadline=None)
    def check(patches, more):
        file.write_bytes(patched(content, patches) + more)
        read_or_refuse(path)

    check()


def test_half_a_line_at_the_end_of_a_text_is_left_out_and_reported(make_recorded, tmp_path):
    recorded = make_recorded()
    path = recorded.write('text', tmp_path)
    with (path / 'events.txt').open('a') as file:
        file.write('0.5 1')
    with open_source(path) as source:
        packets = list(source)
    assert 'cut short' in source.warnings[-1]
    assert sum(len(packet.data) // 8 for packet in packets) == len(recorded.t_ns)
