# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Metavision's HDF5 files whose chunks Prophesee's own filter compressed; an encoder is here."""

import struct
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.sources.ecf import decode_ecf
from spike_recon_ros.sources.hdf5_storage import ECF
from spike_recon_ros.sources.open_source import open_source

ROWS = np.dtype([('x', '<u2'), ('y', '<u2'), ('p', '<i2'), ('t', '<i8')])
PACKED, PACKED_COLUMNS, MASKED = 2, 1, 0


def events(count, seed=0):
    """Events of which some share times, rows and neighbouring columns."""
    chance = np.random.default_rng(seed)
    rows = np.zeros(count, ROWS)
    rows['t'] = 2**33 + np.cumsum(chance.choice([0, 0, 0, 1, 14, 15, 300, 70_000], count))
    rows['y'] = np.repeat(chance.integers(0, 720, count // 37 + 1), 37)[:count]
    rows['x'] = np.cumsum(chance.choice([1, 1, 2, 7], count)) % 1_270
    rows['p'] = np.repeat(chance.integers(0, 2, count // 150 + 1), 150)[:count]
    return rows


def runs(values):
    """Yield each value with the number of times that it follows itself."""
    borders = [0, *(np.flatnonzero(np.diff(values)) + 1).tolist(), len(values)]
    for start, end in pairwise(borders):
        yield int(values[start]), end - start


def encode(rows, kind):
    out = struct.pack('<I', len(rows) << 2 | kind) + struct.pack('<Q', rows['t'][0])
    now = int(rows['t'][0])
    for t, count in runs(rows['t']):
        step = t - now
        if step >= 15:
            while step:
                out += bytes([0xF0 | step & 15])
                step >>= 4
        long = struct.pack('<BH', (step << 4 | 15) & 255, count)
        out += bytes([step << 4 | count]) if count < 15 else long
        now = t
    if kind == PACKED:
        return out + packed(rows['y'].astype(int) << 12 | rows['x'] << 1 | rows['p'], 24, '<I')
    for y, count in runs(rows['y']):
        long = struct.pack('<HH', y << 5 | 31, count)
        out += struct.pack('<H', y << 5 | count) if count < 31 else long
    if kind == PACKED_COLUMNS:
        return out + packed(rows['x'].astype(int) << 1 | rows['p'], 12, '<H')
    x, at = rows['x'].tolist(), 0
    while at < len(x):
        first, mask = x[at], 0
        at += 1
        for right in range(1, 6):
            if at < len(x) and x[at] == first + right:
                mask |= 1 << (5 - right)
                at += 1
        out += struct.pack('<H', first << 5 | mask)
    for p, count in runs(rows['p']):
        out += bytes([p << 7 | count]) if count < 127 else struct.pack('<BH', p << 7 | 127, count)
    return out


def packed(values, bits, word):
    """Pack four values into three words: the rest of each word holds a part of the next value."""
    out, whole = b'', struct.calcsize(word) * 8
    for four in np.pad(values, (0, -len(values) % 4)).reshape(-1, 4).tolist():
        shift = whole - bits
        words = [
            four[0] << shift | four[1] & (1 << shift) - 1,
            four[1] >> shift << 2 * shift | four[2] & (1 << 2 * shift) - 1,
            four[2] >> 2 * shift << 3 * shift | four[3],
        ]
        out += b''.join(struct.pack(word, one) for one in words)
    return out


def assert_same(columns, rows):
    assert columns.x.tolist() == rows['x'].tolist()
    assert columns.y.tolist() == rows['y'].tolist()
    assert columns.polarity.tolist() == rows['p'].tolist()
    assert columns.t_ns.tolist() == (1_000 * rows['t']).tolist()


@pytest.mark.parametrize('kind', [PACKED, PACKED_COLUMNS, MASKED])
@pytest.mark.parametrize('count', [1, 2, 3, 4, 5, 40, 3_001])
def test_every_event_of_each_form_comes_back(kind, count):
    rows = events(count)
    assert_same(decode_ecf(encode(rows, kind)), rows)


@pytest.mark.parametrize('kind', [PACKED, PACKED_COLUMNS, MASKED])
def test_a_chunk_that_is_cut_anywhere_is_refused(kind):
    whole = encode(events(60), kind)
    for length in range(len(whole)):
        with pytest.raises(ValueError, match='ECF'):
            decode_ecf(whole[:length])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([PACKED, MASKED]), st.integers(0, 400), st.binary(max_size=20))
def test_any_bytes_are_decoded_or_refused(kind, start, new):
    whole = encode(events(90), kind)
    try:
        columns = decode_ecf(whole[:start] + new + whole[start + len(new) :])
    except ValueError:
        return
    assert len(columns.x) == len(columns.y) == len(columns.t_ns) == len(columns.polarity)


def write(path, rows, kind, chunk=500, damage=None):
    """Write a file of Metavision as its plugin would; h5py cannot compress with ECF by itself."""
    h5py = pytest.importorskip('h5py', reason='h5py is not installed: no HDF5 is read')
    with h5py.File(path, 'w') as file:
        file.attrs['geometry'] = '1280x720'
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((chunk,))
        properties.set_filter(ECF, h5py.h5z.FLAG_OPTIONAL, ())
        group = file.create_group('CD')
        space = h5py.h5s.create_simple((len(rows),))
        kind_id = h5py.h5t.py_create(ROWS)
        dataset = h5py.h5d.create(group.id, b'events', kind_id, space, properties)
        for start in range(0, len(rows), chunk):
            held = rows[start : start + chunk]
            part = np.concatenate([held, np.repeat(held[-1:], chunk - len(held))])
            data = encode(part, kind) if start != chunk else part.tobytes()
            if damage is not None and start == 2 * chunk:
                data = damage(data)
            dataset.write_direct_chunk((start,), data, filter_mask=int(start == chunk))
    return path


@pytest.mark.parametrize('kind', [PACKED, MASKED])
def test_a_file_is_read_without_the_plugin(tmp_path, kind):
    rows = events(2_222)
    with open_source(write(tmp_path / 'a.hdf5', rows, kind)) as source:
        found = Events.concatenate(list(source.dataset.chunks()))
        later = Events.concatenate(list(source.dataset.chunks(1_234)))
        place = source.dataset.position_at(int(rows['t'][1_800]) * 1_000)
    assert found.t_ns.tolist() == (1_000 * rows['t']).tolist()
    assert (found.x.tolist(), found.y.tolist()) == (rows['x'].tolist(), rows['y'].tolist())
    assert found.p.tolist() == rows['p'].tolist()
    assert later.t_ns.tolist() == found.t_ns[1_234:].tolist()
    assert place <= 1_800


@pytest.mark.parametrize('damage', [lambda data: data[:50], lambda data: b'\0' * 9])
def test_a_damaged_chunk_is_one_sentence_after_what_lies_before_it(tmp_path, damage):
    path = write(tmp_path / 'a.hdf5', events(2_000), PACKED, damage=damage)
    with open_source(path) as source:
        chunks = source.dataset.chunks()
        assert sum(len(next(chunks)) for _ in range(2)) == 1_000
        with pytest.raises(UserError, match='what follows 1,000 of 2,000 events') as raised:
            next(chunks)
    assert '\n' not in str(raised.value)
