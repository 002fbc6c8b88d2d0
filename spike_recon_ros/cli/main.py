# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon`: finds the subcommand, prints its result and turns errors into one sentence.

The result is one JSON object, the last line on stdout; everything meant for people goes to stderr.
A subcommand that prints nothing else for them has a function `in_words(result)`, one last line.
Only the subcommand that is used is imported: they need libraries that take a second to load, or
that may be missing.
"""

import contextlib
import importlib
import json
import os
import sys
from collections.abc import Iterator

from spike_recon_ros import __version__
from spike_recon_ros.cli.command_parser import MISUSED, CommandParser
from spike_recon_ros.cli.interrupts import (
    INTERRUPTED,
    InterruptEndsAtOnce,
    RequestsInterrupt,
)
from spike_recon_ros.cli.partial_result import PartialResultError
from spike_recon_ros.cures import pip_install_module
from spike_recon_ros.errors import UserError, did_you_mean, one_line, os_error_sentence

SUBCOMMANDS = {
    'demo': 'simulate a recording, play it through the live node, show the result',
    'doctor': 'show what is installed, what is missing and how to install it',
    'inspect': 'show what a recording holds: packets, events, rates, losses, checksums',
    'run': 'reconstruct a recording into images, a video or a bag',
    'play': 'publish a recording on live topics at its recorded pace',
    'node': 'run the live node: event packets in, images out',
    'record': 'write the images of a live topic to files and measure their latency',
    'view': 'serve a web page of the live node, or of a recording',
    'simulate': 'simulate a recording of an event camera or a spike camera, with ground truth',
    'calibrate': 'estimate intrinsics and lens distortion from a recording of a board',
    'convert': 'write a recording as a ROS 2 bag, or spike planes as a .dat',
    'train': 'train a network on events simulated from photographs',
    'export': 'make a bundle, which the node can run, from a trained network',
    'prune': 'remove channels that hardly matter from a network, to make it faster',
    'mirror': 'average a network over reflections of the events, for finer images',
    'quantize': 'write a copy of a network that computes in int8, which is faster on CPUs',
    'evaluate': 'compare models on recordings: errors, tags read, flicker',
    'bench': 'measure speed, latency and memory, and write the figures as JSON',
    'build': 'build the TensorRT engine of a network for the GPU of this machine',
}
ROS_ARGS = '--ros-args'
RECON_NODE_HELP = """\
usage: recon_node [NAMESPACE ...] [--ros-args ...]

Run the node `recon` in the namespace event_camera, or one node in each NAMESPACE. It waits until a
launch file or a lifecycle manager configures and activates it:

  ros2 run spike_recon_ros recon_node --ros-args -p autostart:=true -p fps:=50.0
  ros2 launch spike_recon_ros recon.launch.py fps:=50.0     configures and activates it

The parameters and their ranges are in docs/parameters.md and in config/recon.yaml."""
OURS = ('spike_recon_ros', 'spike_recon_models', 'spike_recon_training')


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; return the exit status: 0 only on success."""
    own, ros_args = _split(list(sys.argv[1:] if argv is None else argv))
    at = next((i for i, argument in enumerate(own) if argument[:1] != '-'), len(own))
    parser = _main_parser()
    general = parser.parse(own[:at])
    if at == len(own):
        parser.print_help(sys.stderr)
        return MISUSED
    name = own[at]
    if name not in SUBCOMMANDS:
        parser.error(f'there is no command {name!r}{did_you_mean(name, SUBCOMMANDS)}')
    return _run(name, own[at + 1 :], ros_args, general.json)


def recon_node() -> int:
    """Run the live node; return the exit status."""
    with _one_sentence('recon_node') as failure:
        if {'-h', '--help'} & set(_split(sys.argv[1:])[0]):
            print(RECON_NODE_HELP, flush=True)
            return 0
        with InterruptEndsAtOnce('recon_node'):
            importlib.import_module('spike_recon_ros.cli.ros_guard').ros_or_cure()
            module = importlib.import_module('spike_recon_ros.nodes.recon_process')
        with RequestsInterrupt():
            return int(module.main())
    return failure[0]


def play_node() -> int:
    """Run `spike-recon play`; return the exit status."""
    return main(['play', *sys.argv[1:]])


def record_node() -> int:
    """Run `spike-recon record`; return the exit status."""
    return main(['record', *sys.argv[1:]])


def _run(name: str, arguments: list[str], ros_args: list[str], as_json: bool) -> int:
    program = f'spike-recon {name}'
    with _one_sentence(program) as failure:
        with InterruptEndsAtOnce(program):
            module = importlib.import_module(f'spike_recon_ros.cli.{name}')
        takes_ros_args = hasattr(module, 'TAKES_ROS_ARGS')
        parser = CommandParser(takes_ros_args, prog=program, description=module.DESCRIPTION)
        module.add_arguments(parser)
        options = parser.parse(arguments)
        if ros_args and not takes_ros_args:
            parser.error(f'{name} takes no {ROS_ARGS}')
        options.ros_args = ros_args
        prints = as_json or options.json or not (sys.stdout and sys.stdout.isatty())
        try:
            with RequestsInterrupt():
                result = module.run(options)
        except PartialResultError as error:
            _print_json(error.result, prints)
            raise
        if hasattr(module, 'in_words'):
            print(module.in_words(result), file=sys.stderr)
        _print_json(result, prints)
        return 0
    return failure[0]


def _print_json(result: object, prints: bool) -> None:
    if prints:
        print(json.dumps(result), flush=True)


@contextlib.contextmanager
def _one_sentence(program: str) -> Iterator[list[int]]:
    """Turn an error in the block into one sentence; the list then holds the exit status."""
    status = [1]
    try:
        yield status
    except BrokenPipeError:  # `spike-recon inspect bag | true`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UserError as error:
        print(f'{program}: {one_line(error)}', file=sys.stderr)
        if isinstance(error, PartialResultError):
            status[0] = error.status
    except OSError as error:  # a full disk, a folder without permission
        print(f'{program}: {os_error_sentence(error)}', file=sys.stderr)
    except ModuleNotFoundError as error:
        missing = (error.name or '').partition('.')[0]
        if not missing or missing in OURS:
            raise
        cure = pip_install_module(missing)
        print(f'{program}: {missing} is not installed; run: {cure}', file=sys.stderr)
    except KeyboardInterrupt:
        print(f'{program}: interrupted', file=sys.stderr)
        status[0] = INTERRUPTED


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate what is meant for ROS (`--ros-args ...`) from what is ours."""
    if ROS_ARGS not in arguments:
        return arguments, []
    at = arguments.index(ROS_ARGS)
    return arguments[:at], arguments[at:]


def _main_parser() -> CommandParser:
    commands = '\n'.join(f'  {name:10}{purpose}' for name, purpose in SUBCOMMANDS.items())
    parser = CommandParser(
        prog='spike-recon',
        usage='spike-recon [--help] [--version] [--json] COMMAND ...',
        description='Intensity video from event cameras and spike cameras.\n\n'
        f'commands:\n{commands}',
        epilog='`spike-recon COMMAND --help` shows the options of a command. The last line on '
        'stdout\nis a JSON object (on a terminal with --json); the exit status is 0 only on '
        'success.',
    )
    parser.add_argument('--version', action='version', version=f'spike-recon {__version__}')
    return parser


if __name__ == '__main__':
    sys.exit(main())
