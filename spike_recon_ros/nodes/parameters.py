# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Settings as ROS parameters, with range and description."""

import array
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
from spike_recon_ros.nodes.qos import check_qos_overrides
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.parameter_files import check_file_is_for, check_names, files_among
from spike_recon_ros.setting import choices_of
from spike_recon_ros.settings import RENAMED, Settings, current_values, setting_fields
from spike_recon_ros.unused_settings import unused


def declare_settings(node: Node) -> None:
    """Declare one parameter for each setting."""
    for field in setting_fields():
        node.declare_parameter(field.name, field.default, _descriptor(field))


def read_settings(node: Node) -> Settings:
    """Return the settings that the parameters hold now.

    Raises:
        UserError: a value is not valid, or somebody sets a parameter or a quality of service
            that the node does not have.
    """
    # rclpy ignores overrides of parameters that are not declared, and has no public list of them.
    overrides = {name: item.value for name, item in node._parameter_overrides.items()}
    check_names(overrides)
    check_qos_overrides(node, overrides)
    old, notes = current_values({name: overrides[name] for name in RENAMED.keys() & overrides})
    for note in notes:
        node.get_logger().warning(note)
    for name in old.keys() & overrides:
        raise UserError(f'{name} is given under its old name too; remove the old one')
    values = {field.name: node.get_parameter(field.name).value for field in setting_fields()}
    return Settings(**values | old)


def warn_of_ignored_parameters(node: Node) -> None:
    """Warn of parameters that somebody sets and the node does not have; ROS ignores them."""
    ignored = [name for name in node._parameter_overrides if not node.has_parameter(name)]
    if ignored:
        node.get_logger().warning(
            f'ignored parameters: {", ".join(ignored)}; this program takes options, which come '
            'before --ros-args'
        )


def check_parameter_files(arguments: Sequence[str], node: str) -> None:
    """Check that the parameter files among ROS arguments are meant for a node.

    Args:
        arguments: of the program.
        node: full name of the node.

    Raises:
        UserError: a file cannot be read, or has no parameters for the node; ROS ignores those.
    """
    for path in files_among(arguments):
        check_file_is_for(path, node)


def check_change(
    parameters: Sequence[Parameter], configured: Settings | None, kinds: Sequence[SensorKind]
) -> SetParametersResult:
    """Accept or reject a change of parameters.

    Args:
        parameters: the parameters with their new values.
        configured: the settings of a node that is configured; then only parameters that may
            change live and have an effect are accepted, and values that do not change.
        kinds: kinds of camera that may send packets.
    """
    try:
        changed = with_changes(configured or Settings(), parameters)
        if configured is not None:
            _check_live(configured, changed, kinds)
    except UserError as error:
        return SetParametersResult(successful=False, reason=str(error))
    return SetParametersResult(successful=True)


def _check_live(configured: Settings, changed: Settings, kinds: Sequence[SensorKind]) -> None:
    """Check that what differs may change live and has an effect."""
    for field in setting_fields():
        name = field.name
        if getattr(changed, name) == getattr(configured, name):
            continue
        if not field.metadata['live']:
            raise UserError(f'{name} is read when the node is configured: clean up the node first')
        if sentence := unused(changed, kinds).get(name):
            raise UserError(sentence)


def with_changes(settings: Settings, parameters: Sequence[Parameter]) -> Settings:
    """Return the settings with changed parameters applied.

    Raises:
        UserError: a value is not valid.
    """
    names = {field.name for field in setting_fields()}
    changes = {item.name: _value_of(item) for item in parameters if item.name in names}
    return dataclasses.replace(settings, **changes)


def _value_of(parameter: Parameter) -> Any:
    value = parameter.value
    plain = value.tolist() if isinstance(value, array.array) else value
    current, _ = current_values({parameter.name: plain})
    return current[parameter.name]


def _descriptor(field: 'dataclasses.Field[Any]') -> ParameterDescriptor:
    low, high = field.metadata['low'], field.metadata['high']
    descriptor = ParameterDescriptor(description=field.metadata['description'])
    # ROS rejects `fps:=50` for a parameter whose default is 25.0, and `off`, which YAML reads as a
    # truth value, for one of words. `check` accepts both, and names what is valid.
    descriptor.dynamic_typing = True
    if listed := choices_of(field):
        descriptor.additional_constraints = f'one of: {", ".join(listed)}'
    if low is not None and isinstance(field.default, int):
        descriptor.integer_range = [IntegerRange(from_value=int(low), to_value=int(high), step=1)]
    elif low is not None:
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(low), to_value=float(high), step=0.0)
        ]
    return descriptor
