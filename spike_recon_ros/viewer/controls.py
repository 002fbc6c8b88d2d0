# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The controls of the page: one for each setting that may change while the node runs."""

import dataclasses
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import Settings, check, setting_fields

# Ranges that span more are shown on a curve: on a straight scale all useful values would lie
# within some pixels.
WIDEST_STRAIGHT_RATIO, WIDEST_STRAIGHT_SPAN = 50.0, 20.0


def controls() -> list[dict[str, Any]]:
    """Return a description of each control, for JSON.

    `kind` is `range`, `select` or `text`; `curve` says how a slider maps to values: `line`, `log`
    (equal ratios) or `cube` (for ranges that begin at 0).
    """
    return [_control(field) for field in setting_fields() if field.metadata['live']]


def checked_value(name: Any, value: Any) -> Any:
    """Return a value from the page as the setting needs it.

    Raises:
        UserError: the setting may not change while the node runs, or the value is not valid.
    """
    field = Settings.__dataclass_fields__.get(name) if isinstance(name, str) else None
    if field is None or not field.metadata['live']:
        raise UserError(f'{name!r} cannot be changed while the node runs')
    kind = type(field.default)
    if kind is float and type(value) is int:
        value = float(value)
    if kind is int and type(value) is float and value.is_integer():
        value = int(value)
    check(name, value)
    return value


def _control(field: 'dataclasses.Field[Any]') -> dict[str, Any]:
    low, high, choices = (field.metadata[key] for key in ('low', 'high', 'choices'))
    kind = 'select' if choices else 'text' if low is None else 'range'
    return {
        'name': field.name,
        'description': field.metadata['description'],
        'group': field.metadata['group'],
        'kind': kind,
        'choices': list(choices),
        'low': low,
        'high': high,
        'whole': isinstance(field.default, int),
        'default': field.default,
        'curve': _curve(low, high) if kind == 'range' else 'line',
    }


def _curve(low: float, high: float) -> str:
    if low > 0 and high / low > WIDEST_STRAIGHT_RATIO:
        return 'log'
    if low == 0 and high >= WIDEST_STRAIGHT_SPAN:
        return 'cube'
    return 'line'
