# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks learn to keep their image while a resting sensor sends noise."""

import copy

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')

from spike_recon_models.networks.recurrent_network import (  # noqa: E402
    RecurrentNetwork,
    StateSpec,
)
from spike_recon_training import noisy_sensors as noisy_module  # noqa: E402
from spike_recon_training.noisy_sensors import SENSORS, WINDOWS, NoiseSource, NoisyRest  # noqa: E402

SIDE, BINS = 32, 5


class Integrator(RecurrentNetwork):
    """Shows its state: what was there, multiplied by `keep`, plus `gain` times the events."""

    pad_multiple = 1

    def __init__(self, keep: float, gain: float) -> None:
        super().__init__()
        self.bins = BINS
        self.state_specs = (StateSpec('image', 1, 1),)
        self.keep = torch.nn.Parameter(torch.tensor(keep))
        self.gain = torch.nn.Parameter(torch.tensor(gain))

    def forward(self, x, state=None):
        (image,) = self._state_or_zeros(x, state)
        image = self.keep * image + self.gain * x.sum(1, keepdim=True)
        return image, (image,)


def carried(side=SIDE):
    return (torch.rand(3, 1, side, side, generator=torch.Generator().manual_seed(1)),)


def changes(network, rest, steps, state=None):
    return [float(rest.change(network, state or carried()).detach()) for _ in range(steps)]


def test_network_that_ignores_noise_and_keeps_its_image_costs_nothing():
    assert max(changes(Integrator(1.0, 0.0), NoisyRest(SIDE), 20)) == 0


def test_fading_image_and_visible_noise_cost():
    assert max(changes(Integrator(0.99, 0.0), NoisyRest(SIDE), 20)) > 0.01
    assert max(changes(Integrator(1.0, 0.3), NoisyRest(SIDE), 20)) > 0.001


def test_cost_of_a_fading_image_grows_with_the_time_since_the_scene(monkeypatch):
    monkeypatch.setattr(noisy_module, 'REPLACED', 0.0)
    monkeypatch.setattr(noisy_module, 'SCENES', 1.0)
    found = changes(Integrator(0.999, 0.0), NoisyRest(SIDE), 3 * SENSORS)
    early, late = found[:SENSORS], found[-SENSORS:]
    assert sum(late) > 3 * sum(early)


def test_lost_image_is_replaced_by_a_new_one(monkeypatch):
    monkeypatch.setattr(noisy_module, 'REPLACED', 0.0)
    network = Integrator(0.5, 0.0)
    rest = NoisyRest(SIDE)
    found = changes(network, rest, 4 * SENSORS)
    # Had a lost sensor stayed, its cost would approach the mean of its image, about .5.
    assert max(found) < 0.5 * (1 - 0.5 ** (WINDOWS + 1))


def test_sensor_that_has_seen_nothing_must_stay_flat_at_any_grey(monkeypatch):
    monkeypatch.setattr(noisy_module, 'SCENES', 0.0)

    class Grey(Integrator):
        def forward(self, x, state=None):
            image, state = super().forward(x, state)
            return image + 0.4, state

    assert max(changes(Grey(1.0, 0.0), NoisyRest(SIDE), 5)) == pytest.approx(0, abs=1e-6)
    assert max(changes(Grey(1.0, 0.1), NoisyRest(SIDE), 5)) > 0


@pytest.mark.parametrize('side', [SIDE, 2 * SIDE])
def test_sensors_of_a_checkpoint_continue_unless_their_size_has_changed(side):
    network, rest, resumed = Integrator(0.999, 0.01), NoisyRest(SIDE), NoisyRest(side)
    begin = changes(network, rest, 20)
    resumed.load_state_dict(copy.deepcopy(rest.state_dict()), BINS)
    if side == SIDE:
        assert changes(network, resumed, 20) == changes(network, rest, 20) != begin
    else:
        state = carried(side)
        assert changes(network, resumed, 3, state) == changes(network, NoisyRest(side), 3, state)


def test_gradients_reach_the_network():
    network = Integrator(0.99, 0.1)
    NoisyRest(SIDE).change(network, carried()).backward()
    assert network.gain.grad is not None
    assert float(network.gain.grad.abs()) > 0


def test_scene_of_another_size_is_not_used(monkeypatch):
    monkeypatch.setattr(noisy_module, 'SCENES', 1.0)
    assert max(changes(Integrator(1.0, 0.0), NoisyRest(SIDE), 4, carried(2 * SIDE))) == 0


def test_noise_has_its_rate_and_each_event_the_weight_of_one():
    generator = torch.Generator().manual_seed(0)
    noise = NoiseSource(BINS, 64, generator)
    noise._rates = torch.full((64, 64), 0.05)
    noise._on = 1.0
    total = sum(float(noise.grid().sum()) for _ in range(50))
    assert total == pytest.approx(50 * 0.05 * 64 * 64, rel=0.05)
    assert noise.grid().shape == (1, BINS, 64, 64)
