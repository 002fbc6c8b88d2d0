# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""RAW files that were joined, as by `cat a.raw b.raw`."""

import numpy as np
import pytest
from rich.console import Console

from spike_recon_ros import reconstruct
from spike_recon_ros.offline.conversion import convert
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.prophesee_raw import BLOCK_BYTES

HD_EVT3 = b'% date 2023\n% evt 3.0\n% geometry 1280x720\n% end\n'
VGA_EVT2 = b'% date 2020\n% evt 2.0\n% geometry 640x480\n% end\n'
TIMES = np.arange(1_000, dtype='<u4') * 50
EVENTS = np.column_stack([8 << 28 | TIMES >> 6, 1 << 28 | (TIMES & 63) << 22 | 5 << 11 | 7])


@pytest.mark.parametrize('cut', [0, 3])
@pytest.mark.parametrize('filler', [0, BLOCK_BYTES - 8_030])
@pytest.mark.parametrize('second', [VGA_EVT2, b'% evt 2.0\n% end\n', HD_EVT3])
def test_joined_files_are_read_as_streams_of_their_own(tmp_path, second, filler, cut):
    first = EVENTS.astype('<u4').tobytes() + b'\0\0\0\xe0' * (filler // 4)
    path = tmp_path / 'a.raw'
    path.write_bytes(VGA_EVT2 + first[: len(first) - cut] + second + first)
    with open_source(path) as source:
        packets = list(source)
    starts = [index for index, packet in enumerate(packets) if packet.seq == 0]
    assert len(starts) == 2
    parts = packets[: starts[1]], packets[starts[1] :]
    data = [b''.join(packet.data.tobytes() for packet in part) for part in parts]
    assert data == [first[: len(first) - cut - -cut % 4], first]
    assert packets[-1].encoding == ('evt3' if second == HD_EVT3 else 'evt2')
    assert packets[-1].width == (1280 if second == HD_EVT3 else 640)
    at = len(VGA_EVT2) + len(first) - cut
    assert any(f'another recording begins at byte {at} of' in one for one in source.warnings)


def test_a_converted_bag_of_joined_files_gives_the_same_frames(tmp_path):
    path = tmp_path / 'a.raw'
    other = EVENTS[:900] ^ [0, 3 << 11]
    whole = VGA_EVT2 + EVENTS.astype('<u4').tobytes() + VGA_EVT2 + other.astype('<u4').tobytes()
    path.write_bytes(whole)
    settings = Settings(model='fibar', fps=200.0)
    with open_source(path) as source:
        convert(source, tmp_path / 'bag', console=Console(quiet=True))
    frames = [list(reconstruct(one, settings=settings)) for one in (path, tmp_path / 'bag')]
    assert len(frames[0]) >= 18
    for one, other in zip(*frames, strict=True):
        assert one.t_ns == other.t_ns
        np.testing.assert_array_equal(one.image, other.image)


def test_short_files_that_were_joined_are_streams_of_their_own(tmp_path):
    path = tmp_path / 'a.raw'
    short = VGA_EVT2 + EVENTS[:4].astype('<u4').tobytes()
    path.write_bytes(short * 3)
    reconstructor = Reconstructor(Settings(model='fibar'))
    with open_source(path) as source:
        for packet in source:
            reconstructor.push(packet)
    assert {reason.value: n for reason, n in reconstructor.statistics.resets.items()} == {
        'sender restarted': 2
    }


def test_words_that_look_like_lines_of_text_are_no_header(tmp_path):
    text = b'% (9,`a\n% +b9c \n% evt\n%!'
    path = tmp_path / 'a.raw'
    path.write_bytes(VGA_EVT2 + bytes(40) + text + bytes(64 - len(text)))
    with open_source(path) as source:
        assert sum(len(packet.data) for packet in source) == 104
    assert source.warnings == ()
