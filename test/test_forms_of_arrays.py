# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What programs hand over: events in any form, numbers of NumPy, paths with a home folder."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import spike_recon_ros as sr
from spike_recon_ros.packets.spike_planes import pack_planes

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


@pytest.fixture(scope='module')
def planes():
    random = np.random.default_rng(4)
    spikes = random.random((200, SIZE[1], SIZE[0])) < 0.3
    return sr.SpikePlanes(pack_planes(spikes), 50_000 * np.arange(200, dtype=np.int64))


def of_planes(planes):
    return images(sr.reconstruct(planes, size=SIZE, model='spike_intervals', fps=1000))


@pytest.mark.parametrize(
    ('bits', 'times'),
    [
        (np.asfortranarray, lambda t_ns: t_ns.astype('>i8')),
        (lambda bits: np.repeat(bits, 2, axis=0)[::2], lambda t_ns: t_ns.tolist()),
        (np.copy, lambda t_ns: t_ns + 0.3),
        (np.copy, lambda t_ns: t_ns.astype('timedelta64[ns]')),
    ],
)
def test_planes_in_any_form_give_the_same_frames(planes, bits, times):
    expected = of_planes(planes)
    assert len(expected) > 5
    assert of_planes(sr.SpikePlanes(bits(planes.bits), times(planes.t_ns))) == expected


def test_no_planes_may_be_pushed(planes):
    empty = sr.SpikePlanes.empty(SIZE[1], SIZE[0])
    assert of_planes(empty) == []
    with sr.ArrayReconstructor(SIZE, model='spike_intervals', fps=1000) as live:
        assert live.push(empty) == []
        pushed = live.push(planes)
        assert live.push(empty) == []
        assert images(pushed + live.flush()) == of_planes(planes)


@pytest.mark.parametrize('model', ['spike_intervals', 'compensated_tfi'])
def test_a_program_may_use_its_arrays_of_planes_again(planes, model):
    def frames(reuse):
        buffer, times = planes.bits[:50].copy(), planes.t_ns[:50].copy()
        with sr.ArrayReconstructor(SIZE, model=model, fps=1000) as live:
            for first in range(0, 200, 50):
                part = planes[first : first + 50]
                if reuse:
                    buffer[:], times[:] = part.bits, part.t_ns
                    part = sr.SpikePlanes(buffer, times)
                yield from live.push(part)
                buffer[:] = 0

    assert images(frames(reuse=True)) == images(frames(reuse=False))


def test_a_program_may_use_its_arrays_of_events_again(arrays):
    def frames(reuse):
        buffer = [array[:400].copy() for array in arrays]
        with sr.ArrayReconstructor(SIZE, model='fibar', fps=200) as live:
            for first in range(0, N_EVENTS, 400):
                part = [array[first : first + 400] for array in arrays]
                if reuse:
                    for one, values in zip(buffer, part, strict=True):
                        one[:] = values
                    part = buffer
                yield from live.push(part, t_unit='us')

    assert images(frames(reuse=True)) == images(frames(reuse=False))


@pytest.mark.parametrize(
    ('bits', 'times', 'sentence'),
    [
        (lambda bits: bits.tolist(), np.copy, 'it must be uint8'),
        (np.copy, lambda t_ns: t_ns[:, None], 'one dimension, one value a plane'),
        (np.copy, lambda t_ns: t_ns - 10**9, 'begins below zero'),
        (np.copy, lambda t_ns: t_ns + 2**62, 'after the year 2116'),
    ],
)
def test_planes_in_no_usable_form_are_refused(planes, bits, times, sentence):
    with pytest.raises(sr.UserError, match=sentence):
        of_planes(sr.SpikePlanes(bits(planes.bits), times(planes.t_ns)))


@pytest.mark.parametrize('name', ['t_us', 't [us]', 'timestamp_us'])
def test_a_name_may_state_the_unit_of_the_times(arrays, name):
    x, y, t, p = arrays
    expected = images(run(arrays, t_unit='us'))
    assert images(run({'x': x, 'y': y, name: t, 'p': p})) == expected
    assert images(run({'x': x, 'y': y, name: t, 'p': p}, t_unit='us')) == expected


def test_a_name_that_states_another_unit_is_refused(arrays):
    x, y, t, p = arrays
    columns = {'x': x, 'y': y, 't_ms': t, 'p': p}
    with pytest.raises(sr.UserError, match="t_unit is 'us', but the times are called t_ms"):
        run(columns, t_unit='us')
    with (
        sr.ArrayReconstructor(SIZE, model='fibar') as live,
        pytest.raises(sr.UserError, match='give one unit for both'),
    ):
        live.push(columns, t_unit='us')


def test_masked_events_are_refused_not_used(arrays):
    x, y, t, p = arrays
    assert images(run((np.ma.array(x), y, t, p), t_unit='us'))
    with pytest.raises(sr.UserError, match='some events are masked'):
        run((np.ma.array(x, mask=x > 60), y, t, p), t_unit='us')


def test_settings_of_another_type_are_refused(arrays):
    with pytest.raises(sr.UserError, match='settings is dict; give'):
        sr.reconstruct(arrays, size=SIZE, t_unit='us', settings={'model': 'fibar'})


def test_threads_that_push_at_once_wait_for_each_other(arrays):
    """Without a lock, Python refuses to run one iterator of frames in two threads."""
    with sr.ArrayReconstructor(SIZE, model='fibar', fps=1000) as live:

        def push(start):
            for first in range(start, N_EVENTS, 400):
                live.push(tuple(array[first : first + 100] for array in arrays), t_unit='us')

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(push, range(0, 400, 100)))
        assert live.statistics.samples == N_EVENTS


FIELDS = {
    'encoding': 'mono',
    'width': 8,
    'height': 8,
    'seq': 0,
    'time_base': 0,
    'stamp_ns': 0,
    'data': np.zeros(8, np.uint8),
}


@pytest.mark.parametrize(
    ('field', 'value', 'sentence'),
    [
        ('data', bytes(8), 'is bytes; give uint8'),
        ('data', [0] * 8, 'is list; give uint8'),
        ('data', np.zeros(1, np.uint64), 'ndarray uint64 .1.; give uint8'),
        ('data', np.zeros((1, 8), np.uint8), 'give uint8 .n.'),
        ('data', np.zeros(16, np.uint8)[::2], 'is not contiguous'),
        ('width', 8.0, 'width of a packet is float; give an int'),
        ('time_base', np.float64(5), 'time_base of a packet is float64; give an int'),
        ('seq', True, 'seq of a packet is bool; give an int'),
        ('stamp_ns', np.bool_(True), 'stamp_ns of a packet is bool_?; give an int'),
        ('height', '8', 'height of a packet is str; give an int'),
        ('encoding', None, 'encoding of a packet is NoneType'),
    ],
)
def test_a_packet_with_fields_of_another_type_is_refused(field, value, sentence):
    reconstructor = sr.Reconstructor(sr.Settings(model='fibar'))
    with pytest.raises(sr.UserError, match=sentence):
        reconstructor.push(sr.Packet(**{**FIELDS, field: value}))


@pytest.mark.parametrize('kind', [np.int64, np.uint64, np.uint32])
def test_whole_numbers_of_numpy_are_fields_of_packets(kind):
    numbers = {name: kind(value) for name, value in FIELDS.items() if isinstance(value, int)}
    packet = sr.Packet(**FIELDS | numbers)
    assert all(type(getattr(packet, name)) is int for name in numbers)
    reconstructor = sr.Reconstructor(sr.Settings(model='fibar'))
    for seq, stamp_ns in ((7, 10**9), (9, 10**9 + 2), (8, 10**9 + 1)):
        stamped = {'seq': kind(seq), 'stamp_ns': kind(stamp_ns)}
        reconstructor.push(sr.Packet(**FIELDS | numbers | stamped))
    counts = reconstructor.statistics
    assert (counts.unordered_packets, counts.lost_packets, sum(counts.resets.values())) == (
        1,
        0,
        0,
    )


def test_numbers_of_numpy_and_paths_are_values_of_settings(tmp_path):
    settings = sr.Settings(fps=np.float64(50), window_events=np.int32(7), hot_pixel_file=tmp_path)
    assert settings == sr.Settings(fps=50.0, window_events=7, hot_pixel_file=str(tmp_path))


def test_a_path_may_begin_with_the_home_folder(arrays, tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    np.save(tmp_path / 'events.npy', structured(*arrays))
    assert len(list(sr.reconstruct('~/events.npy', size=SIZE, model='fibar', fps=50))) == 5
    with pytest.raises(sr.UserError, match='there is no file or folder ~nobody-here/bag'):
        sr.reconstruct('~nobody-here/bag')
