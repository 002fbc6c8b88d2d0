# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import sys
from contextlib import suppress

import pytest

from spike_recon_ros.errors import UserError
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
