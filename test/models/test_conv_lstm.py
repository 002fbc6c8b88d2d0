# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The unit lets in, keeps and shows as its gates say."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.conv_lstm import CELL_LIMIT, ConvLstm  # noqa: E402

OPEN, SHUT = 50.0, -50.0


def unit(enter: float, keep: float, show: float) -> ConvLstm:
    """Return a unit whose gates stand still and whose candidate is tanh(x + h)."""
    made = ConvLstm(1, 1)
    with torch.no_grad():
        made.gates.weight.zero_()
        made.gates.weight[3, :, 1, 1] = 1.0
        made.gates.bias.copy_(torch.tensor([enter, keep, show, 0.0]))
    return made


X, HIDDEN = torch.full((1, 1, 2, 3), 0.3), torch.full((1, 1, 2, 3), -0.7)
CELL = torch.full((1, 1, 2, 3), 1.5)


@pytest.mark.parametrize(
    ('gates', 'expected'),
    [
        ((SHUT, OPEN, OPEN), CELL),
        ((OPEN, SHUT, OPEN), torch.tanh(X + HIDDEN)),
        ((OPEN, OPEN, OPEN), CELL + torch.tanh(X + HIDDEN)),
        ((SHUT, SHUT, OPEN), torch.zeros_like(CELL)),
    ],
)
def test_gates_decide_what_stays(gates, expected):
    with torch.no_grad():
        hidden, cell = unit(*gates)(X, HIDDEN, CELL)
    torch.testing.assert_close(cell, expected)
    torch.testing.assert_close(hidden, torch.tanh(expected))


def test_a_shut_gate_shows_nothing_and_loses_nothing():
    with torch.no_grad():
        hidden, cell = unit(SHUT, OPEN, SHUT)(X, HIDDEN, CELL)
    torch.testing.assert_close(hidden, torch.zeros_like(hidden))
    torch.testing.assert_close(cell, CELL)


def test_the_cell_stops_growing_where_all_gates_stand_open():
    made = unit(OPEN, OPEN, OPEN)
    hidden = cell = torch.zeros(1, 1, 2, 3)
    with torch.no_grad():
        for _ in range(20):
            hidden, cell = made(torch.full((1, 1, 2, 3), 1e6), hidden, cell)
    assert (cell == CELL_LIMIT).all()
    assert hidden.max() <= 1.0
