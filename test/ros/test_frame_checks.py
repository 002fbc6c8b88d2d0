# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the frames of the aligned camera, from counts alone."""

import re
from types import SimpleNamespace

import pytest

from spike_recon_ros.nodes.frame_checks import FrameChecks

UNUSED = ('unregistered', 'other_clock', 'blank', 'without_color', 'repeated', 'late', 'backwards')
NONE = {
    'decoded_packets': 0,
    'camera_frames': 0,
    'camera_frames: undecodable': 0,
    **{f'camera_frames: {key}': 0 for key in UNUSED},
}


def sentences(ahead=0.0, reason='', **news):
    """Return the sentences about one second in which 30 frames came, and what `news` says."""
    checks = FrameChecks('/frames')
    inputs = SimpleNamespace(frame_ahead=ahead, undecodable_frame=reason)
    news = {f'camera_frames: {key}': number for key, number in news.items()}
    news = {**NONE, 'decoded_packets': 100, 'camera_frames': 30, **news}
    return [problem.sentence for problem in checks.problems(inputs, news, '')]


@pytest.mark.parametrize(
    ('found', 'words'),
    [
        (sentences(), ''),
        (sentences(ahead=-0.8), ''),
        (sentences(ahead=3.0), '3.0 s ahead of the packets that came with them, so they are used'),
        (sentences(ahead=-3.0, late=30), '3.0 s behind the packets .* are too old to be used'),
        (sentences(repeated=2), ''),
        (
            sentences(repeated=29, late=29),
            '29 of 30 frames on /frames have the stamp of another frame',
        ),
        (sentences(late=3, backwards=3), '3 of 30 frames on /frames are stamped before a frame'),
        (sentences(late=4), '4 frames on /frames came more than 0.1 s after their stamp'),
        (sentences(reason='cause and cure', undecodable=1, late=1), '^cause and cure$'),
    ],
)
def test_wrong_stamps_and_pixels_of_frames_are_named_in_one_sentence(found, words):
    if not words:
        assert found == []
        return
    assert len(found) == 1
    assert re.search(words, found[0])


def test_a_camera_that_sends_no_frames_is_named():
    checks = FrameChecks('/frames')
    (problem,) = checks.missing({**NONE, 'decoded_packets': 100})
    assert problem.sentence.startswith('no frame came on /frames in the last second')
    assert not checks.missing({**NONE, 'decoded_packets': 100, 'camera_frames': 1})
    assert not checks.missing(NONE)  # the event camera sends nothing either
