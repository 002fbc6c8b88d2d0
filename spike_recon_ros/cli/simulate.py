# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon simulate`: a recording with ground truth, without a camera.

Comes in: the command line. Goes out: a recording and its figures. Knows nothing about how the
simulation works.
"""

import argparse
import math
import time
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from spike_recon_ros.cli import simulate_events, simulate_spikes
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.training_extra import training_installed

if TYPE_CHECKING:
    from spike_recon_training.simulation.scene import Scene

HELP = 'simulate an event camera or a spike camera: a recording with ground truth'
DESCRIPTION = """\
Simulate a camera that moves over a board with AprilTags (family 36h11), or before photographs of
yours, and write a rosbag2 (mcap) that plays like a recording of a real one:

  /event_camera/events                  event_camera_msgs/msg/EventPacket, encoding mono or, of a
                                        spike camera, spike_planes
  /event_camera/ground_truth/image_raw  sensor_msgs/msg/Image, mono8: what there was to see
  /event_camera/camera_info             sensor_msgs/msg/CameraInfo

The same options give the same bag.

  spike-recon simulate -o board                        three seconds, 346x260
  spike-recon simulate -o hd --size 1280x720 --seed 4  another sensor, another motion
  spike-recon simulate photos/ -o walk                 your photographs instead of the board
  spike-recon simulate photos/ --held-back -o held     those that no training has seen
  spike-recon run board -o frames                      reconstruct it
  spike-recon simulate --sensor spike -o planes        a spike camera, 20,000 planes a second
  spike-recon simulate --sensor spike -o planes.dat    ... as a file of packed planes

Of a spike camera, white in the ground truth (255) is --light-scale spikes a plane, and a second of
400x250 pixels takes 250 MB. Beside planes.dat the ground truth lies as pictures in planes_truth/,
each named after its plane:

  spike-recon evaluate -d planes.dat --truth planes_truth/plane_000400.png --truth-plane 400
"""

LARGEST_SIDE, SMALLEST_SIDE = 2048, 32
SENSORS: dict[str, ModuleType] = {'event': simulate_events, 'spike': simulate_spikes}


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
        '-o', '--output', type=Path, required=True, metavar='OUT',
        help='folder of the bag to make, or x.dat for a spike camera',
    )  # fmt: skip
    parser.add_argument(
        '--overwrite', action='store_true', help='replace OUT if it is a recording'
    )
    parser.add_argument(
        '--sensor', choices=tuple(SENSORS), default='event', help='kind of camera (%(default)s)'
    )
    parser.add_argument(
        '--size', type=pixel_size, metavar='WxH',
        help='pixels (346x260, of a spike camera 400x250)',
    )  # fmt: skip
    parser.add_argument(
        '--duration', type=float, metavar='S',
        help=f'length, seconds ({simulate_events.DURATION_S}, of a spike camera '
        f'{simulate_spikes.DURATION_S})',
    )  # fmt: skip
    parser.add_argument(
        '--fps-truth',
        type=float,
        default=50.0,
        metavar='HZ',
        help='ground truth rate (%(default)s)',
    )
    parser.add_argument(
        '--speed', type=float, default=1.0, metavar='TIMES',
        help='let everything move so many times as fast (%(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--stop-after', type=float, default=math.inf, metavar='S',
        help='let everything stand still from then on, seconds (never)',
    )  # fmt: skip
    parser.add_argument(
        '--seed', type=int, default=0, help='chooses motion, texture and noise (%(default)s)'
    )
    for name, sensor in SENSORS.items():
        sensor.add_arguments(parser.add_argument_group(f'{name} camera'))


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the recording; return its figures.

    Raises:
        UserError: if an option makes no sense, or the recording exists already.
    """
    sensor = SENSORS[args.sensor]
    _settle(args)
    _check(args)
    sensor.check(args)
    started = time.monotonic()
    width, height = args.size
    scene = _scene(args, width, height)
    with _progress() as progress:
        task = progress.add_task(f'simulating {width}x{height}', total=1.0)
        figures = sensor.record(args, scene, lambda share: progress.update(task, completed=share))
    return {
        'bag' if args.output.suffix != '.dat' else 'dat': str(args.output),
        'width': width,
        'height': height,
        **figures,
        'took_s': round(time.monotonic() - started, 2),
    }


def _settle(args: argparse.Namespace) -> None:
    """Fill in what was not given, and refuse what is of the other camera."""
    for name, sensor in SENSORS.items():
        for option, default in sensor.OPTIONS.items():
            if name == args.sensor:
                if getattr(args, option) is None:
                    setattr(args, option, default)
            elif getattr(args, option) is not None:
                flag = option.replace('_', '-')
                raise UserError(f'--{flag} is for --sensor {name}; leave it out')
    sensor = SENSORS[args.sensor]
    args.size = args.size or sensor.SIZE
    args.duration = sensor.DURATION_S if args.duration is None else args.duration


def _scene(args: argparse.Namespace, width: int, height: int) -> 'Scene':
    from spike_recon_training.simulation.scene import BoardScene, PacedScene  # noqa: PLC0415

    if args.photos is None:
        scene: Scene = BoardScene(width, height, args.seed)
    else:
        with training_installed():
            from spike_recon_training.simulation.photo_scene import photo_scene  # noqa: PLC0415
        scene = photo_scene(args.photos, width, height, args.seed, held_back=args.held_back)
    return PacedScene(scene, args.speed, args.stop_after)


def simulate_board(out: Path, **options: Any) -> dict[str, Any]:
    """Write the recording that the subcommand would, given its long options by name."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    words = [word for name, value in options.items() for word in (f'--{name}', str(value))]
    return run(parser.parse_args(['--output', str(out), '--overwrite', *words]))


def _check(args: argparse.Namespace) -> None:
    for name in ('duration', 'fps_truth', 'speed', 'stop_after'):
        if not getattr(args, name) > 0:
            raise UserError(f'--{name.replace("_", "-")} must be above 0')
    if args.held_back and args.photos is None:
        raise UserError('--held-back chooses among photographs: give the folder PHOTOS')
    if args.seed < 0:
        raise UserError('--seed must be 0 or above')


def pixel_size(text: str) -> tuple[int, int]:
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
