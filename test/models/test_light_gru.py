# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit keeps or replaces as its gate says."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.light_gru import LightGru  # noqa: E402

OPEN, SHUT = 50.0, -50.0
X, HIDDEN = torch.full((1, 1, 2, 3), 0.3), torch.full((1, 1, 2, 3), -0.7)


def unit(gate: float) -> LightGru:
    """Return a unit whose gate stands still and whose candidate is tanh(x + h)."""
    made = LightGru(1, 1)
    with torch.no_grad():
        made.gate_and_candidate.weight.zero_()
        made.gate_and_candidate.weight[1, :, 1, 1] = 1.0
        made.gate_and_candidate.bias.copy_(torch.tensor([gate, 0.0]))
    return made


@pytest.mark.parametrize(
    ('gate', 'expected'),
    [
        (SHUT, HIDDEN),
        (OPEN, torch.tanh(X + HIDDEN)),
        (0.0, 0.5 * (HIDDEN + torch.tanh(X + HIDDEN))),
    ],
)
def test_the_gate_decides_what_stays(gate, expected):
    with torch.no_grad():
        torch.testing.assert_close(unit(gate)(X, HIDDEN), expected)


def test_the_state_stays_bounded_whatever_comes_in():
    made, hidden = LightGru(1, 4), torch.zeros(1, 4, 8, 8)
    with torch.no_grad():
        for _ in range(20):
            hidden = made(1e6 * torch.randn(1, 1, 8, 8), hidden)
    assert hidden.abs().max() <= 1.0
