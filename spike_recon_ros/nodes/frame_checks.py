# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the frames of the aligned camera, in sentences that name the cure."""

from collections.abc import Mapping

from spike_recon_ros.nodes.problems import Part, Problem

UNUSED = ('unregistered', 'other_clock', 'blank', 'without_color')
"""Counts of frames that the store refuses, each with a sentence."""


class FrameChecks:
    """Compares the counts of the frames with those of the last call.

    Args:
        topic: full name of the topic of the frames.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._last: Mapping[str, int] | None = None

    def problems(self, counts: Mapping[str, int], refused: str) -> list[Problem]:
        """Return the problems since the last call, about a second ago.

        Args:
            counts: the node's counters, as in /diagnostics.
            refused: why the latest frame was refused.
        """
        last, self._last = self._last, counts
        news = {key: number - (last or {}).get(key, 0) for key, number in counts.items()}
        found = []
        if refused and any(news[f'camera_frames: {key}'] > 0 for key in UNUSED):
            found.append(Problem(Part.CAMERA, refused))
        if last is None:
            return found
        if not found and news['decoded_packets'] > 0 and not news['camera_frames']:
            return [
                Problem(
                    Part.CAMERA,
                    f'no frame came on {self._topic} in the last second, so there are no new '
                    'frames to use; start the frame camera, remap frame_image to its topic, or '
                    'set frames or color to off',
                )
            ]
        if late := news['camera_frames: late']:
            found.append(
                Problem(
                    Part.CAMERA,
                    f'{late} frames on {self._topic} came more than 0.1 s after their stamp; they '
                    'are used, but late ones help less: check the network and the exposure time',
                )
            )
        return found
