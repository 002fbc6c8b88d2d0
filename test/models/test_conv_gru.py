# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit keeps, replaces and forgets as its gates say."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.conv_gru import ConvGru  # noqa: E402

OPEN, SHUT = 50.0, -50.0


def unit(update: float, reset: float) -> ConvGru:
    """Return a unit whose gates stand still and whose candidate is tanh(x + reset h)."""
    made = ConvGru(1, 1)
    with torch.no_grad():
        made.gates.weight.zero_()
        made.gates.bias.copy_(torch.tensor([update, reset]))
        made.candidate.weight.zero_()
        made.candidate.weight[:, :, 1, 1] = 1.0
        made.candidate.bias.zero_()
    return made


X, HIDDEN = torch.full((1, 1, 2, 3), 0.3), torch.full((1, 1, 2, 3), -0.7)


@pytest.mark.parametrize(
    ('update', 'reset', 'expected'),
    [
        (SHUT, OPEN, HIDDEN),
        (OPEN, SHUT, torch.tanh(X)),
        (OPEN, OPEN, torch.tanh(X + HIDDEN)),
        (0.0, SHUT, 0.5 * (HIDDEN + torch.tanh(X))),
    ],
)
def test_gates_decide_what_stays(update, reset, expected):
    with torch.no_grad():
        torch.testing.assert_close(unit(update, reset)(X, HIDDEN), expected)


def test_the_state_stays_bounded_whatever_comes_in():
    made, hidden = ConvGru(1, 4), torch.zeros(1, 4, 8, 8)
    with torch.no_grad():
        for _ in range(20):
            hidden = made(1e6 * torch.randn(1, 1, 8, 8), hidden)
    assert hidden.abs().max() <= 1.0
