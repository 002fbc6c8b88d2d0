# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""ROS parameter files, read without ROS.

`spike-recon run` takes the same files as the node. The node reads them too, because ROS silently
ignores a file that is meant for another node, and parameters that no node declares.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from spike_recon_ros.errors import UserError, did_you_mean
from spike_recon_ros.settings import RENAMED, Settings, check, current_values, setting_fields
from spike_recon_ros.small_yaml import read_small_yaml

USUAL_NODE = '/event_camera/recon'
QOS_OVERRIDES = 'qos_overrides'
# Parameters of the node that are no settings; the last two are ROS's own.
_OF_NODE = ('autostart', 'build_only', 'build_sizes')
_OF_ROS = ('use_sim_time', 'start_type_description_service')
_LARGEST_FILE = 1_000_000
_SECTIONS = f'its parameters belong below `/**:` or `{USUAL_NODE}:`, and `ros__parameters:`'


def check_names(names: Iterable[str]) -> None:
    """Check the names of parameters that somebody wants to set.

    Raises:
        UserError: the node has no such parameter.
    """
    known = [*(field.name for field in setting_fields()), *RENAMED, *_OF_NODE, *_OF_ROS]
    for name in names:
        if name not in known and name.partition('.')[0] != QOS_OVERRIDES:
            hint = did_you_mean(name, known) or (
                '; parameters of other nodes belong below the names of those nodes'
            )
            raise UserError(f'there is no parameter {name!r}{hint}')


def settings_in(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Read the settings in a parameter file that are meant for a node `recon`.

    In any namespace: a file is often written for another one than the usual.

    Returns: the settings by their current names, and a sentence for each old name.

    Raises:
        UserError: the file is not readable as one, sets a parameter that does not exist, or a
            value is not valid.
    """
    sections = _sections(path)
    node = _recon_node(path, [name for name, _ in sections])
    meant = [parameters for name, parameters in sections if applies_to(name, node)]
    if not meant:
        raise UserError(f'{path} has no parameters for the node {node}; {_SECTIONS}')
    values: dict[str, Any] = {}
    notes: list[str] = []
    for parameters in meant:
        check_names(parameters)
        current, more = current_values(parameters)
        notes += more
        for name in Settings.__dataclass_fields__.keys() & current.keys():
            value = _as_ros_reads(name, current[name])
            check(name, value)
            values[name] = value
    return values, notes


def files_among(arguments: Sequence[str]) -> list[Path]:
    """Return the parameter files among the arguments of a ROS program.

    Raises:
        UserError: there is no such file, or it is not readable as one.
    """
    files = [Path(value) for option, value in pairwise(arguments) if option == '--params-file']
    for path in files:
        _sections(path)
    return files


def check_file_is_for(path: Path, node: str) -> None:
    """Check that a parameter file is meant for a node, among others.

    Args:
        path: of the file.
        node: full name of the node.

    Raises:
        UserError: the file is not readable as one, or has no parameters for this node.
    """
    names = [name for name, _ in _sections(path)]
    if not any(applies_to(name, node) for name in names):
        raise UserError(
            f'{path} has parameters for {", ".join(names[:5])}, but none for this node, {node}; '
            f'write `/**:` or `{node}:` above `ros__parameters:`'
        )


def applies_to(pattern: str, node: str) -> bool:
    """Return whether a name in a parameter file, with `*` and `**` in it, matches a node's."""
    parts = {'**': r'(/\w+)*', '*': r'/\w+'}
    expression = ''.join(parts.get(part, '/' + re.escape(part)) for part in pattern.split('/')[1:])
    return re.fullmatch(expression, node) is not None


def _sections(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the full name and the parameters of each node in a parameter file."""
    if not path.is_file():
        what = 'is not a file' if path.exists() else 'does not exist'
        raise UserError(f'the parameter file {path} {what}')
    try:
        sections = list(_walk(read_small_yaml(path, _LARGEST_FILE), ''))
    except ValueError as error:
        raise UserError(f'{path} cannot be read as a parameter file ({error})') from error
    if not sections:
        raise UserError(f'{path} is no ROS parameter file; {_SECTIONS}')
    return sections


def _recon_node(path: Path, names: Iterable[str]) -> str:
    """Return the full name of the node `recon` in a file; the usual one if it names none."""
    ending = USUAL_NODE[USUAL_NODE.rindex('/') :]
    nodes = {name for name in names if name.endswith(ending) and '*' not in name}
    if USUAL_NODE in nodes or not nodes:
        return USUAL_NODE
    if len(nodes) > 1:
        raise UserError(
            f'{path} has parameters for several nodes ({", ".join(sorted(nodes)[:5])}); name one '
            f'of them {USUAL_NODE}'
        )
    return nodes.pop()


def _walk(content: Any, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if not isinstance(content, dict):
        return
    for key, value in content.items():
        if key == 'ros__parameters':
            if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
                raise ValueError('ros__parameters must hold lines `name: value`, further indented')
            if empty := [name for name in value if value[name] is None]:
                raise ValueError(f'{empty[0]} has no value')
            yield name, value
        else:
            yield from _walk(value, f'{name}/{str(key).strip("/")}')


def _as_ros_reads(name: str, value: Any) -> Any:
    """Return a value as ROS reads it: `1e3` is a number to ROS, and a text to YAML 1.1."""
    if isinstance(value, str) and isinstance(Settings.__dataclass_fields__[name].default, float):
        with contextlib.suppress(ValueError):
            return float(value)
    return value
