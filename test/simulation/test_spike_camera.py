# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The spike camera model against analytic properties and recordings of a real camera."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from damaged_npy import DAMAGED_HEADERS, npz_with_damage

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.spike_planes import SpikePlanes, unpack_planes
from spike_recon_ros.packets.spike_planes_decoder import SpikePlanesDecoder
from spike_recon_ros.sources.open_source import open_source
from spike_recon_training.simulation.spike_camera import (
    PixelMaps,
    SpikeCamera,
    SpikeSensorModel,
    read_calibration,
)

MAPS = {'Nl': np.ones((3, 4)), 'D_light': np.ones((3, 4))}
IDEAL = {'light_scale': 1.0, 'gain_spread': 0.0, 'dark_rate': 0.0}


def record_static(luminance, planes, **model):
    """Return spikes [planes, height, width] of a static image."""
    height, width = luminance.shape
    camera = SpikeCamera(width, height, SpikeSensorModel(**{**IDEAL, **model}))
    camera.step(luminance, 0)
    return unpack_planes(camera.step(luminance, planes), width)


def test_aperture_blurs_the_light_on_the_pixels():
    image = np.zeros((9, 9), np.float32)
    image[4, 4] = 0.9
    point, wide = (record_static(image, 2000, aperture_px=px).mean(0) for px in (0.0, 0.5))
    expected = cv2.GaussianBlur(image, (0, 0), 0.5)
    np.testing.assert_allclose(point, image, atol=1e-3)
    np.testing.assert_allclose(wide, expected, atol=1e-3)
    assert wide[4, 5] > 0.05


def interval_statistics(spikes):
    """Return the share of intervals that are not next to their mean, and the lag-1 correlation.

    The correlation between an interval and the next one is averaged over the pixels.
    """
    outside, count, correlations = 0, 0, []
    for y, x in np.ndindex(spikes.shape[1:]):
        intervals = np.diff(np.flatnonzero(spikes[:, y, x]))
        mean = intervals.mean()
        near = (intervals == np.floor(mean)) | (intervals == np.ceil(mean))
        outside, count = outside + int((~near).sum()), count + len(intervals)
        if intervals[:-1].std() and intervals[1:].std():
            correlations.append(np.corrcoef(intervals[:-1], intervals[1:])[0, 1])
    return outside / count, float(np.mean(correlations))


def static_pixels(path):
    """Return spikes [planes, 1, n] of the pixels of a clip with a constant rate."""
    with open_source(path) as source:
        packets = list(source)
    decoder = SpikePlanesDecoder(packets[0].width, packets[0].height, '50000')
    bits = SpikePlanes.concatenate([decoder.decode(packet) for packet in packets]).bits
    spikes = unpack_planes(bits, packets[0].width)
    quarters = np.stack([part.sum(0) for part in np.split(spikes.astype(np.int64), 4)])
    static = (np.ptp(quarters, axis=0) <= 1) & (quarters.min(0) >= 4)
    return spikes[:, static][:, None, ::5]


def test_intervals_of_a_static_pixel_alternate_between_the_integers_next_to_their_mean():
    luminance = np.random.default_rng(0).uniform(0.05, 0.6, (30, 40)).astype(np.float32)
    spikes = record_static(luminance, 400)
    for y, x in np.ndindex(luminance.shape):
        mean = 1 / float(luminance[y, x])
        intervals = np.diff(np.flatnonzero(spikes[:, y, x]))
        assert set(intervals.tolist()) <= {int(np.floor(mean)), int(np.ceil(mean))}
    assert interval_statistics(spikes)[1] == pytest.approx(-0.39, abs=0.06)


def test_interval_statistics_match_a_real_camera_in_daylight(recordings):
    real = static_pixels(recordings('spike/real_car_250x400.dat'))
    simulated = record_static(real.mean(0).astype(np.float32), len(real))
    (real_outside, real_lag), (outside, lag) = map(interval_statistics, (real, simulated))
    assert real_outside < 0.006
    assert outside < 0.006
    assert lag == pytest.approx(real_lag, abs=0.05)


def test_shot_noise_removes_the_regular_intervals_but_keeps_the_rate():
    luminance = np.full((20, 20), 0.1, np.float32)
    outside, correlation = interval_statistics(
        record_static(luminance, 2000, photons_per_spike=1.0)
    )
    assert outside > 0.5
    assert abs(correlation) < 0.05
    rate = record_static(luminance, 2000, photons_per_spike=50.0).mean()
    assert rate == pytest.approx(0.1, abs=0.001)


def test_rate_is_light_times_gain_plus_dark():
    model = SpikeSensorModel(light_scale=0.5)
    camera = SpikeCamera(40, 30, model, seed=3)
    assert camera.gain.std() == pytest.approx(model.gain_spread, rel=0.1)
    assert camera.dark.mean() == pytest.approx(model.dark_rate, rel=0.1)
    assert camera.dark.min() >= 0.5 * model.dark_rate
    assert camera.dark.max() <= 1.5 * model.dark_rate
    luminance = np.random.default_rng(1).random((30, 40), np.float32)
    camera.step(luminance, 0)
    spikes = unpack_planes(camera.step(luminance, 1000), 40).sum(0)
    assert np.abs(spikes - 1000 * (0.5 * luminance * camera.gain + camera.dark)).max() < 1.1


def test_pixel_fires_at_most_once_per_plane_and_loses_the_excess_charge():
    camera = SpikeCamera(8, 1, SpikeSensorModel(**IDEAL))
    bright, black = np.full((1, 8), 3.0, np.float32), np.zeros((1, 8), np.float32)
    camera.step(bright, 0)
    assert (camera.step(bright, 50) == 255).all()
    camera.step(black, 1)
    assert not camera.step(black, 50).any()


def test_light_is_interpolated_linearly_between_two_samples():
    pixel = {'light_scale': 1.0, 'gain_spread': 0.0, 'dark_rate': 0.0}
    whole, parts = (SpikeCamera(64, 4, SpikeSensorModel(**pixel), seed=5) for _ in range(2))
    ramp = [np.full((4, 64), k / 16, np.float32) for k in range(9)]
    whole.step(ramp[0], 0)
    parts.step(ramp[0], 0)
    found = np.concatenate([parts.step(luminance, 1) for luminance in ramp[1:]])
    np.testing.assert_array_equal(whole.step(ramp[8], 8), found)
    # The integral over the ramp is 8 planes x 1/4; the initial charges are random.
    assert unpack_planes(found, 64).sum(0).mean() == pytest.approx(2.0, abs=0.1)


def test_same_seed_gives_the_same_planes_and_another_seed_others():
    luminance = np.full((6, 9), 0.3, np.float32)

    def planes(seed):
        camera = SpikeCamera(9, 6, SpikeSensorModel(photons_per_spike=20.0), seed)
        camera.step(luminance, 0)
        return camera.step(luminance, 60)

    np.testing.assert_array_equal(planes(1), planes(1))
    assert (planes(1) != planes(2)).any()


def test_first_sample_gives_no_planes():
    camera = SpikeCamera(9, 6, SpikeSensorModel())
    assert camera.step(np.ones((6, 9), np.float32), 20).shape == (0, 6, 2)


def write_calibration(path, **changes):
    rng = np.random.default_rng(0)
    light, darkness = rng.uniform(0.6, 0.7, (20, 30)), rng.uniform(2, 20, (20, 30))
    arrays = {'Nl': light, 'Nd': darkness, 'D_light': 1 / (0.3 * light + 0.0005 * darkness)}
    arrays = {name: array for name, array in {**arrays, **changes}.items() if array is not None}
    np.savez(path, **arrays)
    return arrays


def test_units_of_a_calibration_are_fitted_from_its_rates(tmp_path):
    arrays = write_calibration(tmp_path / 'a.npz')
    maps = read_calibration(tmp_path / 'a.npz')
    np.testing.assert_allclose(maps.dark, 0.0005 * arrays['Nd'], rtol=1e-4)
    np.testing.assert_allclose(maps.gain, arrays['Nl'] / np.median(arrays['Nl']), rtol=1e-6)


def test_calibration_of_a_real_sensor_has_the_expected_spread(recordings):
    maps = read_calibration(recordings('spike/sensor_calibration_250x400.npz'))
    assert maps.gain.shape == (250, 400)
    assert maps.gain.std() == pytest.approx(0.056, abs=0.005)
    assert float(np.median(maps.dark)) == pytest.approx(0.0045, abs=0.0005)


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'Nd': None}, 'with the arrays Nl, Nd, D_light'),
        ({'Nd': np.ones((3, 4))}, 'of one size'),
        ({'Nl': np.ones(5), 'Nd': np.ones(5), 'D_light': np.ones(5)}, 'of one size'),
        ({'Nd': np.full((20, 30), np.nan)}, 'finite and above 0'),
        ({'Nl': np.zeros((20, 30))}, 'finite and above 0'),
        ({'Nl': np.full((20, 30), 'a')}, 'is not a calibration'),
    ],
)
def test_invalid_calibration_is_rejected(tmp_path, changes, words):
    write_calibration(tmp_path / 'a.npz', **changes)
    with pytest.raises(UserError, match=words):
        read_calibration(tmp_path / 'a.npz')


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'PK\x03\x04',
        b'words',
        *(npz_with_damage(kind, 'Nd', **MAPS) for kind in DAMAGED_HEADERS),
    ],
    ids=['empty', 'cut', 'text', *DAMAGED_HEADERS],
)
def test_damaged_or_missing_calibration_is_rejected(tmp_path, content):
    (tmp_path / 'a.npz').write_bytes(content)
    with pytest.raises(UserError, match='is not a calibration'):
        read_calibration(tmp_path / 'a.npz')
    with pytest.raises(UserError, match='is not a calibration'):
        read_calibration(Path(tmp_path / 'b.npz'))


def test_calibration_of_another_size_raises_an_error_with_the_right_size():
    maps = PixelMaps(np.ones((6, 9), np.float32), np.zeros((6, 9), np.float32))
    with pytest.raises(UserError, match='give --size 9x6'):
        SpikeCamera(10, 6, SpikeSensorModel(), maps=maps)
