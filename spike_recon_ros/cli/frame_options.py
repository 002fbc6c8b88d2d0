# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Options for images beside the events: frames of the aligned camera, and rectification maps."""

import argparse
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from spike_recon_ros.frames.store import FrameStore

UNSEEN = 0.0005
"""Shares of pixels below it are not reported."""


def add_frame_option(parser: argparse.ArgumentParser) -> None:
    """Declare the topic of the frames."""
    parser.add_argument(
        '--frame-topic', metavar='TOPIC',
        help='topic of the frames of the aligned camera (--frames anchor, --color frame); '
        'default: /event_camera/frame_image in a bag, the frames of a data set or an AEDAT4 file',
    )  # fmt: skip


def add_rectify_option(parser: argparse.ArgumentParser, purpose: str) -> None:
    """Declare the file of the rectification map."""
    parser.add_argument(
        '--rectify', metavar='MAP', type=Path,
        help=f'rectify_map.h5 of the event camera, as in DSEC: {purpose}',
    )  # fmt: skip


def print_unseen(console: Console, share: float, sentence: str) -> None:
    """Print which share of the pixels a rectification map leaves without a source."""
    if share >= UNSEEN:
        text = f'{100 * share:.1f} % {sentence}'
        console.print(text, style='yellow', soft_wrap=True, highlight=False, markup=False)


def frame_counts(store: FrameStore) -> dict[str, dict[str, int]]:
    """Return the counts of the frames for the result; empty if none came."""
    counts = asdict(store.counts)
    return {'camera_frames': counts} if counts['received'] else {}
