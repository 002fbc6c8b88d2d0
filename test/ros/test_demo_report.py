# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the demonstration reports as missing, and when it fails."""

import pytest

from spike_recon_ros.benchmarking.demo_report import REASONS, check_complete, missing
from spike_recon_ros.errors import UserError


def _summary(frames=200, expected=200, **counts):
    return {'frames': frames, 'frames_expected': expected, **dict.fromkeys(REASONS, 0), **counts}


def test_nothing_is_missing_when_all_frames_arrived():
    assert missing(_summary()) == ''
    check_complete(_summary())


def test_missing_frames_are_named_with_every_reason():
    summary = _summary(184, merged_windows=12, images_lost=4)
    assert missing(summary) == (
        '184 of 200 frames, because 12 windows were merged under overload and 4 images were lost '
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
    with pytest.raises(UserError, match='200 of 200 frames, because 1 packets'):
        check_complete(_summary(**{reason: 1}))


def test_frames_that_are_missing_for_an_unknown_reason_are_not_passed_over():
    with pytest.raises(UserError, match='unknown reason'):
        check_complete(_summary(150))
