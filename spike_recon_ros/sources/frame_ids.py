# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Which camera sent a message, as its header names it."""

from spike_recon_ros.errors import UserError, shown

MOST_RETURNS = 5
"""Recordings that were joined may come back to a camera, but not so often."""


class FrameIds:
    """Follows the `frame_id` of the messages on one topic.

    Two cameras of one size whose packets come in turn look like one camera whose scene flickers;
    if they count alike, only this name tells them apart.

    Args:
        topic: of the messages, for the error.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._latest: bytes | None = None
        self._seen: set[bytes] = set()
        self._returns = 0

    def follow(self, frame_id: bytes) -> None:
        """Note the camera of the next message.

        Raises:
            UserError: the messages of several cameras come in turn.
        """
        if frame_id == self._latest:
            return
        self._returns += frame_id in self._seen
        if self._returns == MOST_RETURNS:
            one, other = sorted(shown(_text(name)) for name in (self._latest or b'', frame_id))
            raise UserError(
                f'packets of two cameras come in turn on {shown(self._topic)}, with frame_id '
                f"'{one}' and '{other}', and their images would mix; record each camera on a "
                'topic of its own'
            )
        self._seen.add(frame_id)
        self._latest = frame_id


def _text(frame_id: bytes) -> str:
    return frame_id.rstrip(b'\0').decode(errors='replace')
