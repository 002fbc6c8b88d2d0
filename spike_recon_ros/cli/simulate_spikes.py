# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spike camera of `spike-recon simulate`.

Comes in: its options. Goes out: a bag or a `.dat`, and its figures. Knows nothing about scenes.
"""

import argparse
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spike_recon_ros.errors import UserError

if TYPE_CHECKING:
    from spike_recon_training.simulation.scene import Scene

SIZE, DURATION_S = (400, 250), 0.5
OPTIONS: dict[str, Any] = {
    'light_scale': 0.6,
    'aperture': 0.29,
    'dark_rate': 0.004,
    'photons_per_spike': 0.0,
    'calibration': None,
}
"""Of this camera only, with their defaults."""


def add_arguments(group: Any) -> None:
    """Declare the options; those that are not given are None."""
    group.add_argument(
        '--light-scale', type=float, metavar='RATE',
        help=f'spikes a plane of a white pixel ({OPTIONS["light_scale"]})',
    )  # fmt: skip
    group.add_argument(
        '--aperture', type=float, metavar='PX',
        help='standard deviation of the blur by the area of a pixel, which the ground truth is '
        f'without ({OPTIONS["aperture"]}: it fills its square)',
    )  # fmt: skip
    group.add_argument(
        '--dark-rate', type=float, metavar='RATE',
        help='spikes a plane of a pixel that gets no light, on average '
        f'({OPTIONS["dark_rate"]}; a calibration has its own)',
    )  # fmt: skip
    group.add_argument(
        '--photons-per-spike', type=float, metavar='N',
        help='low light: photons come one by one, N of them make a spike '
        f'({OPTIONS["photons_per_spike"]:g} = so many that their number does not vary)',
    )  # fmt: skip
    group.add_argument(
        '--calibration', type=Path, metavar='NPZ',
        help='maps of a real sensor: the arrays Nl, Nd and D_light (drawn at random)',
    )  # fmt: skip


def check(args: argparse.Namespace) -> None:
    """Raise UserError if an option makes no sense."""
    if not 0 < args.light_scale <= 10:
        raise UserError('--light-scale must lie above 0 and be at most 10; cameras have 0.05 to 1')
    if not 0 <= args.aperture <= 5:
        raise UserError('--aperture must lie between 0 and 5 pixels')
    if not 0 <= args.dark_rate < 1:
        raise UserError('--dark-rate must be at least 0 and below 1')
    if not 0 <= args.photons_per_spike <= 1e6:
        raise UserError('--photons-per-spike must lie between 0 and 1000000')


def record(
    args: argparse.Namespace, scene: 'Scene', on_progress: Callable[[float], None]
) -> dict[str, Any]:
    """Write the recording; return its figures.

    Raises:
        UserError: it exists already, or the calibration is not usable.
    """
    # Imported here, so that --help and the other subcommands do not wait for numba.
    from spike_recon_training.simulation.spike_camera import (  # noqa: PLC0415
        SpikeCamera,
        SpikeSensorModel,
        read_calibration,
    )
    from spike_recon_training.simulation.spike_recording import simulate_spikes  # noqa: PLC0415

    model = SpikeSensorModel(
        light_scale=args.light_scale,
        aperture_px=args.aperture,
        dark_rate=args.dark_rate,
        photons_per_spike=args.photons_per_spike,
    )
    maps = None if args.calibration is None else read_calibration(args.calibration)
    summary = simulate_spikes(
        scene,
        SpikeCamera(scene.width, scene.height, model, args.seed, maps),
        args.output,
        duration_s=args.duration,
        truth_hz=args.fps_truth,
        overwrite=args.overwrite,
        on_progress=on_progress,
    )
    pixels = summary.planes * scene.width * scene.height
    return {**asdict(summary), 'rate_mean_spikes_plane': round(summary.spikes / pixels, 4)}
