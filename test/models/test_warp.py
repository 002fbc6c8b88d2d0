# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Features arrive where the motion says."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: no network can be made')

from spike_recon_models.networks.warp import warp  # noqa: E402

FEATURES = torch.randn(2, 3, 9, 13, generator=torch.Generator().manual_seed(0))


def moved(right: float, down: float) -> torch.Tensor:
    flow = torch.tensor([right, down]).view(1, 2, 1, 1).expand(2, 2, 9, 13)
    return warp(FEATURES, flow)


def test_without_motion_nothing_changes():
    torch.testing.assert_close(moved(0, 0), FEATURES, rtol=1e-5, atol=1e-5)


def test_positive_flow_samples_to_the_right_and_below():
    found = moved(2, 1)[..., :-1, :-2]
    torch.testing.assert_close(found, FEATURES[..., 1:, 2:], rtol=1e-5, atol=1e-5)


def test_half_a_pixel_is_the_mean_of_two():
    found = moved(0.5, 0)[..., :-1]
    mean = (FEATURES[..., :-1] + FEATURES[..., 1:]) / 2
    torch.testing.assert_close(found, mean, rtol=1e-5, atol=1e-5)


def test_outside_the_border_is_replicated():
    found = moved(100, 0)
    torch.testing.assert_close(found, FEATURES[..., -1:].expand_as(found), rtol=1e-5, atol=1e-5)
