# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A mirrored network is the mean of a network over four reflections of its input."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.mirrored import Mirrored  # noqa: E402
from spike_recon_models.networks.registry import NETWORKS, make_network  # noqa: E402

REFLECTIONS = [(), (-1,), (-2,), (-2, -1)]
REFLECTABLE = 'firenet', 'hybrid', 'two_scale_gru'


def windows(network, count=3, batch=2):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, batch, network.bins, 16, 24, generator=generator)


def images(network, grids):
    state, found = None, []
    with torch.no_grad():
        for grid in grids:
            image, state = network(grid, state)
            found.append(image)
    return torch.stack(found)


@pytest.mark.parametrize('name', REFLECTABLE)
def test_the_image_is_the_mean_of_four_runs_on_reflected_events(name):
    inner = make_network(name).eval()
    grids = windows(inner)
    runs = [images(inner, grids.flip(axes)).flip(axes) for axes in REFLECTIONS]
    assert (runs[0] - runs[1]).abs().max() > 1e-4, 'the runs are alike, so nothing is tested'
    found = images(Mirrored(inner).eval(), grids)
    torch.testing.assert_close(found, torch.stack(runs).mean(0), rtol=0, atol=1e-5)


@pytest.mark.parametrize('axes', REFLECTIONS[1:])
def test_reflected_events_give_the_reflected_image(axes):
    network = make_network('two_scale_gru', mirrored=True).eval()
    grids = windows(network)
    found = images(network, grids.flip(axes))
    torch.testing.assert_close(found, images(network, grids).flip(axes), rtol=0, atol=1e-5)


def test_each_part_of_the_state_is_where_its_part_of_the_image_is():
    network = make_network('two_scale_gru', mirrored=True).eval()
    silent = torch.zeros(1, network.bins, 64, 64)
    seen = silent.clone()
    seen[..., :8, :8] = 3.0
    with torch.no_grad():
        _, nothing = network(silent, None)
        _, state = network(seen, None)
    for before, after, spec in zip(nothing, state, network.state_specs, strict=True):
        strongest = (after - before).abs().unflatten(1, (4, -1)).sum(2)[0]
        reach = 8 // spec.stride
        for reflection in strongest:
            assert reflection[:reach, :reach].mean() > 3 * reflection[-reach:, -reach:].mean()


def test_weights_have_the_names_of_those_of_the_network_itself():
    inner = make_network('two_scale_gru', seed=1)
    weights = Mirrored(inner).state_dict()
    assert list(weights) == list(inner.state_dict())
    both = torch.nn.ModuleList([make_network('two_scale_gru', mirrored=True)])
    both.load_state_dict({f'0.{name}': weight for name, weight in weights.items()})
    assert list(both.state_dict()) == [f'0.{name}' for name in weights]
    for name, weight in both[0].inner.state_dict().items():
        assert torch.equal(weight, weights[name])


@pytest.mark.parametrize('name', [name for name in NETWORKS if name not in REFLECTABLE])
def test_a_network_whose_input_is_more_than_maps_of_events_is_refused(name):
    with pytest.raises(ValueError, match='only networks for events without frames can be'):
        make_network(name, mirrored=True)


def test_a_mirrored_network_is_not_mirrored_again():
    with pytest.raises(ValueError, match='only networks for events'):
        Mirrored(make_network('two_scale_gru', mirrored=True))
