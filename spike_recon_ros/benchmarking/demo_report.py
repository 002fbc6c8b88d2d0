# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the demonstration shows: a video, a picture, the figures, and what is missing."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from spike_recon_ros.benchmarking.live_processes import LiveResult
from spike_recon_ros.errors import UserError, counted
from spike_recon_ros.evaluation.side_by_side import side_by_side
from spike_recon_ros.evaluation.tags import TagScore
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.sinks.open_sink import open_sink
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.stream_decoder import StreamDecoder
from spike_recon_ros.topics import GROUND_TRUTH
from spike_recon_ros.whole_file import write_picture

VIDEO = 'reconstruction.mp4'
FASTEST_VIDEO = 50.0
"""Frames per second; recordings with more are shown in slow motion."""
# The picture is taken at this share of the recording.
PICTURE_AT = 0.6
# The demonstration fails if fewer of the expected frames arrive.
SMALLEST_SHARE = 0.975
PICTURE_EVENTS_NS = 20_000_000
BUSY_MS = 50.0
"""If the player sends packets later than this, other programs need its processor."""
WAITED_MS = 100.0
"""Latency beyond the work on a frame that a free machine does not have."""
COUNTS = (
    'received_packets', 'decoded_packets', 'dropped_packets', 'failed_packets',
    'discarded_packets', 'waiting_packets', 'windows', 'merged_windows', 'frames', 'late_frames',
    'published_frames',
)  # fmt: skip
"""Counters of the node that the summary repeats."""
PACKET_REASONS = {
    'packets_lost': 'packets lost between player and node',
    'failed_packets': 'packets failed',
    'dropped_packets': 'packets dropped under overload',
    'waiting_packets': 'packets still waiting when the time was up',
}
REASONS = {
    **PACKET_REASONS,
    'merged_windows': 'windows merged under overload',
    'images_lost': 'images lost between node and recorder',
}
"""Keys of the summary that should be zero, with what they mean."""


def report(
    bag: Path, frames: Path, out: Path, fps: float, reported: LiveResult, settled_after_s: float
) -> dict[str, Any]:
    """Write video and picture, score the images, and return the summary.

    Args:
        bag: the recording, with ground truth.
        frames: folder that the recorder wrote.
        out: folder for the files.
        fps: frames per second of the recording.
        reported: what the processes reported.
        settled_after_s: time from which the images are scored as settled.

    Raises:
        UserError: no image arrived.
    """
    images, stamps_ns = _arrived(frames)
    # The player may have shifted all stamps to now; the ground truth has the recorded stamps.
    recorded_ns = stamps_ns - reported.player['stamp_shift_ns']
    truths, truth_stamps_ns = _ground_truth(bag)
    nearest = [int(np.abs(truth_stamps_ns - stamp).argmin()) for stamp in recorded_ns]
    with open_sink(out / VIDEO, min(fps, FASTEST_VIDEO), overwrite=True) as video:
        for image, stamp_ns in zip(images, stamps_ns.tolist(), strict=True):
            video.write(image, stamp_ns, stamp_ns)
    at = int(PICTURE_AT * len(images))
    samples = _samples(bag)
    picture = side_by_side(
        samples.before(int(recorded_ns[at])), images[at], truths[nearest[at]], tags=True
    )
    write_picture(out / 'side_by_side.png', picture)
    settled = recorded_ns >= recorded_ns[0] + settled_after_s * 1e9
    score, settled_score = TagScore(), TagScore()
    for image, index, late in zip(images, nearest, settled, strict=True):
        score.add(image, truths[index])
        if late:
            settled_score.add(image, truths[index])
    diagnostics = reported.recorder['diagnostics']
    counts = {key: int(diagnostics[key]) for key in COUNTS}
    played = reported.player['packets']
    # A spike camera's first windows have no image yet: the model looks ahead.
    without_image = counts['windows'] - counts['frames']
    return {
        'frames': len(images),
        'frames_expected': samples.windows(fps) - without_image,
        'fps': reported.recorder['fps'],
        **{key: reported.recorder[key] for key in ('latency_p50_ms', 'latency_p99_ms')},
        **{key: float(diagnostics[key]) for key in ('processing_p50_ms', 'processing_p99_ms')},
        'model': diagnostics['model'],
        'packets_played': played,
        'packets_lost': played - counts['received_packets'],
        'played_late_p99_ms': reported.player['late_p99_ms'],
        **counts,
        'images_lost': counts['published_frames'] - reported.recorder['written'],
        'node_cpu_cores': reported.node_cpu_cores,
        'settled_after_s': settled_after_s,
        'tags': score.summary(),
        'tags_settled': settled_score.summary(),
    }


def missing(summary: dict[str, Any]) -> str:
    """Return `184 of 200 frames, because ...`; '' if nothing is missing."""
    reasons = [counted(summary[key], words) for key, words in REASONS.items() if summary[key]]
    frames, expected = summary['frames'], summary['frames_expected']
    if not reasons and frames >= expected:
        return ''
    because = ' and '.join(reasons) or 'the node has not made the others, for an unknown reason'
    return f'{frames} of {expected} frames, because {because}'


def check_complete(summary: dict[str, Any]) -> None:
    """Check that the demonstration worked.

    Raises:
        UserError: packets were lost, dropped or not decoded, or too few frames arrived.
    """
    too_few = summary['frames'] < SMALLEST_SHARE * summary['frames_expected']
    if too_few or any(summary[key] for key in PACKET_REASONS):
        raise UserError(
            f'{missing(summary)}; stop other programs, or use a faster model (--model fibar) or '
            'a lower --rate'
        )


def show(console: Console, summary: dict[str, Any], out: Path) -> None:
    """Print the figures; the summary also holds `rate` and `recorded_fps`."""
    settled = summary['tags_settled']
    table = Table(show_header=False, title='result', title_justify='left')
    frames = f'{summary["frames"]} of {summary["frames_expected"]}'
    table.add_row('frames', f'{frames}, at {summary["fps"]} per second')
    if missing(summary):
        table.add_row('missing', missing(summary))
    # When played slower than recorded, latency would include the slower arrival of the planes.
    timed = 'latency' if summary['rate'] == 1 else 'processing'
    table.add_row(
        timed, f'p50 {summary[f"{timed}_p50_ms"]} ms, p99 {summary[f"{timed}_p99_ms"]} ms'
    )
    table.add_row(
        'packets',
        f'{summary["packets_played"]} played, {summary["received_packets"]} received, '
        f'{summary["decoded_packets"]} decoded',
    )
    if (summary['played_late_p99_ms'] or 0.0) > BUSY_MS:
        late = f'p99 {summary["played_late_p99_ms"]:.0f} ms late, which adds to the latency'
        table.add_row('this machine is busy', f'packets were sent {late}')
    elif (waited_ms := _waited_ms(summary)) > WAITED_MS:
        table.add_row(
            'this machine is busy',
            f'{waited_ms:.0f} ms of the latency is waiting; stop other programs, or use a faster '
            'model (--model fibar)',
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
    files = Table.grid(padding=(0, 2))
    for name, what in (
        (VIDEO, 'the video' + (f', slowed {slowed:g} times' if slowed > 1 else '')),
        ('side_by_side.png', 'what the camera sent | reconstruction | ground truth'),
        ('summary.json', 'the figures'),
        ('frames/', 'each image'),
        ('recording/', 'the recording, a ROS 2 bag'),
    ):
        files.add_row('', escape(str(out / name)), f'[dim]{escape(what)}')
    console.print(files)


def _waited_ms(summary: dict[str, Any]) -> float:
    """Return how much of the latency is not the work on a frame; 0 if it is not known."""
    latency_ms = summary['latency_p50_ms']
    return 0.0 if latency_ms is None else latency_ms - summary['processing_p50_ms']


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


@dataclass(frozen=True, slots=True)
class _Samples:
    """The decoded packets of a recording, in order.

    Attributes:
        parts: Events or SpikePlanes of each packet.
        stamps_ns: host time of each packet.
    """

    parts: list[Any]
    stamps_ns: list[int]

    def before(self, stamp_ns: int) -> Events | SpikePlanes:
        """Return what was stamped in the last PICTURE_EVENTS_NS before a moment."""
        chosen = [
            part
            for part, packet_ns in zip(self.parts, self.stamps_ns, strict=True)
            if stamp_ns - PICTURE_EVENTS_NS <= packet_ns < stamp_ns
        ]
        joined: Events | SpikePlanes = type(self.parts[0]).concatenate(chosen)
        return joined

    def windows(self, fps: float) -> int:
        """Return the number of windows that a free-running node completes."""
        times = [part.t_ns for part in self.parts if len(part)]
        first_ns, latest_ns = int(times[0][0]), max(int(t_ns.max()) for t_ns in times)
        count = int((latest_ns - first_ns) * fps / 1e9) + 1
        while first_ns + round(count * 1e9 / fps) > latest_ns:
            count -= 1
        return count


def _samples(bag: Path) -> _Samples:
    samples = _Samples([], [])
    stream = StreamDecoder()
    with open_source(bag) as source:
        for packet in source:
            assert isinstance(packet, Packet)
            samples.parts.append(stream.decode(packet))
            samples.stamps_ns.append(packet.stamp_ns)
    return samples
