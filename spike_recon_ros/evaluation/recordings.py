# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What is scored on recordings of an event camera: frames beside their ground truth.

With ground truth, a window ends at the stamp of each of its images and begins at the one before.
Without, windows are free running. The intensity of a network is compared as it is, limited to
0..1. The intensity of a filter has neither zero nor range, so it is compared after stretching.
Tags are read in the stretched intensity of either. Colour images are made with the brightness
that is compared.
"""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contender_settings import settings_of
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.metrics import METRICS
from spike_recon_ros.evaluation.protocols import (
    Cut,
    CutSource,
    Protocol,
    find_cut,
    sequence_name,
)
from spike_recon_ros.evaluation.score import EvaluatedFrame
from spike_recon_ros.evaluation.truths import Truths, color_truth_topic
from spike_recon_ros.frame import Frame
from spike_recon_ros.frames.camera_frame import camera_frame
from spike_recon_ros.offline.camera_frames import with_frames
from spike_recon_ros.offline.frames import ResetPrinter, frames_of
from spike_recon_ros.offline.progress import print_warnings, with_progress
from spike_recon_ros.offline.reference_tally import ReferenceTally
from spike_recon_ros.offline.stream_summary import EventSummary
from spike_recon_ros.packets.packet import Packet, Reference
from spike_recon_ros.packets.registry import sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.rendering.renderer import Renderer
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_images import grey_image, has_topic, image_topics
from spike_recon_ros.sources.open_images import truth_topic as default_truth_topic
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.rectification import Rectification
from spike_recon_ros.topics import FRAMES

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
FULL_RANGE: dict[str, Any] = {**STRETCHED, 'tone_stretch': 0.0}
"""The rendering of the colour images of networks, whose brightness is compared as it is."""


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
        color_truth: topic of the colours of the scene; None = unknown.
        rectification: of the ground truth; None = it is in the sensor's pixels.
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
    color_truth: str | None = None
    rectification: Rectification | None = None


def survey(
    path: Path,
    console: Console,
    *,
    name: str = '',
    topic: str | None = None,
    truth_topic: str | None = None,
    metrics: Collection[str] = (),
    facts: Mapping[str, Any] | None = None,
    frame_topic: str | None = None,
) -> Recording:
    """Read a recording once, so that errors show before the first model runs.

    Args:
        path: of the recording.
        console: for the progress bar.
        name: see Recording; empty = that of the file or the sequence.
        topic: of the events; None = the only one.
        truth_topic: of the ground truth images; None = the one that recordings of this package
            and data sets have, if it is there.
        metrics: that must be possible on the recording.
        facts: see Recording.
        frame_topic: see Recording; None = FRAMES, if the recording has it.

    Raises:
        UserError: the recording cannot be read, has no such topic, holds no events, or lacks the
            ground truth that a metric needs.
    """
    truth = truth_topic or default_truth_topic(path, (facts or {}).get('size'), topic)
    needing = [metric for metric in metrics if METRICS[metric].needs_truth]
    images = '' if truth else ', '.join(image_topics(path))
    if needing and truth is None:
        which = f'--truth-topic, which may be: {images}' if images else '--truth-topic'
        raise UserError(
            f'{needing[0]} compares with ground truth and {path} has none; ask for tags, '
            f'first_tag_ms and flicker only, or name the topic of its images with {which}'
        )
    if images and not metrics:
        print_warnings(
            [f'{path}: compared with no images; --truth-topic may be {images}'], console
        )
    name, facts = name or sequence_name(path), facts or {}
    with open_source(path, topic, truth, **facts) as source:
        summary = _summary(with_progress(source, console, f'{name}: reading'), path)
    print_warnings([f'{name}: {sentence}' for sentence in summary.warnings()], console)
    found = summary.summary()
    if not found['events']:
        raise UserError(f'{path} holds no events (see spike-recon inspect); leave it out')
    return Recording(
        name, path, topic, truth, facts,
        found['t_first_ns'], found['duration_s'], found['events'],
        frame_topic=frame_topic or (FRAMES if has_topic(path, FRAMES) else None),
    )  # fmt: skip


def _summary(items: Iterable[Packet | Reference], path: Path) -> EventSummary:
    summary = EventSummary()
    for item in items:
        if not isinstance(item, Packet):
            continue
        if sensor_kind_of(item.encoding) is SensorKind.SPIKE:
            raise UserError(
                f'{path} holds spike planes; to score one image of it, add --truth and '
                '--truth-plane'
            )
        summary.add(item)
    return summary


def with_rectification(recording: Recording, rectification: Rectification | None) -> Recording:
    """Return the recording with the map of its ground truth, if one was given.

    Raises:
        UserError: it has no ground truth.
    """
    if rectification is not None and recording.truth is None:
        raise UserError(
            f'{recording.path} has no ground truth, which --rectify warps; name the topic of its '
            'images with --truth-topic, or leave --rectify out'
        )
    return dataclasses.replace(recording, rectification=rectification)


def with_color_truth(recording: Recording) -> Recording:
    """Return the recording with the topic of the colours of its scene, if they are known."""
    size = recording.facts.get('size')
    topic = color_truth_topic(recording.path, recording.truth, size)
    return dataclasses.replace(recording, color_truth=topic)


def with_cut(recording: Recording, protocol: Protocol | None) -> Recording:
    """Return the recording with the part that a protocol scores; None = all of it.

    Raises:
        UserError: it has no ground truth, or is no sequence of the protocol.
    """
    if protocol is None:
        return recording
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
    settings = dataclasses.replace(settings_of(contender, recording.truth, settings), **STRETCHED)
    stretch = None
    if settings.color != 'off':
        settings = dataclasses.replace(settings, color_encoding='bgr8')
        if contender.in_range:
            stretch = Renderer(settings)
            settings = dataclasses.replace(settings, **FULL_RANGE)
    reconstructor = Reconstructor(settings, ResetPrinter(console))
    size = recording.facts.get('size')
    rectification = recording.rectification
    truths = Truths(recording.path, recording.truth, size, rectification)
    colors = Truths(recording.path, recording.color_truth, size, rectification)
    label = f'{recording.name}: {contender.name}'
    try:
        with open_source(
            recording.path, recording.topic, recording.truth, **recording.facts
        ) as source:
            used = source if recording.cut is None else CutSource(source, recording.cut)
            if settings.uses_frames:
                # A frame that is compared with the image at its stamp must not be read for it.
                topic = recording.frame_topic or recording.truth
                used = with_frames(used, recording.path, topic, size, later_ns=1)
            for frame in frames_of(used, reconstructor, console, label, tally):
                if recording.cut is not None and not recording.cut.scores(frame.stamp_ns):
                    continue
                truth = truths.at(frame)
                if truth is not None or recording.truth is None:
                    color = colors.at(frame)
                    made = _evaluated_frame(frame, truth, color, recording, contender, stretch)
                    yield dataclasses.replace(made, spike_rate=lambda: reconstructor.spike_rate)
    finally:
        truths.close()
        colors.close()
        reconstructor.close()


def _evaluated_frame(
    frame: Frame,
    truth: np.ndarray | None,
    color_truth: np.ndarray | None,
    recording: Recording,
    contender: Contender,
    stretch: Renderer | None,
) -> EvaluatedFrame:
    stretched = frame.image
    if stretch is not None:
        stretched = stretch.render(frame.intensity, frame.t_ns)
    assert stretched is not None
    intensity = stretched
    if contender.in_range:
        intensity = np.clip(np.nan_to_num(frame.intensity, nan=0.5), 0.0, 1.0)
    return EvaluatedFrame(
        t_s=(frame.t_ns - recording.t_first_ns) / 1e9,
        intensity=intensity,
        stretched=np.rint(255 * stretched).astype(np.uint8),
        events=frame.samples,
        truth=None if truth is None else grey_image(truth),
        color=frame.color,
        color_truth=None if color_truth is None else camera_frame(0, color_truth).image,
    )
