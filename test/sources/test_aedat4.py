# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import sys
from contextlib import suppress

import numpy as np
import pytest
from aedat4_file import COMPRESSIONS, write_aedat4
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.sources.open_images import open_images, truth_topic
from spike_recon_ros.sources.open_source import open_source

RECORDING = 'event/dvxplorer_320x240.aedat4'


@pytest.fixture
def aedat():
    return pytest.importorskip('aedat')


def test_every_event_of_a_real_file_arrives(aedat, recordings):
    with open_source(recordings(RECORDING)) as source:
        packets = list(source)
    assert sum(len(packet.data) for packet in packets) // 8 == 111_954
    assert [packet.seq for packet in packets] == list(range(len(packets)))
    first = packets[0]
    assert (first.encoding, first.width, first.height) == ('mono', 320, 240)
    assert first.time_base == 1_605_537_493_718_345_000


def test_stream_can_be_chosen_and_a_wrong_one_lists_those_there(aedat, recordings):
    with open_source(recordings(RECORDING), topic='0') as source:
        assert next(iter(source)).seq == 0
    with pytest.raises(UserError, match='no event stream 5; it has: 0'):
        open_source(recordings(RECORDING), topic='5')


def test_the_first_bytes_of_a_file_are_one_sentence(aedat, recordings, tmp_path):
    whole = recordings(RECORDING).read_bytes()
    path = tmp_path / 'cut.aedat4'
    path.write_bytes(whole[:90])
    with pytest.raises(UserError, match=r'cut\.aedat4 is damaged') as raised:
        list(open_source(path))
    assert '\n' not in str(raised.value)


def test_a_header_that_is_no_text_is_one_sentence(aedat, recordings, tmp_path):
    """The library ends the process when its message about the tag would not be UTF-8."""
    whole = recordings(RECORDING).read_bytes()
    path = tmp_path / 'damaged.aedat4'
    path.write_bytes(whole.replace(b'<node', b'<no\xc1e', 1))
    with pytest.raises(UserError, match='its header cannot be read as AEDAT4'):
        open_source(path)


def test_a_cut_file_gives_what_it_holds_and_says_so(aedat, recordings, tmp_path):
    whole = recordings(RECORDING).read_bytes()
    path = tmp_path / 'cut.aedat4'
    path.write_bytes(whole[: len(whole) // 2])
    with open_source(path) as source:
        assert len(list(source)) > 20
    assert 'cut short' in source.warnings[-1]


def test_a_panic_of_the_library_is_one_sentence_and_prints_nothing(
    aedat, recordings, tmp_path, capfd
):
    whole = bytearray(recordings(RECORDING).read_bytes())
    path = tmp_path / 'damaged.aedat4'
    for at in range(14, 60):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 : 5_000])
        with suppress(UserError):  # any other exception fails the test
            list(open_source(path))
    assert capfd.readouterr().err == ''


def test_missing_library_names_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'aedat', None)
    path = tmp_path / 'a.aedat4'
    path.write_bytes(b'#!AER-DAT4.0\r\n')
    with pytest.raises(UserError, match='pip install aedat'):
        open_source(path)


EVENTS = [(1_000_000 + 100 * i, i % 30, i % 20, i % 2) for i in range(1_000)]
STAMPS_US = [1_020_000, 1_045_000, 1_090_000]
# A reset of the clock, two edges and a pulse of the input, and the beginning of an exposure.
EDGES = [(1_000_000, 0), (1_010_000, 1), (1_020_000, 2), (1_030_000, 3), (1_040_000, 9)]


@pytest.fixture
def davis(aedat, tmp_path):
    """A file of a DAVIS: 0.1 s of events, and three frames."""
    pictures = [np.full((20, 30), 10 * number, np.uint8) for number in range(3)]
    frames = list(zip(STAMPS_US, pictures, strict=True))
    return write_aedat4(tmp_path / 'davis.aedat4', EVENTS, frames, (30, 20), exposure_us=8_000)


def test_frames_are_references_and_images_at_the_middle_of_their_exposure(davis):
    with open_source(davis, reference_topic='images') as source:
        items = list(source)
        topics = [(topic.name, topic.n_messages) for topic in source.topics]
    stamps = [item.stamp_ns for item in items if isinstance(item, Reference)]
    assert stamps == [1_000 * t for t in STAMPS_US]
    packets = [item for item in items if isinstance(item, Packet)]
    assert all(packet.stamp_ns == packet.time_base for packet in packets)
    assert topics == [('images', 3)]
    assert truth_topic(davis) == 'images'
    images = list(open_images(davis, 'images'))
    assert [t_ns for t_ns, _ in images] == stamps
    assert [int(image[3, 4]) for _, image in images] == [0, 10, 20]


def test_packets_are_the_same_with_and_without_references(davis):
    with open_source(davis) as source:
        alone = [packet.data.tobytes() for packet in source]
    with open_source(davis, reference_topic='images') as source:
        together = [item.data.tobytes() for item in source if isinstance(item, Packet)]
    assert alone == together


@pytest.mark.parametrize('compression', COMPRESSIONS)
def test_every_kind_of_compression_gives_the_same_events_and_frames(davis, tmp_path, compression):
    frames = [(t_ns // 1_000, image) for t_ns, image in open_images(davis, 'images')]
    path = write_aedat4(tmp_path / 'a.aedat4', EVENTS, frames, (30, 20), compression=compression)
    with open_source(path) as source, open_source(davis) as plain:
        packets, expected = list(source), list(plain)
    assert [one.data.tobytes() for one in packets] == [one.data.tobytes() for one in expected]
    images = list(open_images(path, 'images'))
    assert all((image == one).all() for (_, image), (_, one) in zip(images, frames, strict=True))
    whole = path.read_bytes()
    for n_bytes in range(len(whole) // 2, len(whole) // 2 + 40):
        path.write_bytes(whole[:n_bytes])
        with open_source(path) as source:
            assert 0 < len(list(source)) < len(packets)
        assert 'cut short' in source.warnings[-1]


@pytest.mark.parametrize('compression', COMPRESSIONS)
def test_one_of_two_cameras_is_read_beside_frames_an_imu_and_triggers(
    aedat, tmp_path, compression
):
    other = [(t, 29 - x, 19 - y, 1 - p) for t, x, y, p in EVENTS[:500]]
    path = write_aedat4(
        tmp_path / 'a.aedat4', EVENTS, [(1_050_000, np.zeros((20, 30), np.uint8))], (30, 20),
        compression=compression, second_camera=other, edges=EDGES,
    )  # fmt: skip
    with pytest.raises(UserError, match=r'2 event streams.*--topic from: 0, 2'):
        open_source(path)
    for topic, expected in (('0', EVENTS), ('2', other)):
        decoder = decoder_for('mono', 30, 20)
        source = open_source(path, topic=topic)
        events = [decoder.decode(packet) for packet in source]
        assert source.warnings == (f'{path} holds 3 trigger edges, which are left out',)
        assert sum(map(len, events)) == len(expected)
        assert events[-1].x.tolist() == [x for _, x, *_ in expected[-len(events[-1]) :]]


def test_colours_are_in_the_order_of_opencv(aedat, tmp_path):
    picture = np.tile(np.array([1, 2, 3], np.uint8), (20, 30, 1))
    write_aedat4(tmp_path / 'a.aedat4', EVENTS, [(1_050_000, picture)], (30, 20))
    [(t_ns, image)] = open_images(tmp_path / 'a.aedat4', 'images')
    assert t_ns == 1_050_000_000
    assert (image == picture).all()


def test_a_file_without_frames_has_no_ground_truth_and_refuses_the_topic(aedat, recordings):
    path = recordings(RECORDING)
    assert truth_topic(path) is None
    with pytest.raises(UserError, match='holds no frames; leave out the topic images'):
        open_source(path, reference_topic='images')


def test_a_stream_of_frames_without_a_frame_is_no_ground_truth(aedat, tmp_path):
    path = write_aedat4(tmp_path / 'a.aedat4', EVENTS, [], (30, 20))
    assert truth_topic(path) is None
    with pytest.raises(UserError, match='no topic frames of images; it has: images'):
        open_source(path, reference_topic='frames')


def test_any_damage_beside_frames_is_one_sentence(davis):
    whole = davis.read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(st.integers(14, len(whole) - 1), st.binary(min_size=1, max_size=8))
    def damaged(start, new):
        davis.write_bytes(whole[:start] + new + whole[start + len(new) :])
        with suppress(UserError):  # any other exception fails the test
            list(open_images(davis, 'images'))

    damaged()
