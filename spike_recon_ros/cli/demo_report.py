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

from spike_recon_ros.cli.live_trio import Heard
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.side_by_side import side_by_side
from spike_recon_ros.evaluation.tags import TagScore
from spike_recon_ros.packets.decoders import decoder_for
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import GROUND_TRUTH

# A filter has to see each edge move a few times before it knows the brightness on both sides.
SETTLED_AFTER = 1.0
# Of the way through the recording: where the picture is taken.
PICTURE_AT = 0.6
PICTURE_EVENTS_NS = 20_000_000


def report(bag: Path, frames: Path, out: Path, fps: float, heard: Heard) -> dict[str, Any]:
    """Write video and picture, score the images, and return the summary.

    Raises:
        UserError: no image arrived.
    """
    images, stamps_ns = _arrived(frames)
    # The player moved all stamps by the same amount, to now; the ground truth was not moved.
    recorded_ns = stamps_ns - heard.player['stamp_shift_ns']
    truths, truth_stamps_ns = _ground_truth(bag)
    nearest = [int(np.abs(truth_stamps_ns - stamp).argmin()) for stamp in recorded_ns]
    with open_sink(out / 'reconstruction.mp4', fps, overwrite=True) as video:
        for image, stamp_ns in zip(images, stamps_ns.tolist(), strict=True):
            video.write(image, stamp_ns, stamp_ns)
    at = int(PICTURE_AT * len(images))
    picture = side_by_side(
        _events_before(bag, int(recorded_ns[at])), images[at], truths[nearest[at]], tags=True
    )
    cv2.imwrite(str(out / 'side_by_side.png'), picture)
    settled = recorded_ns >= recorded_ns[0] + SETTLED_AFTER * 1e9
    score, settled_score = TagScore(), TagScore()
    for image, index, late in zip(images, nearest, settled, strict=True):
        score.add(image, truths[index])
        if late:
            settled_score.add(image, truths[index])
    return {
        **{key: heard.recorder[key] for key in ('frames', 'fps')},
        **{key: heard.recorder[key] for key in ('latency_p50_ms', 'latency_p99_ms')},
        'packets_played': heard.player['packets'],
        'packets_received': int(heard.recorder['diagnostics']['packets']),
        'packets_lost': heard.player['packets'] - int(heard.recorder['diagnostics']['packets']),
        'node_cpu_cores': heard.node_cpu_cores,
        'settled_after_s': SETTLED_AFTER,
        'tags': score.summary(),
        'tags_settled': settled_score.summary(),
    }


def show(console: Console, summary: dict[str, Any], out: Path) -> None:
    """Print what a person wants to know."""
    settled = summary['tags_settled']
    table = Table(show_header=False, title='what arrived', title_justify='left')
    table.add_row('frames', f'{summary["frames"]} at {summary["fps"]} a second')
    table.add_row(
        'latency', f'p50 {summary["latency_p50_ms"]} ms, p99 {summary["latency_p99_ms"]} ms'
    )
    table.add_row(
        'packets', f'{summary["packets_received"]} received, {summary["packets_lost"]} lost'
    )
    share, in_view = settled['share_of_tags_in_view'], settled['tags_in_view_per_frame']
    table.add_row(
        'AprilTags read',
        'none was in view'
        if share is None
        else f'{share:.0%} of the {in_view} in view, after the first {SETTLED_AFTER:g} s',
    )
    console.print(table)
    for name, what in (
        ('reconstruction.mp4', 'the video'),
        ('side_by_side.png', 'events | reconstruction | ground truth'),
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


def _events_before(bag: Path, stamp_ns: int) -> Events:
    """Return the events of the packets that were stamped shortly before a moment."""
    parts, decoder = [], None
    with open_source(bag) as source:
        for packet in source:
            assert isinstance(packet, Packet)
            decoder = decoder or decoder_for(packet.encoding, packet.width, packet.height)
            events = decoder.decode(packet)
            if stamp_ns - PICTURE_EVENTS_NS <= packet.stamp_ns < stamp_ns:
                parts.append(events)
    return Events.concatenate(parts)
