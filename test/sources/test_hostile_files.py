# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Files that declare too much, never end or hold odd text: one sentence, little memory."""

import io
import os
import struct
import tracemalloc
import zipfile
import zlib
from contextlib import suppress

import numpy as np
import pytest

from spike_recon_ros.errors import LONGEST_MESSAGE, UserError, shown
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_npz import ARRAY

MEGABYTE = 2**20
REFERENCES = 'k0: &k0 [x, x]\n' + ''.join(
    f'k{level}: &k{level} [{", ".join(9 * [f"*k{level - 1}"])}]\n' for level in range(1, 40)
)
"""YAML of a few kilobytes that stands for 9^39 entries."""


def refused(path, cure, **facts):
    """Return the sentence with which a file is refused, having used little memory."""
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match=cure) as raised, open_source(path, **facts) as source:
            for _ in source:
                pass
        assert tracemalloc.get_traced_memory()[1] < 100 * MEGABYTE
    finally:
        tracemalloc.stop()
    sentence = str(raised.value)
    assert '\n' not in sentence
    assert len(sentence) <= LONGEST_MESSAGE + 50
    return sentence


def npy(shape, dtype='|u1'):
    header = str({'descr': dtype, 'fortran_order': False, 'shape': shape}).encode()
    header += b' ' * (-(len(header) + 11) % 64) + b'\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header


@pytest.mark.parametrize(
    'compression', [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_an_archive_that_expands_without_end_is_refused_or_read_in_pieces(tmp_path, compression):
    path = tmp_path / 'a.npz'
    with (
        zipfile.ZipFile(path, 'w', compression) as archive,
        archive.open(f'{ARRAY}.npy', 'w') as member,
    ):
        member.write(npy((1_500, 250, 400)))
        for _ in range(150):
            member.write(bytes(10**6))
    if compression != zipfile.ZIP_DEFLATED:  # they shrink zeros by more than deflate can
        refused(path, 'declares 150,000,128 bytes')
        return
    tracemalloc.start()
    with open_source(path) as source:
        assert sum(len(packet.data) for packet in source) == 1_500 * 250 * 50
    assert tracemalloc.get_traced_memory()[1] < 50 * MEGABYTE
    tracemalloc.stop()


def test_an_array_that_declares_terabytes_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w') as archive:
        archive.writestr(f'{ARRAY}.npy', npy((10**9, 250, 400)) + bytes(1000))
    refused(tmp_path / 'a.npz', 'ends after 0 of 1000000000 planes')
    folder = tmp_path / 'sequence'
    folder.mkdir()
    for name, shape in (('events_ts', (10**12,)), ('events_xy', (10**12, 2))):
        (folder / f'{name}.npy').write_bytes(npy(shape, '<f8') + bytes(80))
    (folder / 'events_p.npy').write_bytes(npy((10**12,)) + bytes(80))
    refused(folder, r'declares 8,000,000,000,\d+')


@pytest.mark.parametrize('method', [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_or_encrypted_member_of_an_archive_is_one_sentence(tmp_path, method):
    stored = io.BytesIO()
    np.save(stored, np.random.default_rng(0).integers(0, 2, (50, 20, 20), np.uint8))
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w', method) as archive:
        archive.writestr(f'{ARRAY}.npy', stored.getvalue())
    whole = (tmp_path / 'a.npz').read_bytes()
    start = whole.index(b'.npy') + 4
    for at in range(start, start + 40):
        damaged = bytearray(whole)
        damaged[at] ^= 0xFF
        (tmp_path / 'a.npz').write_bytes(damaged)
        with suppress(UserError):  # any other exception fails the test
            list(open_source(tmp_path / 'a.npz'))
    directory = whole.index(b'PK\x01\x02')
    encrypted = bytearray(whole)
    encrypted[6] |= 1
    encrypted[directory + 8] |= 1
    (tmp_path / 'a.npz').write_bytes(encrypted)
    refused(tmp_path / 'a.npz', 'encrypted')


def test_hdf5_that_declares_what_it_does_not_hold_is_refused(tmp_path):
    h5py = pytest.importorskip('h5py')

    def write(name, make):
        with h5py.File(tmp_path / name, 'w') as file:
            file.attrs['sensor_resolution'] = [480, 640]
            for column in ('xs', 'ys', 'ts', 'ps'):
                make(
                    file.create_group('events') if 'events' not in file else file['events'], column
                )
        return tmp_path / name

    shape = (2 * 10**9,)
    huge = write('a.h5', lambda group, column: group.create_dataset(column, shape, 'f8'))
    refused(huge, r'declares 16,000,000,000 bytes in a file')
    chunks = {'chunks': (4 * 10**8,), 'compression': 'gzip'}
    bomb = write('b.h5', lambda group, column: group.create_dataset(column, shape, 'f8', **chunks))
    refused(bomb, r'has chunks of 3,200,000,000 bytes')

    def virtual(group, column):
        layout = h5py.VirtualLayout(shape, 'f8')
        layout[:] = h5py.VirtualSource('/etc/passwd', 'x', shape)
        group.create_virtual_dataset(column, layout)

    refused(write('c.h5', virtual), 'refers to other files')


def test_an_mcap_chunk_that_declares_gigabytes_is_refused(ros2, write_bag, events_topic, tmp_path):
    content = [(events_topic, ros2.packet(i, i, bytes(4000))) for i in range(20)]
    path = write_bag(tmp_path / 'bag', ros2, content, compression='storage') / 'bag.mcap'
    data = bytearray(path.read_bytes())
    at = 8
    while data[at] != 6:
        at += 9 + int.from_bytes(data[at + 1 : at + 9], 'little')
    data[at + 9 + 16 : at + 9 + 24] = (4 * 10**9).to_bytes(8, 'little')
    path.write_bytes(data)
    refused(path, r'declares 4,000,000,000')


def test_pipes_and_devices_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / 'a.raw')
    refused(tmp_path / 'a.raw', 'no regular file')
    refused('/dev/zero', 'no regular file')
    refused('/proc/self/maps', 'no regular file')
    (tmp_path / 'link.raw').symlink_to('/proc/kmsg')
    refused(tmp_path / 'link.raw', 'no regular file')
    for folder, name in (('bag', 'a.mcap'), ('npy', 'events_ts.npy'), ('text', 'events.txt')):
        (tmp_path / folder).mkdir()
        os.mkfifo(tmp_path / folder / name)
        refused(tmp_path / folder, 'no regular file')
    (tmp_path / 'a.dat').write_bytes(bytes(12_500))
    os.mkfifo(tmp_path / 'a.dat.yaml')
    refused(tmp_path / 'a.dat', 'no regular file')


@pytest.mark.parametrize(
    'text',
    [
        '[' * 5_000,
        '? ' * 3_000,
        'layout: [planes]',
        '[1]: 2',
        'width: 1e3',
        '&a [*a]',
        REFERENCES,
        '\x00',
        'x',
    ],
)
def test_an_odd_sidecar_is_one_sentence(tmp_path, text):
    (tmp_path / 'a.dat').write_bytes(bytes(12_500))
    (tmp_path / 'a.dat.yaml').write_text(text)
    refused(tmp_path / 'a.dat', r'a\.dat\.yaml')


@pytest.mark.parametrize(
    'text',
    [
        '[' * 5_000,
        'rosbag2_bagfile_information: [1, 2]',
        'rosbag2_bagfile_information: {relative_file_paths: {a: b}}',
        'rosbag2_bagfile_information: {relative_file_paths: [[], "", "/etc/passwd", "../x"]}',
        '!!python/object/apply:os.system [true]',
        '',
    ],
)
def test_odd_metadata_does_not_keep_a_bag_from_being_read(
    ros2, write_bag, events_topic, tmp_path, text
):
    path = write_bag(tmp_path / 'bag', ros2, [(events_topic, ros2.packet(1, 1))])
    (path / 'metadata.yaml').write_text(text)
    with open_source(path) as source:
        assert len(list(source)) == 1


def test_an_endless_encoding_with_control_characters_is_shortened_and_escaped(
    ros2, write_bag, events_topic, tmp_path
):
    content = [(events_topic, ros2.packet(1, 1, encoding='\x1b[31m' + 'A' * 30_000))]
    path = write_bag(tmp_path / 'bag', ros2, content)
    from spike_recon_ros.offline.stream_summary import EventSummary  # noqa: PLC0415

    (packet,) = open_source(path)
    with pytest.raises(UserError) as raised:
        EventSummary().add(packet)
    assert '\x1b' not in str(raised.value)
    assert len(str(raised.value)) < 2_500
    assert shown('a\nb\x1b') == 'a\\nb\\x1b'


@pytest.mark.parametrize(
    ('number', 'cure'), [(32001, 'pip install hdf5plugin'), (36559, 'h5repack -f GZIP=4')]
)
def test_a_missing_filter_names_the_command_that_brings_it(
    make_recorded, tmp_path, monkeypatch, number, cure
):
    h5py = pytest.importorskip('h5py')
    path = make_recorded().write('event_utils', tmp_path)
    with h5py.File(path, 'a') as file:
        times = file['events/ts'][:]
        del file['events/ts']
        file.create_dataset('events/ts', data=times, compression='gzip')
    available = h5py.h5z.filter_avail
    monkeypatch.setattr(h5py.h5z, 'filter_avail', lambda one: one != 1 and available(one))
    monkeypatch.setattr(
        'spike_recon_ros.sources.hdf5_storage.INSTALLABLE_FILTERS',
        {1 if number == 32001 else number},
    )
    with pytest.raises(UserError, match=cure):
        open_source(path)


def png_of(width, height):
    header = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack('>I', 13) + header + struct.pack('>I', zlib.crc32(header))
    return b'\x89PNG\r\n\x1a\n' + chunk


def test_an_image_that_declares_a_gigapixel_is_refused(tmp_path):
    (tmp_path / 'events.txt').write_text('0.1 1 1 1\n')
    (tmp_path / 'images.txt').write_text('0.1 huge.png\n')
    (tmp_path / 'huge.png').write_bytes(png_of(30_000, 30_000))
    refused(tmp_path, 'declares 30000x30000 pixels')


@pytest.mark.parametrize('name', ['x' * 30_000, 'a\x00b', '../' * 9_000])
def test_a_hostile_name_of_an_image_is_one_short_sentence(tmp_path, name):
    (tmp_path / 'events.txt').write_text('0.1 1 1 1\n')
    (tmp_path / 'images.txt').write_text(f'0.1 {name}\n')
    sentence = refused(tmp_path, 'image|read|file')
    assert len(sentence) < 800
