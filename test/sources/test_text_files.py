# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Texts of events as programs write them: first lines, separators, orders and units."""

import bz2
import gzip
import lzma
import zipfile

import numpy as np
import pytest
from full_disk import full_after

from spike_recon_ros.errors import UserError
from spike_recon_ros.sources.columns import MS_NS, NS, S_NS, US_NS, unit_of_times
from spike_recon_ros.sources.open_source import open_source

T_US = 1_000_000 + 31 * np.arange(100)
X, Y, P = np.arange(100) % 90, np.arange(100) % 70, np.arange(100) % 2
LINES = [f'{t / 1e6:.6f} {x} {y} {p}' for t, x, y, p in zip(T_US, X, Y, P, strict=True)]
BODY = '\n'.join(LINES) + '\n'
MIXED = '\n'.join(' '.join(line.split()[i] for i in (1, 2, 3, 0)) for line in LINES) + '\n'
ROWS = [','.join(line.split()[i] for i in (1, 2, 3, 0)) for line in LINES]
CSV = '\n'.join(f'{x},{y},{bool(int(p))},{t}' for x, y, p, t in (r.split(',') for r in ROWS))
INTEGERS = [f'{t},{x},{y},{p}' for t, x, y, p in zip(T_US, X, Y, P, strict=True)]
SHUFFLED = '\n'.join(np.random.default_rng(0).permutation(ROWS))
BACKWARDS = '\n'.join(reversed(MIXED.splitlines())) + '\n'
CSV_BACKWARDS = '\n'.join(reversed(CSV.splitlines())) + '\n'


def read(path):
    with open_source(path) as source:
        [events] = source.dataset.chunks()
        return events, source


@pytest.mark.parametrize(
    ('text', 'size'),
    [
        (BODY, (240, 180)),
        ('100 80\n' + BODY, (100, 80)),
        ('100.0 80.0\n' + BODY, (100, 80)),
        ('# seconds x y p\n' + BODY, (240, 180)),
        ('# by a converter\n100 80\n' + BODY, (100, 80)),
        ('% by a converter\n100 80\n' + BODY, (100, 80)),
        ('width height\n100 80\n' + BODY, (100, 80)),
        ('100x80\n' + BODY, (100, 80)),
        ('\ufeff100 80\r\n' + BODY.replace('\n', '\r\n'), (100, 80)),
        ('t x y p\n' + BODY, (240, 180)),
        ('timestamp,x,y,polarity\n' + BODY.replace(' ', ','), (240, 180)),
        ('# x y p t\n' + MIXED, (240, 180)),
        (BODY.replace(' ', '\t'), (240, 180)),
        ('x;y;on;t\n' + CSV.replace(',', ';'), (240, 180)),
        ('t_us,x,y,p\n' + '\n'.join(INTEGERS), (240, 180)),
        ('timestamp_us,x,y,p\n' + '\n'.join(INTEGERS), (240, 180)),
        ('"time [us]","x","y","polarity"\n' + '\n'.join(INTEGERS), (240, 180)),
        ('timestamp(µs);x;y;p\n' + '\n'.join(INTEGERS).replace(',', ';'), (240, 180)),
        (
            'time,x,y,on,row\n' + BODY.replace(' ', ',').replace('\n', ',3\n'),
            (240, 180),
        ),
        ('t,x,y,p,\n' + BODY.replace(' ', ',').replace('\n', ',\n'), (240, 180)),
        ('t [s],x [px],y (px),polarity [0/1]\n' + BODY.replace(' ', ','), (240, 180)),
        ('"t","x","y","p"\n' + BODY.replace(' ', '","'), (240, 180)),
        (''.join(f'[{line.replace(" ", ", ")}]\n' for line in LINES), (240, 180)),
        ('x;y;p;t\n' + CSV.upper().replace(',', ';'), (240, 180)),
        ('x y p t\n' + CSV.replace('True', 'ON').replace('False', 'OFF'), (240, 180)),
        (
            ',x,y,p,t,frame\n' + '\n'.join(f'{i},{line},7' for i, line in enumerate(ROWS)),
            (240, 180),
        ),
    ],
)
def test_a_text_is_read_whatever_its_first_lines_and_separators(tmp_path, text, size):
    path = tmp_path / 'events.csv'
    path.write_bytes(text.encode('utf-8'))
    events, source = read(path)
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert (events.x.tolist(), events.y.tolist()) == (X.tolist(), Y.tolist())
    assert events.p.tolist() == P.tolist()
    assert (source.dataset.width, source.dataset.height) == size
    assert source.warnings == ()


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        (BACKWARDS, 'no column of .* grows like a time; sort its lines by time'),
        (SHUFFLED, 'no column of .* grows like a time; sort its lines by time'),
        (f'x y p t\n{CSV_BACKWARDS}', 'not in the order of their times; sort them by time'),
        (f'x,y,p,t_us\n{CSV_BACKWARDS}', 'not in the order of their times; sort them by time'),
        ('240 180\n', 'no events'),
        ('# t x y p\n', 'no events'),
        (BODY.replace('.', ',').replace(' ', ';'), 'decimal commas; save it with decimal points'),
        (BODY.replace('\n', ' 7\n'), 'hold 5 values, not 4; name all columns'),
        (BODY.replace('\n', '\r'), 'end with a carriage return alone'),
        ('\n'.join(f'-{line}' for line in reversed(LINES)), r'begin at -1\.00307; add an offset'),
        ('when,where_x,where_y,sign\n1,2,3,1\n', r'not known \(when,.*name them t, x, y and p'),
    ],
)
def test_a_text_without_events_or_with_unnamed_columns_is_refused(tmp_path, text, sentence):
    path = tmp_path / 'events.txt'
    path.write_text(text, encoding='utf-8')
    with pytest.raises(UserError, match=sentence):
        open_source(path)


def test_utf16_is_named_with_its_cure(tmp_path):
    path = tmp_path / 'events.csv'
    path.write_bytes(BODY.encode('utf-16'))
    with pytest.raises(UserError, match=r'UTF-16.*iconv'):
        open_source(path)


@pytest.mark.parametrize('name', ['events', 'events.log', 'events.tsv', 'take.7'])
@pytest.mark.parametrize('first', ['', '100 80\n', '# by a converter\n', 't x y p\n'])
def test_a_text_of_any_name_is_known_by_its_lines(tmp_path, name, first):
    path = tmp_path / name
    path.write_text(first + BODY, encoding='utf-8')
    assert read(path)[0].x.tolist() == X.tolist()


@pytest.mark.parametrize('text', ['1 2 3\n4 5 6\n', 'a b c d\n' * 9, '1 2 3 4', '\n\n\n'])
def test_other_texts_without_a_suffix_are_not_read(tmp_path, text):
    path = tmp_path / 'notes'
    path.write_text(text, encoding='utf-8')
    with pytest.raises(UserError, match='not a recording of a known kind'):
        open_source(path)


COMPRESSED = [('a.txt.gz', gzip), ('a.bz2', bz2), ('a.csv.xz', lzma)]


@pytest.mark.parametrize(('name', 'module'), COMPRESSED)
def test_a_compressed_text_is_read_and_nothing_extracted_stays(
    tmp_path, monkeypatch, name, module
):
    temporary = tmp_path / 'temporary'
    temporary.mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(temporary))
    path = tmp_path / name
    path.write_bytes(module.compress(BODY.encode()))
    events, source = read(path)
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert source.warnings == ()
    path.write_bytes(module.compress(bytes(99)))
    with pytest.raises(UserError, match=r'not a text of events; unpack it first: \w+ -k'):
        open_source(path)
    assert list(temporary.iterdir()) == []


def test_a_compressed_text_that_is_cut_is_read_as_far_as_it_goes(tmp_path):
    path = tmp_path / 'a.txt.gz'
    whole = gzip.compress(BODY.encode(), compresslevel=0)
    path.write_bytes(whole[:-400])
    events, source = read(path)
    assert 50 < len(events) < 100
    assert events.x.tolist() == X[: len(events)].tolist()
    assert any('is cut short; it is read as far' in one for one in source.dataset.warnings)


@pytest.mark.parametrize(('name', 'module'), COMPRESSED)
def test_a_damaged_compressed_text_is_one_sentence(tmp_path, name, module):
    path = tmp_path / name
    for place in (12, 40, 200):
        data = bytearray(module.compress(BODY.encode()))
        data[place : place + 8] = bytes(8)
        path.write_bytes(data)
        with pytest.raises(UserError, match=r'damaged|unpack it') as raised:
            read(path)
        assert '\n' not in str(raised.value)


def test_a_compressed_text_is_named_as_the_user_typed_it(tmp_path):
    path = tmp_path / 'a.txt.gz'
    path.write_bytes(gzip.compress(BODY.encode() + b'1.0 2'))
    _, source = read(path)
    assert source.path == path
    assert f'the last line of {path} is cut short; it is left out' in source.dataset.warnings


@pytest.mark.parametrize('name', ['a.txt.gz', 'a.zip'])
def test_a_full_temporary_folder_is_no_damage(tmp_path, monkeypatch, name):
    path, temporary = tmp_path / name, tmp_path / 'temporary'
    temporary.mkdir()
    monkeypatch.setattr('tempfile.tempdir', str(temporary))
    path.write_bytes(gzip.compress(BODY.encode()))
    if name == 'a.zip':
        with zipfile.ZipFile(path, 'w') as archive:
            archive.writestr('events.txt', BODY)
    full = f'{name} cannot be unpacked in {temporary}: file too large; set TMPDIR'
    with pytest.raises(UserError, match=full), full_after(100):
        open_source(path)
    assert list(temporary.iterdir()) == []
    monkeypatch.setattr('tempfile.tempdir', str(tmp_path / 'nowhere'))
    with pytest.raises(UserError, match='must be unpacked, but no temporary folder'):
        open_source(path)


def test_a_compressed_text_that_expands_without_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr('spike_recon_ros.sources.declared_size.SMALL_BYTES', 10_000)
    path = tmp_path / 'a.txt.xz'
    path.write_bytes(lzma.compress(BODY.encode() * 1_000))
    with pytest.raises(UserError, match='far more than its size'):
        open_source(path)


def test_unnamed_columns_are_found_by_the_time_that_grows_and_reported(tmp_path):
    x, y = np.random.default_rng(1).integers(0, 90, (2, 100))
    path = tmp_path / 'metavision.csv'
    path.write_text(
        '\n'.join(f'{a},{b},{p},{t}' for t, a, b, p in zip(T_US, x, y, P, strict=True))
    )
    events, source = read(path)
    assert events.t_ns.tolist() == (1_000 * T_US).tolist()
    assert (events.x.tolist(), events.y.tolist()) == (x.tolist(), y.tolist())
    assert events.p.tolist() == P.tolist()
    assert any('read as x, y, polarity, time' in one for one in source.warnings)


def test_a_text_without_size_takes_the_smallest_sensor_that_holds_its_events(tmp_path):
    path = tmp_path / 'hd.csv'
    path.write_text(BODY + '1.1 1200 700 1\n')
    _, source = read(path)
    assert (source.dataset.width, source.dataset.height) == (1280, 720)
    assert any('give --size' in one for one in source.warnings)


@pytest.mark.parametrize(
    ('times', 'n_events', 'unit_ns'),
    [
        (T_US / 1e6, 100, S_NS),
        (T_US, 100, US_NS),
        (T_US.astype(np.float64), 100, US_NS),
        (T_US * 1_000, 100, NS),
        (T_US * 1_000 + 7, 100, US_NS),  # too few to tell
        (np.arange(0.5, 9e4, 30.25), 3_000, US_NS),
        (np.arange(0, 200, 0.033), 6_000, MS_NS),
        (np.arange(0, 2e6, 7), 300_000, US_NS),
        (np.arange(0, 20, 0.004), 5_000, S_NS),
        (np.arange(0, 2e11, 33_333_333), 6_000, NS),
        (np.array([0.0, 3.0, 9.0]), 3, S_NS),
        (np.empty(0), 0, S_NS),
    ],
)
def test_the_unit_of_times_follows_from_their_rate_and_digits(times, n_events, unit_ns):
    last = float(times[-1]) if len(times) else 0.0
    assert unit_of_times(times[:50], n_events, last) == unit_ns


@pytest.mark.parametrize(('per_second', 'unit_ns'), [(1, S_NS), (1e6, US_NS), (1e9, NS)])
@pytest.mark.parametrize('last_s', [0.2, 5.000_01])
def test_the_unit_is_found_where_times_begin_again_in_the_recording(per_second, unit_ns, last_s):
    """A counter of 32 bits wraps, or a second recording follows: the last time is no end."""
    times = np.round((5 + 33e-6 * np.arange(1_000)) * per_second, 6)
    assert unit_of_times(times, 30_000, last_s * per_second) == unit_ns


@pytest.mark.parametrize('dtype', [np.int64, np.float64])
@pytest.mark.parametrize(('step', 'unit_ns'), [(150, US_NS), (10_000, MS_NS)])
def test_whole_numbers_with_many_events_each_are_no_seconds(dtype, step, unit_ns):
    """A short recording at a high rate, and one with the numbers of frames at 1000 Hz as times."""
    times = (np.arange(1_000_000) // step).astype(dtype)
    some = times[:: len(times) // 1_000]
    assert unit_of_times(some, len(times), float(times[-1])) == unit_ns
    assert unit_of_times(some / 1e6, len(times), float(times[-1]) / 1e6) == S_NS
