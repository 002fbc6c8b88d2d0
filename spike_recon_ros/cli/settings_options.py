# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options of a command that runs the pipeline, made from the Settings dataclass.

Comes in: an argument parser. Goes out: Settings. Knows nothing about what the settings do.
"""

import argparse
import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import yaml

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import PIPELINE, Settings, check, range_of, setting_fields

SHORT = {'model': '-m'}


def add_settings(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Declare one option for each setting of the pipeline, and a file that may hold them.

    Args:
        parser: of the command.
        without: settings that the command sees to by itself.
    """
    group = parser.add_argument_group("settings (the same as the node's parameters)")
    group.add_argument(
        '--params-file', type=Path, metavar='YAML', help='ROS parameter file to take them from'
    )
    for field in setting_fields(PIPELINE):
        if field.name in without:
            continue
        choices = field.metadata['choices']
        group.add_argument(
            *[SHORT[field.name]] if field.name in SHORT else [],
            '--' + field.name.replace('_', '-'),
            dest=f'setting_{field.name}',
            type=type(field.default),
            choices=choices or None,
            metavar=None if choices else type(field.default).__name__.upper(),
            help=_help(field),
        )


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings: defaults, then the file, then the options.

    Raises:
        UserError: a value is not valid, or the file cannot be read.
    """
    values: dict[str, Any] = {}
    if options.params_file is not None:
        values |= read_params_file(options.params_file)
    for field in setting_fields(PIPELINE):
        value = getattr(options, f'setting_{field.name}', None)
        if value is not None:
            values[field.name] = value
    return Settings(**values)


def read_params_file(path: Path) -> dict[str, Any]:
    """Return the settings in a ROS parameter file that are meant for the node `recon` or for all.

    Raises:
        UserError: the file is not readable as one, or holds a value that is not valid.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f'{path} cannot be read as a parameter file ({error})') from error
    known = {field.name for field in setting_fields()}
    values = {}
    for node, parameters in _nodes(content, ''):
        if node.rpartition('/')[2] not in ('recon', '*', '**'):
            continue
        for name in known & parameters.keys():
            check(name, parameters[name])
            values[name] = parameters[name]
    if not values:
        raise UserError(
            f'{path} sets none of our parameters; they stand below `/**:` or '
            '`/event_camera/recon:`, and `ros__parameters:`'
        )
    return values


def _nodes(content: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the full name and the parameters of each node in a parameter file."""
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if key == 'ros__parameters' and isinstance(value, dict):
            yield name, value
        else:
            yield from _nodes(value, f'{name}/{str(key).strip("/")}')


def _help(field: 'dataclasses.Field[Any]') -> str:
    default = field.default if field.default != '' else 'none'
    span = f'{range_of(field)}, ' if range_of(field) else ''
    return f'{field.metadata["description"]} ({span}default: {default})'.replace('%', '%%')
