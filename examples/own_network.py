# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Define a small recurrent network, export it as a bundle, and run the bundle.

    python examples/own_network.py bundles/leaky_sum

Needs PyTorch, onnx and onnxscript for the export (`pip install '.[training]'`) and
a backend to run the bundle, for example `pip install openvino`. This network is not trained: its
weights are set by hand so that it sums up polarities and forgets them slowly.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

import spike_recon_ros as sr

try:
    import onnxscript  # noqa: F401  (torch.onnx needs it)
    import torch
    from torch import nn

    from spike_recon_models.export import export_bundle
    from spike_recon_models.networks.recurrent_network import RecurrentNetwork, StateSpec
    from spike_recon_models.networks.registry import NETWORKS
except ImportError as error:
    print(f"skipped: {error}; run: pip install '.[training]'", file=sys.stderr)
    raise SystemExit(0) from None

WIDTH, HEIGHT = 64, 48


class LeakySum(RecurrentNetwork):
    """Adds up the voxel grid, multiplies the sum by 0.9 at each window, and blurs a little."""

    bins = 5
    pad_multiple = 2
    state_specs = (StateSpec('total', channels=1, stride=1),)

    def __init__(self) -> None:
        super().__init__()
        self.blur = nn.Conv2d(1, 1, 3, padding=1, bias=False)
        nn.init.constant_(self.blur.weight, 1 / 9)

    def forward(
        self, x: torch.Tensor, state: tuple[torch.Tensor, ...] | None = None
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, ...]]:
        """Return intensity in 0..1 and the new state; see RecurrentNetwork."""
        (total,) = self._state_or_zeros(x, state)
        total = 0.9 * total + x.sum(1, keepdim=True)
        return torch.sigmoid(self.blur(total)), (total,)


def moving_edge() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y, t (us) and p of a bright edge that crosses the sensor in 0.6 s."""
    column, row = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT), indexing='ij')
    t_us = column * 10_000 + row * 10
    return column.ravel(), row.ravel(), t_us.ravel(), np.ones(column.size, bool)


def main() -> None:
    """Export the network and run its bundle on made-up events."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('bundle', type=Path, help='folder to write')
    parser.add_argument('--backend', default='auto')
    arguments = parser.parse_args()

    # With an entry here, export, the torch backend and recipes find the definition by its name.
    NETWORKS['leaky_sum'] = LeakySum
    card = {
        'name': 'leaky_sum',
        'representation': {'normalisation': 'none'},
        'window_ms': 20,
        'network': {'name': 'leaky_sum', 'arguments': {}},
        'recipe': {'steps': 0},
        'data': 'none: the weights are set by hand',
        'metrics': {},
        'licence': 'Apache-2.0',
    }
    print(f'exporting to {arguments.bundle}; this takes some seconds')
    export_bundle(LeakySum(), arguments.bundle, card)
    frames = list(
        sr.reconstruct(
            moving_edge(),
            size=(WIDTH, HEIGHT),
            t_unit='us',
            model=str(arguments.bundle.resolve()),
            backend=arguments.backend,
            fps=50,
        )
    )
    bright = float(np.mean([frame.intensity.mean() for frame in frames]))
    print(f'{len(frames)} frames from {arguments.bundle}, mean intensity {bright:.3f}')


if __name__ == '__main__':
    try:
        main()
    except (sr.UserError, OSError) as error:
        raise SystemExit(f'error: {error}') from None
