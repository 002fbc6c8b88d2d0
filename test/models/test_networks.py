# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Every network keeps the contract that export, training and runtime rely on."""

import numpy as np
import pytest

from spike_recon_ros.evaluation.tags import TagScore
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.registry import decoder_for
from spike_recon_ros.representations.voxel_grid import voxel_grid
from spike_recon_ros.sources.open_source import open_source

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.firenet import FireNet, load_published  # noqa: E402
from spike_recon_models.networks.plane_network import PlaneNetwork  # noqa: E402
from spike_recon_models.networks.registry import NETWORKS, make_network  # noqa: E402

SMALL = {
    'bsf': {'channels': 8, 'depth': 1},
    'base': {'widths': (8, 8)},
    'stir': {'widths': (8, 8, 8, 8, 8)},
    'stir_streaming': {'widths': (8, 8, 8, 8, 8)},
    'swinsf': {'channels': 8, 'depth': 2},
    'ssir': {'channels': 32},
}
"""What those are made with here that take seconds at their published size."""
every_network = pytest.mark.parametrize('name', NETWORKS)


def small(name, **arguments):
    return make_network(name, **SMALL.get(name, {}), **arguments)


@pytest.fixture
def network(name):
    return woken(small(name).eval())


def woken(network):
    """Return the network with no layer that is still zero, as after some training."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if (weight.ndim == 4 or name.endswith('.gain')) and not weight.any():
                weight.copy_(0.05 * torch.randn(weight.shape, generator=generator))
    return network


def size(network, multiples=(2, 3)):
    """Return a height of at least 16 and a width half as large again that suit the network."""
    unit = network.pad_multiple * -(-8 // network.pad_multiple)
    return tuple(unit * multiple for multiple in multiples)


def tensor(network, steps=1, batch=2):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(steps, batch, network.bins, *size(network), generator=generator)


@every_network
def test_shapes_are_as_declared(network):
    x = tensor(network)[0]
    intensity, state = network(x)
    height, width = size(network)
    assert (len(intensity), *intensity.shape[2:]) == (2, height, width)
    assert intensity.shape[1] == (3 if type(network).__name__ == 'GreyToRgb' else 1)
    expected = [
        (2, spec.channels, height // spec.stride, width // spec.stride)
        for spec in network.state_specs
    ]
    assert [tuple(one.shape) for one in state] == expected
    assert [tuple(one.shape) for one in network.zero_state(2, height, width)] == expected


@every_network
def test_no_state_means_zeros(network):
    x = tensor(network)[0]
    with torch.no_grad():
        torch.testing.assert_close(
            network(x), network(x, network.zero_state(2, *size(network))), rtol=0, atol=0
        )


@every_network
def test_the_state_is_a_value(network):
    first, second = tensor(network, steps=2)
    with torch.no_grad():
        _, state = network(first)
        kept = [one.clone() for one in state]
        once = network(second, state)
        twice = network(second, state)
    torch.testing.assert_close(once, twice, rtol=0, atol=0)
    torch.testing.assert_close(list(state), kept, rtol=0, atol=0)


@every_network
def test_state_is_alive(network):
    if not network.state_specs:
        pytest.skip('it has no state')
    x = tensor(network)[0]
    with torch.no_grad():
        first, state = network(x)
        second, _ = network(x, state)
    assert (first - second).abs().max() > 1e-3


@every_network
def test_weights_are_the_same_for_the_same_seed(name):
    torch.manual_seed(5)
    one = small(name, seed=1).state_dict()
    torch.manual_seed(6)
    same, other = small(name, seed=1).state_dict(), small(name, seed=2).state_dict()
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@every_network
def test_every_weight_learns(name):
    network = woken(small(name))
    state, total = None, 0.0
    for x in tensor(network, steps=3):
        images, state = learned_from(network, x, state)
        total = total + sum((image**2).mean() for image in images)
    total.backward()
    assert not [
        key
        for key, value in network.named_parameters()
        if value.grad is None or not value.grad.abs().sum() > 0
    ]


def learned_from(network, x, state):
    """Return all images that training sees, and the state."""
    if isinstance(network, PlaneNetwork):
        estimates, state = network.estimates(x, state)
        return [one.image for one in estimates], state
    image, state = network(x, state)
    return [image], state


@every_network
def test_sequences_of_a_batch_do_not_mix(network):
    x = tensor(network)[0]
    with torch.no_grad():
        together, _ = network(x)
        alone, _ = network(x[1:])
    torch.testing.assert_close(together[1:], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('name', ['two_scale_gru', 'hybrid'])
def test_our_networks_stay_within_their_range(name):
    network = make_network(name, channels=4)
    with torch.no_grad():
        intensity, _ = network(1e4 * tensor(network)[0])
    assert intensity.min() >= 0.0
    assert intensity.max() <= 1.0


def test_width_is_an_argument():
    def count(**arguments):
        network = make_network('two_scale_gru', **arguments)
        return sum(value.numel() for value in network.parameters())

    assert count(channels=8) < count(channels=24) < count(channels=24, context=96)


@every_network
def test_observables_are_numbers(network):
    with torch.no_grad():
        _, state = network(tensor(network)[0])
    assert all(np.isfinite(float(value)) for value in network.observables(state).values())


def test_an_unknown_network_or_argument_is_refused():
    with pytest.raises(ValueError, match=r'did you mean firenet\?'):
        make_network('firenett')
    with pytest.raises(ValueError, match='depth'):
        make_network('firenet', depth=3)


def test_firenet_has_the_published_size():
    assert sum(value.numel() for value in FireNet().parameters()) == 37_777


def test_a_file_without_firenet_weights_is_refused(tmp_path):
    torch.save({'state_dict': {}}, tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='published FireNet weights'):
        load_published(tmp_path / 'weights.pth')
    with pytest.raises(ValueError, match='published FireNet weights'):
        load_published(tmp_path / 'missing.pth')


@pytest.mark.parametrize(('window_ms', 'expected'), [(20, 7.72), (33, 8.19)])
def test_published_firenet_reads_as_many_tags_as_measured(recordings, window_ms, expected):
    network = load_published(recordings('event/firenet_peer_weights.pth')).eval()
    events = _events_of(recordings('event/davis346_apriltags'))
    score, state = TagScore(), None
    step_ns, t_ns = window_ms * 1_000_000, int(events.t_ns[0])
    while t_ns <= events.t_ns[-1]:
        window = slice(*np.searchsorted(events.t_ns, (t_ns, t_ns + step_ns)))
        grid = voxel_grid(
            events[window], t_ns, t_ns + step_ns,
            bins=5, height=260, width=346, normalisation='nonzero',
        )  # fmt: skip
        with torch.inference_mode():
            intensity, state = network(torch.from_numpy(grid)[None], state)
        image = intensity[0, 0].numpy()
        black, white = np.percentile(image, (1, 99))
        score.add((np.clip((image - black) / (white - black), 0, 1) * 255).astype(np.uint8))
        t_ns += step_ns
    assert score.tags_per_frame == pytest.approx(expected, abs=0.3)


def _events_of(path):
    with open_source(path) as source:
        packets = list(source)
    first = packets[0]
    decoder = decoder_for(first.encoding, first.width, first.height)
    return Events.concatenate([decoder.decode(packet) for packet in packets])
