# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is scored on recordings of an event camera: frames beside their ground truth.

With ground truth, a window ends at the stamp of each of its images and begins at the one before.
Without, windows are free running. The intensity of a network is compared as it is, limited to
0..1. The intensity of a filter has neither zero nor range, so it is compared after stretching.
Tags are read in the stretched intensity of either.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import Contender, unique_names
from spike_recon_ros.evaluation.metrics import METRICS
from spike_recon_ros.evaluation.protocols import (
    Cut,
    CutSource,
    Protocol,
    find_cut,
    sequence_name,
)
from spike_recon_ros.evaluation.score import EvaluatedFrame
from spike_recon_ros.frame import Frame
from spike_recon_ros.model_choice import reads_frames
from spike_recon_ros.offline.camera_frames import with_frames
from spike_recon_ros.offline.frames import frames_of, print_reset
from spike_recon_ros.offline.progress import with_progress
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_images import grey_image, open_images
from spike_recon_ros.sources.open_images import truth_topic as default_truth_topic
from spike_recon_ros.sources.open_source import open_source

STRETCHED: dict[str, Any] = {
    'image_encoding': '32FC1',
    'percentile_low': 1.0,
    'percentile_high': 99.0,
    'tone_stretch': 1.0,
    'tone_time': 0.0,
    'gamma': 1.0,
    'clahe_clip': 0.0,
}
"""The rendering in which tags are read; it replaces the user's, so that scores are comparable."""


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    """A recording that can be evaluated.

    Attributes:
        name: in tables and files.
        path: of the recording.
        topic: of its events, where one was named.
        truth: topic of its ground truth; None = it has none.
        facts: arguments of `open_source` that the recording does not state: `size`, `encoding`.
        t_first_ns: sensor time of the first event.
        duration_s: sensor time from the first event to the last.
        events: how many there are.
        cut: part that a protocol scores; None = all of it.
        frame_topic: topic of the frames that models read with `frames` set to `anchor`; None =
            the ground truth. The frame of the scored instant itself is never read for it.
    """

    name: str
    path: Path
    topic: str | None
    truth: str | None
    facts: Mapping[str, Any]
    t_first_ns: int
    duration_s: float
    events: int
    cut: Cut | None = None
    frame_topic: str | None = None


def survey(
    recordings: Sequence[Path | str],
    console: Console,
    topic: str | None = None,
    truth_topic: str | None = None,
    metrics: Collection[str] = (),
    facts: Mapping[str, Any] | None = None,
    frame_topic: str | None = None,
) -> list[Recording]:
    """Read every recording once, so that errors show before the first model runs.

    Args:
        recordings: their paths.
        console: for progress bars.
        topic: of the events; None = the only one.
        truth_topic: of the ground truth images; None = the one that recordings of this package
            and data sets have, if it is there.
        metrics: that must be possible on each recording.
        facts: see Recording; the same for all.
        frame_topic: see Recording.

    Raises:
        UserError: a recording cannot be read, has no such topic, holds no events, or lacks the
            ground truth that a metric needs.
    """
    paths = [*map(Path, recordings)]
    names = unique_names([path.stem if path.is_file() else path.resolve().name for path in paths])
    found = []
    for path, name in zip(paths, names, strict=True):
        truth = truth_topic or default_truth_topic(path, (facts or {}).get('size'))
        needing = [metric for metric in metrics if METRICS[metric].needs_truth]
        if needing and truth is None:
            raise UserError(
                f'{needing[0]} compares with ground truth and {path} has none; name the topic of '
                'its images with --truth-topic, or ask for tags, first_tag_ms and flicker only'
            )
        surveyed = _survey(path, name, topic, truth, facts or {}, console)
        found.append(dataclasses.replace(surveyed, frame_topic=frame_topic))
    return found


def _survey(
    path: Path,
    name: str,
    topic: str | None,
    truth: str | None,
    facts: Mapping[str, Any],
    console: Console,
) -> Recording:
    summary = EventSummary()
    with open_source(path, topic, truth, **facts) as source:
        for item in with_progress(source, console, f'{name}: reading'):
            if isinstance(item, Packet):
                _refuse_planes(path, item)
                summary.add(item)
    found = summary.summary()
    if not found['events']:
        raise UserError(f'{path} holds no events (see spike-recon inspect); leave it out')
    return Recording(
        name, path, topic, truth, facts,
        found['t_first_ns'], found['duration_s'], found['events'],
    )  # fmt: skip


def _refuse_planes(path: Path, packet: Packet) -> None:
    if sensor_kind_of(packet.encoding) is SensorKind.SPIKE:
        raise UserError(
            f'{path} holds spike planes; to score one image of it, add --truth and --truth-plane'
        )


def with_cut(recording: Recording, protocol: Protocol) -> Recording:
    """Return the recording with the part that a protocol scores.

    Raises:
        UserError: it has no ground truth, or is no sequence of the protocol.
    """
    if recording.truth is None:
        raise UserError(
            f'{recording.path} has no ground truth, which --protocol {protocol.name} compares '
            'with; name the topic of its images with --truth-topic'
        )
    facts = recording.facts
    with open_source(recording.path, recording.topic, recording.truth, **facts) as source:
        cut = find_cut(protocol, sequence_name(recording.path), source)
    return dataclasses.replace(recording, cut=cut)


def evaluated_frames(
    recording: Recording,
    contender: Contender,
    settings: Settings,
    console: Console,
    tally: ReferenceTally | None = None,
) -> Iterator[EvaluatedFrame]:
    """Run a model over a recording and yield its frames with their ground truth.

    Args:
        recording: from `survey`.
        contender: the model.
        settings: of the pipeline; model, sync mode and rendering are replaced.
        console: for the progress bar and resets.
        tally: counts the ground truth images and their frames, if given.

    Raises:
        UserError: the recording is damaged, its images do not have the sensor's size, or the
            model cannot run.
    """
    sync_mode = 'free_running' if recording.truth is None else 'camera_image'
    frames = settings.frames if reads_frames(contender.model) else 'off'
    settings = dataclasses.replace(
        settings, model=contender.model, sync_mode=sync_mode, frames=frames, **STRETCHED
    )
    reconstructor = Reconstructor(settings, lambda *why: print_reset(console, *why))
    truths = _Truths(recording)
    label = f'{recording.name}: {contender.name}'
    try:
        with open_source(
            recording.path, recording.topic, recording.truth, **recording.facts
        ) as source:
            used = source if recording.cut is None else CutSource(source, recording.cut)
            if settings.frames == 'anchor':
                # A frame that is compared with the image at its stamp must not be read for it.
                topic, size = recording.frame_topic or recording.truth, recording.facts.get('size')
                used = with_frames(used, recording.path, topic, size, later_ns=1)
            for frame in frames_of(used, reconstructor, console, label, tally):
                if recording.cut is not None and not recording.cut.scores(frame.stamp_ns):
                    continue
                truth = truths.at(frame)
                if truth is not None or recording.truth is None:
                    yield _evaluated_frame(frame, truth, recording, contender)
    finally:
        truths.close()
        reconstructor.close()


def _evaluated_frame(
    frame: Frame, truth: np.ndarray | None, recording: Recording, contender: Contender
) -> EvaluatedFrame:
    stretched = frame.image
    assert stretched is not None
    intensity = stretched
    if contender.in_range:
        intensity = np.clip(np.nan_to_num(frame.intensity, nan=0.5), 0.0, 1.0)
    return EvaluatedFrame(
        t_s=(frame.t_ns - recording.t_first_ns) / 1e9,
        intensity=intensity,
        stretched=np.rint(255 * stretched).astype(np.uint8),
        events=frame.samples,
        truth=truth,
    )


class _Truths:
    """The ground truth images of a recording, read alongside its frames."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        topic = recording.truth
        size = recording.facts.get('size')
        self._images = iter(()) if topic is None else open_images(recording.path, topic, size)
        self._ahead: tuple[int, np.ndarray] | None = None

    def at(self, frame: Frame) -> np.ndarray | None:
        """Return the image with the stamp of a frame, uint8 [height, width]; None = there is none.

        Call it with increasing stamps: images are read once, in order.
        """
        while self._ahead is None or self._ahead[0] < frame.stamp_ns:
            self._ahead = next(self._images, None)
            if self._ahead is None:
                return None
        stamp_ns, image = self._ahead
        if stamp_ns != frame.stamp_ns:
            return None
        if image.shape[:2] != frame.intensity.shape:
            height, width = frame.intensity.shape
            raise UserError(
                f'{self._recording.path}: the images on {self._recording.truth} have '
                f'{image.shape[1]}x{image.shape[0]} pixels and the sensor {width}x{height}; give '
                "--truth-topic with images in the sensor's pixels"
            )
        return grey_image(image)

    def close(self) -> None:
        """Close the file."""
        close = getattr(self._images, 'close', None)
        if close is not None:
            close()
