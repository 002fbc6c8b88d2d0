# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A clip of a data set of spike cameras as a recording, which may consist of several files."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.source import Source
from spike_recon_ros.sources.spike_clip import SpikeClip
from spike_recon_ros.sources.spike_datasets import find_clips


class ClipSource(Source):
    """The packets of one clip.

    Args:
        clip: of a data set.
    """

    def __init__(self, clip: SpikeClip) -> None:
        super().__init__(clip.files[0])
        self.name = clip.name
        self._packets = clip.packets(self.warn)
        self.n_packets = len(self._packets)

    def __iter__(self) -> Iterator[Packet]:
        """Yield the packets, the first plane at time 0."""
        return iter(self._packets)


def clips_of(path: Path, facts: Mapping[str, Any]) -> list[SpikeClip]:
    """Return all clips of a data set that a user named as a recording.

    Args:
        path: folder of the data set.
        facts: options that describe a single recording, by name.

    Raises:
        UserError: there are such facts, or the data set is damaged.
    """
    if given := [name for name, value in facts.items() if value]:
        raise UserError(
            f'{path} is a data set, whose layout is known; leave out {", ".join(given)}, or name '
            'one of its recordings'
        )
    return find_clips(path)
