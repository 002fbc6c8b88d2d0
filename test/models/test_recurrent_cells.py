# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells keep, replace and forget as their gates say."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.recurrent_cells import (  # noqa: E402
    CELL_LIMIT,
    ConvGru,
    ConvLstm,
    LightGru,
)

OPEN, SHUT = 50.0, -50.0
X, HIDDEN = torch.full((1, 1, 2, 3), 0.3), torch.full((1, 1, 2, 3), -0.7)
CELL = torch.full((1, 1, 2, 3), 1.5)


def conv_gru(update: float, reset: float) -> ConvGru:
    """Return a cell whose gates are constant and whose candidate is tanh(x + reset h)."""
    made = ConvGru(1, 1)
    with torch.no_grad():
        made.gates.weight.zero_()
        made.gates.bias.copy_(torch.tensor([update, reset]))
        made.candidate.weight.zero_()
        made.candidate.weight[:, :, 1, 1] = 1.0
        made.candidate.bias.zero_()
    return made


@pytest.mark.parametrize(
    ('update', 'reset', 'expected'),
    [
        (SHUT, OPEN, HIDDEN),
        (OPEN, SHUT, torch.tanh(X)),
        (OPEN, OPEN, torch.tanh(X + HIDDEN)),
        (0.0, SHUT, 0.5 * (HIDDEN + torch.tanh(X))),
    ],
)
def test_the_gates_of_a_conv_gru_decide_what_stays(update, reset, expected):
    with torch.no_grad():
        torch.testing.assert_close(conv_gru(update, reset)(X, HIDDEN), expected)


def test_the_state_of_a_conv_gru_stays_bounded_for_any_input():
    made, hidden = ConvGru(1, 4), torch.zeros(1, 4, 8, 8)
    with torch.no_grad():
        for _ in range(20):
            hidden = made(1e6 * torch.randn(1, 1, 8, 8), hidden)
    assert hidden.abs().max() <= 1.0


def light_gru(gate: float) -> LightGru:
    """Return a cell whose gate is constant and whose candidate is tanh(x + h)."""
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
def test_the_gate_of_a_light_gru_decides_what_stays(gate, expected):
    with torch.no_grad():
        torch.testing.assert_close(light_gru(gate)(X, HIDDEN), expected)


def test_the_state_of_a_light_gru_stays_bounded_for_any_input():
    made, hidden = LightGru(1, 4), torch.zeros(1, 4, 8, 8)
    with torch.no_grad():
        for _ in range(20):
            hidden = made(1e6 * torch.randn(1, 1, 8, 8), hidden)
    assert hidden.abs().max() <= 1.0


def conv_lstm(enter: float, keep: float, show: float) -> ConvLstm:
    """Return a cell whose gates are constant and whose candidate is tanh(x + h)."""
    made = ConvLstm(1, 1)
    with torch.no_grad():
        made.gates.weight.zero_()
        made.gates.weight[3, :, 1, 1] = 1.0
        made.gates.bias.copy_(torch.tensor([enter, keep, show, 0.0]))
    return made


@pytest.mark.parametrize(
    ('gates', 'expected'),
    [
        ((SHUT, OPEN, OPEN), CELL),
        ((OPEN, SHUT, OPEN), torch.tanh(X + HIDDEN)),
        ((OPEN, OPEN, OPEN), CELL + torch.tanh(X + HIDDEN)),
        ((SHUT, SHUT, OPEN), torch.zeros_like(CELL)),
    ],
)
def test_the_gates_of_a_conv_lstm_decide_what_stays(gates, expected):
    with torch.no_grad():
        hidden, cell = conv_lstm(*gates)(X, HIDDEN, CELL)
    torch.testing.assert_close(cell, expected)
    torch.testing.assert_close(hidden, torch.tanh(expected))


def test_a_closed_output_gate_hides_the_cell_and_keeps_it():
    with torch.no_grad():
        hidden, cell = conv_lstm(SHUT, OPEN, SHUT)(X, HIDDEN, CELL)
    torch.testing.assert_close(hidden, torch.zeros_like(hidden))
    torch.testing.assert_close(cell, CELL)


def test_the_cell_of_a_conv_lstm_stops_growing_with_all_gates_open():
    made = conv_lstm(OPEN, OPEN, OPEN)
    hidden = cell = torch.zeros(1, 1, 2, 3)
    with torch.no_grad():
        for _ in range(20):
            hidden, cell = made(torch.full((1, 1, 2, 3), 1e6), hidden, cell)
    assert (cell == CELL_LIMIT).all()
    assert hidden.max() <= 1.0
