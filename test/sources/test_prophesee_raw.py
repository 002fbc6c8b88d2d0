# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.prophesee_raw import PACKET_BYTES
from spike_recon_ros.sources.raw_header import RawHeader, parse_raw_header

EVK4 = b"""% camera_integrator_name Prophesee
% date 2023-03-29 16:37:46
% evt 3.0
% format EVT3;height=720;width=1280
% generation 4.2
% geometry 1280x720
% end
"""


def test_header_of_a_recent_camera_is_read_up_to_its_end():
    assert parse_raw_header(EVK4 + b'% \x12\x34') == RawHeader('evt3', 1280, 720, len(EVK4))


def test_header_without_end_stops_at_the_first_binary_byte():
    head = b'% Date 2020-09-25 07:48:31\n% evt 2.0\n'
    assert parse_raw_header(head + b'\x00\x01\n') == RawHeader('evt2', None, None, len(head))


def test_header_without_end_stops_at_binary_that_begins_like_a_line():
    head = b'% evt 2.0\n'
    assert parse_raw_header(head + b'% \x81\x02\n').n_bytes == len(head)
    assert parse_raw_header(head + b'% abc').n_bytes == len(head)


def test_header_with_windows_line_ends_is_read():
    head = b'% evt 3.0\r\n% geometry 640x480\r\n% end\r\n'
    assert parse_raw_header(head + b'1234') == RawHeader('evt3', 640, 480, len(head))


@pytest.mark.parametrize(
    ('line', 'expected'),
    [
        (b'% format EVT21;endianness=legacy;height=720;width=1280', 'evt21;endianness=legacy'),
        (b'% format EVT21;endianness=little;height=320;width=320', 'evt21;endianness=little'),
        (b'% format EVT21;height=320;width=320', 'evt21'),
        (b'% evt 2.1', 'evt21'),
        (b'% evt 3', 'evt3'),
        (b'% evt 2', 'evt2'),
        (b'%\n%\tformat\tEVT3.0', 'evt3'),
        (b'%format EVT2.1;endianness=legacy', 'evt21;endianness=legacy'),
        (b'% evt 4.0', None),
        (b'% format HISTO3D', None),
        (b'% date 2020', None),
    ],
)
def test_encoding_is_taken_from_format_or_evt(line, expected):
    assert parse_raw_header(line + b'\n% end\n').encoding == expected


def test_empty_comments_and_quotes_of_windows_belong_to_a_header_without_end():
    head = b'%\n% evt 3.0\n%\r\n% comment \x93desk\x94 \x80\n% geometry 640x480\n'
    assert parse_raw_header(head + b'%\n\x05\x80') == RawHeader('evt3', 640, 480, len(head))


def test_byte_order_on_its_own_line_is_read():
    head = b'% evt 2.1\n% endianness legacy\n% end\n'
    assert parse_raw_header(head).encoding == 'evt21;endianness=legacy'


@pytest.mark.parametrize('geometry', [b'x', b'0x0', b'1280', b'-5x7', b'1e3x7', b'9999999x1x1'])
def test_nonsense_geometry_counts_as_absent(geometry):
    header = parse_raw_header(b'% evt 3.0\n% geometry ' + geometry + b'\n% end\n')
    assert (header.width, header.height) == (None, None)


@given(st.binary(max_size=300))
@example(b'% ' + b'a' * 5000)
@settings(max_examples=200, deadline=None)
def test_any_bytes_after_end_leave_the_header_alone(data):
    assert parse_raw_header(EVK4 + data) == parse_raw_header(EVK4)


@given(st.lists(st.sampled_from([b'% ', b'%', b'\n', b'end', b'evt 3.0', b'\x80', b'geometry'])))
@settings(max_examples=200, deadline=None)
def test_any_header_is_parsed_without_raising(pieces):
    head = b''.join(pieces)
    header = parse_raw_header(head)
    assert 0 <= header.n_bytes <= len(head)
    assert header.width is None or header.width > 0


def test_file_is_cut_into_aligned_packets_that_add_up(tmp_path):
    words = np.random.default_rng(0).integers(0, 0x8000, PACKET_BYTES + 5).astype('<u2')
    payload = words.tobytes()
    path = tmp_path / 'a.raw'
    path.write_bytes(EVK4 + payload)
    with open_source(path) as source:
        packets = list(source)
        assert source.n_packets == len(packets) == 3
    assert b''.join(packet.data.tobytes() for packet in packets) == payload
    assert all(len(packet.data) % 8 == 0 for packet in packets[:-1])
    assert [packet.seq for packet in packets] == [0, 1, 2]
    assert {(packet.stamp_ns, packet.time_base) for packet in packets} == {(0, 0)}
    assert (packets[0].encoding, packets[0].width, packets[0].height) == ('evt3', 1280, 720)


@pytest.mark.parametrize(
    ('evt', 'size'), [('2.0', (640, 480)), ('2.1', (1280, 720)), ('3.0', (1280, 720))]
)
def test_size_falls_back_on_the_generation_and_can_be_given(tmp_path, evt, size):
    path = tmp_path / 'a.raw'
    path.write_bytes(f'% evt {evt}\n'.encode() + bytes(8))
    (packet,) = open_source(path)
    assert (packet.width, packet.height) == size
    (packet,) = open_source(path, size=(320, 240))
    assert (packet.width, packet.height) == (320, 240)


@pytest.mark.parametrize('encoding', ['evt2', 'evt21;endianness=legacy', 'evt3'])
@given(data=st.binary(min_size=1, max_size=4000), time_highs=st.integers(0, 50))
@settings(max_examples=50, deadline=None)
def test_packets_add_up_to_the_file_whatever_its_bytes(
    tmp_path_factory, encoding, data, time_highs
):
    path = tmp_path_factory.mktemp('raw') / 'a.raw'
    high = {'evt2': b'\0\0\1\x80', 'evt3': b'\1\x80'}.get(encoding, b'\0\0\1\x80\0\0\0\0')
    payload = data + high * time_highs + data
    path.write_bytes(b'% comment no encoding\n% end\n' + payload)
    with open_source(path, encoding=encoding) as source:
        packets = list(source)
    assert b''.join(packet.data.tobytes() for packet in packets) == payload
    assert all(len(packet.data) for packet in packets)


def evt2_events(n_events, step_us):
    """Return EVT 2.0 words: a TIME_HIGH and an event every `step_us`."""
    words = []
    for index in range(n_events):
        t_us = index * step_us
        words += [8 << 28 | t_us >> 6, 1 << 28 | (t_us & 63) << 22 | 5 << 11 | 7]
    return np.array(words, '<u4').tobytes()


def test_packets_of_a_slow_scene_span_few_milliseconds(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 2.0\n% end\n' + evt2_events(2000, 500))
    decoder = decoder_for('evt2', 640, 480)
    with open_source(path) as source:
        spans = [np.ptp(decoder.decode(packet).t_ns) for packet in source]
    assert max(spans) <= 10_000_000
    assert len(spans) >= 100


@pytest.mark.parametrize(
    ('lines', 'size'),
    [
        (b'% system_ID 40', (640, 480)),
        (b'% system_ID 39', (1280, 720)),
        (b'% system_ID 168', (640, 480)),
        (b'% system_ID 64', (320, 320)),
        (b'% plugin_name hal_plugin_gen31_fx3', (640, 480)),
        (b'% plugin_name hal_plugin_imx636_evk4', (1280, 720)),
        (b'% plugin_name hal_plugin_genx320', (320, 320)),
        (b'% sensor_name IMX647', (640, 512)),
        (b'% sensor_generation 3.1', (640, 480)),
        (b'% generation 4.2', (1280, 720)),
    ],
)
def test_size_is_that_of_the_camera_in_the_header(tmp_path, lines, size):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 3.0\n' + lines + b'\n% end\n' + bytes(8))
    with open_source(path) as source:
        assert (source.width, source.height) == size
        assert source.warnings == ()


def test_a_guessed_size_is_reported(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 3.0\n' + bytes(8))
    [warning] = open_source(path).warnings
    assert '1280x720 is assumed, give --size' in warning


def evt21_words(order):
    """Return EVT 2.1 words of one event every 64 us, in either byte order."""
    halves = [pair for t in range(500) for pair in ((8 << 28 | t, 0), (5 << 11 | 7, 3))]
    return np.array([pair[::order] for pair in halves], '<u4').tobytes()


@pytest.mark.parametrize(
    ('line', 'order', 'legacy'),
    [
        (b'% system_ID 49', 1, True),
        (b'% system_ID 55', -1, False),
        (b'% comment no camera', 1, True),
        (b'% comment no camera', -1, False),
    ],
)
def test_byte_order_of_evt21_follows_from_the_camera_or_the_times(tmp_path, line, order, legacy):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 2.1\n' + line + b'\n% end\n' + evt21_words(order))
    with open_source(path) as source:
        decoder = decoder_for(source.encoding, source.width, source.height)
        events = [decoder.decode(packet) for packet in source]
        assert ('legacy' in source.encoding) is legacy
    assert sum(map(len, events)) == 1000


@pytest.mark.parametrize('line', [b'% format EVT4;height=720;width=1280', b'% evt 4.0'])
def test_an_encoding_that_is_not_supported_is_named(tmp_path, line):
    path = tmp_path / 'a.raw'
    path.write_bytes(line + b'\n% end\n' + bytes(8))
    with pytest.raises(UserError, match=r'EVT ?4.*not supported.*EVT3'):
        open_source(path)


@pytest.mark.parametrize('comment', ['Zürich'.encode(), 'Zürich'.encode('latin-1'), b'\xff\x00'])
def test_a_header_with_other_characters_is_read_to_its_end(tmp_path, comment):
    head = b'% comment ' + comment + b'\n% evt 3.0\n% geometry 640x480\n% end\n'
    assert parse_raw_header(head + b'% \x12\n') == RawHeader('evt3', 640, 480, len(head))


@pytest.mark.parametrize(
    ('given', 'encoding'),
    [('EVT2', 'evt2'), ('evt3.0', 'evt3'), ('evt21;endianness=little', 'evt21')],
)
def test_a_given_encoding_may_be_written_as_in_headers(tmp_path, given, encoding):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% date 2020\n% end\n' + bytes(8))
    assert open_source(path, encoding=given).encoding == encoding


def test_a_file_that_becomes_shorter_gives_what_is_left(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 3.0\n% geometry 640x480\n% end\n' + b'\1' * (4 * PACKET_BYTES * 16))
    items = iter(open_source(path))
    next(items)
    with path.open('r+b') as file:
        file.truncate(PACKET_BYTES * 20)
    with pytest.raises(UserError, match='became shorter'):
        list(items)


def test_a_file_that_ends_inside_a_word_says_so(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% evt 2.0\n% geometry 640x480\n% end\n' + evt2_events(10, 50)[:-1])
    with open_source(path) as source:
        assert sum(len(packet.data) for packet in source) == 79
    [warning] = source.warnings
    assert '3 bytes are left out' in warning


def test_packets_outlive_the_source(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(EVK4 + bytes(range(8)))
    with open_source(path) as source:
        (packet,) = source
    assert packet.data.tolist() == list(range(8))


def test_header_without_encoding_is_a_user_error(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(b'% date 2020\n% end\n' + bytes(8))
    with pytest.raises(UserError, match='names no encoding'):
        open_source(path)


def test_header_without_events_is_a_user_error(tmp_path):
    path = tmp_path / 'a.raw'
    path.write_bytes(EVK4)
    with pytest.raises(UserError, match='no events'):
        open_source(path)


@pytest.mark.parametrize(
    ('name', 'encoding', 'n_bytes'),
    [
        ('event/gen3_vga_evt2.raw', 'evt2', 2_108_976),
        ('event/gen41_hd_evt3_vectorised.raw', 'evt3', 617_886),
    ],
)
def test_real_files_without_end_lose_no_byte(recordings, name, encoding, n_bytes):
    with open_source(recordings(name)) as source:
        packets = list(source)
    assert {packet.encoding for packet in packets} == {encoding}
    assert sum(len(packet.data) for packet in packets) == n_bytes
