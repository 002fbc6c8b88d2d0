# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks learn to stand still when nothing comes in."""

import copy

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be trained')
pytest.importorskip('lightning', reason='lightning is not installed: nothing can be trained')

from spike_recon_models.networks.recurrent_network import (  # noqa: E402
    RecurrentNetwork,
    StateSpec,
)
from spike_recon_models.networks.registry import make_network  # noqa: E402
from spike_recon_training import silent_sensors as rest_module  # noqa: E402
from spike_recon_training.datasets.segments import Segment  # noqa: E402
from spike_recon_training.losses import LossWeights  # noqa: E402
from spike_recon_training.recipe import Optimisation  # noqa: E402
from spike_recon_training.silent_sensors import SENSORS, Rest  # noqa: E402
from spike_recon_training.task import ReconstructionTask  # noqa: E402

SIDE = 32
settled = rest_module._settled


class Pendulum(RecurrentNetwork):
    """Shows its state, which is multiplied by `turn` in each window, plus what comes in."""

    pad_multiple = 4

    def __init__(self, turn: float) -> None:
        super().__init__()
        self.bins = 1
        self.state_specs = (StateSpec('angle', 1, 2),)
        self.turn = torch.nn.Parameter(torch.tensor(turn))

    def forward(self, x, state=None):
        (angle,) = self._state_or_zeros(x, state)
        angle = (self.turn * angle + torch.nn.functional.avg_pool2d(x, 2)).clamp(-1, 1)
        return torch.nn.functional.interpolate(angle, scale_factor=2), (angle,)


def carried(network, side=SIDE):
    random = torch.Generator().manual_seed(1)
    return tuple(
        torch.rand(zero.shape, generator=random) for zero in network.zero_state(3, side, side)
    )


def test_still_images_cost_nothing_and_oscillating_ones_do():
    still, swinging = Pendulum(1.0), Pendulum(-1.0)
    assert float(Rest(SIDE).change(still, carried(still)).detach()) == 0
    assert float(Rest(SIDE).change(swinging, carried(swinging)).detach()) > 0.1


def test_the_gradient_reduces_the_oscillation():
    network = Pendulum(-1.0)
    Rest(SIDE).change(network, carried(network)).backward()
    assert network.turn.grad < 0  # a step against it makes -1 smaller in size


def test_a_sensor_continues_from_call_to_call():
    """What fades is gone after some calls, though each call looks at a few windows only."""
    network, rest = Pendulum(0.97), Rest(SIDE)
    changes = [float(rest.change(network, carried(network)).detach()) for _ in range(60)]
    assert 0 < max(changes[-SENSORS:]) < 0.3 * max(changes[:SENSORS])


@pytest.mark.parametrize('side', [SIDE, 2 * SIDE])
def test_sensors_of_a_checkpoint_continue_unless_their_size_has_changed(side):
    network, rest, resumed = Pendulum(0.97), Rest(SIDE), Rest(side)

    def changes(one, side=SIDE):
        state = carried(network, side)
        return [float(one.change(network, state).detach()) for _ in range(20)]

    begin = changes(rest)
    resumed.load_state_dict(copy.deepcopy(rest.state_dict()))
    if side == SIDE:
        assert changes(resumed) == changes(rest) != begin
    else:
        assert changes(resumed, side) == changes(Rest(side), side)


def test_some_sensors_have_had_no_input():
    class Listener(Pendulum):
        began_with_nothing = 0

        def forward(self, x, state=None):
            if not x.any() and state is not None and not state[0].any():
                self.began_with_nothing += 1
            return super().forward(x + 1e-3, state)  # what begins at zero leaves it at once

    network, rest = Listener(1.0), Rest(SIDE)
    for _ in range(400):
        rest.change(network, carried(network))
    assert 0 < network.began_with_nothing < 20


def test_sensors_are_replaced_at_random(monkeypatch):
    begun = []
    monkeypatch.setattr(rest_module, '_settled', lambda *args: begun.append(1) or settled(*args))
    network, rest = Pendulum(0.5), Rest(SIDE)
    for _ in range(1000):
        rest.change(network, carried(network))
    assert SENSORS < len(begun) < 50


@pytest.mark.parametrize('side', [SIDE, 2 * SIDE])
def test_the_sensors_have_the_size_of_the_crop_after_a_batch_of_smaller_ones(side):
    sizes = set()

    class Listener(Pendulum):
        def forward(self, x, state=None):
            sizes.add(tuple(x.shape[2:]))
            return super().forward(x, state)

    network, rest = Listener(1.0), Rest(2 * SIDE)
    for _ in range(50):
        rest.change(network, carried(network, side))
    assert sizes == {(2 * SIDE, 2 * SIDE)}


@pytest.mark.parametrize(
    ('name', 'arguments'),
    [
        ('two_scale_gru', {'channels': 4}),
        ('spk2vid', {'channels': 6}),
        ('stir', {'widths': [8] * 5}),
    ],
)
def test_the_term_is_defined_for_every_network(name, arguments):
    network = make_network(name, **arguments)
    change = Rest(SIDE).change(network, carried(network))
    assert torch.isfinite(change)
    assert change == 0 or network.state_specs  # without a state all images are the same


def test_training_reports_the_term_and_adds_it_to_the_loss():
    network = make_network('two_scale_gru', channels=4)
    random = torch.Generator().manual_seed(0)
    grids = torch.randn((3, 2, 5, SIDE, SIDE), generator=random)
    segment = Segment(grids, torch.rand((3, 2, 1, SIDE, SIDE), generator=random), cold=True)
    without, with_rest = (
        ReconstructionTask(network, LossWeights(rest=weight), Optimisation(crop=SIDE))
        for weight in (0.0, 7.0)
    )
    loss = float(without.training_step(segment, 0).detach())
    more = float(with_rest.training_step(segment, 0).detach())
    assert 'rest' not in without.last_terms
    assert with_rest.last_terms['rest'] > 0
    assert more == pytest.approx(loss + 7 * float(with_rest.last_terms['rest']), abs=1e-5)
