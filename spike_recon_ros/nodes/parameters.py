# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Settings as ROS parameters, with range and description.

Comes in: the Settings dataclass and a node. Goes out: declared parameters, and Settings read back
from them. Knows nothing about what the settings do.
"""

import dataclasses
from collections.abc import Sequence
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

from spike_recon_ros.errors import UserError
from spike_recon_ros.settings import Settings, check, setting_fields


def declare_settings(node: Node) -> None:
    """Declare one parameter for each setting."""
    for field in setting_fields():
        node.declare_parameter(field.name, field.default, _descriptor(field))


def read_settings(node: Node) -> Settings:
    """Return the settings that the parameters hold now.

    Raises:
        UserError: a value is not valid.
    """
    return Settings(**{field.name: node.get_parameter(field.name).value for field in _all()})


def check_change(parameters: Sequence[Parameter], configured: bool) -> SetParametersResult:
    """Accept or refuse a change of parameters.

    Args:
        parameters: what someone wants to set.
        configured: whether the node is configured: then only what may change while frames are
            being made is accepted.
    """
    fields = {field.name: field for field in _all()}
    for parameter in parameters:
        field = fields.get(parameter.name)
        if field is None:
            continue
        try:
            check(field.name, parameter.value)
        except UserError as error:
            return SetParametersResult(successful=False, reason=str(error))
        if configured and not field.metadata['live']:
            reason = f'{field.name} is read when the node is configured: clean it up first'
            return SetParametersResult(successful=False, reason=reason)
    return SetParametersResult(successful=True)


def with_changes(settings: Settings, parameters: Sequence[Parameter]) -> Settings:
    """Return the settings with the changed parameters, which have been checked, taken over."""
    names = {field.name for field in _all()}
    changes = {item.name: item.value for item in parameters if item.name in names}
    return dataclasses.replace(settings, **changes)


def _all() -> list['dataclasses.Field[Any]']:
    return list(setting_fields())


def _descriptor(field: 'dataclasses.Field[Any]') -> ParameterDescriptor:
    low, high, choices = (field.metadata[key] for key in ('low', 'high', 'choices'))
    descriptor = ParameterDescriptor(description=field.metadata['description'])
    # ROS refuses `fps:=50` for a parameter whose default is 25.0; `check` accepts it.
    descriptor.dynamic_typing = isinstance(field.default, float)
    if choices:
        descriptor.additional_constraints = f'one of: {", ".join(choices)}'
    if low is not None and isinstance(field.default, int):
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    elif low is not None:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]
    return descriptor
