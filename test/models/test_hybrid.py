# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spiking branch remembers, learns, is mixed in by alpha and can be watched."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.hybrid import Hybrid, start_from_two_scale_gru  # noqa: E402
from spike_recon_models.networks.lif import fired  # noqa: E402
from spike_recon_models.networks.two_scale_gru import TwoScaleGru  # noqa: E402

SPIKES_ONLY, ANALOG_ONLY = -200.0, 200.0


def network(fusion=None) -> Hybrid:
    made = Hybrid(channels=4, context=8)
    if fusion is not None:
        with torch.no_grad():
            made.fine_spikes.fusion.fill_(fusion)
            made.coarse_spikes.fusion.fill_(fusion)
    return made


def windows(steps, strength=1.0):
    generator = torch.Generator().manual_seed(5)
    return strength * torch.randn(steps, 2, 5, 16, 16, generator=generator)


def test_the_membrane_is_carried():
    made, (x,) = network(), windows(1, strength=0.3)
    with torch.no_grad():
        _, first = made(x)
        _, second = made(x, first)
    for before, after in zip(first[:2], second[:2], strict=True):
        assert not torch.equal(fired(before), fired(after))


def test_the_state_stays_bounded_over_2000_windows_of_strong_noise():
    made, state = network(), None
    with torch.no_grad():
        for x in windows(50, strength=100.0).repeat(40, 1, 1, 1, 1):
            image, state = made(x, state)
    limits = dict(zip((spec.name for spec in made.state_specs), (1, 1, 1, 1, 5), strict=True))
    found = dict(zip(limits, (float(one.abs().max()) for one in state), strict=True))
    assert all(found[name] <= limit for name, limit in limits.items()), found
    assert torch.isfinite(image).all()


def gradient_at_the_currents(made):
    total, state = 0.0, None
    for x in windows(3):
        image, state = made(x, state)
        total = total + (image**2).mean()
    total.backward()
    return [
        float(layer.current.weight.grad.abs().sum())
        for layer in (made.fine_spikes, made.coarse_spikes)
    ]


def test_the_gradient_flows_through_the_spikes_to_the_input_weights():
    assert all(size > 0 for size in gradient_at_the_currents(network(SPIKES_ONLY)))


def test_with_alpha_one_the_spikes_are_ignored():
    assert gradient_at_the_currents(network(ANALOG_ONLY)) == [0, 0]


def test_alpha_mixes_channel_by_channel():
    layer = network().fine_spikes
    with torch.no_grad():
        layer.fusion.copy_(torch.tensor([0.0, 200.0, -200.0, 0.0])[:, None, None])
        fused = layer.fused(torch.full((1, 4, 1, 1), 3.0), torch.full((1, 4, 1, 1), 1.0))
    assert fused.flatten().tolist() == [2.0, 3.0, 1.0, 2.0]


def test_the_spike_rate_is_the_share_of_neurons_that_fired():
    made = network()
    state = made.zero_state(2, 16, 16)
    assert made.observables(state)['spike_rate'] == 0
    state[0][:, :2] = 1.0  # half of the fine neurons, which are two thirds of all
    assert float(made.observables(state)['spike_rate']) == pytest.approx(1 / 3)


def test_some_neurons_fire_before_any_training():
    made, state = network(), None
    sparse = windows(5) * (torch.rand(5, 2, 5, 16, 16) < 0.1)
    with torch.no_grad():
        for x in sparse:
            _, state = made(x, state)
    assert 0.02 < made.observables(state)['spike_rate'] < 0.5


def test_the_neurons_stop_firing_without_input():
    made, state = network(), None
    with torch.no_grad():
        _, state = made(windows(1)[0])
        for _ in range(200):
            image, state = made(torch.zeros(2, 5, 16, 16), state)
        later, _ = made(torch.zeros(2, 5, 16, 16), state)
    assert made.observables(state)['spike_rate'] == 0
    torch.testing.assert_close(later, image)


def test_weights_of_a_two_scale_gru_draw_nearly_the_same_image():
    blocks = {'channels': 4, 'context': 8, 'events': 1, 'middle': 1, 'feedback': True}
    analog, hybrid = TwoScaleGru(**blocks), Hybrid(**blocks)
    started = start_from_two_scale_gru(analog.state_dict(), alpha=1 - 1e-6)
    fit = hybrid.load_state_dict(started, strict=False)
    assert not fit.unexpected_keys
    assert all('current' in key or 'neurons' in key for key in fit.missing_keys)
    first = second = other = None
    untrained = Hybrid(**blocks, seed=1)
    with torch.no_grad():
        for x in windows(8, strength=0.3):
            wanted, first = analog(x, first)
            image, second = hybrid(x, second)
            random, other = untrained(x, other)
    assert (image - wanted).abs().mean() < 0.3 * (random - wanted).abs().mean()


def after_motion_and_an_event_in_a_corner(events=None, **options):
    """Return the last image, and name, value before and after it, of each state tensor."""
    made = Hybrid(channels=4, context=8, feedback=True, **options)
    generator = torch.Generator().manual_seed(6)
    state = None
    with torch.no_grad():
        for _ in range(4):
            _, state = made(torch.randn(1, 5, 96, 96, generator=generator), state)
        x = torch.zeros(1, 5, 96, 96) if events is None else events
        x[..., 2, 4] = 1.0
        image, new = made(x, state)
    names = [spec.name for spec in made.state_specs]
    rested = [
        one * (1 - fired(one)) if 'membrane' in name else one
        for name, one in zip(names, state, strict=True)
    ]
    return image, list(zip(names, rested, new, strict=True))


def test_the_memory_holds_where_no_event_came():
    _, states = after_motion_and_an_event_in_a_corner(hold=True)
    for name, before, after in states:
        quarter = before.shape[-1] // 4
        assert torch.equal(before[..., quarter:], after[..., quarter:]), name
        assert not torch.equal(before[..., :quarter, :quarter], after[..., :quarter, :quarter])
    for name, before, after in after_motion_and_an_event_in_a_corner()[1]:
        assert not torch.equal(before[..., quarter:], after[..., quarter:]), name


def test_while_the_camera_moves_the_whole_memory_is_updated():
    x = torch.randn(1, 5, 96, 96, generator=torch.Generator().manual_seed(7))
    x[..., :40, :] = 0.0  # a blank sky
    held, _ = after_motion_and_an_event_in_a_corner(x.clone(), hold=True)
    plain, _ = after_motion_and_an_event_in_a_corner(x.clone())
    assert torch.equal(held, plain)
