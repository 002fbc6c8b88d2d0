# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the demonstration shows: a video, a picture and the figures.

Comes in: the recording with its ground truth, and the images that arrived. Goes out: files and a
summary. Knows nothing about how the images were made.
"""

import csv
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from spike_recon_ros.benchmarking.live_processes import Heard
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.side_by_side import side_by_side
from spike_recon_ros.evaluation.tags import TagScore
from spike_recon_ros.packets.decoder import Decoder
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import GROUND_TRUTH

VIDEO = 'reconstruction.mp4'
FASTEST_VIDEO = 50.0
"""Frames per second; recordings with more are shown in slow motion."""
# Of the way through the recording: where the picture is taken.
PICTURE_AT = 0.6
PICTURE_EVENTS_NS = 20_000_000


def report(
    bag: Path, frames: Path, out: Path, fps: float, heard: Heard, settled_after_s: float
) -> dict[str, Any]:
    """Write video and picture, score the images, and return the summary.

    Args:
        bag: the recording, with ground truth.
        frames: what the recorder wrote.
        out: folder for the files.
        fps: frames a second of the recording.
        heard: what the processes said.
        settled_after_s: how long the model needs until its images are scored as settled.

    Raises:
        UserError: no image arrived.
    """
    images, stamps_ns = _arrived(frames)
    # The player may have moved all stamps by the same amount, to now, but not the ground truth's.
    recorded_ns = stamps_ns - heard.player['stamp_shift_ns']
    truths, truth_stamps_ns = _ground_truth(bag)
    nearest = [int(np.abs(truth_stamps_ns - stamp).argmin()) for stamp in recorded_ns]
    with open_sink(out / VIDEO, min(fps, FASTEST_VIDEO), overwrite=True) as video:
        for image, stamp_ns in zip(images, stamps_ns.tolist(), strict=True):
            video.write(image, stamp_ns, stamp_ns)
    at = int(PICTURE_AT * len(images))
    picture = side_by_side(
        _sent_before(bag, int(recorded_ns[at])), images[at], truths[nearest[at]], tags=True
    )
    cv2.imwrite(str(out / 'side_by_side.png'), picture)
    settled = recorded_ns >= recorded_ns[0] + settled_after_s * 1e9
    score, settled_score = TagScore(), TagScore()
    for image, index, late in zip(images, nearest, settled, strict=True):
        score.add(image, truths[index])
        if late:
            settled_score.add(image, truths[index])
    diagnostics = heard.recorder['diagnostics']
    received = int(diagnostics['received_packets'])
    return {
        **{key: heard.recorder[key] for key in ('frames', 'fps')},
        **{key: heard.recorder[key] for key in ('latency_p50_ms', 'latency_p99_ms')},
        **{key: float(diagnostics[key]) for key in ('processing_p50_ms', 'processing_p99_ms')},
        **{
            key: int(diagnostics[key])
            for key in ('late_frames', 'merged_windows', 'dropped_packets')
        },
        'model': diagnostics['model'],
        'packets_played': heard.player['packets'],
        'packets_received': received,
        'packets_lost': heard.player['packets'] - received,
        'node_cpu_cores': heard.node_cpu_cores,
        'settled_after_s': settled_after_s,
        'tags': score.summary(),
        'tags_settled': settled_score.summary(),
    }


def show(console: Console, summary: dict[str, Any], out: Path) -> None:
    """Print what a person wants to know, from a summary that also tells rate and recorded fps."""
    settled = summary['tags_settled']
    table = Table(show_header=False, title='what arrived', title_justify='left')
    table.add_row('frames', f'{summary["frames"]} at {summary["fps"]} a second')
    # Played slower than recorded, a frame is late because its planes are.
    timed = 'latency' if summary['rate'] == 1 else 'processing'
    table.add_row(
        timed, f'p50 {summary[f"{timed}_p50_ms"]} ms, p99 {summary[f"{timed}_p99_ms"]} ms'
    )
    table.add_row(
        'packets', f'{summary["packets_received"]} received, {summary["packets_lost"]} lost'
    )
    after = summary['settled_after_s']
    share, in_view = settled['share_of_tags_in_view'], settled['tags_in_view_per_frame']
    table.add_row(
        'AprilTags read',
        'none was in view'
        if share is None
        else f'{share:.0%} of the {in_view} in view'
        + (f', after the first {after:g} s' * (after > 0)),
    )
    console.print(table)
    slowed = summary['recorded_fps'] / FASTEST_VIDEO
    for name, what in (
        (VIDEO, 'the video' + (f', slowed {slowed:g} times' if slowed > 1 else '')),
        ('side_by_side.png', 'what the camera sent | reconstruction | ground truth'),
        ('summary.json', 'the figures'),
        ('frames/', 'each image'),
        ('recording/', 'the recording, a ROS 2 bag'),
    ):
        console.print(f'  {out / name}  [dim]{what}')


def _arrived(frames: Path) -> tuple[list[np.ndarray], np.ndarray]:
    with (frames / 'frames.csv').open(encoding='ascii') as table:
        stamps_ns = [int(row['stamp_ns']) for row in csv.DictReader(table)]
    paths = sorted(frames.glob('frame_*.png'))
    images = [np.asarray(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)) for path in paths]
    if not images:
        raise UserError(f'no image arrived in {frames}; is another node using the same topics?')
    return images, np.array(stamps_ns, np.int64)


def _ground_truth(bag: Path) -> tuple[list[np.ndarray], np.ndarray]:
    stamped = list(read_images(bag, GROUND_TRUTH))
    return [image for _, image in stamped], np.array([stamp for stamp, _ in stamped], np.int64)


def _sent_before(bag: Path, stamp_ns: int) -> Events | SpikePlanes:
    """Return what is in the packets that were stamped shortly before a moment."""
    parts: list[Any] = []
    decoder: Decoder[Any] | None = None
    with open_source(bag) as source:
        for packet in source:
            assert isinstance(packet, Packet)
            decoder = decoder or decoder_for(packet.encoding, packet.width, packet.height)
            sent = decoder.decode(packet)
            if stamp_ns - PICTURE_EVENTS_NS <= packet.stamp_ns < stamp_ns:
                parts.append(sent)
    return type(sent).concatenate(parts)
