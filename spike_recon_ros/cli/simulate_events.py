# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The event camera of `spike-recon simulate`.

Comes in: its options. Goes out: a bag and its figures. Knows nothing about scenes.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from spike_recon_ros.errors import UserError

if TYPE_CHECKING:
    from spike_recon_training.simulation.scene import Scene

SIZE, DURATION_S = (346, 260), 3.0
OPTIONS: dict[str, Any] = {'contrast': 0.2, 'noise': 0.3, 'response': 0.0}
"""Of this camera only, with their defaults."""


def add_arguments(group: Any) -> None:
    """Declare the options; those that are not given are None."""
    group.add_argument(
        '--contrast', type=float, metavar='LOG',
        help=f'change of log luminance that makes an event ({OPTIONS["contrast"]})',
    )  # fmt: skip
    group.add_argument(
        '--noise', type=float, metavar='HZ',
        help=f'noise events a pixel and second ({OPTIONS["noise"]})',
    )  # fmt: skip
    group.add_argument(
        '--response', type=float, metavar='MS',
        help='time constant of the photoreceptor at half the brightness: 1 to 5 in office light '
        f'({OPTIONS["response"]}: at once)',
    )  # fmt: skip


def check(args: argparse.Namespace) -> None:
    """Raise UserError if an option makes no sense."""
    if args.output.suffix == '.dat':
        raise UserError('a .dat holds spike planes; add --sensor spike, or name a folder')
    if not 0.01 <= args.contrast <= 2:
        raise UserError('--contrast must lie between 0.01 and 2; sensors have 0.1 to 0.4')
    if not 0 <= args.noise <= 1000:
        raise UserError('--noise must lie between 0 and 1000 Hz')
    if not 0 <= args.response <= 1000:
        raise UserError('--response must lie between 0 and 1000 ms')


def record(
    args: argparse.Namespace, scene: 'Scene', on_progress: Callable[[float], None]
) -> dict[str, Any]:
    """Write the bag; return its figures.

    Raises:
        UserError: the bag exists already.
    """
    # Imported here, so that --help and the other subcommands do not wait for numba.
    from spike_recon_training.simulation.event_camera import EventCamera, SensorModel  # noqa: PLC0415
    from spike_recon_training.simulation.recording import simulate  # noqa: PLC0415

    model = SensorModel(
        contrast_on=args.contrast,
        contrast_off=args.contrast,
        noise_hz=args.noise,
        response_ns=round(args.response * 1e6),
    )
    summary = simulate(
        scene,
        EventCamera(scene.width, scene.height, model, args.seed),
        args.output,
        duration_s=args.duration,
        truth_hz=args.fps_truth,
        overwrite=args.overwrite,
        on_progress=on_progress,
    )
    rate = round(summary.events / summary.duration_s / 1e6, 3)
    return {**asdict(summary), 'mega_events_per_s': rate}
