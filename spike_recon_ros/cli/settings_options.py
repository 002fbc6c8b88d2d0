# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The options of a command that runs the pipeline, made from the Settings dataclass."""

import argparse
import dataclasses
import sys
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.model import Model
from spike_recon_ros.model_choice import LoadModel, load_model
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.parameter_files import settings_in
from spike_recon_ros.setting import PIPELINE, range_of
from spike_recon_ros.settings import RENAMED, Settings, current_values, setting_fields
from spike_recon_ros.unused_settings import unused

SHORT = {'model': '-m'}


def add_settings(parser: argparse.ArgumentParser, without: Collection[str] = ()) -> None:
    """Declare one option for each setting of the pipeline, and a file that may hold them.

    Args:
        parser: of the command.
        without: settings that the command chooses itself.
    """
    group = parser.add_argument_group("settings (the same as the node's parameters)")
    group.add_argument(
        '--params-file', action='append', default=[], type=Path, metavar='YAML',
        help='ROS parameter file with settings; of several, later ones win',
    )  # fmt: skip
    for field in setting_fields(PIPELINE):
        if field.name in without:
            continue
        choices = field.metadata['choices']
        group.add_argument(
            *[SHORT[field.name]] if field.name in SHORT else [],
            '--' + field.name.replace('_', '-'),
            dest=_destination(field.name),
            type=type(field.default),
            choices=choices or None,
            metavar=None if choices else type(field.default).__name__.upper(),
            help=_help(field),
        )
    for old, (name, _) in RENAMED.items():
        if name not in without:
            option = '--' + old.replace('_', '-')
            group.add_argument(option, dest=_destination(old), help=argparse.SUPPRESS)


def settings_of(options: argparse.Namespace) -> Settings:
    """Return the settings: defaults, then the files in their order, then the options.

    Raises:
        UserError: a value is not valid, or a file cannot be read.
    """
    in_files: dict[str, Any] = {}
    notes: list[str] = []
    for path in options.params_file:
        values, more = settings_in(path)
        in_files |= values
        notes += more
    on_command_line, more = current_values(given_settings(options))
    for note in notes + more:
        print(f'spike-recon: {note}', file=sys.stderr)
    return Settings(**in_files | on_command_line)


def given_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that were given as options, under the names that the user wrote."""
    names = [*(field.name for field in setting_fields(PIPELINE)), *RENAMED]
    given = {name: getattr(options, _destination(name), None) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def checked_load(
    options: argparse.Namespace,
    warn: Callable[[str], None],
    used: Collection[str] = (),
) -> LoadModel:
    """Return a function that checks that the settings are used, and then loads the model.

    It raises UserError for an option that has no effect, and warns of one in a parameter file.

    Args:
        options: of the command.
        warn: called with a sentence for each setting in a file that has no effect.
        used: settings that the command itself uses.
    """
    given, _ = current_values(given_settings(options))
    warned: set[str] = set()

    def checked(settings: Settings, width: int, height: int, *, kind: SensorKind) -> Model:
        for name, sentence in unused(settings, [kind]).items():
            if name in given and name not in used:
                raise UserError(f'{sentence}; leave out --{name.replace("_", "-")}')
            if name not in warned and name not in used:
                warn(sentence)
            warned.add(name)
        return load_model(settings, width, height, kind=kind)

    return checked


def _destination(name: str) -> str:
    return f'setting_{name}'


def _help(field: 'dataclasses.Field[Any]') -> str:
    default = field.default if field.default != '' else 'none'
    span = f'{range_of(field)}, ' if range_of(field) else ''
    return f'{field.metadata["description"]} ({span}default: {default})'.replace('%', '%%')
