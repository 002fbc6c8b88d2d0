# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon calibrate`: intrinsics and lens distortion from a recording of a board."""

import argparse
import contextlib
import dataclasses
import functools
import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rich.console import Console

from spike_recon_ros.calibration.boards import BOARDS, DICTIONARIES, target_of
from spike_recon_ros.calibration.camera_info_file import write_camera_info
from spike_recon_ros.calibration.report import draw_report, figures
from spike_recon_ros.calibration.search import Search
from spike_recon_ros.calibration.solve import (
    DISTORTIONS,
    FEWEST_VIEWS,
    calibrate,
    choose_views,
)
from spike_recon_ros.cli.plane_options import add_plane_options, add_size_options, given_facts
from spike_recon_ros.cli.settings_options import add_settings, checked_load, settings_of
from spike_recon_ros.errors import UserError
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import LoadModel
from spike_recon_ros.offline.frames import ResetPrinter, frames_of
from spike_recon_ros.offline.progress import print_warning
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.regular_file import own_files
from spike_recon_ros.settings import AUTO, Settings, size_in
from spike_recon_ros.sources.open_images import grey_image, open_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.whole_file import check_output_folder, write_picture, write_whole

DESCRIPTION = """\
Estimate the intrinsics and the lens distortion of a camera from a recording of a board, which is
reconstructed as with `spike-recon run`.

  spike-recon calibrate recording/ -o calib --board checkerboard --board-size 8x6 --square 0.03
  spike-recon calibrate recording/ -o calib --board charuco --board-size 7x5 --square 0.04
  spike-recon calibrate recording/ -o calib --board aprilgrid --board-size 6x6 --square 0.088

Move the board, or the camera, slowly and without stopping for half a minute: to all corners of the
image, near and far, tilted by 20 to 40 degrees in all directions. An event camera does not see
what does not move.

The filter fibar reconstructs events, unless --model names another: its corners are the most exact.

OUT is a folder with camera_info.yaml (the file that ROS's camera drivers load), report.json and
coverage.png (all corners, and the error of each view).
"""
PICTURES = ('.png', '.jpg', '.jpeg', '.bmp', '.tif', '.tiff')
"""Endings of the files of a folder that are read as images."""
EVENT_MODEL = 'fibar'
"""Model for events unless the user names one. Its corners are nearer to the truth than those of
the networks, which are trained for how an image looks; see benchmarks/results/calibration.json."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument('source', metavar='SOURCE', help='recording, or a folder of images')
    parser.add_argument(
        '-o', '--out', metavar='OUT', type=Path, required=True, help='folder to write'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace the files in OUT')
    parser.add_argument('--board', choices=BOARDS, required=True, help='kind of board')
    parser.add_argument(
        '--board-size', type=_board_size, metavar='CxR', required=True,
        help='columns x rows: inner corners (checkerboard), squares (charuco), tags (aprilgrid)',
    )  # fmt: skip
    parser.add_argument(
        '--square', type=float, metavar='M', required=True,
        help='side of a square, or of the black square of a tag, in metres',
    )  # fmt: skip
    parser.add_argument(
        '--marker', type=float, metavar='M', default=0.0,
        help='charuco: side of a marker in metres (default: 0.75 of a square)',
    )  # fmt: skip
    parser.add_argument(
        '--dictionary', choices=DICTIONARIES, default='4x4_50',
        help='charuco: dictionary of the markers (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--legacy', action='store_true', help='charuco: layout of OpenCV before 4.6'
    )
    parser.add_argument(
        '--spacing', type=float, metavar='SHARE', default=0.3,
        help='aprilgrid: space between tags as a share of their side (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--distortion', choices=[*DISTORTIONS], default='plumb_bob',
        help='model of the lens (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--views', type=int, metavar='N', default=60,
        help='largest number of views; those that differ most are used (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--interval', type=float, metavar='S', default=0.2,
        help='shortest time between two images that are searched, in seconds '
        '(default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--camera-name', metavar='NAME', default='event_camera',
        help='name in camera_info.yaml (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--topic', metavar='TOPIC', help='events topic; needed only if there are several'
    )
    parser.add_argument(
        '--image-topic', metavar='TOPIC',
        help='use the recorded images of this topic instead of reconstructing',
    )  # fmt: skip
    add_size_options(parser)
    add_plane_options(parser)
    add_settings(parser, without=('roi', 'scale'))


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Calibrate from one recording; write the files.

    Returns: the result, as in report.json but without the single views.

    Raises:
        UserError: the recording cannot be read, the board cannot be found, or it is found in too
            few images.
    """
    _check_options(args)
    check_output_folder(args.out)
    _check_out(args.out, args.overwrite)
    target = target_of(
        args.board,
        args.board_size,
        args.square,
        marker=args.marker,
        spacing=args.spacing,
        dictionary=args.dictionary,
        legacy=args.legacy,
    )
    console = Console(stderr=True)
    search = Search(target)
    due_ns: int | None = None
    for t_ns, image in _images(args, console):
        if due_ns is None or t_ns >= due_ns:
            due_ns = t_ns + round(1e9 * args.interval)
            search.add(t_ns, image)
    how = f'{args.board} of {"x".join(map(str, args.board_size))}'
    size = search.checked_size(str(args.source), how)
    views = choose_views(search.views, args.views, size)
    result = calibrate(views, size, args.distortion)
    found = figures(result, search.n_images, len(search.views))
    write_camera_info(args.out / 'camera_info.yaml', result, args.camera_name)
    write_whole(args.out / 'report.json', json.dumps(found, indent=1) + '\n')
    write_picture(args.out / 'coverage.png', draw_report(result))
    if result.warning:
        console.print(f'warning: {result.warning}', style='yellow', markup=False, soft_wrap=True)
    summary = {name: value for name, value in found.items() if name not in ('views', 'left_out')}
    return {
        'source': str(args.source),
        'out': str(args.out),
        **summary,
        'views': len(result.views),
        'left_out': len(result.left_out),
        'worst_view_px': max(view['rms_px'] for view in found['views']),
    }


def in_words(result: dict[str, Any]) -> str:
    """Return the result as a line for people."""
    return (
        f'fx {result["fx"]:.2f}, fy {result["fy"]:.2f}, cx {result["cx"]:.2f}, cy '
        f'{result["cy"]:.2f} px from {result["views"]} of {result["images_with_board"]} views; '
        f'reprojection error {result["rms_px"]:.3f} px (worst view '
        f'{result["worst_view_px"]:.3f}); {100 * result["covered"]:.0f} % of the image covered -> '
        f'{result["out"]}/camera_info.yaml'
    )


def _images(args: argparse.Namespace, console: Console) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the time and the uint8 [height, width] image of each frame.

    Files without times are taken as one second apart, so all of them are searched.
    """
    folder = Path(args.source)
    files = own_files(folder.iterdir()) if folder.is_dir() else []
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    if args.image_topic is not None:
        for stamp_ns, image in open_images(args.source, args.image_topic, args.size):
            yield stamp_ns, grey_image(image)
    elif pictures:
        yield from _read(pictures)
    else:
        yield from _reconstructed(args, console)


def _read(pictures: Iterable[Path]) -> Iterator[tuple[int, np.ndarray]]:
    for second, picture in enumerate(pictures):
        image = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
        if image is None:
            raise UserError(f'{picture} cannot be read as an image')
        yield second * 10**9, grey_image(image)


def _reconstructed(args: argparse.Namespace, console: Console) -> Iterator[tuple[int, np.ndarray]]:
    warn = functools.partial(print_warning, console)
    reconstructor = Reconstructor(
        settings_of(args),
        on_reset=ResetPrinter(console),
        load=functools.partial(_load, checked_load(args, warn)),
    )
    with (
        contextlib.closing(reconstructor),
        open_source(args.source, args.topic, **given_facts(args)) as source,
    ):
        for frame in frames_of(source, reconstructor, console):
            assert frame.image is not None
            assert reconstructor.region is not None
            if frame.image.shape != reconstructor.region.image_size[::-1]:
                raise UserError(
                    f'{reconstructor.model_name} enlarges the image, so its calibration would not '
                    'be that of the sensor; choose a model without super-resolution'
                )
            yield frame.t_ns, grey_image(frame.image)


def _load(
    load: LoadModel, settings: Settings, width: int, height: int, *, kind: SensorKind
) -> Model:
    """Load the model; for events, `auto` is EVENT_MODEL."""
    if kind is SensorKind.EVENT and settings.model == AUTO:
        settings = dataclasses.replace(settings, model=EVENT_MODEL)
    return load(settings, width, height, kind=kind)


def _check_options(args: argparse.Namespace) -> None:
    if args.views < FEWEST_VIEWS:
        raise UserError(f'--views is {args.views}; {FEWEST_VIEWS} views are needed at least')
    if not (math.isfinite(args.interval) and args.interval >= 0):
        raise UserError(f'--interval is {args.interval:g}; give seconds, 0 or more')
    if not re.fullmatch(r'[A-Za-z0-9_./-]+', args.camera_name):
        raise UserError(
            f'--camera-name is {args.camera_name!r}; use letters, digits, "_", "-", "." and "/"'
        )


def _check_out(out: Path, overwrite: bool) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f'{out} is no folder; choose another name')
    if (out / 'camera_info.yaml').exists() and not overwrite:
        raise UserError(f'{out} holds a calibration; choose another name or add --overwrite')


def _board_size(text: str) -> tuple[int, int]:
    size = size_in(text)
    if size is None:
        raise argparse.ArgumentTypeError(f'{text!r} is not a board size like 8x6')
    return size
