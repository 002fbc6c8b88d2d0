# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Random sensors of the training."""

import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_training.simulation.sensors import SensorRanges, Sensors  # noqa: E402


def test_drawn_sensors_stay_within_their_ranges():
    ranges = SensorRanges(contrast=(0.2, 0.4), mismatch=(0.1, 0.1), hot_share=(0.01, 0.01))
    sensors = Sensors.draw(ranges, 6, 64, 64, torch.Generator().manual_seed(0))
    product = (sensors.on * sensors.off).sqrt().mean((1, 2))
    assert ((product > 0.19) & (product < 0.41)).all()
    relative = sensors.on.flatten(1).std(1) / sensors.on.flatten(1).mean(1)
    assert ((relative - 0.1).abs() < 0.01).all()
    assert 0.005 < len(sensors.hot) / sensors.on.numel() < 0.02


def test_noise_differs_from_pixel_to_pixel():
    even, uneven = (
        Sensors.draw(
            SensorRanges(noise_hz=(1.0, 1.0), noise_spread=(spread, spread)),
            1, 64, 64, torch.Generator().manual_seed(0),
        ).noise_hz.expand(1, 64, 64)
        for spread in (0.0, 0.8)
    )  # fmt: skip
    assert even.std() == 0
    assert uneven.log().std() == pytest.approx(0.8, rel=0.05)
    assert uneven.median() == pytest.approx(1.0, rel=0.1)
