# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The layout of a file of spike planes, which the file itself does not state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import yaml

from spike_recon_ros.errors import UserError, shown
from spike_recon_ros.small_yaml import read_small_yaml
from spike_recon_ros.sources.columns import LARGEST_SIDE
from spike_recon_ros.whole_file import write_whole

PLANES, PLANES_MSB, K10, M1 = 'planes', 'planes_msb', 'k10', 'm1'
LAYOUTS = (PLANES, PLANES_MSB, K10, M1)
LONGEST_PERIOD_NS = 10**9
LARGEST_SIDECAR = 2**16
VIDAR_SIZE = (400, 250)


@dataclass(frozen=True, slots=True)
class SpikeLayout:
    """How the bytes of a file become upright planes.

    Attributes:
        layout: `planes` = packed rows without gaps, bit 0 leftmost; `planes_msb` = the same with
            bit 7 leftmost; `k10`, `m1` = raw data of these cameras.
        width: sensor columns, pixels.
        height: sensor rows, pixels.
        period_ns: time between two planes.
        flip: whether the bottom row is stored first; None = yes for 400x250, else no.
        white_rate: spikes per plane of a white pixel of the truth; None = unknown.
    """

    layout: str = PLANES
    width: int = VIDAR_SIZE[0]
    height: int = VIDAR_SIZE[1]
    period_ns: int = 50_000
    flip: bool | None = None
    white_rate: float | None = None

    @property
    def upside_down(self) -> bool:
        """Whether the bottom row is stored first."""
        return (self.width, self.height) == VIDAR_SIZE if self.flip is None else self.flip


RAW_SIZES = {K10: VIDAR_SIZE, M1: (1000, 1000)}
"""Columns and rows of the cameras with raw layouts."""


def sidecar_of(path: Path) -> Path:
    """Return the path of the layout of a file: `NAME.dat.yaml` beside `NAME.dat`."""
    return path.with_name(f'{path.name}.yaml')


def layout_of(path: Path, given: Mapping[str, Any] | None = None) -> SpikeLayout:
    """Return the layout in a file's sidecar; without a sidecar, that of the 400x250 data sets.

    Args:
        path: the file of planes.
        given: fields of SpikeLayout that override the sidecar.

    Raises:
        UserError: if the sidecar cannot be read, or a value is not possible.
    """
    sidecar = sidecar_of(path)
    values = _read(sidecar) if sidecar.exists() else {}
    for wrong in (name for name, value in values.items() if not _possible(name, value)):
        raise UserError(
            f'{sidecar} has {shown(wrong)}: {shown(values[wrong])}; it may hold layout '
            f'({", ".join(LAYOUTS)}), width, height, period_ns, flip (true or false) and '
            'white_rate (above 0, at most 1)'
        )
    given = given or {}
    for wrong in (name for name, value in given.items() if not _possible(name, value)):
        raise UserError(
            f'{path} cannot have {shown(wrong)} {shown(given[wrong])}; sides are from 1 to '
            f'{LARGEST_SIDE}, the period from 1 to {LONGEST_PERIOD_NS} ns'
        )
    values = {**values, **given}
    kind = values.get('layout', PLANES)
    if kind in RAW_SIZES:
        values = dict(zip(('width', 'height'), RAW_SIZES[kind], strict=True)) | values
    layout = SpikeLayout(**values)
    if kind in RAW_SIZES and (layout.width, layout.height) != RAW_SIZES[kind]:
        columns, rows = RAW_SIZES[kind]
        raise UserError(f'layout {kind} has {columns}x{rows} pixels; leave width and height out')
    return layout


def write_sidecar(path: Path, layout: SpikeLayout) -> None:
    """Write the layout of a file into its sidecar."""
    values = asdict(replace(layout, flip=layout.upside_down))
    values = {name: value for name, value in values.items() if value is not None}
    write_whole(sidecar_of(path), yaml.safe_dump(values, sort_keys=False))


def _read(sidecar: Path) -> dict[str, Any]:
    try:
        values = read_small_yaml(sidecar, LARGEST_SIDECAR)
    except ValueError as error:
        raise UserError(f'{sidecar} cannot be read ({error})') from error
    if not isinstance(values, dict):
        raise UserError(f'{sidecar} must hold lines such as `width: 400` and `height: 250`')
    return values


def _possible(name: object, value: object) -> bool:
    if name == 'layout':
        return isinstance(value, str) and value in LAYOUTS
    if name == 'flip':
        return value is None or isinstance(value, bool)
    if name == 'white_rate':
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return 0 < value <= 1
    known = isinstance(name, str) and name in {field.name for field in fields(SpikeLayout)}
    if not known or type(value) is not int:
        return False
    return 0 < value <= (LONGEST_PERIOD_NS if name == 'period_ns' else LARGEST_SIDE)
