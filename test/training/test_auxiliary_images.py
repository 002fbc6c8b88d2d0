# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks with several images learn from all that a segment has truth of."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')

from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_training.auxiliary_images import with_others  # noqa: E402
from spike_recon_training.datasets.segments import Segment  # noqa: E402


def segment(planes):
    generator = torch.Generator().manual_seed(0)
    spikes = (torch.rand(2, 1, planes, 32, 48, generator=generator) < 0.4).float()
    return Segment(spikes, spikes.mean(2, keepdim=True), cold=True)


def test_the_coarser_images_of_stir_are_weighed_as_published():
    network = make_network('stir', widths=[8] * 5)
    some = segment(61)
    video, state, terms = with_others(network, some)
    assert state == ()
    expected = 0.0
    for spikes, truth, image in zip(some.grids, some.truths, video, strict=True):
        (first, *others), _ = network.estimates(spikes)
        torch.testing.assert_close(first.image, image)
        for factor, weight, one in zip(
            (2, 4, 8, 16), (0.5, 0.25, 0.25, 0.25), others, strict=True
        ):
            shrunk = torch.nn.functional.interpolate(truth, scale_factor=1 / factor, mode='area')
            expected += weight / 4 * (one.image - shrunk).abs().mean() / 2
    torch.testing.assert_close(terms['others'], expected)


def test_images_of_other_instants_are_left_out():
    network = make_network('swinsf', channels=4, depth=2)
    some = Segment(*(part[..., :30, :40] for part in segment(41)[:2]), cold=True)
    _, _, terms = with_others(network, some)
    assert terms == {}
