# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon bench`: how fast, how late, how much memory; each figure as JSON.

Comes in: made-up streams and, if given, recordings. Goes out: a JSON file for each measurement.
Knows nothing about what good figures would be.
"""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console

from spike_recon_ros import __version__
from spike_recon_ros.bundles.zoo import zoo_names
from spike_recon_ros.cli.ros_guard import ros_or_cure
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.simulation import simulate_board
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.packets.sensor_kind import SensorKind

KERNELS = ('decode', 'window', 'representation', 'filter', 'render', 'end_to_end')
NETWORK = ('network', 'stability')
SPIKES = ('spikes',)
SPIKES_STATE = ('spikes_state',)
LIVE = ('live', 'soak')
SPIKES_LIVE = ('spikes_live',)
# Half a minute of it warms up and is not counted.
SHORTEST_SOAK_MIN = 1
DESCRIPTION = """\
Measures on one core: decoding, cutting windows, voxel grid, filters, rendering, and from packets
to frames; networks beside FireNet, and their stability; the planes of spike cameras; and through
the live node: latency, losses, processor and memory.

  spike-recon bench decode filter                    made-up streams
  spike-recon bench all -o benchmarks/results        everything, written to files
  spike-recon bench network -m bundles/mine          a network of your own
  spike-recon bench spikes --clip clip.dat           and score the models against clip.png
  spike-recon bench spikes_state --clip FOLDER       what a network's state is worth
  spike-recon bench spikes_live                      the live node on spike cameras
  spike-recon bench live --recording my_bag          with a recording of your own

Made-up streams and the simulated board are the same everywhere; the soak uses the first recording
given, or the board. Figures depend on the machine and on what else it does.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommand takes."""
    parser.add_argument('what', nargs='+', choices=(*MEASURES, 'all'), help='what to measure')
    parser.add_argument(
        '-o', '--out', metavar='FOLDER', type=Path, help='write WHAT.json there as well'
    )
    parser.add_argument(
        '--recording',
        metavar='SOURCE',
        type=Path,
        action='append',
        default=[],
        help='measure with this recording too (may be given several times)',
    )
    parser.add_argument(
        '-m',
        '--model',
        metavar='NAME',
        action='append',
        help='network, stability, live, spikes_live: measure this model (default: those that are '
        'shipped); spikes: this one, too: also ssir:FILE.pth, or untrained:RECIPE for its time',
    )
    parser.add_argument(
        '--clip', metavar='DAT', type=Path, action='append', default=[],
        help='spikes: score the models on this clip; a PNG of the same name shows its middle '
        'plane; spikes_state: folder of clips with a truth each 20 planes, a row each',
    )  # fmt: skip
    parser.add_argument(
        '--minutes', type=float, default=10.0, help='length of the soak (default: %(default)s)'
    )


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure what was asked for.

    Returns: the results by measurement, as also written to the files.

    Raises:
        UserError: a recording cannot be read, or the live node not started.
    """
    if args.minutes < SHORTEST_SOAK_MIN:
        raise UserError(f'--minutes is {args.minutes:g}; a soak needs {SHORTEST_SOAK_MIN} or more')
    console = Console(stderr=True)
    wanted = [*MEASURES] if 'all' in args.what else args.what
    if 'all' in args.what and not args.clip:  # nothing is made up for it
        wanted = [what for what in wanted if what not in SPIKES_STATE]
    results: dict[str, list[dict[str, Any]]] = {}
    for what in wanted:
        console.print(f'[bold]{what}')
        load = round(os.getloadavg()[0], 2)  # of all that runs here, before we begin
        results[what] = []
        for result in MEASURES[what](what, args):
            console.print(f'  {_line(result)}')
            results[what].append(result)
        if args.out is not None:
            _write(args.out / f'{what}.json', what, results[what], load)
    return results


def _kernel(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import kernels  # noqa: PLC0415 -- numba is slow

    measures: dict[str, Callable[[str, list[Packet]], Any]] = {
        'decode': kernels.decode,
        'window': kernels.window,
        'representation': kernels.representation,
        'filter': kernels.filters,
        'end_to_end': kernels.end_to_end,
    }
    if what == 'render':
        yield from kernels.rendering()
        return
    for name, packets in _streams(args.recording, what == 'decode'):
        result = measures[what](name, packets)
        yield from result if isinstance(result, list) else [result]


def _network(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import network  # noqa: PLC0415 -- numpy is slow enough

    models = args.model or _zoo(SensorKind.EVENT)
    yield from {'network': network.network, 'stability': network.stability}[what](models)


def _zoo(kind: SensorKind) -> list[str]:
    from spike_recon_ros.model_choice import sensor_kind_of_model  # noqa: PLC0415 -- numba is slow

    return [name for name in zoo_names() if sensor_kind_of_model(name) is kind]


def _spikes(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import spikes  # noqa: PLC0415 -- numba is slow

    return spikes.spikes(args.clip, args.model or [])


def _spikes_state(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import spikes_state  # noqa: PLC0415 -- numba is slow

    models = args.model or _zoo(SensorKind.SPIKE)
    return spikes_state.spikes_state(models, args.clip, args.out)


def _spikes_live(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import spikes_live  # noqa: PLC0415 -- numpy is slow enough

    ros_or_cure()
    return spikes_live.spikes_live(args.model or [spikes_live.MODEL])


def _streams(recordings: list[Path], each_encoding: bool) -> Iterator[tuple[str, list[Packet]]]:
    from spike_recon_ros.benchmarking.streams import (  # noqa: PLC0415 -- numba is slow
        ENCODERS,
        moving_edges,
        packets_of,
        recorded_packets,
    )

    for width, height in [(640, 480)] if each_encoding else [(346, 260), (640, 480)]:
        events = moving_edges(width, height, 2_000_000)
        for encoding in ENCODERS if each_encoding else ('mono',):
            yield 'made-up edges', packets_of(encoding, events, width, height)
    for path in recordings:
        yield path.name, recorded_packets(path)


def _live(what: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    from spike_recon_ros.benchmarking import live  # noqa: PLC0415 -- numba is slow

    ros_or_cure()
    with tempfile.TemporaryDirectory() as folder:
        made_up = Path(folder) / 'simulated board'
        recordings = (
            [*args.recording, made_up] if what == 'live' else [*args.recording, made_up][:1]
        )
        if made_up in recordings:
            simulate_board(made_up)
        for recording in recordings:
            if what == 'live':
                for model in args.model or live.FPS:
                    yield live.live(recording.name, recording, model)
            else:
                yield live.soak(recording.name, recording, 'fibar', args.minutes)


def _write(path: Path, what: str, results: list[dict[str, Any]], load: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {'measurement': what, 'machine': _machine(load), 'results': results}
    path.write_text(json.dumps(content, indent=2) + '\n', encoding='utf-8')


def _machine(load: float) -> dict[str, Any]:
    return {
        'processor': _processor(),
        'cores': os.cpu_count(),
        'others_load': load,
        'python': platform.python_version(),
        **{name: version(name) for name in ('numpy', 'numba')},
        'spike_recon_ros': __version__,
    }


def _processor() -> str:
    try:
        lines = Path('/proc/cpuinfo').read_text(encoding='ascii').splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(':')[2].strip() for line in lines if line.startswith('model name')]
    return names[0] if names else platform.processor()


def _line(result: dict[str, Any]) -> str:
    shown = {key: value for key, value in result.items() if not isinstance(value, list)}
    return '  '.join(f'{key} {value}' for key, value in shown.items())


Measure = Callable[[str, argparse.Namespace], Iterator[dict[str, Any]]]
MEASURES: dict[str, Measure] = {
    **dict.fromkeys(KERNELS, _kernel),
    **dict.fromkeys(NETWORK, _network),
    **dict.fromkeys(SPIKES, _spikes),
    **dict.fromkeys(SPIKES_STATE, _spikes_state),
    **dict.fromkeys(LIVE, _live),
    **dict.fromkeys(SPIKES_LIVE, _spikes_live),
}
