# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon demo`: simulates a recording and reconstructs it live in real ROS nodes."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.benchmarking.live_processes import LOSSLESS, run_live
from spike_recon_ros.benchmarking.ros_domain import isolate_from_other_nodes
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.model_choice import check_model_name
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.sinks.video import import_av
from spike_recon_ros.whole_file import write_whole

DESCRIPTION = """\
Simulate a camera that moves over a board with AprilTags, reconstruct its images live, and compare
them with the ground truth. Three processes run: a player publishes the recording as EventPacket
messages, the node reconstructs it, a recorder receives the images. The results are a video, a
picture (what the camera sent | reconstruction | ground truth) and a summary. Every frame is made,
late ones too. The exit status is 1 if packets or frames are missing.

  spike-recon demo
  spike-recon demo --sensor spike            a spike camera, played at a tenth of its real pace
  spike-recon demo --sensor spike --rate 1   ... at its real pace: 250 MB per second
"""


@dataclass(frozen=True, slots=True)
class Show:
    """The defaults of the demonstration for one kind of camera.

    Attributes:
        fps: frames per second of the recording.
        duration_s: length of the recording.
        rate: speed of the player; below 1 is slower than recorded.
        settled_after_s: time from which images count as settled: with events, each edge must have
            moved a few times before the brightness on both sides is known.
    """

    fps: float
    duration_s: float
    rate: float
    settled_after_s: float


SHOWS = {
    SensorKind.EVENT.value: Show(fps=50.0, duration_s=4.0, rate=1.0, settled_after_s=1.0),
    # 20,000 planes per second are 250 MB; two cores with other work can carry and reconstruct a
    # tenth of that.
    SensorKind.SPIKE.value: Show(fps=100.0, duration_s=0.5, rate=0.1, settled_after_s=0.0),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the subcommand."""
    parser.add_argument(
        '-o',
        '--out',
        metavar='FOLDER',
        type=Path,
        default=Path('demo'),
        help='where the files go (default: %(default)s)',
    )
    parser.add_argument(
        '-m',
        '--model',
        default=Settings().model,
        help='reconstruction model (default: %(default)s)',
    )
    parser.add_argument(
        '--sensor',
        choices=tuple(SHOWS),
        default=SensorKind.EVENT.value,
        help='kind of camera (default: %(default)s)',
    )
    for option, name, what in (
        ('--fps', 'fps', 'frames per second of the recording'),
        ('--duration', 'duration_s', 'length of the recording in seconds'),
        ('--rate', 'rate', 'speed at which it is played, 1 = as recorded'),
    ):
        defaults = ', '.join(f'{kind} {getattr(show, name):g}' for kind, show in SHOWS.items())
        parser.add_argument(option, type=float, help=f'{what} (default: {defaults})')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the simulation (default: %(default)s)'
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Simulate, play, reconstruct, record and compare.

    Returns: the summary that is also written to summary.json.

    Raises:
        UserError: there is no ROS or no library for videos, one of the processes failed, or
            packets or frames are missing.
    """
    ros_or_cure()
    from spike_recon_ros.benchmarking.demo_report import check_complete, report, show  # noqa: PLC0415 -- slow to import

    show_of = SHOWS[args.sensor]
    fps, rate = args.fps or show_of.fps, args.rate or show_of.rate
    # What would fail later fails before the simulation.
    import_av()
    check_model_name(Settings(model=args.model, fps=fps).model)
    isolate_from_other_nodes()
    console = Console(stderr=True)
    bag, frames = args.out / 'recording', args.out / 'frames'
    args.out.mkdir(parents=True, exist_ok=True)
    console.print('[bold]1/3[/] simulate a camera that moves over a board with AprilTags')
    simulated = simulate_board(
        bag,
        SensorKind(args.sensor),
        console=console,
        duration_s=args.duration or show_of.duration_s,
        truth_hz=fps,
        seed=args.seed,
    )
    pace = 'its real pace' if rate == 1 else f'{rate:g} of its real pace, on purpose'
    console.print(f'[bold]2/3[/] play it through the live node, over DDS, at {pace}')
    parameters = {
        **LOSSLESS,
        'sensor': args.sensor,
        'sensor_size': f'{simulated["width"]}x{simulated["height"]}',
        'model': args.model,
        'fps': fps,
    }
    # At another speed, stamps moved to now would not run as fast as the time in the packets.
    options = ('--restamp',) if rate == 1 else ('--rate', str(rate))
    with console.status('starting three processes and playing; the first start takes longer'):
        reported = run_live(bag, frames, parameters, options)
    console.print('[bold]3/3[/] compare the images with the ground truth')
    with console.status('reading tags and writing the video'):
        figures = report(bag, frames, args.out, fps, reported, show_of.settled_after_s)
    summary = {**figures, 'recorded_fps': fps, 'rate': rate, 'simulation': simulated}
    if rate != 1:
        summary['latency_p50_ms'] = summary['latency_p99_ms'] = None
    write_whole(args.out / 'summary.json', json.dumps(summary, indent=2) + '\n')
    show(console, summary, args.out)
    check_complete(summary)
    return summary
