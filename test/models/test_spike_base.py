# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The smallest published network for spike cameras."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.spike_base import SpikeBase  # noqa: E402


def test_it_has_the_published_size():
    assert sum(value.numel() for value in SpikeBase().parameters()) == 180_705


def test_the_receptive_field_is_five_pixels_to_each_side():
    network = SpikeBase(widths=(4, 4, 4, 4)).eval()
    x = torch.zeros(1, 41, 16, 16)
    changed = x.clone()
    changed[..., 8, 8] = 1.0
    with torch.no_grad():
        apart = (network.layers(x) != network.layers(changed))[0, 0]
    rows, columns = torch.nonzero(apart, as_tuple=True)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 13, 3, 13)


def test_the_image_is_limited_outside_of_training_only():
    network = SpikeBase(widths=(4,))
    x = 100 * torch.ones(1, 41, 8, 8)
    with torch.no_grad():
        drawn, limited = network.train()(x)[0], network.eval()(x)[0]
    assert drawn.abs().max() > 1
    assert torch.equal(limited, drawn.clamp(0, 1))
