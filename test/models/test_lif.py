# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Neurons integrate, leak, fire and reset, and learn although a spike has no slope."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.lif import STEEPNESS, Lif, fired  # noqa: E402

HALF = 0.0  # sigmoid(0)


def neurons(decay=HALF) -> Lif:
    made = Lif(1)
    with torch.no_grad():
        made.decay.fill_(decay)
    return made


def run(currents, decay=HALF, membrane=0.0):
    """Return spikes and membranes of one neuron, step by step."""
    made, membrane = neurons(decay), torch.full((1, 1, 1, 1), membrane)
    spikes, membranes = [], []
    with torch.no_grad():
        for current in currents:
            spike, membrane = made(torch.full((1, 1, 1, 1), current), membrane)
            spikes.append(spike.item())
            membranes.append(membrane.item())
    return spikes, membranes


def test_the_membrane_integrates_and_leaks():
    spikes, membranes = run([0.5, 0.25, 0.0, -1.0])
    assert membranes == [0.5, 0.5, 0.25, -0.875]
    assert spikes == [0, 0, 0, 0]


def test_a_neuron_fires_at_its_threshold_and_starts_from_zero():
    spikes, membranes = run([0.625, 0.6875, 0.25, 0.875])
    assert spikes == [0, 1, 0, 1]
    assert membranes == [0.625, 1.0, 0.25, 1.0]


def test_charge_above_the_threshold_is_not_carried_over():
    spikes, membranes = run([100.0, 0.25])
    assert spikes == [1, 0]
    assert membranes == [1.0, 0.25]


def test_the_same_current_twice_gives_different_spikes():
    assert run([0.75, 0.75])[0] == [0, 1]


def test_long_inhibition_does_not_silence_a_neuron():
    spikes, membranes = run([-100.0] * 50 + [0.75] * 3)
    assert membranes[49] == -1.0
    assert spikes[-3:] == [0, 0, 1]


def test_every_channel_has_its_own_decay():
    decays = torch.sigmoid(Lif(8).decay).flatten()
    assert decays.min() == 0.5
    assert decays.max() < 1
    assert (decays.diff() > 0).all()


def test_the_membrane_stays_bounded_under_strong_noise():
    made, membrane = neurons(decay=20.0), torch.zeros(1, 1, 8, 8)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for _ in range(2000):
            noise = 1e4 * torch.randn(1, 1, 8, 8, generator=generator)
            spikes, membrane = made(noise, membrane)
            assert membrane.abs().max() <= 1.0
    assert 0 < spikes.mean() < 1


def test_spikes_are_read_back_from_the_membrane():
    made = neurons()
    generator = torch.Generator().manual_seed(4)
    spikes, membrane = made(2 * torch.randn(1, 1, 16, 16, generator=generator), torch.zeros(1))
    assert torch.equal(fired(membrane), spikes)
    assert 0 < spikes.mean() < 1


def test_the_gradient_of_a_spike_is_that_of_a_fast_sigmoid():
    current = torch.tensor([-1.0, 0.75, 1.0, 1.5]).view(1, 1, 1, 4).requires_grad_()
    spikes, _ = neurons()(current, torch.zeros(1, 1, 1, 4))
    spikes.sum().backward()
    expected = 1 / (1 + STEEPNESS * torch.tensor([2.0, 0.25, 0.0, 0.5])) ** 2
    torch.testing.assert_close(current.grad.flatten(), expected)


@pytest.mark.parametrize(('first', 'reaches'), [(0.5, True), (1.5, False)])
def test_the_gradient_goes_back_in_time_unless_the_neuron_fired(first, reaches):
    made = neurons()
    current = torch.full((1, 1, 1, 1), first, requires_grad=True)
    _, membrane = made(current, torch.zeros(1, 1, 1, 1))
    spikes, _ = made(torch.full((1, 1, 1, 1), 0.5), membrane)
    spikes.sum().backward()
    assert bool(current.grad.abs().sum() > 0) == reaches


def test_membrane_and_threshold_stay_in_float32_below_autocast():
    current = torch.tensor(1.0 - 1e-4).view(1, 1, 1, 1)  # 1 in bfloat16
    with torch.autocast('cpu', torch.bfloat16):
        spikes, membrane = neurons()(current, torch.zeros(1, 1, 1, 1))
    assert membrane.dtype == torch.float32
    assert spikes.item() == 0
