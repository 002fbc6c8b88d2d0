# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Event Stream files (`.es`), written here byte by byte."""

import struct
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.sources.open_source import open_source

DVS, ATIS, OVERFLOW_US = 1, 2, 127
EVENTS = [(0, 1, 0, 1), (5, 2, 1, 0), (300, 3, 2, 1), (300, 4, 9, 1), (70_000, 5, 19, 0)]


def stream(events=EVENTS, kind=DVS, version=2):
    """Return a file: a byte of time and polarity, then x and y; 0xFF adds 127 us to the time."""
    out = b'Event Stream' + bytes([version, 0, 0, kind]) + struct.pack('<HH', 30, 20)
    latest = 0
    for t, x, y, p in events:
        loops, rest = divmod(t - latest, OVERFLOW_US)
        out += b'\xff' * loops + bytes([rest << 1 | p]) + struct.pack('<HH', x, y)
        latest = t
    return out


@pytest.fixture
def es():
    return pytest.importorskip('event_stream', reason='event_stream is not installed')


def test_events_arrive_with_the_origin_at_the_top(es, tmp_path):
    path = tmp_path / 'a.es'
    path.write_bytes(stream())
    with open_source(path) as source:
        packets = list(source)
    decoder = decoder_for('mono', 30, 20)
    events = Events.concatenate([decoder.decode(packet) for packet in packets])
    columns = (events.t_ns.tolist(), events.x.tolist(), events.y.tolist(), events.p.tolist())
    assert list(zip(*columns, strict=True)) == [(1_000 * t, x, 19 - y, p) for t, x, y, p in EVENTS]
    assert {(packet.width, packet.height) for packet in packets} == {(30, 20)}
    assert [packet.seq for packet in packets] == list(range(len(packets))) == [0, 1]


@pytest.mark.parametrize(
    ('content', 'sentence'),
    [
        (stream(version=9), 'its header cannot be read'),
        (stream(kind=ATIS), 'holds atis events'),
        (stream(events=[]), 'no events'),
        (stream()[:14], 'cannot be read'),
    ],
)
def test_other_streams_are_one_sentence(es, tmp_path, content, sentence):
    path = tmp_path / 'a.es'
    path.write_bytes(content)
    with pytest.raises(UserError, match=sentence), open_source(path) as source:
        list(source)


def test_any_bytes_are_read_or_refused_in_one_sentence(es, tmp_path_factory):
    path = tmp_path_factory.mktemp('any') / 'a.es'

    @settings(max_examples=80, deadline=None)
    @given(st.integers(12, 60), st.binary(max_size=50))
    def damaged(start, new):
        path.write_bytes(stream()[:start] + new + stream()[start + len(new) :])
        with suppress(UserError), open_source(path) as source:  # others fail the test
            decoder = None
            for packet in source:
                decoder = decoder or decoder_for('mono', packet.width, packet.height)
                decoder.decode(packet)

    damaged()


def test_missing_library_names_the_command_that_brings_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'event_stream', None)
    (tmp_path / 'a.es').write_bytes(stream())
    with pytest.raises(UserError, match='pip install event_stream'):
        open_source(tmp_path / 'a.es')
