# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon bench`: measures speed, latency and memory, and writes the results as JSON."""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros.cli.partial_result import check_complete
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.several_inputs import check_any_left, use_each
from spike_recon_ros.packets.sensor_kind import SensorKind

KERNELS = ('decode', 'window', 'representation', 'filter', 'render', 'end_to_end')
SHORTEST_SOAK_MIN = 1
"""The first half minute warms up and does not count."""
DESCRIPTION = """\
WHAT is one or more of these, or all:

  decode window representation filter render     each stage of the pipeline, on one core
  end_to_end       from packets to rendered frames, on one core
  network          networks beside FireNet, on one thread
  stability        networks on noise, and on silence after a scene
  spikes           the models of spike cameras: speed, and scores on a --clip
  spikes_state     what the recurrent state of a network for spike cameras adds (needs --clip)
  live             the live node: latency, losses, processor time
  soak             the live node for --minutes: losses, memory
  spikes_live      the live node on spike cameras of several speeds

  spike-recon bench decode filter                    synthetic streams
  spike-recon bench all -o benchmarks/results        everything, written to files
  spike-recon bench network -m bundles/mine          a network of your own
  spike-recon bench spikes --clip clip.dat           also score the models against clip.png
  spike-recon bench live --recording my_bag          with a recording of your own

Synthetic streams and the simulated board are the same on every machine. The soak uses the first
recording given, or the board. Results depend on the machine and on what else it runs.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument(
        'what', nargs='+', choices=(*MEASUREMENTS, 'all'), metavar='WHAT',
        help='what to measure, see above',
    )  # fmt: skip
    parser.add_argument(
        '-o', '--out', metavar='FOLDER', type=Path, help='also write each result to WHAT.json'
    )
    parser.add_argument(
        '--recording', metavar='SOURCE', type=Path, action='append', default=[],
        help='also measure with this recording (may be given several times)',
    )  # fmt: skip
    parser.add_argument(
        '-m', '--model', metavar='NAME', action='append',
        help='model for network, stability, live, spikes_live, spikes_state (default: those of '
        'the zoo); for spikes an additional one, also ssir:FILE.pth, or untrained:RECIPE to '
        'measure its speed',
    )  # fmt: skip
    parser.add_argument(
        '--clip', metavar='DAT', type=Path, action='append', default=[],
        help='spikes: clip to score, with ground truth for its middle plane in a PNG of the same '
        'name; spikes_state: folder of clips with ground truth every 20 planes',
    )  # fmt: skip
    parser.add_argument(
        '--minutes', type=float, default=10.0, help='length of the soak (default: %(default)s)'
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure.

    Returns: the results by measurement, which are also written to the files.

    Raises:
        PartialResultError: some of several measurements failed, or an interrupt left some.
        UserError: all of them did: a recording cannot be read, or the live node not started.
    """
    from spike_recon_ros.benchmarking.results import write_results  # noqa: PLC0415 -- slow

    if args.minutes < SHORTEST_SOAK_MIN:
        raise UserError(f'--minutes is {args.minutes:g}; a soak needs {SHORTEST_SOAK_MIN} or more')
    console = Console(stderr=True)
    wanted = [*MEASUREMENTS] if 'all' in args.what else args.what
    if 'all' in args.what and not args.clip:
        wanted = [what for what in wanted if what != 'spikes_state']

    def measure(what: str) -> list[dict[str, Any]]:
        console.print(f'[bold]{what}')
        load = round(os.getloadavg()[0], 2)  # before we add to it
        results = []
        for result in MEASUREMENTS[what](what, args):
            shown = {key: value for key, value in result.items() if not isinstance(value, list)}
            line = '  '.join(f'{key} {value}' for key, value in shown.items())
            console.print(f'  {line}', markup=False, soft_wrap=True)
            results.append(result)
        if args.out is not None:
            write_results(args.out / f'{what}.json', what, results, load)
        return results

    used = use_each({what: what for what in wanted}, measure, console)
    check_any_left(used)
    result: dict[str, Any] = {**used.outputs, **used.left_out()}
    check_complete(result, len(used.outputs), 'measurements')
    return result


# The modules below are imported on use: they compile kernels, or load networks.


def _kernel(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import kernels  # noqa: PLC0415

    return kernels.measure(what, args.recording)


def _network(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import network  # noqa: PLC0415

    models = args.model or _networks_for_events()
    yield from {'network': network.network, 'stability': network.stability}[what](models)


def _spikes(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import spikes  # noqa: PLC0415

    return spikes.spikes(args.clip, args.model or [])


def _spikes_state(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import spikes_state  # noqa: PLC0415

    models = args.model or spikes_state.networks_with_state()
    return spikes_state.spikes_state(models, args.clip, args.out)


def _spikes_live(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import spikes_live  # noqa: PLC0415

    ros_or_cure()
    return spikes_live.spikes_live(args.model or [spikes_live.MODEL])


def _live(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import live  # noqa: PLC0415
    from spike_recon_ros.offline.simulation import simulate_board  # noqa: PLC0415

    ros_or_cure()
    with tempfile.TemporaryDirectory() as folder:
        board = Path(folder) / 'simulated board'
        recordings = [*args.recording, board]
        if what == 'soak':
            recordings = recordings[:1]
        if board in recordings:
            simulate_board(board)
        for recording in recordings:
            if what == 'soak':
                yield live.soak(recording.name, recording, 'fibar', args.minutes)
                continue
            for model in args.model or live.FPS:
                yield live.live(recording.name, recording, model)


def _networks_for_events() -> list[str]:
    from spike_recon_ros.bundles.zoo import zoo_names  # noqa: PLC0415
    from spike_recon_ros.model_choice import sensor_kind_of_model  # noqa: PLC0415

    return [name for name in zoo_names() if sensor_kind_of_model(name) is SensorKind.EVENT]


Measurement = Callable[[str, argparse.Namespace], Iterator[dict[str, Any]]]
MEASUREMENTS: dict[str, Measurement] = {
    **dict.fromkeys(KERNELS, _kernel),
    'network': _network,
    'stability': _network,
    'spikes': _spikes,
    'spikes_state': _spikes_state,
    'live': _live,
    'soak': _live,
    'spikes_live': _spikes_live,
}
