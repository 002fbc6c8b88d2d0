# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One setting: a dataclass field with range and description, and the check of a value for it.

The settings themselves are in `settings`; how a field describes itself is needed by everything
that is generated from them.
"""

import dataclasses
import functools
import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from spike_recon_ros.errors import UserError, did_you_mean

PIPELINE, NODE = 'pipeline', 'node'
_WORDS = {float: 'a number', int: 'a whole number', str: 'a text'}
# YAML reads the unquoted words on, yes, off and no as truth values.
_WORD_OF = {False: 'off', True: 'on'}


class Renamed(NamedTuple):
    """What became of a setting that was renamed.

    Attributes:
        name: the current name.
        values: the values that were renamed with it, old to new.
    """

    name: str
    values: Mapping[str, str]


def setting(
    default: Any,
    description: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
    live: bool = False,
    group: str = PIPELINE,
) -> Any:
    """Return a dataclass field.

    Args:
        default: a text, a whole number or a decimal number; its type is the type of the setting.
        description: one or more sentences for the user.
        low: smallest valid number.
        high: largest valid number.
        choices: the valid values, where only some are valid.
        live: whether it may change while the node runs.
        group: PIPELINE, or NODE for what only the live node uses.
    """
    metadata = {
        'description': description,
        'low': low,
        'high': high,
        'choices': choices,
        'live': live,
        'group': group,
    }
    return dataclasses.field(default=default, metadata=metadata)


def choices_of(field: 'dataclasses.Field[Any]') -> list[str]:
    """Return the values of a setting that has a list of them, as people type them."""
    return [str(choice) or "''" for choice in field.metadata['choices']]


def range_of(field: 'dataclasses.Field[Any]') -> str:
    """Return the range of a number for people to read, as `0.1 to 10,000`; '' if it has none."""
    low, high = field.metadata['low'], field.metadata['high']
    return '' if low is None else f'{low:,.10g} to {high:,.10g}'


def check_value(field: 'dataclasses.Field[Any]', value: Any) -> None:
    """Raise UserError, naming what is valid, if `value` is not valid for a setting.

    A whole number is accepted where a decimal one is expected: people type `fps:=50`.
    """
    choices, low, high = (field.metadata[key] for key in ('choices', 'low', 'high'))
    kind = type(field.default)
    accepted = (int, float) if kind is float else (kind,)
    if choices and value not in choices:
        listed = choices_of(field)
        hint = did_you_mean(value, listed) if isinstance(value, str) else ''
        raise UserError(f'{field.name} is {value!r}; it must be one of: {", ".join(listed)}{hint}')
    if not isinstance(value, accepted) or isinstance(value, bool):
        raise UserError(f'{field.name} is {value!r}; it must be {_WORDS[kind]}')
    if low is not None and not low <= value <= high:
        raise UserError(f'{field.name} is {value}; its range is {range_of(field)}')


def plain_value(value: Any) -> Any:
    """Return the Python number in a number of NumPy, and the text of a path."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    # NumPy is not imported here: settings are read where it is not needed.
    return value.item() if getattr(value, 'shape', None) == () else value


def with_current_names(
    values: Mapping[str, Any], renamed: Mapping[str, Renamed]
) -> tuple[dict[str, Any], list[str]]:
    """Return values under their current names, and a sentence for each old name among them.

    Raises:
        UserError: a setting is given under both its names.
    """
    current = {name: value for name, value in values.items() if name not in renamed}
    notes = []
    for old in sorted(values.keys() & renamed.keys()):
        (name, new_values), value = renamed[old], values[old]
        if name in current:
            raise UserError(f'{old} is the old name of {name}, which is also given; remove {old}')
        current[name] = new_values.get(value, value) if isinstance(value, str) else value
        notes.append(f'{old} is deprecated; use {name} instead, with the value {current[name]}')
    return current, notes


def with_words(
    values: Mapping[str, Any], fields: 'Mapping[str, dataclasses.Field[Any]]'
) -> dict[str, Any]:
    """Return values in which a truth value is the word `off` or `on` where that is a choice."""

    def word(name: str, value: Any) -> Any:
        choices = fields[name].metadata['choices'] if name in fields else ()
        as_word = _WORD_OF[value] if isinstance(value, bool) else value
        return as_word if as_word in choices else value

    return {name: word(name, value) for name, value in values.items()}


def converting(
    construct: Callable[..., None],
    convert: Callable[[Mapping[str, Any]], tuple[dict[str, Any], list[str]]],
) -> Callable[..., None]:
    """Return a constructor that converts its arguments first and warns of what `convert` notes."""

    @functools.wraps(construct)
    def init(self: Any, **values: Any) -> None:
        current, notes = convert(values)
        for note in notes:
            warnings.warn(note, DeprecationWarning, stacklevel=2)
        construct(self, **current)

    return init
