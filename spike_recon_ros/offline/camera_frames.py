# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Merges the frames of the aligned camera into the packets of a recording, by their stamps.

A packet is passed on only once the frames up to the next packet's stamp have been, so every window
finds the frames up to its end, however the recording interleaves them.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.camera_frame import CameraFrame, camera_frame
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.sources.open_images import open_images, truth_topic
from spike_recon_ros.sources.open_source import is_bag
from spike_recon_ros.sources.source import Source
from spike_recon_ros.topics import FRAMES

Item = Packet | Reference | CameraFrame


class SourceWithFrames(Source):
    """A source that also yields the frames of a camera, each before the packets that need it.

    Args:
        source: of the packets; closed together with this one.
        images: stamps (ns) and images, as `open_images` yields them.
        later_ns: time by which every frame is made later. With 1, an image that is compared with
            the frame of the same stamp has not read it.
    """

    def __init__(
        self, source: Source, images: Iterator[tuple[int, np.ndarray]], later_ns: int = 0
    ) -> None:
        self._source, self._images, self._later_ns = source, images, later_ns
        super().__init__(source.path)
        self.n_packets, self.estimates_packets = source.n_packets, source.estimates_packets
        self.topics = source.topics

    @property
    def warnings(self) -> tuple[str, ...]:
        """Those of the source."""
        return self._source.warnings

    @warnings.setter
    def warnings(self, sentences: tuple[str, ...]) -> None:
        del sentences  # the source keeps its own

    def __iter__(self) -> Iterator[Item]:  # type: ignore[override]
        """Yield packets, references and frames; a second iteration has no frames."""
        frames = (camera_frame(stamp + self._later_ns, image) for stamp, image in self._images)
        following = next(frames, None)
        held: list[Packet | Reference] = []
        for item in self._source:
            if isinstance(item, Packet) and any(isinstance(one, Packet) for one in held):
                while following is not None and following.stamp_ns <= item.stamp_ns:
                    yield following
                    following = next(frames, None)
                yield from held
                held = []
            held.append(item)
        while following is not None:
            yield following
            following = next(frames, None)
        yield from held

    def close(self) -> None:
        """Close the source and the images."""
        close = getattr(self._images, 'close', None)
        if close is not None:
            close()
        self._source.close()


def with_frames(
    source: Source,
    path: str | Path,
    topic: str | None = None,
    size: tuple[int, int] | None = None,
    later_ns: int = 0,
    camera: str | None = None,
) -> SourceWithFrames:
    """Return a source with the frames of its recording.

    Args:
        source: of the packets.
        path: of the recording.
        topic: of the frames; None = FRAMES in a bag, `images` elsewhere.
        size: sensor columns and rows, for a dataset that does not state them.
        later_ns: see SourceWithFrames.
        camera: topic of the events, in a dataset with several cameras.

    Raises:
        UserError: the recording has no such images.
    """
    if topic is None and is_bag(path):
        topic = FRAMES
    topic = topic or truth_topic(path, size, camera)
    if topic is None:
        raise UserError(
            f'{path} holds no frames, which --frames anchor and --color frame read; leave the '
            'option out, or give a recording with frames'
        )
    return SourceWithFrames(source, _checked(path, topic, size), later_ns)


def _checked(
    path: str | Path, topic: str, size: tuple[int, int] | None
) -> Iterator[tuple[int, np.ndarray]]:
    try:
        yield from open_images(path, topic, size)
    except UserError as error:
        raise UserError(
            f'{error}; name the topic of the frames with --frame-topic, which is {topic} now'
        ) from None
