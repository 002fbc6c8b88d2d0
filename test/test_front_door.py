# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The Python front door: `import spike_recon_ros as sr`."""

import logging
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import spike_recon_ros as sr
from spike_recon_ros.offline.reconstruct import settings_from
from spike_recon_ros.packets.events import Triggers
from spike_recon_ros.packets.spike_planes import pack_planes
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.mono_packets import mono_packets
from spike_recon_ros.sources.source import Source

SIZE = 64, 48
N_EVENTS = 12_000
DURATION_US = 400_000


@pytest.fixture(scope='module')
def arrays():
    """Return x, y, t (us) and p of noise events."""
    random = np.random.default_rng(3)
    x = random.integers(0, SIZE[0], N_EVENTS).astype(np.uint16)
    y = random.integers(0, SIZE[1], N_EVENTS).astype(np.uint16)
    t = np.sort(random.integers(0, DURATION_US, N_EVENTS))
    return x, y, t, random.integers(0, 2, N_EVENTS).astype(np.uint8)


@pytest.fixture(scope='module')
def events(arrays):
    x, y, t, p = arrays
    return sr.Events(x, y, p, t * 1000, Triggers.empty())


@pytest.fixture
def planes(moving_spikes):
    spikes, _ = moving_spikes((0.1, 0.0), 200, 100, SIZE[1], SIZE[0])
    return sr.SpikePlanes(pack_planes(spikes), 50_000 * np.arange(200, dtype=np.int64))


def images(frames):
    return [(frame.t_ns, frame.image.tobytes(), frame.intensity.tobytes()) for frame in frames]


def run(samples, **values):
    return list(sr.reconstruct(samples, size=SIZE, **{'model': 'fibar', 'fps': 50.0, **values}))


def test_importing_the_package_imports_nothing_heavy():
    code = (
        'import sys, spike_recon_ros\n'
        'heavy = {"numpy", "numba", "cv2", "torch", "openvino", "rclpy", "rosbags"}\n'
        'assert not heavy & set(sys.modules), heavy & set(sys.modules)\n'
        'from spike_recon_ros import UserError\n'
        'assert not heavy & set(sys.modules), heavy & set(sys.modules)\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=300)


def test_reconstructing_with_a_filter_imports_no_network_library_and_no_ros():
    code = (
        'import sys, spike_recon_ros as sr\n'
        'list(sr.reconstruct(([1], [1], [5], [1]), size=(8, 8), t_unit="us", model="fibar"))\n'
        'heavy = {"torch", "openvino", "onnxruntime", "rclpy"}\n'
        'assert not heavy & set(sys.modules), heavy & set(sys.modules)\n'
    )
    subprocess.run([sys.executable, '-c', code], check=True, timeout=300)


@pytest.mark.parametrize('name', sr.__all__)
def test_every_public_name_is_found_and_listed(name):
    assert getattr(sr, name).__name__ == name
    assert name in dir(sr)


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match='no attribute'):
        _ = sr.reconstuct


def test_arrays_events_and_a_bag_give_the_same_frames(arrays, events, tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        for packet in mono_packets(events, *SIZE, 0, 0):
            bag.write_packet(packet)
    from_bag = images(sr.reconstruct(tmp_path / 'bag', model='fibar', fps=50))
    assert len(from_bag) == 20
    assert images(run(arrays, t_unit='us')) == from_bag
    assert images(run(events)) == from_bag


@pytest.mark.parametrize(
    ('unit', 'factor', 'kind'),
    [('s', 1e-6, np.float64), ('ms', 1e-3, np.float64), ('ns', 1000, np.int64)],
)
def test_the_unit_of_the_times_changes_nothing_else(arrays, unit, factor, kind):
    x, y, t, p = arrays
    other = (x.tolist(), y, (t * factor).astype(kind), 2 * p.astype(np.int8) - 1)
    assert images(run(other, t_unit=unit)) == images(run(arrays, t_unit='us'))


def test_pushed_in_pieces_arrays_give_the_frames_of_the_whole(arrays):
    frames = []
    with sr.ArrayReconstructor(SIZE, model='fibar', fps=50) as live:
        for start in range(0, N_EVENTS, 777):
            piece = tuple(array[start : start + 777] for array in arrays)
            frames += live.push(piece, t_unit='us')
        frames += live.flush()
        assert live.statistics.samples == N_EVENTS
    assert images(frames) == images(run(arrays, t_unit='us'))


def test_a_push_whose_frames_are_ignored_loses_no_event(arrays):
    with sr.ArrayReconstructor(SIZE, model='fibar', fps=50) as live:
        for start in range(0, N_EVENTS, 777):
            live.push(tuple(array[start : start + 777] for array in arrays), t_unit='us')
        last = live.flush()
    assert images(last) == images(run(arrays, t_unit='us'))[-1:]


def test_an_empty_push_is_no_error():
    with sr.ArrayReconstructor(SIZE, model='fibar') as live:
        assert live.push(([], [], np.empty(0), []), t_unit='s') == []


def test_spike_planes_in_pieces_give_the_frames_of_the_whole(planes):
    whole = run(planes, model='spike_intervals', fps=1000.0)
    assert len(whole) > 5
    frames = []
    with sr.ArrayReconstructor(SIZE, model='spike_intervals', fps=1000) as live:
        for start, end in ((0, 2), (2, 3), (3, 50), (50, 200)):
            frames += live.push(planes[start:end])
        frames += live.flush()
    assert images(frames) == images(whole)


def test_discarding_the_iterator_closes_model_and_recording(events, tmp_path, monkeypatch):
    with BagWriter(tmp_path / 'bag') as bag:
        for packet in mono_packets(events, *SIZE, 0, 0):
            bag.write_packet(packet)
    closed = []
    monkeypatch.setattr(sr.Reconstructor, 'close', lambda _: closed.append('model'))
    source = sr.open_source(tmp_path / 'bag')
    monkeypatch.setattr(type(source), 'close', lambda _: closed.append('source'))
    frames = sr.reconstruct(tmp_path / 'bag', model='fibar')
    next(frames)
    closed.clear()
    frames.close()
    assert closed == ['model', 'source']


def test_a_source_that_the_program_opened_stays_open(events, tmp_path):
    with BagWriter(tmp_path / 'bag') as bag:
        for packet in mono_packets(events, *SIZE, 0, 0):
            bag.write_packet(packet)
    with sr.open_source(tmp_path / 'bag') as source:
        first = images(sr.reconstruct(source, model='fibar'))
        with pytest.raises(sr.UserError, match='give topic, reference_topic and size to'):
            sr.reconstruct(source, size=SIZE)
        assert images(sr.reconstruct(source, model='fibar')) == first


def test_warnings_of_opening_and_of_reading_are_logged_once(tmp_path, caplog):
    class Cut(Source):
        def __iter__(self):
            self.warnings += ('cut at its end',)
            yield from mono_packets(sr.Events.empty(), *SIZE, 0, 0)

    source = Cut(tmp_path)
    source.warnings = ('size is guessed',)
    list(sr.reconstruct(source, model='fibar'))
    assert [caplog.text.count(words) for words in ('is guessed', 'cut at')] == [1, 1]


def test_a_reset_is_logged_and_counted(arrays, caplog):
    caplog.set_level(logging.WARNING, 'spike_recon_ros')
    with sr.ArrayReconstructor(SIZE, model='fibar') as live:
        live.push(arrays, t_unit='us')
        live.push(arrays, t_unit='us')
        assert sum(live.statistics.resets.values()) == 1
    assert 'time went backwards' in caplog.text


def test_no_frame_at_all_is_logged(caplog):
    run(([], [], np.empty(0), []), t_unit='s')
    assert 'no frame was made' in caplog.text


def changed(arrays, **columns):
    """Return the arrays with some of them replaced."""
    return tuple(columns.get(name, array) for name, array in zip('xytp', arrays, strict=True))


WRONG = {
    't_unit is missing': lambda a: (a, {'t_unit': None}),
    "t_unit is 'sec'": lambda a: (a, {'t_unit': 'sec'}),
    'must have one length': lambda a: (changed(a, x=a[0][:-1]), {}),
    'has the shape': lambda a: (changed(a, y=a[1][None]), {}),
    'not in the order of their times': lambda a: (changed(a, t=a[2][::-1]), {}),
    'lie outside the 64x48 sensor': lambda a: (changed(a, x=a[0] + 20), {}),
    'give whole pixels': lambda a: (changed(a, x=a[0] + 0.5), {}),
    'p holds 0, 1, 2': lambda a: (changed(a, p=np.arange(N_EVENTS) % 3), {}),
    'last 4.6 days': lambda a: (a, {'t_unit': 's'}),
    'probably not in ns': lambda a: (a, {'t_unit': 'ns'}),
    'not finite': lambda a: (changed(a, t=np.full(N_EVENTS, np.nan)), {}),
    'too coarse': lambda a: (changed(a, t=(1e9 + a[2] * 1e-6).astype('f4')), {'t_unit': 's'}),
    'begins below zero': lambda a: (changed(a, t=a[2] - 10**6), {}),
    'after the year 2116': lambda a: (changed(a, t=a[2] + 10**17), {}),
    'p is <U': lambda a: (changed(a, p=a[3].astype(str)), {}),
    't is object': lambda a: (changed(a, t=np.full(N_EVENTS, None)), {}),
    'four arrays': lambda a: (a[:3], {}),
    'does not tell which column is which': lambda a: (np.stack(a, 1), {}),
    'fields of the events are a, b': lambda a: ({'a': a[0], 'b': a[1]}, {}),
    'bytes cannot be reconstructed; give the path': lambda _: (b'my_bag', {}),
    'size is missing': lambda a: (a, {'size': None}),
    'size is 346;': lambda a: (a, {'size': 346}),
    'size is (64.5, 48)': lambda a: (a, {'size': (64.5, 48)}),
    "size is '64'": lambda a: (a, {'size': '64'}),
    'from 1 to 16,384': lambda a: (a, {'size': (0, 10)}),
    'did you mean fps': lambda a: (a, {'fsp': 50}),
    'there is no model': lambda a: (a, {'model': 'fibr'}),
    'must be a number': lambda a: (a, {'fps': 'fast'}),
    'not both': lambda a: (a, {'settings': sr.Settings()}),
    'needs a recording': lambda a: (a, {'sync_mode': 'trigger_events'}),
    'arrays have no topics': lambda a: (a, {'topic': '/events'}),
}


@pytest.mark.parametrize('sentence', WRONG)
def test_wrong_arguments_are_refused_at_the_call_in_one_sentence(arrays, sentence):
    samples, values = WRONG[sentence](arrays)
    with pytest.raises(sr.UserError, match=re.escape(sentence)) as error:
        sr.reconstruct(
            samples, **{'size': SIZE, 't_unit': 'us', 'model': 'fibar', 'fps': 50, **values}
        )
    assert '\n' not in str(error.value)


def test_events_take_no_unit(events):
    with pytest.raises(sr.UserError, match='always nanoseconds'):
        run(events, t_unit='us')


def test_a_push_that_is_refused_changes_nothing(arrays):
    with sr.ArrayReconstructor(SIZE, model='fibar', fps=50) as live:
        with pytest.raises(sr.UserError, match='outside'):
            live.push(changed(arrays, x=arrays[0] + 20), t_unit='us')
        frames = live.push(arrays, t_unit='us') + live.flush()
    assert images(frames) == images(run(arrays, t_unit='us'))


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        (lambda planes: planes[:1], 'a single plane'),
        (lambda planes: replace(planes, t_ns=planes.t_ns**2), 'period apart'),
        (lambda planes: replace(planes, bits=planes.bits[:, :, :-1]), 'must be uint8'),
    ],
)
def test_wrong_spike_planes_are_refused(planes, change, sentence):
    with pytest.raises(sr.UserError, match=sentence):
        run(change(planes), model='spike_intervals')


@pytest.mark.parametrize(
    ('values', 'sentence'),
    [
        ({'t_unit': 'us'}, 't_unit is for arrays'),
        ({'reference_topic': '/images'}, 'together with'),
        ({'sync_mode': 'camera_image'}, 'together with'),
    ],
)
def test_arguments_that_do_not_fit_a_recording_are_refused(tmp_path, values, sentence):
    with pytest.raises(sr.UserError, match=sentence):
        sr.reconstruct(tmp_path, **values)


def test_a_recording_that_does_not_exist_is_refused_at_the_call(tmp_path):
    with pytest.raises(sr.UserError, match='there is no file'):
        sr.reconstruct(tmp_path / 'nothing')


def test_the_old_name_of_a_setting_works_with_a_warning():
    with pytest.warns(DeprecationWarning, match='front_end is deprecated'):
        assert settings_from(None, {'front_end': 'device'}).voxel_grid_on == 'gpu'
