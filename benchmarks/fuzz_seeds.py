# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Small recordings of every format, from which `fuzz_files.py` makes damaged ones."""

import io
import os
import struct
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from spike_recon_ros.packets.packet import EVENT_PACKET, EVENT_PACKET_FIELDS

N_EVENTS = 2_000
WIDTH, HEIGHT = 346, 260
random = np.random.default_rng(7)
X = random.integers(0, WIDTH, N_EVENTS)
Y = random.integers(0, HEIGHT, N_EVENTS)
P = random.integers(0, 2, N_EVENTS)
T_US = 1_000_000 + np.sort(random.integers(0, 200_000, N_EVENTS))


def write_seeds(folder: Path) -> list[Path]:
    """Write one recording of each format that can be written here; return their paths."""
    folder.mkdir(parents=True)
    for name, data in _plain_files():
        (folder / name).write_bytes(data)
    _write_sequences(folder)
    _write_bags(folder)
    _write_hdf5(folder)
    real = Path(os.environ.get('SPIKE_RECON_TEST_DATA', ''), 'event/dvxplorer_320x240.aedat4')
    if real.is_file():  # nothing here can write AEDAT4
        (folder / 'real.aedat4').write_bytes(real.read_bytes())
    (folder / 'planes.dat.yaml').write_text('width: 40\nheight: 25\nperiod_ns: 50000\n')
    return sorted(path for path in folder.iterdir() if path.suffix != '.yaml')


def _plain_files() -> Iterator[tuple[str, bytes]]:
    head = b'% evt {}\n% geometry 346x260\n% system_ID 49\n% end\n'
    yield 'evt2.raw', head.replace(b'{}', b'2.0') + _evt2()
    yield 'evt21.raw', head.replace(b'{}', b'2.1') + _evt21()
    yield 'evt3.raw', head.replace(b'{}', b'3.0') + _evt3()
    dat = np.column_stack([T_US, X | Y << 14 | P << 28]).astype('<u4').tobytes()
    yield 'events.dat', b'% Version 2\n% Width 346\n% Height 260\n% end\n\x0c\x08' + dat
    davis = np.column_stack([(WIDTH - 1 - X) << 12 | (HEIGHT - 1 - Y) << 22 | P << 11, T_US])
    header = b'#!AER-DAT2.0\r\n# AEChip: chips.davis.Davis346blue\r\n'
    yield 'two.aedat', header + davis.astype('>u4').tobytes()
    words = np.column_stack([X << 17 | Y << 2 | P << 1 | 1, T_US]).astype('<u4').tobytes()
    packet = struct.pack('<HHiiiiii', 1, 1, 8, 4, 0, *[N_EVENTS] * 3) + words
    header = b'#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS346\r\n#!END-HEADER\r\n'
    yield 'three.aedat', header + packet + packet
    yield 'planes.dat', random.bytes(25 * 5 * 60)
    spikes = random.integers(0, 2, (60, 25, 40)).astype(np.uint8)
    for name, method in (('deflated', zipfile.ZIP_DEFLATED), ('lzma', zipfile.ZIP_LZMA)):
        stored, archive = io.BytesIO(), io.BytesIO()
        np.save(stored, spikes)
        with zipfile.ZipFile(archive, 'w', method) as file:
            file.writestr('spk.npy', stored.getvalue())
        yield f'{name}.npz', archive.getvalue()
    lines = zip(T_US / 1e6, X, Y, P, strict=True)
    text = ''.join(f'{t:.6f} {x} {y} {p}\n' for t, x, y, p in lines)
    yield 'e2vid.txt', f'346 260\n{text}'.encode()
    yield from _column_files(text)


def _column_files(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield files of events without a format of their own."""
    lines = zip(T_US, X, Y, P, strict=True)
    rows = ''.join(f'{x},{y},{p},{t}\n' for t, x, y, p in lines)
    yield 'columns.csv', f'x,y,polarity,t_us\n{rows}'.encode()
    arrays, table, zipped = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.savez_compressed(arrays, x=X, y=Y, t=T_US, p=P)
    yield 'columns.npz', arrays.getvalue()
    np.save(table, np.column_stack([T_US, X, Y, P]))
    yield 'table.npy', table.getvalue()
    with zipfile.ZipFile(zipped, 'w', zipfile.ZIP_DEFLATED) as file:
        file.writestr('walk.txt', f'346 260\n{text}')
    yield 'e2vid.zip', zipped.getvalue()
    t_us = T_US - T_US[0]
    record = [X % 230, Y % 170, P << 7 | t_us >> 16 & 0x7F, t_us >> 8 & 0xFF, t_us & 0xFF]
    yield 'ncaltech.bin', np.column_stack(record).astype(np.uint8).tobytes()
    stream, latest = b'Event Stream' + bytes([2, 0, 0, 1]) + struct.pack('<HH', WIDTH, HEIGHT), 0
    for t, x, y, p in zip(t_us.tolist(), X.tolist(), Y.tolist(), P.tolist(), strict=True):
        loops, rest = divmod(t - latest, 127)
        stream += b'\xff' * loops + bytes([rest << 1 | p]) + struct.pack('<HH', x, y)
        latest = t
    if find_spec('event_stream'):  # an optional library
        yield 'stream.es', stream


def _evt2() -> bytes:
    words = np.column_stack(
        [8 << 28 | T_US >> 6, P << 28 | (T_US & 63) << 22 | X << 11 | Y]
    ).astype('<u4')
    return words.tobytes()


def _evt21() -> bytes:
    high = np.column_stack([8 << 28 | T_US >> 6, np.zeros(N_EVENTS, int)])
    event = np.column_stack([P << 28 | (T_US & 63) << 22 | (X & ~31) << 11 | Y, 1 << (X & 31)])
    return np.hstack([high, event]).astype('<u4').tobytes()


def _evt3() -> bytes:
    columns = [8 << 12 | T_US >> 12 & 0xFFF, 6 << 12 | T_US & 0xFFF, Y, 2 << 12 | P << 11 | X]
    return np.column_stack(columns).astype('<u2').tobytes()


def _write_sequences(folder: Path) -> None:
    text, arrays = folder / 'ecd', folder / 'evreal'
    for path in (text, arrays):
        path.mkdir()
    image = random.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    lines = zip(T_US / 1e6, X, Y, P, strict=True)
    (text / 'events.txt').write_text(''.join(f'{t:.6f} {x} {y} {p}\n' for t, x, y, p in lines))
    (text / 'images.txt').write_text('1.01 frame.png\n1.05 frame.png\n')
    cv2.imwrite(str(text / 'frame.png'), image)
    np.save(arrays / 'events_ts.npy', T_US / 1e6)
    np.save(arrays / 'events_xy.npy', np.column_stack([X, Y]).astype(np.int16))
    np.save(arrays / 'events_p.npy', P.astype(np.int8))
    np.save(arrays / 'images.npy', np.stack([image, image])[..., None])
    np.save(arrays / 'images_ts.npy', np.array([1.01, 1.05]))
    (arrays / 'metadata.json').write_text('{"sensor_resolution": [260, 346]}')
    evaid = folder / 'evaid'
    (evaid / 'event').mkdir(parents=True)
    (evaid / 'gt').mkdir()
    lines = zip(T_US, X, Y, P, strict=True)
    text_us = ''.join(f'{t} {x} {y} {p}\n' for t, x, y, p in lines)
    (evaid / 'event' / '000001.txt').write_text(text_us)
    cv2.imwrite(str(evaid / 'gt' / '000001_img.png'), image)
    (evaid / 'timestamps.txt').write_text('1010000\n')
    (evaid / 'shape.txt').write_text('346 260')


def _write_bags(folder: Path) -> None:
    for name, storage, compression in (
        ('mcap', 'MCAP', 'NONE'),
        ('mcap_zstd', 'MCAP', 'STORAGE'),
        ('messages_zstd', 'MCAP', 'MESSAGE'),
        ('sqlite', 'SQLITE3', 'NONE'),
        ('sqlite_file_zstd', 'SQLITE3', 'FILE'),
    ):
        writer = Writer2(folder / name, version=8, storage_plugin=StoragePlugin[storage])
        writer.set_compression(CompressionMode[compression], CompressionFormat.ZSTD)
        _write_messages(writer, get_typestore(Stores.ROS2_HUMBLE), is_ros1=False)
    for name in ('NONE', 'LZ4', 'BZ2'):
        bag = Writer1(folder / f'ros1_{name.lower()}.bag')
        if name != 'NONE':
            bag.set_compression(Writer1.CompressionFormat[name])
        _write_messages(bag, get_typestore(Stores.ROS1_NOETIC), is_ros1=True)


def _write_messages(writer: Any, store: Any, *, is_ros1: bool) -> None:
    store.register(get_types_from_msg(EVENT_PACKET_FIELDS, EVENT_PACKET))
    types = store.types
    serialize = store.serialize_ros1 if is_ros1 else store.serialize_cdr
    words = np.frombuffer(_evt3(), np.uint8).reshape(20, -1)
    with writer:
        connection = writer.add_connection('/event_camera/events', EVENT_PACKET, typestore=store)
        for seq, data in enumerate(words):
            stamp = types['builtin_interfaces/msg/Time'](sec=1_700_000_000, nanosec=seq * 10**7)
            more = {'seq': seq} if is_ros1 else {}
            header = types['std_msgs/msg/Header'](stamp=stamp, frame_id='camera', **more)
            message = types[EVENT_PACKET](
                header=header,
                height=HEIGHT,
                width=WIDTH,
                seq=seq,
                time_base=0,
                encoding='evt3',
                is_bigendian=False,
                events=data,
            )
            writer.write(
                connection, 1_700_000_000 * 10**9 + seq * 10**7, serialize(message, EVENT_PACKET)
            )


def _write_hdf5(folder: Path) -> None:
    try:
        import h5py  # noqa: PLC0415 -- an optional extra
    except ImportError:
        return
    packed = {'compression': 'gzip', 'chunks': (500,)}
    with h5py.File(folder / 'event_utils.h5', 'w') as file:
        file.attrs['sensor_resolution'] = [HEIGHT, WIDTH]
        for name, column in (('xs', X), ('ys', Y), ('ts', T_US / 1e6), ('ps', P > 0)):
            file.create_dataset(f'events/{name}', data=column, **packed)
        image = file.create_dataset('images/image000000000', data=np.zeros((HEIGHT, WIDTH), 'u1'))
        image.attrs['timestamp'] = 1.05
    with h5py.File(folder / 'dsec.h5', 'w') as file:
        for name, column in (('x', X), ('y', Y), ('t', T_US), ('p', P)):
            file.create_dataset(f'events/{name}', data=column.astype(np.uint32), **packed)
        file['t_offset'] = 5_000_000
    with h5py.File(folder / 'columns.h5', 'w') as file:
        for name, column in (('x', X), ('y', Y), ('t', T_US), ('p', P)):
            file.create_dataset(f'events/{name}', data=column, **packed)
        file['events/height'], file['events/width'] = HEIGHT, WIDTH
    with h5py.File(folder / 'metavision.hdf5', 'w') as file:
        rows = np.zeros(N_EVENTS, [('x', '<u2'), ('y', '<u2'), ('p', '<i2'), ('t', '<i8')])
        for name, column in (('x', X), ('y', Y), ('p', P), ('t', T_US)):
            rows[name] = column
        file.create_dataset('CD/events', data=rows)
        file.attrs['geometry'] = '346x260'
    with h5py.File(folder / 'v2e.h5', 'w') as file:
        table = np.column_stack([T_US, X, Y, P]).astype(np.uint32)
        file.create_dataset('events', data=table, compression='gzip')
    with h5py.File(folder / 'mvsec.hdf5', 'w') as file:
        table = np.column_stack([X, Y, T_US / 1e6, 2 * P - 1]).astype(np.float64)
        file.create_dataset('davis/left/events', data=table)
