# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the frames of the aligned camera, in sentences that name the cure."""

from collections.abc import Mapping

from spike_recon_ros.frames.store import OLDEST_NS
from spike_recon_ros.nodes.inputs import Inputs
from spike_recon_ros.nodes.problems import Problem, of_camera
from spike_recon_ros.status import CAMERA_FRAMES

UNUSED = ('unregistered', 'other_clock', 'blank', 'without_color')
"""Counts of frames that the store refuses, each with a sentence."""

LARGEST_AHEAD = 0.5
"""Frames stamped so far ahead of the packets that came just before, s, are of another clock."""
REPEATED_SHARE = 0.1
"""Share of frames with the stamp of another frame that a driver does not send by chance."""


class FrameChecks:
    """Judges the frames that came in the last second.

    Args:
        topic: full name of the topic of the frames.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def problems(self, inputs: Inputs, news: Mapping[str, int], refused: str) -> list[Problem]:
        """Return the problems of the last second.

        Args:
            inputs: the node's subscriptions.
            news: what was counted in that time.
            refused: why the latest frame was refused.
        """
        found = []
        if any(news[f'{CAMERA_FRAMES}{key}'] for key in UNUSED):
            found += of_camera(refused)
        if news[f'{CAMERA_FRAMES}undecodable']:
            found += of_camera(inputs.undecodable_frame)
        return found or of_camera(self._of_stamps(inputs, news))

    def missing(self, news: Mapping[str, int]) -> list[Problem]:
        """Return a problem if packets came in the last second, but no frame."""
        if news['camera_frames'] or not news['decoded_packets']:
            return []
        return of_camera(
            f'no frame came on {self._topic} in the last second, so there are no new frames to '
            'use; start the frame camera, remap frame_image to its topic, or set frames or color '
            'to off'
        )

    def _of_stamps(self, inputs: Inputs, news: Mapping[str, int]) -> str:
        """Return what is wrong with the stamps of the frames; '' if nothing is."""
        frames, ahead = news['camera_frames'], inputs.frame_ahead
        if not frames or not news['decoded_packets']:
            return ''
        if ahead is not None and not -OLDEST_NS / 1e9 <= ahead <= LARGEST_AHEAD:
            use = 'are used too late' if ahead > 0 else 'are too old to be used'
            return (
                f'the frames on {self._topic} are stamped {abs(ahead):.1f} s '
                f'{"ahead of" if ahead > 0 else "behind"} the packets that came with them, so '
                f'they {use}; synchronise the clocks of both cameras (PTP, chrony), or let both '
                'drivers stamp with the time of the host'
            )
        if (repeated := news[f'{CAMERA_FRAMES}repeated']) > REPEATED_SHARE * frames:
            return (
                f'{repeated} of {frames} frames on {self._topic} have the stamp of another frame '
                'and are not used; let the driver stamp each frame, and stop all publishers but '
                'one'
            )
        if backwards := news[f'{CAMERA_FRAMES}backwards']:
            return (
                f'{backwards} of {frames} frames on {self._topic} are stamped before a frame that '
                'came earlier; stop all publishers but one, and correct the clock of its computer '
                'gradually (chrony), not in steps'
            )
        if late := news[f'{CAMERA_FRAMES}late']:
            return (
                f'{late} frames on {self._topic} came more than 0.1 s after their stamp; they '
                'are used, but late ones help less: check the network and the exposure time'
            )
        return ''
