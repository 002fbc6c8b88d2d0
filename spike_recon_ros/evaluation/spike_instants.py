# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon evaluate --truth`: one instant of a spike camera against its ground truth.

Comes in: the command line. Goes out: PSNR and SSIM. Knows nothing about recordings of events.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from spike_recon_ros.cli.plane_options import add_plane_options, planes_told
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.full_reference import SSIM_SIDE, psnr, ssim
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.registry import decoder_for, sensor_kind_of
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.sources.spike_clip import WHITE_RATE, read_truth
from spike_recon_ros.sources.spike_layout import layout_of, sidecar_of
from spike_recon_ros.windows.window import Window

PLANES_PER_WINDOW = 20
"""As a network that remembers is run: an image a millisecond of a camera of 20,000 planes/s."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what scoring one instant takes."""
    group = parser.add_argument_group('one instant of a spike camera')
    group.add_argument(
        '--truth', type=Path, metavar='IMAGE',
        help='compare one image of spike planes with this one, and write nothing',
    )  # fmt: skip
    group.add_argument(
        '--truth-plane', type=int, metavar='N', help='plane that it shows, counted from 0'
    )
    group.add_argument(
        '--white-rate', type=float, metavar='RATE',
        help=f'spikes a plane of a white pixel (that of the data set, or {WHITE_RATE}, as in '
        'spike-REDS)',
    )  # fmt: skip
    add_plane_options(parser)


def evaluate_plane(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Score one image of one model.

    Returns: what the main program prints as JSON.

    Raises:
        UserError: the recording, the image or an option is not usable.
    """
    if args.truth_plane is None or args.truth_plane < 0:
        raise UserError('--truth needs --truth-plane, the plane that the image shows, from 0 on')
    check_options(args, '--truth')
    path = args.datasets[0]
    white_rate = args.white_rate or _known_white_rate(path) or WHITE_RATE
    truth = read_truth(args.truth)
    planes, (width, height) = planes_in(path, planes_told(args))
    check_size(args.truth, truth, path, width, height)
    model = load_model(settings, width, height, kind=SensorKind.SPIKE)
    needed = args.truth_plane + 1 + model.lookahead_planes
    if len(planes) < needed:
        raise UserError(
            f'{path} has {len(planes)} planes; {model.name} needs {needed} for plane '
            f'{args.truth_plane}: take an earlier plane, or fewer --lookahead-planes (of tfp, '
            '--tfp-planes)'
        )
    image = image_at(model, planes, args.truth_plane, white_rate)
    model.close()
    return {
        'source': str(path),
        'truth': str(args.truth),
        'truth_plane': args.truth_plane,
        'model': model.name,
        'lookahead_planes': model.lookahead_planes,
        'white_rate': white_rate,
        **figures(image, truth),
    }


def check_options(args: argparse.Namespace, what: str) -> None:
    """See that the options fit.

    Args:
        args: the command line.
        what: is scored, for the messages.

    Raises:
        UserError: an option does not fit.
    """
    if args.white_rate is not None and not 0 < args.white_rate <= 1:
        raise UserError(f'--white-rate is {args.white_rate}; it must be above 0 and at most 1')
    if len(args.datasets) != 1 or len(args.models or ()) > 1:
        raise UserError(f'{what} is for one recording and one model; give one -d and one -m')
    if args.metrics:
        raise UserError(f'{what} gives psnr and ssim; leave --metrics out')


def check_size(file: Path, truth: np.ndarray, source: Path, width: int, height: int) -> None:
    """See that an image has the size of the planes.

    Raises:
        UserError: it has not.
    """
    if truth.shape != (height, width) or min(truth.shape) < SSIM_SIDE:
        raise UserError(
            f'{file} has {truth.shape[1]}x{truth.shape[0]} pixels and {source} {width}x{height}; '
            f'they must be equal, and {SSIM_SIDE}x{SSIM_SIDE} or more'
        )


def figures(image: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Return psnr and ssim of an image in 0..1 against a truth of 8 bits."""
    return {'psnr': psnr(image, truth / 255), 'ssim': ssim(image, truth / 255)}


def show_plane(result: dict[str, Any], console: Console) -> None:
    """Print the figures for people."""
    console.print(
        f'{result["model"]} at plane {result["truth_plane"]}: PSNR {result["psnr"]:.2f} dB, '
        f'SSIM {result["ssim"]:.3f}'
    )


def image_at(model: Model, planes: SpikePlanes, plane: int, white_rate: float) -> np.ndarray:
    """Return the image of a plane from a cold start: float64 [height, width] in steps of 1/255.

    Args:
        model: with its state zero.
        planes: from the first one on, with as many after `plane` as the model looks ahead.
        plane: number of the plane.
        white_rate: intensity that is 1.
    """
    seen = planes[: plane + 1 + model.lookahead_planes]
    for window in _windows(seen, model.hop_planes):
        intensity = model.step(window)
    return graded(intensity, white_rate)


def graded(intensity: np.ndarray, white_rate: float) -> np.ndarray:
    """Return an intensity in steps of 1/255, as the truth has it, with `white_rate` as 1."""
    return np.rint(255 * np.clip(intensity / white_rate, 0, 1)) / 255


def _windows(planes: SpikePlanes, hop_planes: int) -> Iterator[Window[SpikePlanes]]:
    """Cut planes into windows that end with the last one.

    What is left over at the beginning comes first, unless the model wants windows of one length.
    """
    hop = hop_planes or PLANES_PER_WINDOW
    left_over = len(planes) % hop
    starts = range(left_over, len(planes), hop)
    cuts = [*((0,) if left_over and not hop_planes else ()), *starts, len(planes)]
    for first, end in pairwise(cuts):
        part = planes[first:end]
        yield Window(int(part.t_ns[0]), int(part.t_ns[-1]) + 1, part)


def planes_in(path: Path, told: dict[str, Any]) -> tuple[SpikePlanes, tuple[int, int]]:
    """Return all planes of a recording, with the sensor's columns and rows.

    Args:
        path: of the recording.
        told: what is known of a file of planes, as `open_source` takes it.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    with open_source(path, planes=told) as source:
        packets = [packet for packet in source if isinstance(packet, Packet)]
        if not packets or not all(
            sensor_kind_of(packet.encoding) is SensorKind.SPIKE for packet in packets
        ):
            raise UserError(f'{path} holds no spike planes; leave --truth out for events')
        first = packets[0]
        decoder = decoder_for(first.encoding, first.width, first.height)
        parts = [decoder.decode(packet) for packet in packets]
    return SpikePlanes.concatenate(parts), (first.width, first.height)


def _known_white_rate(path: Path) -> float | None:
    """Return what the sidecar of a file of planes says, if it has one."""
    return layout_of(path).white_rate if sidecar_of(path).is_file() else None
