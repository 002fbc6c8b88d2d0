# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""How the stream of the camera broke off, judged by the resets of the last second."""

from collections.abc import Mapping

from spike_recon_ros.nodes.problems import Problem
from spike_recon_ros.status import RESETS, Part
from spike_recon_ros.stream_statistics import ResetReason

BREAKS = {
    ResetReason.TIME_JUMP: 'the clock of the camera jumped ahead',
    ResetReason.TIME_BACKWARDS: 'the clock of the camera jumped back',
    ResetReason.SENDER_RESTARTED: 'the driver of the camera began to count packets again',
    ResetReason.SENSOR_CHANGED: 'the resolution or encoding of the camera changed',
}
"""Resets because the stream of the camera broke off, with the words for each."""
OF_TWO_CAMERAS = (ResetReason.SENDER_RESTARTED, ResetReason.SENSOR_CHANGED)
"""What packets of two cameras look like that come in turn."""
MANY = 5
"""No camera is started or set so often in a second."""


def breaks(news: Mapping[str, int], explained: bool) -> list[Problem]:
    """Return how the stream broke off, as problems of the camera.

    Args:
        news: what was counted in the last second.
        explained: whether packets are missing, which explains a jump ahead.
    """
    found = {reason: news.get(f'{RESETS}{reason.value}', 0) for reason in BREAKS}
    if explained:
        found[ResetReason.TIME_JUMP] = 0
    return [
        Problem(Part.CAMERA, _sentence(reason, count))
        for reason, count in found.items()
        if count > 0
    ]


def _sentence(reason: ResetReason, count: int) -> str:
    if reason in OF_TWO_CAMERAS and count >= MANY:
        return (
            f'{BREAKS[reason]} {count} times in the last second, and the state was reset each '
            'time: two cameras or drivers send on one topic; give each a topic of its own'
        )
    return (
        f'{BREAKS[reason]}, so the state was reset ({count} in the last second); check the driver '
        'and the cable, or whether a recording loops'
    )
