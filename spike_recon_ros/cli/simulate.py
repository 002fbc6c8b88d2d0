# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon simulate`: writes a recording with ground truth, without a camera."""

import argparse
import math
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.color_settings import BAYER_PATTERNS
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.simulation import (
    BOARDS,
    LARGEST_SIDE,
    SENSORS,
    SMALLEST_SIDE,
    EventSensor,
    Simulation,
    SpikeSensor,
    simulate,
)
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import size_in

DESCRIPTION = """\
Simulate a camera that moves over a board with AprilTags (family 36h11) or over your photographs,
and write a rosbag2 (mcap) like a recording of a real camera:

  /event_camera/events                  event_camera_msgs/msg/EventPacket, encoding mono, or
                                        spike_planes from a spike camera
  /event_camera/ground_truth/image_raw  sensor_msgs/msg/Image, mono8: the scene
  /event_camera/camera_info             sensor_msgs/msg/CameraInfo
  /event_camera/ground_truth/pose       geometry_msgs/msg/PoseStamped of a calibration board

and from a scene in colour (--color, --bayer, --frames):

  /event_camera/ground_truth/image_color  sensor_msgs/msg/Image, rgb8: the scene in colour
  /event_camera/frame_image               sensor_msgs/msg/Image, rgb8 or with --bayer bayer_*: what
                                          an ordinary camera sees that shares the lens (--frames)

The same options give the same bag.

  spike-recon simulate -o board                        three seconds, 346x260
  spike-recon simulate -o hd --size 1280x720 --seed 4  another sensor, another motion
  spike-recon simulate photos/ -o walk                 your photographs instead of the board
  spike-recon simulate photos/ --frames 10 -o rig      events and a colour camera at 10 images/s
  spike-recon simulate photos/ --bayer rggb -o colour  an event camera with colour filters
  spike-recon simulate photos/ --held-back -o held     only those that training leaves out
  spike-recon run board -o frames                      reconstruct it
  spike-recon simulate --board charuco --duration 25 -o calibration
  spike-recon simulate --sensor spike -o planes        a spike camera, 20,000 planes per second
  spike-recon simulate --sensor spike -o planes.dat    ... as a file of packed planes

For a spike camera, white in the ground truth (255) is --light-scale spikes per plane; a second of
400x250 pixels takes 250 MB. The ground truth of planes.dat is written as pictures into
planes_truth/, each named after its plane:

  spike-recon evaluate -d planes.dat --truth planes_truth/plane_000400.png --truth-plane 400
"""

EVENT_OPTIONS = {'contrast': 'contrast', 'noise': 'noise_hz', 'response': 'response_ms'}
SPIKE_OPTIONS = {
    'light_scale': 'light_scale',
    'aperture': 'aperture_px',
    'dark_rate': 'dark_rate',
    'photons_per_spike': 'photons_per_spike',
    'calibration': 'calibration',
    'truth_scale': 'truth_scale',
}
OPTIONS = {SensorKind.EVENT: EVENT_OPTIONS, SensorKind.SPIKE: SPIKE_OPTIONS}
"""Option -> attribute of the sensor."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the subcommand."""
    default = Simulation()
    parser.add_argument(
        'photos', type=Path, nargs='?', metavar='PHOTOS',
        help='folder of photographs to move over, instead of the board',
    )  # fmt: skip
    parser.add_argument(
        '--board', choices=BOARDS,
        help=f'what the board shows (default: {default.board}); a calibration board is moved as '
        'for spike-recon calibrate, and its pose is recorded',
    )  # fmt: skip
    parser.add_argument(
        '--held-back', action='store_true',
        help='use only the PHOTOS that spike-recon train leaves out, to evaluate networks on',
    )  # fmt: skip
    parser.add_argument(
        '-o', '--output', type=Path, required=True, metavar='OUT',
        help='folder of the bag to make, or x.dat for a spike camera',
    )  # fmt: skip
    parser.add_argument(
        '--overwrite', action='store_true', help='replace OUT if it is a recording'
    )
    parser.add_argument(
        '--sensor', choices=[kind.value for kind in SENSORS], default=SensorKind.EVENT.value,
        help='kind of camera (default: %(default)s)',
    )  # fmt: skip
    usual = {kind.value: '{}x{}'.format(*sensor.size) for kind, sensor in SENSORS.items()}
    parser.add_argument(
        '--size',
        type=pixel_size,
        metavar='WxH',
        help=f'columns and rows (default: {_list(usual)})',
    )
    usual = {kind.value: f'{sensor.duration_s}' for kind, sensor in SENSORS.items()}
    parser.add_argument(
        '--duration', type=float, metavar='S', help=f'length in seconds (default: {_list(usual)})'
    )
    parser.add_argument(
        '--fps-truth', type=float, default=default.truth_hz, metavar='HZ',
        help='ground truth images per second (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--speed', type=float, default=default.speed, metavar='FACTOR',
        help='multiply the speed of all motion (default: %(default)s)',
    )  # fmt: skip
    parser.add_argument(
        '--stop-after', type=float, default=math.inf, metavar='S',
        help='stop all motion after this many seconds (default: never)',
    )  # fmt: skip
    parser.add_argument(
        '--seed', type=int, default=default.seed,
        help='selects motion, texture and noise (default: %(default)s)',
    )  # fmt: skip
    _add_color_options(parser.add_argument_group('colour'), default)
    _add_event_options(parser.add_argument_group('event camera'), EventSensor())
    _add_spike_options(parser.add_argument_group('spike camera'), SpikeSensor())


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Write the recording; return its figures.

    Raises:
        UserError: an option is not valid, or the recording exists already.
    """
    _refuse_without_effect(args)
    default, exposure_ms = Simulation(), args.frame_exposure
    if exposure_ms is None:
        exposure_ms = default.frame_exposure_ms
    simulation = Simulation(
        _sensor(args),
        photos=args.photos,
        board=args.board or default.board,
        held_back=args.held_back,
        size=args.size,
        duration_s=args.duration,
        truth_hz=args.fps_truth,
        speed=args.speed,
        stop_after_s=args.stop_after,
        seed=args.seed,
        in_color=args.color,
        bayer_pattern=args.bayer or '',
        frames_hz=args.frames,
        frame_exposure_ms=exposure_ms,
    )
    console = Console(stderr=True)
    return simulate(args.output, simulation, overwrite=args.overwrite, console=console)


def in_words(result: dict[str, Any]) -> str:
    """Return what was written, as a line for people."""
    samples = next(f'{result[name]:,} {name}' for name in ('events', 'planes') if name in result)
    out = result.get('bag') or result['dat']
    return f'{samples} in {result["duration_s"]:g} s -> {out}'


def pixel_size(text: str) -> tuple[int, int]:
    """Parse `346x260`."""
    size = size_in(text)
    if size is None:
        raise argparse.ArgumentTypeError(f'{text!r} is not a size like 346x260')
    if not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in size):
        raise argparse.ArgumentTypeError(
            f'{text!r}: each side must lie between {SMALLEST_SIDE} and {LARGEST_SIDE} pixels'
        )
    return size


def _sensor(args: argparse.Namespace) -> EventSensor | SpikeSensor:
    """Return the sensor; refuse options of the other kind."""
    kind = SensorKind(args.sensor)
    for other, options in OPTIONS.items():
        for option in options:
            if other is not kind and getattr(args, option) is not None:
                flag = option.replace('_', '-')
                raise UserError(f'--{flag} is for --sensor {other.value}; leave it out')
    given = {name: getattr(args, option) for option, name in OPTIONS[kind].items()}
    return SENSORS[kind](**{name: value for name, value in given.items() if value is not None})


def _refuse_without_effect(args: argparse.Namespace) -> None:
    """Refuse options that another one replaces or that lack the one they belong to."""
    if args.board is not None and args.photos is not None:
        raise UserError('give either a board or photographs, not both')
    if args.frame_exposure is not None and args.frames is None:
        raise UserError('--frame-exposure is of the camera that --frames adds; give both')
    if args.dark_rate is not None and args.calibration is not None:
        raise UserError('--calibration has the dark rates of its sensor; leave out --dark-rate')


def _add_color_options(group: Any, default: Simulation) -> None:
    group.add_argument(
        '--color', action='store_true',
        help='a scene in colour; the ground truth is written in colour as well',
    )  # fmt: skip
    group.add_argument(
        '--bayer', choices=BAYER_PATTERNS,
        help='colour filters on the pixels of the sensor, in this pattern',
    )  # fmt: skip
    group.add_argument(
        '--frames', type=float, metavar='HZ',
        help='images per second of a colour camera that sees the same pixels (default: no '
        'camera)',
    )  # fmt: skip
    group.add_argument(
        '--frame-exposure', type=float, metavar='MS',
        help='exposure time of that camera; motion blurs its images (default: '
        f'{default.frame_exposure_ms})',
    )  # fmt: skip


def _add_event_options(group: Any, default: EventSensor) -> None:
    group.add_argument(
        '--contrast', type=float, metavar='LOG',
        help=f'change of log luminance that makes an event (default: {default.contrast})',
    )  # fmt: skip
    group.add_argument(
        '--noise', type=float, metavar='HZ',
        help=f'noise events per pixel and second (default: {default.noise_hz})',
    )  # fmt: skip
    group.add_argument(
        '--response', type=float, metavar='MS',
        help='time constant of the photoreceptor at half the brightness; 1 to 5 in office light, '
        f'0 = immediate (default: {default.response_ms})',
    )  # fmt: skip


def _add_spike_options(group: Any, default: SpikeSensor) -> None:
    group.add_argument(
        '--light-scale', type=float, metavar='RATE',
        help=f'spikes per plane of a white pixel (default: {default.light_scale})',
    )  # fmt: skip
    group.add_argument(
        '--aperture', type=float, metavar='PX',
        help='standard deviation of the blur by the area of a pixel, which the ground truth does '
        f'not have (default: {default.aperture_px}, the pixel fills its square)',
    )  # fmt: skip
    group.add_argument(
        '--dark-rate', type=float, metavar='RATE',
        help='mean spikes per plane of a pixel without light '
        f'(default: {default.dark_rate}; --calibration has its own)',
    )  # fmt: skip
    group.add_argument(
        '--photons-per-spike', type=float, metavar='N',
        help='low light: photons that make one spike, which arrive at random '
        f'(default: {default.photons_per_spike:g}, so many that their number does not vary)',
    )  # fmt: skip
    group.add_argument(
        '--calibration', type=Path, metavar='NPZ',
        help='maps of a real sensor: the arrays Nl, Nd and D_light (default: drawn at random)',
    )  # fmt: skip
    group.add_argument(
        '--truth-scale', type=int, metavar='N',
        help='ground truth with N times the width and height of the sensor, to score '
        f'super-resolution (default: {default.truth_scale})',
    )  # fmt: skip


def _list(usual: dict[str, str]) -> str:
    return ', '.join(f'{kind}: {value}' for kind, value in usual.items())
