# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files of events without a format of their own: NumPy arrays, zipped texts, five-byte records."""

import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.sources.open_images import open_images
from spike_recon_ros.sources.open_source import open_source

N = 300
RANDOM = np.random.default_rng(3)
X, Y = RANDOM.integers(0, 200, N), RANDOM.integers(0, 150, N)
P = RANDOM.integers(0, 2, N)
T_US = 1_000_000 + 977 * np.arange(N)
COLUMNS = {'x': X, 'y': Y, 't': T_US, 'p': P}


def structured(**fields):
    table = np.empty(N, [(name, values.dtype) for name, values in fields.items()])
    for name, values in fields.items():
        table[name] = values
    return table


def read(path):
    with open_source(path) as source:
        events = Events.concatenate(list(source.dataset.chunks()))
    return events, source.dataset


def assert_right(events):
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert (events.x.tolist(), events.y.tolist()) == (X.tolist(), Y.tolist())
    assert events.p.tolist() == P.tolist()


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    'arrays',
    [
        COLUMNS,
        {'ps': P == 1, 'ts': T_US / 1e6, 'ys': Y.astype(np.int16), 'xs': X.astype(np.uint8)},
        {'events_t': T_US * 1_000, 'events_x': X, 'events_y': Y, 'events_p': 2 * P - 1},
        {'t_ns': T_US * 1_000, 'x': X, 'y': Y, 'pol': P[:, None], 'frames': np.zeros((2, 3, 4))},
        {'events': np.stack([T_US, X, Y, P], 1)},
        {'arr_0': np.stack([X, Y, T_US, P], 1).astype(np.float64)},
        {'data': np.stack([X, Y, P, T_US], 1), 'note': np.array('by a program')},
        {'events': structured(x=X, y=Y, polarity=P, timestamp=T_US)},
    ],
)
def test_arrays_of_any_order_and_names_give_the_same_events(tmp_path, save, arrays):
    save(tmp_path / 'a.npz', **arrays)
    events, dataset = read(tmp_path / 'a.npz')
    assert_right(events)
    assert (dataset.width, dataset.height) == (240, 180)
    assert any('give --size' in one for one in dataset.warnings)


TRANSPOSED = np.array([T_US / 1e6, X, Y, P]).T  # saved in Fortran order


@pytest.mark.parametrize(
    'table',
    [
        np.stack([X, Y, T_US, P], 1),
        np.stack([T_US, X, Y, P], 0),
        np.asfortranarray(np.stack([T_US, X, Y, P], 0)),
        structured(**COLUMNS),
        TRANSPOSED,
        TRANSPOSED.copy(),
    ],
)
def test_one_table_in_a_numpy_file_is_read(tmp_path, table):
    np.save(tmp_path / 'a.npy', table)
    assert_right(read(tmp_path / 'a.npy')[0])
    with open_source(tmp_path / 'a.npy', size=(320, 240)) as source:
        assert {(one.width, one.height) for one in source} == {(320, 240)}


@pytest.mark.parametrize(
    ('arrays', 'sentence'),
    [
        ({'raw': np.zeros((9, 4, 8), np.uint8)}, r'np\.savez\(NAME, spk=planes\)'),
        ({'x': X, 'y': Y, 't': T_US}, r'neither events .* its arrays are: x int64 \[300\]'),
        ({**COLUMNS, 'p': P[:9]}, 'differ in length'),
        ({name: one[:0] for name, one in COLUMNS.items()}, 'holds no events'),
        ({'events': np.zeros((0, 4))}, 'holds no events'),
        ({**COLUMNS, 't': np.full(N, np.nan)}, 'is damaged'),
        ({**COLUMNS, 'x': np.array(['a'] * N)}, 'neither events'),
        ({**COLUMNS, 'x': 32 * X}, 'events at column .*, which no sensor has; correct the'),
        (
            {**COLUMNS, 't': (1.7e9 + T_US / 1e6).astype(np.float32)},
            'has steps of 128,000.0 ms at 17',
        ),
        ({**COLUMNS, 't': T_US[::-1]}, 'not in the order of their times; sort them'),
        ({'t_ns': np.roll(T_US, 1)[::-1], 'x': X, 'y': Y, 'p': P}, 'not in the order'),
        (
            {'events': structured(**{**COLUMNS, 't': T_US.astype('datetime64[us]')})},
            r'are datetime64\[us\]; save whole microseconds',
        ),
    ],
)
def test_arrays_that_are_no_events_are_refused_in_one_sentence(tmp_path, arrays, sentence):
    np.savez(tmp_path / 'a.npz', **arrays)
    with pytest.raises(UserError, match=sentence) as raised:
        read(tmp_path / 'a.npz')
    assert '\n' not in str(raised.value)


def test_the_size_in_an_archive_is_used(tmp_path):
    np.savez(tmp_path / 'a.npz', **COLUMNS, height=np.int32(300), width=[500])
    events, dataset = read(tmp_path / 'a.npz')
    assert_right(events)
    assert (dataset.width, dataset.height) == (500, 300)
    assert not any('--size' in one for one in dataset.warnings)
    np.savez(tmp_path / 'a.npz', **COLUMNS, height=0, width=500)
    with pytest.raises(UserError, match=r'no \[height, width\]'):
        read(tmp_path / 'a.npz')


def test_of_several_tables_the_first_is_read_and_the_others_are_named(tmp_path):
    tables = {'left': structured(**COLUMNS), 'right': structured(**{**COLUMNS, 'x': X + 1})}
    np.savez(tmp_path / 'a.npz', **tables)
    events, dataset = read(tmp_path / 'a.npz')
    assert_right(events)
    assert any('left is read, left out: right' in one for one in dataset.warnings)


def test_a_transposed_table_in_an_archive_is_read(tmp_path):
    np.savez(tmp_path / 'a.npz', TRANSPOSED)
    assert_right(read(tmp_path / 'a.npz')[0])


def test_a_table_that_is_cut_gives_its_whole_rows_with_a_warning(tmp_path):
    path = tmp_path / 'a.npy'
    np.save(path, TRANSPOSED.copy())
    path.write_bytes(path.read_bytes()[: -10 * 4 * 8 - 3])
    events, dataset = read(path)
    assert events.x.tolist() == X[: N - 11].tolist()
    assert any('is cut: it holds 289 of 300 rows' in one for one in dataset.warnings)
    np.save(path, TRANSPOSED)  # its last column is what is cut
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match='is damaged'):
        read(path)


def test_an_archive_that_is_cut_is_damaged_and_never_taken_for_spike_planes(tmp_path):
    np.savez(tmp_path / 'a.npz', **COLUMNS)
    (tmp_path / 'a.npz').write_bytes((tmp_path / 'a.npz').read_bytes()[:-200])
    with pytest.raises(UserError, match='is damaged'):
        read(tmp_path / 'a.npz')


def test_nothing_extracted_is_left_behind(tmp_path, monkeypatch):
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(temporary))
    np.savez(tmp_path / 'a.npz', **COLUMNS)
    read(tmp_path / 'a.npz')
    np.savez(tmp_path / 'b.npz', **{**COLUMNS, 'p': P[:9]})
    with pytest.raises(UserError):
        read(tmp_path / 'b.npz')
    assert list(temporary.iterdir()) == []


def test_a_zipped_text_of_e2vid_is_read(tmp_path):
    lines = [f'{t / 1e6:.6f} {x} {y} {p}' for t, x, y, p in zip(T_US, X, Y, P, strict=True)]
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('dynamic_6dof.txt', '\n'.join(['240 180', *lines]))
        archive.writestr('__MACOSX/._dynamic_6dof.txt', b'\x00\x05\x16\x07')  # added by macOS
    events, dataset = read(tmp_path / 'a.zip')
    assert_right(events)
    assert (dataset.width, dataset.height) == (240, 180)


def test_a_zipped_sequence_of_ecd_keeps_its_frames(make_recorded, tmp_path):
    recorded = make_recorded()
    folder = recorded.write('text', tmp_path)
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        for file in sorted(folder.rglob('*.*')):
            archive.write(file, f'shapes/{file.relative_to(folder)}')
    events, _ = read(tmp_path / 'a.zip')
    assert events.t_ns.tolist() == recorded.t_ns
    frames = list(open_images(tmp_path / 'a.zip', 'images'))
    assert [t_ns for t_ns, _ in frames] == recorded.images_ns
    assert all((a == b).all() for (_, a), b in zip(frames, recorded.images, strict=True))


@pytest.mark.parametrize(
    ('names', 'sentence'), [([], 'nothing'), (['a.txt', 'b.txt'], r'a\.txt, b\.txt; extract')]
)
def test_an_archive_without_one_text_is_refused(tmp_path, names, sentence):
    with zipfile.ZipFile(tmp_path / 'a.zip', 'w') as archive:
        for name in names:
            archive.writestr(name, '1 2 3 4')
    with pytest.raises(UserError, match=sentence):
        open_source(tmp_path / 'a.zip')


def atis_records(t_us, x, y, p):
    rows = np.stack([x, y, p << 7 | t_us >> 16 & 0x7F, t_us >> 8 & 0xFF, t_us & 0xFF], 1)
    return rows.astype(np.uint8)


def test_five_byte_records_are_read_and_overflows_move_the_time(tmp_path):
    t_us = np.arange(N)
    rows = atis_records(t_us, X, Y, P)
    overflow = atis_records(np.array([0]), np.array([0]), np.array([240]), np.array([0]))
    path = tmp_path / 'image_0001.bin'
    path.write_bytes(rows[:100].tobytes() + overflow.tobytes() + rows[100:].tobytes() + b'xy')
    events, dataset = read(path)
    expected_us = t_us + 8_192 * (t_us >= 100)
    assert events.t_ns.tolist() == (1_000 * expected_us).tolist()
    assert (events.x.tolist(), events.y.tolist()) == (X.tolist(), Y.tolist())
    assert events.p.tolist() == P.tolist()
    assert (dataset.width, dataset.height) == (240, 180)
    assert '2 bytes are left out' in dataset.warnings[0]


def test_records_of_n_mnist_have_its_size(tmp_path):
    (tmp_path / 'a.bin').write_bytes(atis_records(T_US - T_US[0], X % 34, Y % 34, P).tobytes())
    _, dataset = read(tmp_path / 'a.bin')
    assert (dataset.width, dataset.height) == (34, 34)


@pytest.mark.parametrize('content', [b'abc', RANDOM.bytes(5_000)])
def test_other_binary_files_are_not_read_as_records(tmp_path, content):
    (tmp_path / 'a.bin').write_bytes(content)
    with pytest.raises(UserError, match=r'holds no (records of N-Caltech101|events)'):
        open_source(tmp_path / 'a.bin')


def whole_files(folder):
    np.savez(folder / 'a.npz', **COLUMNS)
    np.save(folder / 'a.npy', np.stack([X, Y, T_US, P], 1))
    (folder / 'a.bin').write_bytes(atis_records(T_US - T_US[0], X, Y, P).tobytes())
    with zipfile.ZipFile(folder / 'a.zip', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('events.txt', '1.5 2 3 1\n1.6 3 4 0\n')


@pytest.mark.parametrize('name', ['a.npz', 'a.npy', 'a.bin', 'a.zip'])
def test_any_bytes_are_read_or_refused_in_one_sentence(tmp_path_factory, name):
    folder = tmp_path_factory.mktemp('any')
    whole_files(folder)
    content = (folder / name).read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(st.data())
    def damaged(data):
        start = data.draw(st.integers(0, len(content) - 1))
        new = data.draw(st.binary(max_size=40))
        cut = data.draw(st.sampled_from([len(content), start + len(new), start]))
        whole = (content[:start] + new + content[start + len(new) :])[:cut]
        (folder / name).write_bytes(whole)
        with suppress(UserError), open_source(folder / name) as source:  # others fail the test
            list(source)

    damaged()
