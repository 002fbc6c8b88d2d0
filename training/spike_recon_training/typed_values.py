# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Checks values of a YAML file against the types that dataclasses declare."""

import contextlib
import dataclasses
import difflib
import math
import typing
from typing import Any


def plain(value: Any) -> Any:
    """Replace tuples by lists, which YAML can write."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


def typed(kind: Any, value: Any, where: str) -> Any:
    """Return a value of YAML as the type that a dataclass declares.

    Args:
        kind: the type: a dataclass, tuple, dictionary, number, text or bool.
        value: what YAML gave.
        where: name of the value in errors.

    Raises:
        ValueError: a key is unknown or missing, or a value is not of its type.
    """
    origin = typing.get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _made_dataclass(kind, value, where)
    if origin is tuple:
        return _made_tuple(kind, value, where)
    if origin is dict or kind is dict:
        return dict(_mapping(value, where))
    accepted: Any = (int, float) if kind is float else kind
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, accepted):
        if kind is str and isinstance(value, int | float):  # precision: 32
            return str(value)
        if kind is float and isinstance(value, str):  # YAML 1.1 reads 1e-3 as a string
            with contextlib.suppress(ValueError):
                return _finite(float(value), where)
        raise ValueError(f'{where} is {value!r}; it must be {_word(kind)}')
    return _finite(value, where) if kind is float else value


def _finite(value: float, where: str) -> float:
    try:
        number = float(value)  # a whole number may be too large
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f'{where} is {value}; it must be a finite number')
    return number


def _made_dataclass(kind: Any, value: Any, where: str) -> Any:
    given = _mapping(value, where or 'the file')
    types_ = typing.get_type_hints(kind)
    known = {item.name: item for item in dataclasses.fields(kind)}
    prefix = f'{where}.' if where else ''
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key), known, n=1)
            hint = f'did you mean {close[0]}? ' if close else ''
            raise ValueError(f'unknown key {prefix}{key}; {hint}known: {", ".join(known)}')
    for name, item in known.items():
        needed = item.default is item.default_factory is dataclasses.MISSING
        if needed and name not in given:
            raise ValueError(f'{prefix}{name} is missing')
    return kind(**{k: typed(types_[k], v, f'{prefix}{k}') for k, v in given.items()})


def _made_tuple(kind: Any, value: Any, where: str) -> tuple[Any, ...]:
    inner = typing.get_args(kind)
    if not isinstance(value, list):
        raise ValueError(f'{where} is {value!r}; it must be a list')
    if inner[-1] is Ellipsis:
        return tuple(typed(inner[0], item, where) for item in value)
    if len(value) != len(inner):
        raise ValueError(f'{where} is {value!r}; it must be [least, greatest]')
    low, high = (typed(inner[0], item, where) for item in value)
    if low > high:
        raise ValueError(f'{where} is {value!r}; the least value comes first')
    return low, high


def _mapping(value: Any, where: str) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise ValueError(f'{where} must be a mapping of keys to values')
    return value


def _word(kind: Any) -> str:
    words = {float: 'a number', int: 'a whole number', str: 'a text', bool: 'true or false'}
    return words.get(kind, str(kind))
