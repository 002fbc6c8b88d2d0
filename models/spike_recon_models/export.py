# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Exports a network as a bundle, the folder that the runtime loads.

A bundle has model.onnx, weights.safetensors, golden.npz (an input and the expected output), and
the model card as model.yaml and README.md. The runtime does not import this module.
"""

import contextlib
import dataclasses
import hashlib
import io
import logging
import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import nn

from spike_recon_models.golden_input import EVENT_KIND, golden_input
from spike_recon_models.model_card import model_card
from spike_recon_models.networks.recurrent_network import RecurrentNetwork, StateSpec
from spike_recon_models.networks.registry import make_network
from spike_recon_models.onnx_metadata import strip_metadata
from spike_recon_ros.bundles.description import DESCRIPTION
from spike_recon_ros.bundles.network import GOLDEN, INT8_GOLDEN, INT8_ONNX, ONNX, WEIGHTS

OPSET = 20
HASHED = ONNX, WEIGHTS, GOLDEN
MADE_OF_EARLIER_WEIGHTS = INT8_ONNX, INT8_GOLDEN
"""Files that `spike-recon quantize` may have made of an earlier export; they are removed."""
SENSOR_KEYS = 'representation', 'window_ms'
"""Keys of a card that networks for images lack."""
CARD_KEYS = (
    'name',
    'representation',
    'window_ms',
    'network',
    'recipe',
    'data',
    'metrics',
    'licence',
)


def export_bundle(
    network: RecurrentNetwork,
    folder: Path,
    card: dict[str, Any],
    progress: Callable[[str], None] = lambda phase: None,
) -> None:
    """Write a bundle into a folder.

    Args:
        network: on any device; the bundle is float32.
        folder: created if missing; usually named like the model.
        card: entries of model.yaml that the network does not have itself: `name`, `representation`
            (of events {normalisation}, of spike planes {kind, parameters}), `window_ms`, `network`
            ({name, arguments}), `recipe`, `data`, `metrics` and `licence`. Optional: `limits`;
            `sensor`, default `event`; `longest_window_ms`, if longer windows are to be read in
            parts.
        progress: called with the name of each phase before it.

    Raises:
        ValueError: the card lacks a key, or names another network.
        OSError: a file cannot be written.
    """
    needed = set(CARD_KEYS) - ({*SENSOR_KEYS} if network.image_inputs else set())
    if missing := sorted(needed - set(card)):
        raise ValueError(f'the card of the bundle lacks: {", ".join(missing)}')
    network = _copy_of(network, card)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        save_file(network.state_dict(), folder / WEIGHTS)
    except SafetensorError as error:
        number = re.search(r'os error (\d+)', str(error))
        if number is None:
            raise OSError(f'{WEIGHTS} cannot be written: {error}') from error
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(folder / WEIGHTS)) from error
    # safetensors writes files that only their owner may read.
    (folder / WEIGHTS).chmod(0o644)
    progress('computing the golden output')
    _write_golden(network, card, folder / GOLDEN)
    progress('exporting to ONNX')
    _write_onnx(network, folder / ONNX)
    for name in MADE_OF_EARLIER_WEIGHTS:
        (folder / name).unlink(missing_ok=True)
    content = _description(network, folder, card)
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=97)
    (folder / DESCRIPTION).write_text(text, encoding='utf-8')
    parameters = sum(parameter.numel() for parameter in network.parameters())
    (folder / 'README.md').write_text(model_card(content, parameters), encoding='utf-8')


def _copy_of(network: RecurrentNetwork, card: dict[str, Any]) -> RecurrentNetwork:
    """Build the network from its card, as the torch backend will, and copy the weights."""
    made = make_network(card['network']['name'], **card['network'].get('arguments', {}))
    weights = {
        name: value.detach().float().cpu().contiguous()
        for name, value in network.state_dict().items()
    }
    try:
        made.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(
            f"the card's network {card['network']} is not the one that is exported: {error}"
        ) from None
    return made.eval()


class _Flat(nn.Module):
    """The network with its state as separate inputs and outputs, as ONNX requires."""

    def __init__(self, network: RecurrentNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, events: torch.Tensor, state: list[torch.Tensor]) -> tuple[torch.Tensor, ...]:
        intensity, new_state = self.network(events, tuple(state))
        return intensity, *new_state


def _write_onnx(network: RecurrentNetwork, path: Path) -> None:
    multiple, specs = network.pad_multiple, network.state_specs
    height, width = torch.export.Dim('rows'), torch.export.Dim('columns')
    example = torch.zeros(1, network.bins, 8 * multiple, 12 * multiple)

    def shape(stride: int) -> dict[int, Any]:
        factor = multiple // stride
        if factor == 1:
            return {2: height, 3: width}
        return {2: factor * height, 3: factor * width}

    exporter_output = io.StringIO()
    noisy = logging.getLogger('torch.onnx')
    level = noisy.level
    noisy.setLevel(logging.ERROR)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(exporter_output),
            torch.no_grad(),
        ):
            warnings.simplefilter('ignore')
            program = torch.onnx.export(
                _Flat(network),
                (example, list(network.zero_state(1, *example.shape[2:]))),
                input_names=['events', *(f'{spec.name}_in' for spec in specs)],
                output_names=['intensity', *(f'{spec.name}_out' for spec in specs)],
                dynamic_shapes=(shape(1), [shape(spec.stride) for spec in specs]),
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
            assert program is not None
            model = program.model_proto
            strip_metadata(model)
            onnx.save(model, path)
    finally:
        noisy.setLevel(level)


def _write_golden(network: RecurrentNetwork, card: dict[str, Any], path: Path) -> None:
    inputs = golden_input(network, card.get('representation', {}))
    intensity, state = [], None
    with torch.no_grad():
        for window in inputs:
            image, state = network(torch.from_numpy(window), state)
            intensity.append((image[0] if image.shape[1] > 1 else image[0, 0]).numpy())
    np.savez_compressed(path, events=inputs[:, 0], intensity=np.stack(intensity))


def _input(network: RecurrentNetwork, card: dict[str, Any]) -> dict[str, Any]:
    """Return the entries of model.yaml about the sensor and the input tensor."""
    if network.image_inputs:
        inputs, outputs = list(network.image_inputs), list(network.image_outputs)
        return {'images': {'inputs': inputs, 'outputs': outputs}}
    representation = card['representation']
    if card.get('sensor', 'event') == 'event':
        kind = {
            'kind': EVENT_KIND,
            'bins': network.grid_bins,
            'normalisation': representation['normalisation'],
        }
        return {'sensor': 'event', 'representation': kind}
    return {
        'sensor': card['sensor'],
        'representation': dict(representation),
        'input_channels': network.bins,
    }


def _own(network: RecurrentNetwork) -> dict[str, Any]:
    """Return the entries of model.yaml that only some networks need."""
    own: dict[str, Any] = {'hop_planes': network.hop_planes} if network.hop_planes else {}
    if network.reads_frames:
        own['reads_frames'] = True
    if network.output_scale != 1:
        own['output_scale'] = network.output_scale
    if not network.allows_bfloat16:
        own['bfloat16'] = False
    return own


def _state_entry(spec: StateSpec) -> dict[str, Any]:
    """Return the entries of a state tensor that are set."""
    return {key: value for key, value in dataclasses.asdict(spec).items() if value is not None}


def _description(network: RecurrentNetwork, folder: Path, card: dict[str, Any]) -> dict[str, Any]:
    """Return the content of model.yaml."""
    return {
        'name': card['name'],
        **_input(network, card),
        **_own(network),
        **{key: card[key] for key in ('window_ms', 'longest_window_ms') if key in card},
        'network': {
            'name': card['network']['name'],
            'arguments': card['network'].get('arguments', {}),
        },
        'state': [_state_entry(spec) for spec in network.state_specs],
        'pad_multiple': network.pad_multiple,
        'spiking': network.spiking,
        'reference_time': 1.0,
        'output_range': [0, 1],
        'sha256': {
            name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in HASHED
        },
        'opset': OPSET,
        **{key: card[key] for key in ('recipe', 'data', 'metrics')},
        'limits': card.get('limits', 'not stated'),
        'licence': card['licence'],
    }
