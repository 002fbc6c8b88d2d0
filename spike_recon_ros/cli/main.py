# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`spike-recon`: finds the subcommand, prints its result, turns errors into one sentence.

Comes in: the command line. Goes out: an exit status, one JSON object as the last line on stdout;
everything meant for people goes to stderr. Knows nothing about what the subcommands do.
"""

import argparse
import importlib
import json
import os
import signal
import sys
from types import ModuleType

from spike_recon_ros import __version__
from spike_recon_ros.errors import UserError

SUBCOMMANDS = (
    'demo',
    'doctor',
    'inspect',
    'run',
    'play',
    'node',
    'record',
    'simulate',
    'convert',
    'train',
    'export',
    'prune',
    'quantize',
    'evaluate',
    'bench',
    'build',
)
# What the shell reports for a program that an interrupt ended: 128 + SIGINT.
INTERRUPTED = 130
ROS_ARGS = '--ros-args'


def main(argv: list[str] | None = None) -> int:
    """Run one subcommand; return the exit status: 0 only on success."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    own, ros_args = _split(arguments)
    parser = _parser()
    options = parser.parse_args(own)
    if ros_args and not hasattr(options.module, 'TAKES_ROS_ARGS'):
        parser.error(f'{options.subcommand} takes no {ROS_ARGS}')
    options.ros_args = ros_args
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        print(json.dumps(options.module.run(options)), flush=True)
    except BrokenPipeError:  # `spike-recon inspect bag | true`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (UserError, OSError) as error:  # a full disk, a folder without permission
        print(f'spike-recon {options.subcommand}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f'spike-recon {options.subcommand}: interrupted', file=sys.stderr)
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGTERM, before)
    return 0


def play_node() -> int:
    """Entry point of `ros2 run spike_recon_ros play_node`: the same as `spike-recon play`."""
    return main(['play', *sys.argv[1:]])


def record_node() -> int:
    """Entry point of `ros2 run spike_recon_ros record_node`: as `spike-recon record`."""
    return main(['record', *sys.argv[1:]])


def _interrupt(number: int, frame: object) -> None:
    """End as Ctrl-C would, with valid files; ROS, once initialised, sees to it by itself."""
    raise KeyboardInterrupt


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Separate what is meant for ROS (`--ros-args ...`) from what is ours."""
    if ROS_ARGS not in arguments:
        return arguments, []
    at = arguments.index(ROS_ARGS)
    return arguments[:at], arguments[at:]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='spike-recon',
        description='Intensity video from event cameras and spike cameras.',
        epilog='`spike-recon COMMAND --help` says what a command takes. The last line on stdout '
        'is a JSON object; the exit status is 0 only on success.',
    )
    parser.add_argument('--version', action='version', version=f'spike-recon {__version__}')
    commands = parser.add_subparsers(dest='subcommand', metavar='COMMAND', required=True)
    for name in SUBCOMMANDS:
        module = _module(name)
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.DESCRIPTION,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(module=module)
    return parser


def _module(name: str) -> ModuleType:
    return importlib.import_module(f'spike_recon_ros.cli.{name}')


if __name__ == '__main__':
    sys.exit(main())
