# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""DAT, AEDAT 2 and AEDAT 3.1 files, written here by their public layouts and read back."""

import struct

import numpy as np
import pytest

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.sources import event_records
from spike_recon_ros.sources.open_source import open_source

X, Y, P, T_US = np.array([[3, 0, 345], [7, 259, 0], [1, 0, 1], [5, 2_000, 90_000]])
DAT_HEADER = b'% Version 2\n% Width 346\n% Height 260\n% end\n\x0c\x08'
DAVIS_HEADER = b'#!AER-DAT2.0\r\n# AEChip: eu.seebetter.ini.chips.davis.Davis346blue\r\n'
DVS_HEADER = b'#!AER-DAT2.0\r\n# AEChip: ch.unizh.ini.jaer.chip.retina.DVS128\r\n'
AEDAT3_HEADER = b'#!AER-DAT3.1\r\n#Format: RAW\r\n#Source 1: DAVIS346\r\n#!END-HEADER\r\n'


def dat(header=DAT_HEADER, t_us=T_US):
    return header + np.column_stack([t_us, X | Y << 14 | P << 28]).astype('<u4').tobytes()


def davis(t_us=T_US):
    address = (345 - X) << 12 | (259 - Y) << 22 | P << 11
    return DAVIS_HEADER + np.column_stack([address, t_us]).astype('>u4').tobytes()


def packet3(kind=1, overflows=0, capacity=3, count=3, valid=1):
    words = np.column_stack([X << 17 | Y << 2 | P << 1 | valid, T_US]).astype('<u4').tobytes()
    return struct.pack('<HHiiiiii', kind, 1, 8, 4, overflows, capacity, count, count) + words


def read(path, **facts):
    with open_source(path, **facts) as source:
        packets = list(source)
    decoder = decoder_for('mono', packets[0].width, packets[0].height)
    events = [decoder.decode(packet) for packet in packets]
    columns = (
        np.concatenate([getattr(e, name) for e in events]) for name in ('x', 'y', 'p', 't_ns')
    )
    return [column.tolist() for column in columns], source


EXPECTED = [X.tolist(), Y.tolist(), P.tolist(), (1000 * T_US).tolist()]


@pytest.mark.parametrize(
    ('name', 'data'),
    [('a.dat', dat()), ('a.aedat', davis()), ('b.aedat', AEDAT3_HEADER + packet3())],
)
def test_every_event_of_a_file_of_records_comes_back(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    found, source = read(tmp_path / name)
    assert found == EXPECTED
    assert (source.dataset.width, source.dataset.height) == (346, 260)
    assert source.warnings == ()


@pytest.mark.parametrize(
    ('name', 'data'),
    [('a.dat', dat()), ('a.aedat', davis()), ('b.aedat', AEDAT3_HEADER + packet3())],
)
def test_a_cut_file_of_records_gives_its_whole_events_and_says_so(tmp_path, name, data):
    (tmp_path / name).write_bytes(data[:-3])
    found, source = read(tmp_path / name)
    assert found == [column[:2] for column in EXPECTED]
    assert len(source.warnings) == 1


@pytest.mark.parametrize(('name', 'make'), [('a.dat', lambda t: dat(t_us=t)), ('a.aedat', davis)])
def test_times_of_32_bits_are_unwrapped(tmp_path, monkeypatch, name, make):
    monkeypatch.setattr(event_records, 'SCAN_EVENTS', 2)
    (tmp_path / name).write_bytes(make(np.array([2**32 - 2, 2**32 - 1, 5])))
    found, _ = read(tmp_path / name)
    assert found[3] == [1000 * (2**32 - 2), 1000 * (2**32 - 1), 1000 * (2**32 + 5)]


def test_events_of_a_dvs128_are_upright(tmp_path):
    # Column 0 of the image is column 127 of the chip, the top row is row 127, ON is a cleared bit.
    address = np.array([127 << 1 | 127 << 8 | 0, 1 << 15, 0 << 1 | 0 << 8 | 1])
    words = np.column_stack([address, [1, 2, 3]]).astype('>u4').tobytes()
    (tmp_path / 'a.aedat').write_bytes(DVS_HEADER + words)
    found, _ = read(tmp_path / 'a.aedat')
    assert found == [[0, 127], [0, 127], [1, 0], [1000, 3000]]


def test_a_file_without_chip_and_with_short_addresses_is_read_as_dvs128(tmp_path):
    words = np.array([[127 << 1 | 127 << 8, 1]]).astype('>u4').tobytes()
    (tmp_path / 'a.aedat').write_bytes(b'#!AER-DAT2.0\r\n# created long ago\r\n' + words)
    found, source = read(tmp_path / 'a.aedat')
    assert found == [[0], [0], [1], [1000]]
    assert 'names no AEChip' in source.warnings[0]


@pytest.mark.parametrize('header', [b'', b'# AEChip: DAVI346\r\n', b'# AEChip: x.y.Unheard\r\n'])
def test_the_addresses_of_a_davis_are_recognised_without_its_name(tmp_path, header):
    """v2e names no chip."""
    data = davis().replace(DAVIS_HEADER, b'#!AER-DAT2.0\r\n# created by v2e\r\n' + header)
    (tmp_path / 'a.aedat').write_bytes(data)
    found, source = read(tmp_path / 'a.aedat')
    assert found == EXPECTED
    assert '346x260 holds its events' in source.warnings[-1]
    assert ('names no AEChip' in source.warnings[0]) == (not header)


def test_a_davis_without_name_is_no_smaller_than_240x180_unless_it_is_given(tmp_path):
    words = np.array([[5 << 12 | 6 << 22, 1]]).astype('>u4').tobytes()
    (tmp_path / 'a.aedat').write_bytes(b'#!AER-DAT2.0\r\n' + words)
    assert read(tmp_path / 'a.aedat')[0][:2] == [[234], [173]]
    assert read(tmp_path / 'a.aedat', size=(100, 50))[0][:2] == [[94], [43]]


@pytest.mark.parametrize('end', [b'', b'#End Of ASCII Header\r\n', b'# End of ASCII Header\r\n'])
def test_an_event_that_begins_like_a_comment_belongs_to_no_header(tmp_path, end):
    rows = np.array([259 - 141, 259 - 141, 0])  # byte 0x23, which is #
    address = 5 << 12 | (259 - rows) << 22
    times = [10, 0x20202020, 0x20202021] if end else [10, 20, 30]
    words = np.column_stack([address, times]).astype('>u4').tobytes()
    (tmp_path / 'a.aedat').write_bytes(DAVIS_HEADER + end + words)
    found, source = read(tmp_path / 'a.aedat')
    assert found[1] == rows.tolist()
    assert source.warnings == ()


def test_frames_and_triggers_of_a_davis_are_left_out(tmp_path):
    address = np.array([1 << 31, 1 << 10, 345 << 12 | 259 << 22])
    words = np.column_stack([address, [1, 2, 3]]).astype('>u4').tobytes()
    (tmp_path / 'a.aedat').write_bytes(DAVIS_HEADER + words)
    assert read(tmp_path / 'a.aedat')[0] == [[0], [0], [0], [3000]]


def test_other_packets_and_invalid_events_of_aedat_3_are_left_out(tmp_path):
    data = AEDAT3_HEADER + packet3(kind=2) + packet3(valid=0) + packet3(overflows=1)
    (tmp_path / 'a.aedat').write_bytes(data)
    found, _ = read(tmp_path / 'a.aedat')
    assert found[3] == [1000 * (t + 2**31) for t in T_US.tolist()]


@pytest.mark.parametrize(
    ('name', 'data', 'cure'),
    [
        ('a.dat', dat(b'% Version 2\n% end\n\x0c\x08'), 'give it with --size'),
        ('a.dat', dat(b'% Version 2\n% end\n\x0e\x08'), 'type 14 .* give the _cd.dat'),
        ('a.dat', DAT_HEADER, 'no events'),
        ('a.aedat', b'#!AER-DAT2.0\r\n' + b'\x40' * 80, 'names no chip'),
        ('a.aedat', b'#!AER-DAT2.0\r\n# AEChip: x.Cochlea\r\n' + bytes(80), 'names cochlea'),
        ('a.aedat', b'#!AER-DAT1.0\r\n' + bytes(80), 'unknown version .*DAT1.0.* convert'),
        ('a.aedat', AEDAT3_HEADER, 'no polarity events'),
        ('a.aedat', AEDAT3_HEADER[:-5], 'no end of its AEDAT 3 header'),
        ('a.aedat', AEDAT3_HEADER.replace(b'RAW', b'PNG'), 'format PNG'),
        (
            'a.aedat',
            AEDAT3_HEADER + struct.pack('<HHiiiiii', *[1] * 2, 8, 4, 0, -5, 1, 1),
            'no pol',
        ),
    ],
)
def test_a_file_of_records_that_is_not_readable_is_one_sentence(tmp_path, name, data, cure):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=cure):
        open_source(tmp_path / name)


def test_a_size_that_the_header_lacks_can_be_given(tmp_path):
    (tmp_path / 'a.dat').write_bytes(dat(b'% Version 2\n% end\n\x00\x08'))
    assert read(tmp_path / 'a.dat', size=(346, 260))[0] == EXPECTED


def test_spike_planes_that_begin_like_a_dat_stay_spike_planes(tmp_path):
    (tmp_path / 'a.dat').write_bytes(b'% \x81\x02' + bytes(12_500))
    assert next(iter(open_source(tmp_path / 'a.dat'))).encoding.startswith('spike_planes')


@pytest.mark.parametrize(
    'header',
    [
        b'%Version 2\n%Width 346\n%Height 260\n%end\n',
        b'% Version: 2\r\n% Height: 260\r\n% Width: 346\r\n',
        b'% Width\t346\n% Height\t260\n% end\n',
        b'% comment caf\xe9\n% geometry 346x260\n% end\n',
    ],
)
def test_a_dat_header_of_any_writer_is_read(tmp_path, header):
    (tmp_path / 'a.dat').write_bytes(dat(header=header + b'\x0c\x08'))
    found, source = read(tmp_path / 'a.dat')
    assert found == EXPECTED
    assert (source.dataset.width, source.dataset.height) == (346, 260)


def test_a_dat_without_size_takes_that_of_the_camera_it_names(tmp_path):
    (tmp_path / 'a.dat').write_bytes(dat(header=b'% Version 2\n% system_ID 49\n\x0c\x08'))
    _, source = read(tmp_path / 'a.dat')
    assert (source.dataset.width, source.dataset.height) == (1280, 720)


def test_an_aedat_3_header_with_unix_line_ends_is_read(tmp_path):
    header = AEDAT3_HEADER.replace(b'\r\n', b'\n')
    (tmp_path / 'a.aedat').write_bytes(header + packet3())
    found, _ = read(tmp_path / 'a.aedat')
    assert found == EXPECTED


@pytest.mark.parametrize('camera', [b'DAVIS346', b'unknown'])
def test_impossible_times_of_an_aedat3_file_are_damage(tmp_path, camera):
    packet = bytearray(packet3())
    struct.pack_into('<i', packet, 12, 2**31 - 1)  # how often the time overflowed
    header = AEDAT3_HEADER.replace(b'DAVIS346', camera)
    (tmp_path / 'a.aedat').write_bytes(header + bytes(packet))
    with pytest.raises(UserError, match=r'is damaged: .*times must be'):
        read(tmp_path / 'a.aedat')
