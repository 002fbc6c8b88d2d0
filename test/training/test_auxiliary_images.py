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


def test_images_of_other_instants_are_compared_with_their_own_truths():
    network = make_network('swinsf', channels=4, depth=2)
    grids, truths = (part[..., :30, :40] for part in segment(41)[:2])
    sides = {later: truths * scale for later, scale in zip((-7, 7), (0.3, 0.6), strict=True)}
    _, _, terms = with_others(network, Segment(grids, truths, True, sides))
    expected = 0.0
    for number, spikes in enumerate(grids):
        (_, *others), _ = network.estimates(spikes)
        assert [one.planes_later for one in others] == [-7, 7]
        for one in others:
            expected += 0.1 * (one.image - sides[one.planes_later][number]).abs().mean() / 2
    torch.testing.assert_close(terms['others'], expected)


def test_images_without_a_truth_add_nothing_but_have_gradients():
    network = make_network('swinsf', channels=4, depth=2)
    some = Segment(*(part[..., :30, :40] for part in segment(41)[:2]), cold=True)
    video, _, terms = with_others(network, some)
    assert terms['others'] == 0
    (video.mean() + terms['others']).backward()
    assert all(parameter.grad is not None for parameter in network.parameters())
    assert not network.draw_side.weight.grad.any()
