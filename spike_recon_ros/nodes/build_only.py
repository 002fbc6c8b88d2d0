# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""`build_only:=true`: the node builds the TensorRT engines of its model and exits.

For system images of robots, whose first start should not wait for a build. The engines are those
of `spike-recon build`, in the user's cache.
"""

from rcl_interfaces.msg import ParameterDescriptor
from rclpy.node import Node

from spike_recon_ros.backends.backend import AUTO, FULL_PRECISION
from spike_recon_ros.backends.tensorrt.engine_request import build_requested
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import default_model
from spike_recon_ros.nodes.parameters import read_settings
from spike_recon_ros.packets.sensor_kind import SensorKind

BUILD_ONLY, BUILD_SIZES = 'build_only', 'build_sizes'


def declare_build_only(node: Node) -> None:
    """Declare the two parameters."""
    only = 'Build the TensorRT engines of the model for `build_sizes`, then exit.'
    sizes = 'Sizes of sensors to build engines for, as 346x260, separated by commas (build_only).'
    for name, default, text in ((BUILD_ONLY, False, only), (BUILD_SIZES, '', sizes)):
        node.declare_parameter(
            name, default, ParameterDescriptor(description=text, read_only=True)
        )


def is_build_only(node: Node) -> bool:
    """Whether the node should only build engines."""
    return bool(node.get_parameter(BUILD_ONLY).value)


def build(node: Node) -> None:
    """Build the engines for the sizes in the parameters.

    Raises:
        UserError: no size is given, or no engine can be built.
    """
    settings = read_settings(node)
    sizes = str(node.get_parameter(BUILD_SIZES).value).replace(',', ' ').split()
    if not sizes:
        raise UserError(
            f'{BUILD_ONLY} needs the size of the sensor; set {BUILD_SIZES}, for example to 346x260'
        )

    def log(line: str) -> None:
        node.get_logger().info(line)

    precision = FULL_PRECISION if settings.precision == AUTO else settings.precision
    kind = SensorKind.EVENT if settings.sensor == AUTO else SensorKind(settings.sensor)
    model = default_model(kind) if settings.model == AUTO else settings.model
    for size in sizes:
        for path in build_requested(model, size, precision, log):
            log(f'built {path}')
