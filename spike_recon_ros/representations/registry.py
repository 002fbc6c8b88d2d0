# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Make representations from their description in a bundle or recipe."""

from collections.abc import Callable
from typing import Any

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.representations.representation import Representation
from spike_recon_ros.representations.spike_compensated import SpikeCompensated
from spike_recon_ros.representations.spike_intervals import SpikeIntervals
from spike_recon_ros.representations.spike_stack import SpikeStack
from spike_recon_ros.representations.voxel_grid import VoxelGrid

EVENT_KINDS: dict[str, Callable[..., Representation]] = {'voxel_grid': VoxelGrid}
SPIKE_KINDS: dict[str, Callable[..., Representation]] = {
    'spike_compensated': SpikeCompensated,
    'spike_intervals': SpikeIntervals,
    'spike_stack': SpikeStack,
}
KINDS = {SensorKind.EVENT: EVENT_KINDS, SensorKind.SPIKE: SPIKE_KINDS}
"""Representations by the kind of camera."""

ANY_LOOKAHEAD = 'spike_intervals', 'spike_compensated'
"""Representations that work with any lookahead, with less precise values if it is short."""


def with_lookahead(description: dict[str, Any], planes: int) -> dict[str, Any]:
    """Return the description of a representation with another lookahead.

    Args:
        description: see `representation_for`.
        planes: future planes used for each image.

    Raises:
        UserError: the lookahead of the representation is fixed.
    """
    kind, fixed = description.get('kind'), description.get('lookahead_planes')
    if planes != fixed and kind not in ANY_LOOKAHEAD:
        raise UserError(
            f'lookahead_planes is {planes}, but the representation {kind!r} has a fixed lookahead '
            f'of {fixed}; leave lookahead_planes at its default'
        )
    return description | {'lookahead_planes': planes}


def representation_for(description: dict[str, Any], width: int, height: int) -> Representation:
    """Return a new representation.

    Args:
        description: `kind`, and the parameters of that kind except the sensor's size.
        width: sensor columns, pixels.
        height: sensor rows, pixels.

    Raises:
        UserError: there is no such kind, or its parameters are wrong.
    """
    arguments = dict(description)
    kind = arguments.pop('kind', None)
    kinds = EVENT_KINDS | SPIKE_KINDS
    if kind not in kinds:
        raise UserError(f'there is no representation {kind!r}; known: {", ".join(kinds)}')
    try:
        return kinds[kind](width, height, **arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f'representation {kind} with {arguments}: {error}') from None
