# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""An argument parser that answers a mistake with one sentence, and suggests what was meant."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from spike_recon_ros.errors import did_you_mean, one_line
from spike_recon_ros.regular_file import user_path

# What the shell reports for a command that is used wrongly.
MISUSED = 2
_ROS = '--ros-args -p name:=value -r topic:=/another'
_ROS_OPTIONS = ('-p', '--param', '-r', '--remap', '--params-file')
_HOME = re.compile(r'(--[a-z-]+=)?(~.*)', re.S)
_KINDS = {'int': 'a whole number', 'float': 'a number'}


class CommandParser(argparse.ArgumentParser):
    """Parses the arguments of one command.

    Args:
        takes_ros_args: whether the command takes arguments for ROS, which follow `--ros-args`.
        **options: as of the base class.
    """

    def __init__(self, takes_ros_args: bool = False, **options: Any) -> None:
        self._takes_ros_args = takes_ros_args
        options.setdefault('formatter_class', argparse.RawDescriptionHelpFormatter)
        super().__init__(**options)
        self.add_argument(
            '--json', action='store_true', help='print the result as JSON on a terminal too'
        )

    def parse(self, arguments: Sequence[str]) -> argparse.Namespace:
        """Return the parsed arguments; end the program with one sentence if they are wrong."""
        self._check_ros_style(arguments)
        self._check_options(arguments)
        arguments = [_with_home(argument) for argument in arguments]
        parsed, extra = self.parse_known_args(arguments)
        if extra:
            self.error(f'unexpected argument {extra[0]!r}')
        return parsed

    def error(self, message: str) -> NoReturn:
        """End the program with status 2 and one sentence."""
        self.exit(MISUSED, f'{self.prog}: {one_line(_plain(message))} (see {self.prog} --help)\n')

    def _check_ros_style(self, arguments: Sequence[str]) -> None:
        """Name arguments that are written as ROS takes them."""
        for argument in arguments:
            name, assigned, value = argument.partition(':=')
            option = '--' + name.replace('_', '-')
            if self._takes_ros_args and (assigned or argument in _ROS_OPTIONS):
                self.error(f'what is meant for ROS follows --ros-args, as in: {self.prog} {_ROS}')
            if assigned and option in self._option_string_actions:
                self.error(f'{argument} is how ROS writes it; here it is {option} {value}')

    def _check_options(self, arguments: Sequence[str]) -> None:
        """Name an unknown option before anything else: what is missing may follow from it."""
        visible = [
            option
            for action in self._actions
            if action.help != argparse.SUPPRESS
            for option in action.option_strings
        ]
        for argument in arguments:
            if argument == '--':
                return
            option = argument.partition('=')[0]
            if option.startswith('--'):
                known = any(name.startswith(option) for name in self._option_string_actions)
            else:
                known = not re.match('-[A-Za-z]', option) or option[:2] in visible
            if not known:
                self.error(f'there is no option {option}{did_you_mean(option, visible)}')


def _with_home(argument: str) -> str:
    """Return an argument in which a path such as `--out=~/x`, which shells keep, has its home."""
    found = _HOME.fullmatch(argument)
    return f'{found[1] or ""}{user_path(found[2])}' if found else argument


def _plain(message: str) -> str:
    """Return a message of argparse as a sentence."""
    if found := re.fullmatch(r'argument (\S+): invalid (int|float) value: (.*)', message, re.S):
        option, kind, value = found.groups()
        return f'{option} takes {_KINDS[kind]}, not {value}'
    pattern = r"argument (\S+): invalid choice: '?(.*?)'? \(choose from (.*)\)"
    if found := re.fullmatch(pattern, message, re.S):
        option, value, listed = found.groups()
        choices = [choice for choice in listed.replace("'", '').split(', ') if choice]
        hint = did_you_mean(value, choices)
        return f'{option} takes one of {", ".join(choices)}, not {value!r}{hint}'
    if found := re.fullmatch(r'the following arguments are required: (.*)', message, re.S):
        return f'missing: {found[1]}'
    return message.removeprefix('argument ')
