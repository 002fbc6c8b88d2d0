# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the demonstration reports as missing, and when it fails."""

from pathlib import Path

import pytest
from rich.console import Console

from spike_recon_ros.benchmarking.demo_report import REASONS, check_complete, missing, show
from spike_recon_ros.errors import UserError


def _summary(frames=200, expected=200, **counts):
    return {'frames': frames, 'frames_expected': expected, **dict.fromkeys(REASONS, 0), **counts}


def test_nothing_is_missing_when_all_frames_arrived():
    assert missing(_summary()) == ''
    check_complete(_summary())


def test_missing_frames_are_named_with_every_reason():
    summary = _summary(184, merged_windows=12, images_lost=4)
    assert missing(summary) == (
        '184 of 200 frames, because 12 windows merged under overload and 4 images lost '
        'between node and recorder'
    )
    with pytest.raises(UserError, match='184 of 200 frames, because 12 windows'):
        check_complete(summary)


def test_a_few_late_frames_that_were_merged_do_not_fail_the_demonstration():
    check_complete(_summary(195, merged_windows=5))


@pytest.mark.parametrize(
    'reason', ['packets_lost', 'failed_packets', 'dropped_packets', 'waiting_packets']
)
def test_a_packet_that_is_missing_fails_the_demonstration(reason):
    with pytest.raises(UserError, match='200 of 200 frames, because 1 packet '):
        check_complete(_summary(**{reason: 1}))


def test_frames_that_are_missing_for_an_unknown_reason_are_not_passed_over():
    with pytest.raises(UserError, match='unknown reason'):
        check_complete(_summary(150))


@pytest.mark.parametrize(
    ('late_ms', 'latency_ms', 'words'),
    [
        (4_900.2, 3_422.0, 'packets were sent p99 4900 ms late'),
        (3.0, 3_422.0, '3400 ms of the latency is waiting; stop other programs'),
        (3.0, 25.0, ''),
        (None, 25.0, ''),
    ],
)
def test_a_busy_machine_is_named_where_it_explains_the_latency(late_ms, latency_ms, words):
    summary = _summary(
        fps=50.0,
        rate=1.0,
        recorded_fps=50.0,
        latency_p50_ms=latency_ms,
        latency_p99_ms=5_302.0,
        processing_p50_ms=22.0,
        packets_played=2_000,
        received_packets=2_000,
        decoded_packets=2_000,
        played_late_p99_ms=late_ms,
        settled_after_s=1.0,
        tags_settled={'share_of_tags_in_view': 0.98, 'tags_in_view_per_frame': 8.7},
    )
    console = Console(width=200, record=True, quiet=False)
    show(console, summary, Path('demo'))
    text = ' '.join(console.export_text().split())
    assert ('this machine is busy' in text) is bool(words)
    assert words in text
    assert 'demo/reconstruction.mp4 the video' in text
