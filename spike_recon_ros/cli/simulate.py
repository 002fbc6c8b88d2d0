# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon simulate`: a recording with ground truth, without a camera.

Comes in: the command line. Goes out: a bag and its figures. Knows nothing about how the
simulation works.
"""

import argparse
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from spike_recon_ros.cli.training_guard import training_installed
from spike_recon_ros.errors import UserError

if TYPE_CHECKING:
    from spike_recon_training.simulation.scene import Scene

HELP = 'simulate an event camera: a bag with events and ground truth'
DESCRIPTION = """\
Simulate an event camera that moves over a board with AprilTags (family 36h11), or before
photographs of yours, and write a rosbag2 (mcap) that plays like a recording of a real one:

  /event_camera/events                  event_camera_msgs/msg/EventPacket, encoding mono
  /event_camera/ground_truth/image_raw  sensor_msgs/msg/Image, mono8: what there was to see
  /event_camera/camera_info             sensor_msgs/msg/CameraInfo

The same options give the same bag.

  spike-recon simulate -o board                        three seconds, 346x260
  spike-recon simulate -o hd --size 1280x720 --seed 4  another sensor, another motion
  spike-recon simulate photos/ -o walk                 your photographs instead of the board
  spike-recon simulate photos/ --held-back -o held     those that no training has seen
  spike-recon run board -o frames                      reconstruct it
"""

LARGEST_SIDE, SMALLEST_SIDE = 2048, 32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    parser.add_argument(
        'photos', type=Path, nargs='?', metavar='PHOTOS',
        help='folder of photographs to move before the camera, instead of the board',
    )  # fmt: skip
    parser.add_argument(
        '--held-back', action='store_true',
        help='use only the PHOTOS that spike-recon train leaves out, to judge networks by',
    )  # fmt: skip
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='BAG', help='folder to make'
    )
    parser.add_argument('--overwrite', action='store_true', help='replace BAG if it is a bag')
    parser.add_argument(
        '--size', type=_size, default=(346, 260), metavar='WxH', help='pixels (346x260)'
    )
    parser.add_argument(
        '--duration', type=float, default=3.0, metavar='S', help='length, seconds (%(default)s)'
    )
    parser.add_argument(
        '--fps-truth',
        type=float,
        default=50.0,
        metavar='HZ',
        help='ground truth rate (%(default)s)',
    )
    parser.add_argument(
        '--seed', type=int, default=0, help='chooses motion, texture and noise (%(default)s)'
    )
    parser.add_argument(
        '--contrast',
        type=float,
        default=0.2,
        metavar='LOG',
        help='change of log luminance that makes an event (%(default)s)',
    )
    parser.add_argument(
        '--noise',
        type=float,
        default=0.3,
        metavar='HZ',
        help='noise events a pixel and second (%(default)s)',
    )
    parser.add_argument(
        '--response',
        type=float,
        default=0.0,
        metavar='MS',
        help='time constant of the photoreceptor at half the brightness: 1 to 5 in office light '
        '(%(default)s: at once)',
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the bag; return its figures.

    Raises:
        UserError: if an option makes no sense, or the bag exists already.
    """
    # Imported here, so that --help and the other subcommands do not wait for numba.
    from spike_recon_training.simulation.event_camera import EventCamera, SensorModel  # noqa: PLC0415
    from spike_recon_training.simulation.recording import simulate  # noqa: PLC0415

    _check(args)
    started = time.monotonic()
    width, height = args.size
    scene = _scene(args, width, height)
    model = SensorModel(
        contrast_on=args.contrast,
        contrast_off=args.contrast,
        noise_hz=args.noise,
        response_ns=round(args.response * 1e6),
    )
    camera = EventCamera(width, height, model, args.seed)
    with _progress() as progress:
        task = progress.add_task(f'simulating {width}x{height}', total=1.0)
        summary = simulate(
            scene,
            camera,
            args.output,
            duration_s=args.duration,
            truth_hz=args.fps_truth,
            overwrite=args.overwrite,
            on_progress=lambda share: progress.update(task, completed=share),
        )
    return {
        'bag': str(args.output),
        'width': width,
        'height': height,
        **asdict(summary),
        'mega_events_per_s': round(summary.events / summary.duration_s / 1e6, 3),
        'took_s': round(time.monotonic() - started, 2),
    }


def _scene(args: argparse.Namespace, width: int, height: int) -> 'Scene':
    if args.photos is None:
        from spike_recon_training.simulation.scene import BoardScene  # noqa: PLC0415

        return BoardScene(width, height, args.seed)
    with training_installed():
        from spike_recon_training.simulation.photo_scene import photo_scene  # noqa: PLC0415
    return photo_scene(args.photos, width, height, args.seed, held_back=args.held_back)


def simulate_board(bag: Path, **options: Any) -> dict[str, Any]:
    """Write the bag that the subcommand would, given its long options by name."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = [word for name, value in options.items() for word in (f'--{name}', str(value))]
    return run(parser.parse_args(['--output', str(bag), '--overwrite', *words]))


def _check(args: argparse.Namespace) -> None:
    for name in ('duration', 'fps_truth'):
        if not getattr(args, name) > 0:
            raise UserError(f'--{name.replace("_", "-")} must be above 0')
    if not 0.01 <= args.contrast <= 2:
        raise UserError('--contrast must lie between 0.01 and 2; sensors have 0.1 to 0.4')
    if not 0 <= args.noise <= 1000:
        raise UserError('--noise must lie between 0 and 1000 Hz')
    if not 0 <= args.response <= 1000:
        raise UserError('--response must lie between 0 and 1000 ms')
    if args.held_back and args.photos is None:
        raise UserError('--held-back chooses among photographs: give the folder PHOTOS')
    if args.seed < 0:
        raise UserError('--seed must be 0 or above')


def _size(text: str) -> tuple[int, int]:
    """Parse `346x260`."""
    parts = text.lower().split('x')
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise argparse.ArgumentTypeError(f'{text!r} is not a size like 346x260')
    width, height = int(parts[0]), int(parts[1])
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in (width, height)):
        raise argparse.ArgumentTypeError(
            f'{text!r}: each side must lie between {SMALLEST_SIDE} and {LARGEST_SIDE} pixels'
        )
    return width, height


def _progress() -> Progress:
    return Progress(
        TextColumn('{task.description}'),
        BarColumn(),
        TextColumn('{task.percentage:>3.0f} %'),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
