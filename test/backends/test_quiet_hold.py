# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The image is steady where no event falls, and follows the network where events fall."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stream import on_events

from spike_recon_ros.backends.choice import CANDIDATES, choose_backend
from spike_recon_ros.backends.network_model import NetworkModel, NetworkOptions
from spike_recon_ros.backends.quiet_hold import FAST_S, RECENT_S, SLOW_S, TILE, QuietHold
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.bundles.zoo import find_bundle
from spike_recon_ros.frames.anchor import Anchor
from spike_recon_ros.packets.events import Events
from spike_recon_ros.windows.window import Window

HEIGHT, WIDTH = 45, 66
WINDOW_S, WINDOW_NS = 0.02, 20_000_000
CENTRE = np.s_[16:28, 24:44]
INSIDE = np.s_[20:24, 28:40]
CORNER = np.s_[:8, :8]

needs_backend = pytest.mark.skipif(
    all(candidate.missing() for candidate in CANDIDATES), reason='no backend is installed'
)


def events_at(area, repeats=1):
    """Return events in each pixel of an area."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    x, y = (np.repeat(one[area], repeats) for one in (x, y))
    return on_events(x, y, np.zeros(x.shape, np.int64))


def grey(value):
    return np.full((HEIGHT, WIDTH), value, np.float32)


def held(value=0.5, **options):
    """Return a QuietHold that shows an even grey."""
    hold = QuietHold(HEIGHT, WIDTH, **options)
    hold.add(events_at(CENTRE), WINDOW_S)
    hold.follow(grey(value))
    return hold


def followed(hold, image, events=None, seconds=WINDOW_S):
    """Return a copy of the next image, by default after events in CENTRE."""
    hold.add(events_at(CENTRE) if events is None else events, seconds)
    return hold.follow(image).copy()


def share_followed(change, seconds):
    """Return what is expected far from events."""
    return 1 - 1 / (1 + seconds / SLOW_S + seconds * abs(change) / FAST_S)


def test_the_first_image_is_shown_as_it_is():
    image = np.random.default_rng(0).random((HEIGHT, WIDTH), np.float32)
    assert np.array_equal(followed(QuietHold(HEIGHT, WIDTH), image), image)


def test_pixels_amid_events_follow_at_once():
    image = followed(held(), grey(0.9), events_at(CENTRE, repeats=4))
    assert image[INSIDE] == pytest.approx(0.9, abs=1e-4)


@pytest.mark.parametrize('change', [0.001, -0.01, 0.4])
@pytest.mark.parametrize('seconds', [0.001, 0.02, 0.1])
def test_pixels_far_from_events_follow_with_a_time_constant(change, seconds):
    image = followed(held(), grey(0.5 + change), seconds=seconds)
    expected = 0.5 + change * share_followed(change, seconds)
    assert image[CORNER] == pytest.approx(expected, rel=1e-5)


def test_differences_are_measured_in_the_range_of_the_output():
    image = followed(held(50.0, span=100.0), grey(60.0))
    assert image[CORNER] == pytest.approx(50 + 10 * share_followed(0.1, WINDOW_S), rel=1e-5)


def test_flicker_is_weaker_far_from_events_and_the_mean_stays():
    hold, images = held(), []
    for number in range(60):
        images.append(followed(hold, grey(0.5 + 0.01 * (-1) ** number))[CORNER])
    late = np.stack(images[20:])
    assert np.ptp(late) < 0.3 * 0.02
    assert late.mean() == pytest.approx(0.5, abs=1e-3)


def test_a_lasting_difference_is_reached():
    hold = held()
    for _ in range(40):
        image = followed(hold, grey(0.52))
    assert image[CORNER] == pytest.approx(0.52, abs=1e-3)


def test_the_frame_rate_hardly_changes_what_is_followed():
    slow, fast = held(), held()
    one = followed(slow, grey(0.53))
    for _ in range(20):
        many = followed(fast, grey(0.53), seconds=WINDOW_S / 20)
    assert many[CORNER] - 0.5 == pytest.approx(one[CORNER] - 0.5, rel=0.2)


def test_single_events_are_followed_in_part_with_a_smooth_border():
    image = followed(held(), grey(0.501), events_at(np.s_[37, 10]))
    row = (image[37] - 0.5) / 0.001
    assert 0.4 < row[10] < 0.8
    assert np.abs(np.diff(row)).max() < 0.2
    assert row[10 + 2 * TILE :] == pytest.approx(share_followed(0.001, WINDOW_S), rel=1e-3)


def test_events_of_windows_without_an_image_count_for_the_next_one():
    hold = held()
    hold.add(events_at(CORNER, repeats=4), 0.001)
    image = followed(hold, grey(0.9), seconds=0.001)
    assert image[CORNER][:4, :4] == pytest.approx(0.9, abs=1e-4)


def test_events_are_forgotten_after_a_while():
    hold = held()
    hold.add(events_at(CORNER, repeats=4), WINDOW_S)
    image = followed(hold, grey(0.51), seconds=RECENT_S)
    expected = 0.5 + 0.01 * share_followed(0.01, WINDOW_S + RECENT_S)
    assert image[CORNER] == pytest.approx(expected, rel=1e-5)


def test_time_without_events_is_not_made_up_for():
    hold = held()
    hold.add(Events.empty(), 10.0)
    image = followed(hold, grey(0.51))
    assert image[CORNER] == pytest.approx(0.5 + 0.01 * share_followed(0.01, WINDOW_S), rel=1e-5)


def test_events_of_a_lamp_do_not_make_the_image_follow():
    hold = held()
    for _ in range(20):
        hold.add(events_at(np.s_[:], repeats=3), WINDOW_S, has_lamp=True)
        hold.follow(grey(0.5))
    hold.add(events_at(np.s_[:], repeats=3), WINDOW_S, has_lamp=True)
    image = hold.follow(grey(0.51))
    assert image == pytest.approx(0.5 + 0.01 * share_followed(0.01, WINDOW_S), rel=1e-5)


def test_after_a_reset_the_next_image_is_shown_as_it_is():
    hold = held()
    hold.reset()
    assert np.array_equal(followed(hold, grey(0.9)), grey(0.9))


def test_an_image_that_is_not_a_number_is_followed_and_left_at_once():
    hold = held()
    assert np.isnan(followed(hold, grey(np.nan))).all()
    assert np.array_equal(followed(hold, grey(0.9)), grey(0.9))


def test_padding_beyond_the_sensor_is_ignored():
    padded = np.full((HEIGHT + 3, WIDTH + 6), np.nan, np.float32)
    padded[:HEIGHT, :WIDTH] = grey(0.6)
    assert np.array_equal(followed(held(), padded), followed(held(), grey(0.6)))


def test_an_enlarged_image_follows_where_the_events_are():
    hold = QuietHold(HEIGHT, WIDTH, scale=3)
    shape = 3 * HEIGHT, 3 * WIDTH
    followed(hold, np.full(shape, 0.5, np.float32))
    image = followed(hold, np.full(shape, 0.51, np.float32), events_at(CENTRE, repeats=4))
    assert image[3 * 20 : 3 * 24, 3 * 28 : 3 * 40] == pytest.approx(0.51, abs=1e-4)
    assert (image[:20, :20] < 0.505).all()


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, HEIGHT - 1), st.integers(0, WIDTH - 1)), max_size=30),
    st.floats(0, 10),
    st.integers(0, 1000),
)
def test_an_image_is_always_between_the_one_before_and_the_new_one(pixels, seconds, seed):
    random = np.random.default_rng(seed)
    before, new = random.random((2, HEIGHT, WIDTH), np.float32)
    y, x = np.array(pixels, np.int64).reshape(-1, 2).T
    hold = QuietHold(HEIGHT, WIDTH)
    hold.follow(before)
    image = followed(hold, new, on_events(x, y, np.zeros(x.shape, np.int64)), seconds)
    rounding = 1e-6
    assert (image >= np.minimum(before, new) - rounding).all()
    assert (image <= np.maximum(before, new) + rounding).all()


def dots(number):
    """Return the events of dots that move over the whole sensor, in a window."""
    y, x = np.meshgrid(np.arange(4, HEIGHT, 12), np.arange(0, WIDTH, 12), indexing='ij')
    x, y = (np.repeat(one, 4) for one in (x, y))
    x = (x + 4 * number + np.tile(np.arange(4), len(x) // 4)) % WIDTH
    t_ns = number * WINDOW_NS + np.linspace(0, WINDOW_NS - 1, len(x)).astype(np.int64)
    return on_events(x, y, t_ns)


def images_of_dots(bundle, anchor=None, **options):
    model = NetworkModel(
        read_bundle(bundle), choose_backend(), WIDTH, HEIGHT, NetworkOptions(**options)
    )
    if anchor is not None:
        model.anchor_at = lambda t_ns: anchor
    try:
        images = []
        for number in range(12):
            start_ns = number * WINDOW_NS
            images.append(model.step(Window(start_ns, start_ns + WINDOW_NS, dots(number))))
    finally:
        model.close()
    return np.stack(images)


@needs_backend
def test_a_network_flickers_less_where_no_event_falls(shipped):
    plain, steady = images_of_dots(shipped), images_of_dots(shipped, noise_gate=True)
    quiet = np.s_[:, [row for row in range(HEIGHT) if 5 <= (row - 4) % 12 <= 7]]

    def flicker(images):
        part = images[quiet]
        return np.abs(part[1:-1] - 0.5 * (part[:-2] + part[2:])).mean()

    assert flicker(plain) > 1e-3
    assert flicker(steady) < 0.6 * flicker(plain)


@needs_backend
def test_once_a_frame_was_read_the_image_is_that_of_the_network():
    image = np.random.default_rng(1).random((HEIGHT, WIDTH), np.float32)
    anchor = Anchor(stamp_ns=0, age_ns=0, grey=image)
    bundle = find_bundle('two_scale_gru_frames')
    plain = images_of_dots(bundle, anchor)
    assert np.array_equal(images_of_dots(bundle, anchor, noise_gate=True), plain)
