# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recordings whose last blocks are zeros, as a power failure leaves them."""

import io
import struct

import numpy as np
import pytest

from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.unwritten_tail import FEWEST_ZEROS, end_of_data, written_bytes

ZEROS = 3 * FEWEST_ZEROS
N = 1_000
T_US = 7 + 50 * np.arange(N)
X, Y, P = 1 + np.arange(N) % 99, 2 + np.arange(N) % 88, np.arange(N) % 2


def raw_evt2():
    time_high = 8 << 28 | T_US >> 6
    words = np.column_stack([time_high, P << 28 | (T_US & 63) << 22 | X << 11 | Y])
    return b'% evt 2.0\n% geometry 640x480\n% end\n' + words.astype('<u4').tobytes()


def raw_evt3():
    words = np.column_stack(
        [8 << 12 | T_US >> 12, 6 << 12 | T_US & 0xFFF, Y, 2 << 12 | P << 11 | X]
    )
    return b'% evt 3.0\n% geometry 640x480\n% end\n' + words.astype('<u2').tobytes()


def dat():
    records = np.column_stack([T_US, X | Y << 14 | P << 28]).astype('<u4').tobytes()
    return b'% Version 2\n% Width 346\n% Height 260\n% end\n\x0c\x08' + records


def aedat2():
    records = np.column_stack([(345 - X) << 12 | (259 - Y) << 22 | P << 11, T_US])
    header = b'#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n'
    return header + records.astype('>u4').tobytes()


def aedat3():
    words = np.column_stack([X << 17 | Y << 2 | P << 1 | 1, T_US]).astype('<u4').tobytes()
    header = b'#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS346\r\n#!END-HEADER\r\n'
    # The header of a packet is on the disk before its last events.
    return header + struct.pack('<HHiiiiii', 1, 1, 8, 4, 0, 2 * N, 2 * N, 2 * N) + words


def npy():
    file = io.BytesIO()
    np.save(file, np.column_stack([T_US / 1e6, X, Y, P]))
    return file.getvalue()


def times_us(source):
    times, decoder = [], None
    for packet in source:
        decoder = decoder or decoder_for(packet.encoding, packet.width, packet.height)
        times += (decoder.decode(packet).t_ns // 1_000).tolist()
    return times


@pytest.mark.parametrize(
    ('name', 'content'),
    [
        ('a.raw', raw_evt2()), ('b.raw', raw_evt3()), ('a.dat', dat()), ('a.aedat', aedat2()),
        ('b.aedat', aedat3()),
    ],
)  # fmt: skip
@pytest.mark.parametrize('n_lost', [0, 2_000])
def test_zeros_at_the_end_of_a_file_are_no_events(tmp_path, name, content, n_lost):
    path = tmp_path / name
    path.write_bytes(content[: len(content) - n_lost] + bytes(ZEROS))
    with open_source(path) as source:
        found = times_us(source)
        assert any('zeros that were never written' in warning for warning in source.warnings)
    assert found == T_US[: len(found)].tolist()
    assert len(found) >= N - 2 - n_lost // 4
    assert n_lost or len(found) >= N - 1


def test_few_zeros_at_the_end_are_data(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(raw_evt2() + bytes(FEWEST_ZEROS - 4))
    with open_source(path) as source:
        assert len(times_us(source)) == N + FEWEST_ZEROS // 4 - 1
        assert source.warnings == ()


def test_zeros_at_the_end_of_a_table_are_no_events(tmp_path):
    path, content = tmp_path / 'a.npy', npy()
    path.write_bytes(content[:-3_000] + bytes(3_000))
    with open_source(path) as source:
        found = times_us(source)
        assert any('of 1,000 rows' in warning for warning in source.warnings)
    assert found == T_US[: len(found)].tolist()
    assert N - 3_000 // 32 - 2 <= len(found) < N


@pytest.mark.parametrize('n_dark', [0, 1, 7])
def test_planes_without_a_spike_at_the_end_are_named_and_kept(tmp_path, n_dark):
    path = tmp_path / 'a.dat'
    path.write_bytes(b'\x01' * (20 - n_dark) * 12_500 + bytes(n_dark * 12_500))
    with open_source(path) as source:
        warned = [f'the last {n_dark} planes of' in warning for warning in source.warnings]
        assert warned == ([True] if n_dark else [])
        assert sum(packet.data.size for packet in source) == 20 * 12_500


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3', 'ros1'])
def test_a_bag_that_ends_in_zeros_is_read_as_far_as_it_goes(
    ros1, ros2, write_bag, events_topic, tmp_path, storage
):
    messages, suffix = (ros1, '.bag') if storage == 'ros1' else (ros2, '')
    content = [(events_topic, messages.packet(i, i, b'\1' * 4_000)) for i in range(300)]
    path = write_bag(tmp_path / f'bag{suffix}', messages, content, storage=storage)
    file = path if path.is_file() else next(path.glob('bag.*'))
    whole = file.read_bytes()
    kept = len(whole) * 6 // 10 // 4096 * 4096
    file.write_bytes(whole[:kept] + bytes(len(whole) - kept))
    with open_source(file) as source:
        seqs = [packet.seq for packet in source]
        assert any('was not closed or is cut' in warning for warning in source.warnings)
    assert seqs == list(range(len(seqs)))
    assert 150 < len(seqs) < 200


def test_the_end_of_the_data_is_found_in_any_block(tmp_path):
    path = tmp_path / 'x'
    for n_data, n_zeros in ((0, 5), (5, 0), (1, 2**20 - 1), (2**20, 2**20), (3, 2**21)):
        path.write_bytes(b'x' * n_data + bytes(n_zeros))
        assert end_of_data(path) == n_data
    assert written_bytes(path, 0, 2)[0] == 2
