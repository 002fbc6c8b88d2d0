# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Options for facts that a recording does not state: sensor size, encoding, layout of planes."""

import argparse
from typing import Any

from spike_recon_ros.settings import size_in
from spike_recon_ros.sources.prophesee_raw import ENCODINGS_GIVEN
from spike_recon_ros.sources.spike_layout import LAYOUTS

SOURCES = """\
SOURCE is one of these; docs/formats.md has the details:

  ROS bags         rosbag2 folder, .mcap, .db3, ROS 1 .bag
  event cameras    Prophesee .raw and .dat, .aedat4, .aedat (2 and 3.1), .es, N-Caltech101 .bin
  HDF5             event_utils, V2V, DSEC, TUM-VIE, Metavision, v2e, MVSEC, or columns
  tables           columns in a text (also in .zip, .gz, .bz2, .xz), .npz or .npy
  folders          EVREAL, EV-IMO2, ECD, E2VID, EVAID
  spike cameras    .dat or .npz of spike planes; a folder of spike-REDS, spike-X4K, SREDS,
                   recVidarReal2019 or .dat files, of which every clip is read
"""
"""Part of the help of commands that read a recording."""


def add_size_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options for recordings of event cameras."""
    parser.add_argument(
        '--size', type=_size, metavar='WxH',
        help='columns and rows of the sensor, if the file states none or wrong ones',
    )  # fmt: skip
    parser.add_argument(
        '--encoding', choices=ENCODINGS_GIVEN,
        help='byte format of a Prophesee RAW file, if its header states none or a wrong one',
    )  # fmt: skip


def given_facts(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of both functions as keyword arguments of `open_source`."""
    return {'size': args.size, 'encoding': args.encoding, 'planes': given_layout(args)}


def add_plane_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options for files of spike planes."""
    group = parser.add_argument_group(
        'files of spike planes (.dat, raw); these options override NAME.dat.yaml beside NAME.dat'
    )
    group.add_argument(
        '--plane-size',
        type=_size,
        metavar='WxH',
        help='columns and rows of the sensor (default: 400x250)',
    )
    group.add_argument(
        '--plane-period-ns',
        type=int,
        metavar='NS',
        help='nanoseconds between two planes (default: 50000)',
    )
    group.add_argument(
        '--plane-flip', action=argparse.BooleanOptionalAction,
        help='whether the bottom row is stored first (default: yes for 400x250, else no)',
    )  # fmt: skip
    group.add_argument(
        '--plane-layout', choices=LAYOUTS,
        help='planes: packed rows; planes_msb: the same with bit 7 leftmost; k10, m1: raw formats '
        'of these cameras (default: planes)',
    )  # fmt: skip


def given_layout(args: argparse.Namespace) -> dict[str, Any]:
    """Return the options of spike planes that were given, as `open_source` takes them."""
    width, height = args.plane_size or (None, None)
    given = {
        'layout': args.plane_layout,
        'width': width,
        'height': height,
        'period_ns': args.plane_period_ns,
        'flip': args.plane_flip,
    }
    return {name: value for name, value in given.items() if value is not None}


def _size(text: str) -> tuple[int, int]:
    size = size_in(text)
    if size is None:
        raise argparse.ArgumentTypeError(f'{text!r} is not a size like 400x250')
    return size
