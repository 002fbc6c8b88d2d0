# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
import warnings

import numpy as np
import pytest

from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.rendering.renderer import Renderer
from spike_recon_ros.settings import Settings

MS = 1_000_000
ENCODINGS = {'mono8': (np.uint8, 255), 'mono16': (np.uint16, 65535), '32FC1': (np.float32, 1.0)}


def ramp(low, high, height=64, width=128):
    return np.linspace(low, high, height * width, dtype=np.float32).reshape(height, width)


def scene(seed=0, scale=1.0, shift=0.5):
    values = np.random.default_rng(seed).random((60, 80), dtype=np.float32)
    return (scale * (values - 0.5) + shift).astype(np.float32)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_a_ramp_spans_the_whole_range_between_the_percentiles(encoding):
    dtype, top = ENCODINGS[encoding]
    image = Renderer(Settings(image_encoding=encoding)).render(ramp(2.0, 5.0), 0)
    shares = image.reshape(-1) / top
    assert image.dtype == dtype
    assert shares.min() == 0.0
    assert shares.max() == 1.0
    expected = np.clip((np.linspace(0, 1, shares.size) - 0.01) / 0.98, 0, 1)
    np.testing.assert_allclose(shares, expected, atol=0.5 / 255 + 1e-4)


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('level', [0.0, 0.7, -3.0])
def test_a_flat_image_is_mid_grey(encoding, level):
    _, top = ENCODINGS[encoding]
    image = Renderer(Settings(image_encoding=encoding)).render(
        np.full((20, 30), level, np.float32), 0
    )
    np.testing.assert_allclose(image / top, 0.5, atol=0.003)


def test_noise_far_below_the_change_of_one_event_is_not_stretched():
    image = Renderer(Settings()).render(scene(scale=1e-3), 0)
    assert np.ptp(image) <= 6


def test_pixels_without_events_are_mid_grey_and_do_not_reduce_contrast():
    intensity = np.zeros((100, 100), np.float32)
    intensity[40:44, 40:44] = 0.4
    intensity[50:54, 50:54] = -2.0
    image = Renderer(Settings()).render(intensity, 0)
    assert image[0, 0] == pytest.approx(127.5, abs=2)
    assert image[50, 50] == 0
    assert 145 <= image[40, 40] <= 160


def test_a_network_with_exact_zeros_keeps_black_black():
    intensity = ramp(-0.5, 1.0).clip(0.0)
    image = Renderer(Settings()).render(intensity, 0)
    assert image[0, 0] == 0
    assert image[-1, -1] == 255


def test_values_that_are_not_finite_stay_local_and_give_no_warning():
    intensity = ramp(0.2, 0.8)
    clean = Renderer(Settings()).render(intensity, 0)
    broken = intensity.copy()
    broken[5, :3] = np.nan, np.inf, -np.inf
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        image = Renderer(Settings()).render(broken, 0)
        nothing = Renderer(Settings()).render(np.full((4, 4), np.nan, np.float32), 0)
    assert abs(int(image[5, 0]) - 128) <= 1
    assert image[5, 1] == 255
    assert image[5, 2] == 0
    assert np.abs(image[6:].astype(int) - clean[6:]).max() <= 1
    assert np.ptp(nothing) == 0


def test_limits_follow_the_scene_with_the_time_constant():
    renderer = Renderer(Settings(image_encoding='32FC1', percentile_low=0, percentile_high=100))
    renderer.render(ramp(0.0, 1.0), 0)
    image = renderer.render(ramp(0.0, 1.5), 200 * MS)  # white: 1 + (1 - 1/e) / 2
    white = 1.0 + 0.5 * (1 - np.exp(-1))
    assert image[32, 0] == pytest.approx(0.75 / white, abs=2e-3)


def test_limits_do_not_depend_on_the_frame_rate():
    images = []
    for steps in (1, 8):
        renderer = Renderer(Settings(image_encoding='32FC1'))
        renderer.render(ramp(0.0, 1.0), 0)
        for step in range(1, steps + 1):
            image = renderer.render(ramp(0.1, 1.4), 160 * MS * step // steps)
        images.append(image)
    np.testing.assert_allclose(images[0], images[1], atol=1e-5)


def test_limits_are_measured_again_after_a_fortieth_of_the_time_constant():
    renderer = Renderer(Settings(tone_time=0.2))
    at_first = renderer.render(ramp(0.0, 1.0), 0)
    renderer.render(ramp(0.0, 1.5), 4 * MS)
    np.testing.assert_array_equal(renderer.render(ramp(0.0, 1.0), 4 * MS), at_first)
    renderer.render(ramp(0.0, 1.5), 5 * MS)
    assert renderer.render(ramp(0.0, 1.0), 6 * MS).mean() < at_first.mean() - 0.5


def test_a_single_different_image_hardly_changes_the_brightness():
    renderer = Renderer(Settings())
    before = renderer.render(scene(1), 0)
    renderer.render(scene(2, scale=1.6), 5 * MS)
    after = renderer.render(scene(1), 10 * MS)
    assert np.abs(after.astype(int) - before).max() <= 4


@pytest.mark.parametrize('other', [scene(3, scale=20.0), scene(3, scale=0.1), scene(3, shift=9.0)])
def test_a_new_scene_gets_its_limits_at_once(other):
    renderer = Renderer(Settings())
    renderer.render(scene(), 0)
    np.testing.assert_array_equal(
        renderer.render(other, 20 * MS), Renderer(Settings()).render(other, 20 * MS)
    )


@pytest.mark.parametrize('forget', ['reset', 'time back', 'tone_time'])
def test_limits_are_set_at_once_after_a_break(forget):
    renderer = Renderer(Settings(tone_time=0.0 if forget == 'tone_time' else 0.2))
    renderer.render(scene(), 500 * MS)
    if forget == 'reset':
        renderer.reset()
    t_ns = 0 if forget == 'time back' else 510 * MS
    other = scene(5, scale=1.5)
    np.testing.assert_array_equal(
        renderer.render(other, t_ns), Renderer(Settings()).render(other, 0)
    )


def test_settings_can_change_between_two_images():
    renderer = Renderer(Settings())
    plain = renderer.render(scene(), 0)
    renderer.adopt(Settings(gamma=2.0))
    assert renderer.render(scene(), MS).mean() > plain.mean() + 20


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_gamma_is_the_inverse_exponent(encoding):
    _, top = ENCODINGS[encoding]
    plain = Renderer(Settings(image_encoding=encoding)).render(ramp(0, 1), 0) / top
    bright = Renderer(Settings(image_encoding=encoding, gamma=2.0)).render(ramp(0, 1), 0) / top
    np.testing.assert_allclose(bright**2, plain, atol=0.01)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_clahe_raises_local_contrast_in_every_encoding(encoding):
    dtype, top = ENCODINGS[encoding]
    faint = ramp(0.0, 1.0, 96, 96)
    faint[:48] += 0.01 * np.indices((48, 96)).sum(axis=0) % 2
    plain = Renderer(Settings(image_encoding=encoding)).render(faint, 0)
    equal = Renderer(Settings(image_encoding=encoding, clahe_clip=4.0)).render(faint, 0)
    assert equal.dtype == dtype
    assert equal.min() >= 0
    assert equal.max() <= top
    corner = np.s_[:12, :12]
    assert np.ptp(equal[corner]) / top > 1.5 * np.ptp(plain[corner]) / top


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_the_intensity_is_unchanged_and_images_are_new_arrays(encoding):
    intensity = scene()
    copy = intensity.copy()
    renderer = Renderer(Settings(image_encoding=encoding))
    first = renderer.render(intensity, 0)
    second = renderer.render(intensity, 0)
    np.testing.assert_array_equal(intensity, copy)
    np.testing.assert_array_equal(first, second)
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(first, intensity)


def test_a_large_image_is_sampled_over_its_whole_area():
    intensity = ramp(0.0, 1.0, 720, 1280)
    image = Renderer(Settings()).render(intensity, 0)
    np.testing.assert_allclose(image[360], 127.5, atol=1.5)
    columns = np.tile(np.linspace(0, 1, 1280, dtype=np.float32), (720, 1))
    assert Renderer(Settings()).render(columns, 0)[0, 320] == pytest.approx(63.3, abs=1.5)


@pytest.mark.parametrize('width', [320, 346, 640, 1280, 999])
def test_the_limits_are_measured_in_every_column(width):
    # Each column is brighter than the one to its left, and only every column gives this share.
    columns = np.tile(np.arange(1, width + 1, dtype=np.float32), (720, 1))
    settings = Settings(percentile_low=25.0, percentile_high=75.0, image_encoding='32FC1')
    image = Renderer(settings).render(columns, 0)
    assert (image[0] == 0).mean() == pytest.approx(0.25, abs=2 / width)
    assert (image[0] == 1).mean() == pytest.approx(0.25, abs=2 / width)


def network_renderer(**settings):
    renderer = Renderer(Settings(image_encoding='32FC1', **settings))
    renderer.output_range = 0.0, 1.0
    return renderer


def moving_edge():
    """Return events in three columns."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(30, 33), np.arange(60)))
    return events_at(x, y)


def lone_events():
    """Return events none of which has a neighbour."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.arange(0, 80, 5), np.arange(0, 60, 5)))
    return events_at(x, y)


def events_at(x, y):
    arrays = x.astype(np.uint16), y.astype(np.uint16), np.ones(len(x), np.uint8)
    return Events(*arrays, np.full(len(x), -20 * MS), Triggers.empty())


@pytest.mark.parametrize('contrast', [0.05, 0.2, 0.5, 1.0])
def test_the_contrast_of_a_scene_is_stretched_the_more_the_less_there_is(contrast):
    image = network_renderer().render(scene(scale=contrast, shift=0.5), 0, moving_edge())
    low, high = np.percentile(image, (1, 99))
    shown = np.sqrt(0.98 * contrast)
    assert high - low == pytest.approx(shown, abs=0.02)
    assert (high + low) / 2 == pytest.approx(0.5, abs=0.02)


def test_black_and_white_of_a_network_stay_where_they_are():
    bright = scene(scale=0.4, shift=0.8)
    image = network_renderer().render(bright, 0, moving_edge())
    low, high = np.percentile(image, (1, 99))
    assert high - low == pytest.approx(np.sqrt(0.98 * 0.4), abs=0.02)
    assert high == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize('level', [0.3, 0.45, 0.6])
@pytest.mark.parametrize('spread', [0.005, 0.02, 0.1])
def test_noise_stays_within_eight_grey_levels_of_mid_grey(level, spread):
    noise = spread * np.random.default_rng(2).normal(size=(60, 80)).astype(np.float32) + level
    renderer = Renderer(Settings())
    renderer.output_range = 0.0, 1.0
    image = renderer.render(noise, 0, lone_events()).astype(float)
    low, high = np.percentile(image, (1, 99))
    assert 127.5 - 8.5 <= low < high <= 127.5 + 8.5
    assert image.std() < 1.05 * 255 * max(spread, 1 / 255)


def test_noise_after_a_scene_is_not_enlarged_and_not_hidden():
    noise = 0.1 * np.random.default_rng(2).normal(size=(60, 80)).astype(np.float32) + 0.45
    renderer = network_renderer()
    renderer.render(noise, 0, moving_edge())
    image = renderer.render(noise, 10**12, lone_events())
    assert image.std() == pytest.approx(noise.std(), rel=0.01)
    assert image.mean() == pytest.approx(0.5, abs=0.01)


def test_without_a_stretch_the_image_is_that_of_the_network():
    intensity = scene(scale=0.4, shift=0.4)
    image = network_renderer(tone_stretch=0.0).render(intensity, 0, moving_edge())
    np.testing.assert_allclose(image, intensity, atol=1e-6)


def test_the_whole_stretch_is_that_of_a_filter():
    intensity = scene(scale=0.4, shift=0.4)
    given = network_renderer(tone_stretch=1.0).render(intensity, 0, lone_events())
    expected = Renderer(Settings(image_encoding='32FC1')).render(intensity, 0)
    np.testing.assert_array_equal(given, expected)


def test_a_range_other_than_zero_to_one_is_followed():
    renderer, other = network_renderer(), network_renderer()
    other.output_range = -1.0, 3.0
    intensity = scene(scale=0.4, shift=0.4)
    np.testing.assert_allclose(
        other.render(4.0 * intensity - 1.0, 0, moving_edge()),
        renderer.render(intensity, 0, moving_edge()),
        atol=1e-5,
    )


def test_when_the_scene_rests_the_contrast_changes_by_less_than_a_grey_level_per_frame():
    renderer, intensity = network_renderer(), scene(scale=0.3)
    images = [renderer.render(intensity, 0, moving_edge())]
    for window in range(1, 200):
        images.append(renderer.render(intensity, 20 * window * MS, lone_events()))
    assert np.abs(np.diff(images, axis=0)).max() < 1 / 255
    assert np.ptp(images[-1]) < np.ptp(images[0]) - 0.05
