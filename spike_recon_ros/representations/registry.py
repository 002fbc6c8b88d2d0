# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The representations by name.

Comes in: what a bundle or a recipe says, and a sensor's size. Goes out: a Representation. Knows
nothing about how each one works.
"""

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
"""Representations by the kind of camera that they are for."""

ANY_LOOKAHEAD = 'spike_intervals', 'spike_compensated'
"""Those that say the same of an instant, less surely, with fewer planes after it."""


def with_lookahead(said: dict[str, Any], planes: int) -> dict[str, Any]:
    """Return what is said of a representation, for another number of planes to look ahead.

    Args:
        said: as `representation_for` takes it.
        planes: between the instant and the newest one.

    Raises:
        UserError: the representation leaves no choice.
    """
    if planes != said.get('lookahead_planes') and said.get('kind') not in ANY_LOOKAHEAD:
        raise UserError(
            f'lookahead_planes is {planes}, but a representation {said.get("kind")!r} leaves no '
            'choice; leave lookahead_planes at its default'
        )
    return said | {'lookahead_planes': planes}


def representation_for(said: dict[str, Any], width: int, height: int) -> Representation:
    """Return a new representation.

    Args:
        said: `kind`, and the arguments of that kind besides the size.
        width: sensor columns, pixels.
        height: sensor rows, pixels.

    Raises:
        UserError: there is no such kind, it takes other parameters, or it cannot have these.
    """
    arguments = dict(said)
    kind = arguments.pop('kind', None)
    kinds = EVENT_KINDS | SPIKE_KINDS
    if kind not in kinds:
        raise UserError(f'there is no representation {kind!r}; known: {", ".join(kinds)}')
    try:
        return kinds[kind](width, height, **arguments)
    except (TypeError, ValueError) as error:
        raise UserError(f'representation {kind} with {arguments}: {error}') from None
