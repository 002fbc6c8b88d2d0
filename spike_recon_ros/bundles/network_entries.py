# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""What the descriptions of all networks share: their entries, and the checksums of the files."""

import hashlib
from pathlib import Path
from typing import Any

from spike_recon_ros.bundles.description import (
    DESCRIPTION,
    FETCH_AGAIN,
    Section,
    check_provenance,
    short,
)
from spike_recon_ros.bundles.network import (
    GOLDEN,
    INT8_ONNX,
    ONNX,
    WEIGHTS,
    StateTensor,
)
from spike_recon_ros.bundles.onnx_graph import check_graph
from spike_recon_ros.errors import UserError
from spike_recon_ros.regular_file import check_no_stand_in

MOST_CHANNELS, LARGEST_STRIDE, LARGEST_SCALE, MOST_STATES = 4096, 1024, 16, 256
_PIECE_BYTES = 1 << 20


def read_network_entries(folder: Path, content: Section) -> dict[str, Any]:
    """Return the fields of `Network` that are read in the same way for every network.

    Raises:
        UserError: an entry is missing or not valid, or the strides of the state do not divide
            `pad_multiple`.
    """
    check_provenance(content)
    network, state = content.section('network'), _read_state(content)
    pad_multiple = content.count('pad_multiple', LARGEST_STRIDE)
    strides = [spec.stride for spec in state]
    if any(pad_multiple % stride for stride in strides):
        raise UserError(
            f'{folder / DESCRIPTION}: the strides {strides} of the state must divide '
            f'pad_multiple, which is {pad_multiple}; {FETCH_AGAIN}'
        )
    return {
        'folder': folder,
        'name': content.text('name'),
        'network': network.text('name'),
        'network_arguments': network.section('arguments').content,
        'state': state,
        'pad_multiple': pad_multiple,
        'spiking': content.flag('spiking', default=False),
        'bfloat16': content.flag('bfloat16', default=True),
        'output_scale': content.count('output_scale', LARGEST_SCALE, default=1),
        'output_range': content.limits('output_range'),
        'description': content.content,
    }


def check_files(folder: Path, content: Section) -> None:
    """Compare every file of a bundle with the list `sha256`, external ONNX data included.

    Raises:
        UserError: a file is missing or differs, or the graph cannot be run safely.
    """
    listed = content.section('sha256')
    names = {ONNX: None, WEIGHTS: None, GOLDEN: None} | dict.fromkeys(listed.content)
    for name in names:
        _check_file(folder, name, listed)
    for name in (ONNX, INT8_ONNX):
        if name not in listed:
            continue
        for external in check_graph(folder / name):
            if external not in listed:
                raise UserError(
                    f'{folder / name} keeps weights in {short(external)}, which is not in the '
                    f'sha256 list of {DESCRIPTION}; {FETCH_AGAIN}'
                )


def _check_file(folder: Path, name: str, listed: Section) -> None:
    expected = listed.text(name)
    if name in ('', '.', '..') or '/' in name:
        raise UserError(
            f'{folder / DESCRIPTION}: sha256 lists {short(name)}, which is not a file of the '
            f'bundle; {FETCH_AGAIN}'
        )
    path = folder / name
    if not path.is_file():
        raise UserError(f'the bundle {folder} has no file {name}; {FETCH_AGAIN}')
    digest = hashlib.sha256()
    try:
        with path.open('rb') as file:
            while piece := file.read(_PIECE_BYTES):
                digest.update(piece)
    except OSError as error:
        raise UserError(
            f'{path} cannot be read ({error.strerror}); check its permissions'
        ) from None
    if digest.hexdigest() != expected:
        check_no_stand_in(path)
        raise UserError(
            f'{path} is not the file that {DESCRIPTION} was written for (its sha256 differs); '
            f'{FETCH_AGAIN}'
        )


def _read_state(content: Section) -> tuple[StateTensor, ...]:
    """Return the state tensors that a description declares."""
    entries = content.sections('state')
    if len(entries) > MOST_STATES:
        raise content.wrong('state')
    state = tuple(
        StateTensor(
            entry.text('name'),
            entry.count('channels', MOST_CHANNELS),
            entry.count('stride', LARGEST_STRIDE),
            entry.level('fires_at'),
        )
        for entry in entries
    )
    if len({spec.name for spec in state}) != len(state):
        raise content.wrong('state')
    return state
