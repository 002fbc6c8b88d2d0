# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The event camera of training against physics, and against the one that makes event lists."""

import numpy as np
import pytest

torch = pytest.importorskip('torch', reason='torch is not installed: nothing can be simulated')

from spike_recon_ros.packets.events import Events, Triggers  # noqa: E402
from spike_recon_ros.representations.voxel_grid import voxel_grid  # noqa: E402
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel  # noqa: E402
from spike_recon_training.simulation.event_pixels import PixelArray  # noqa: E402
from spike_recon_training.simulation.moving_layers import PlanarWorlds, WorldModel  # noqa: E402
from spike_recon_training.simulation.sensors import SensorRanges, Sensors  # noqa: E402
from spike_recon_training.simulation.sequences import (  # noqa: E402
    SequenceModel,
    Sequences,
    normalise_nonzero,
)

MS, S = 1_000_000, 1_000_000_000
HEIGHT, WIDTH, BINS = 24, 32, 5
PERFECT = {'noise_hz': 0.0, 'leak_hz': 0.0, 'hot_pixels': 0, 'mismatch': 0.1}


def perfect_sensors(
    batch=1,
    on=0.2,
    off=0.2,
    refractory_s=0.0,
    noise_hz=0.0,
    noise_in_dark=0.0,
    noise_on=0.5,
    leak_per_s=0.0,
    response_s=0.0,
):
    shape = (batch, HEIGHT, WIDTH)
    return Sensors(
        on=torch.full(shape, on),
        off=torch.full(shape, off),
        refractory_s=torch.full((batch, 1, 1), refractory_s),
        response_s=torch.full((batch, 1, 1), response_s),
        leak_per_s=torch.full((batch, 1, 1), leak_per_s),
        noise_hz=torch.full((batch, 1, 1), noise_hz),
        noise_in_dark=torch.full((batch, 1, 1), noise_in_dark),
        noise_on=torch.full((batch, 1, 1), noise_on),
        hot=torch.empty(0, dtype=torch.long),
        hot_hz=torch.empty(0),
    )


def array(sensors, luminance, seed=0):
    return PixelArray(sensors, luminance, BINS, torch.Generator().manual_seed(seed))


def constant(levels, batch=1):
    """Return [batch, steps, height, width], the same luminance at all pixels of a step."""
    values = torch.as_tensor(levels, dtype=torch.float32)
    return values[None, :, None, None].expand(batch, -1, HEIGHT, WIDTH)


def moving_views(photographs, steps, seed=2):
    """Return luminance [1, steps + 1, height, width] of a moving world, 2 ms apart."""
    world = PlanarWorlds(
        photographs,
        WorldModel(lighting_share=0.0),
        HEIGHT,
        WIDTH,
        things=1,
        greatest_px_s=torch.tensor([300.0]),
        generator=torch.Generator().manual_seed(seed),
    )
    return world.luminance(0.002 * torch.arange(steps + 1)[None])


def test_still_scene_without_noise_gives_an_empty_grid():
    pixels = array(perfect_sensors(), constant([0.5])[:, 0])
    assert not pixels.window(constant([0.5] * 8), torch.tensor([0.002])).any()


def test_still_scene_gives_noise_at_its_rate():
    sensors = perfect_sensors(batch=2, noise_hz=20.0)
    pixels = array(sensors, constant([0.5], 2)[:, 0])
    total, signed = 0.0, 0.0
    for _ in range(50):
        grid = pixels.window(constant([0.5] * 8, 2), torch.tensor([0.002, 0.004]))
        total += grid.abs().sum((1, 2, 3))
        signed += grid.sum((1, 2, 3))
    expected = torch.tensor([0.8, 1.6]) * 20 * HEIGHT * WIDTH
    # Two events of one pixel in a window may cancel, which few do.
    assert ((total / expected - 1).abs() < 0.12).all()
    assert (signed.abs() < 5 * expected.sqrt()).all()


def test_hot_pixels_stand_out():
    sensors = perfect_sensors()
    sensors.hot, sensors.hot_hz = torch.tensor([70]), torch.tensor([500.0])
    pixels = array(sensors, constant([0.5])[:, 0])
    grids = [pixels.window(constant([0.5] * 4), torch.tensor([0.01])) for _ in range(20)]
    busy = torch.stack(grids).abs().sum((0, 1, 2)).flatten()
    assert busy[70] > 50
    assert busy.sum() == busy[70]


def test_leak_gives_on_events_at_its_rate():
    pixels = array(perfect_sensors(leak_per_s=0.2 * 5), constant([0.5])[:, 0])
    grids = [pixels.window(constant([0.5] * 4), torch.tensor([0.025])) for _ in range(20)]
    grid = torch.stack(grids)
    assert grid.min() >= 0
    assert grid.sum((0, 1, 2)).mean() == pytest.approx(10, abs=0.6)


@pytest.mark.parametrize(('change', 'threshold'), [(3.1, 0.2), (-3.1, 0.2), (1.55, 0.1)])
def test_event_count_is_the_contrast_over_the_threshold(change, threshold):
    sensors = perfect_sensors(on=threshold, off=threshold)
    levels = np.exp(-2 + change * np.arange(9) / 8)
    pixels = array(sensors, constant(levels[:1])[:, 0])
    grid = pixels.window(constant(levels[1:]), torch.tensor([0.002]))
    # Half an event less than the quotient, on average: what is left over makes none yet.
    expected = np.sign(change) * (abs(change) / threshold - 0.5)
    assert grid.sum(1).mean() == pytest.approx(expected, abs=0.1)
    assert (grid.sum(1) - change / threshold).abs().max() <= 2


def test_refractory_time_lowers_the_count():
    levels = np.exp(-2 + 4.0 * np.arange(5) / 4)
    counts = []
    for refractory_s in (0.0, 0.001):
        pixels = array(perfect_sensors(refractory_s=refractory_s), constant(levels[:1])[:, 0])
        counts.append(pixels.window(constant(levels[1:]), torch.tensor([0.0025])).sum(1).mean())
    # A threshold takes 0.5 ms on this ramp; then the pixel is blind for 1 ms.
    assert counts[0] == pytest.approx(19.5, abs=0.2)
    assert counts[1] == pytest.approx(10 / 1.5, abs=0.7)


def test_reversed_motion_flips_the_polarity(photographs):
    views = moving_views(photographs, 32)

    def total(shown):
        pixels = array(perfect_sensors(on=0.05, off=0.05), shown[:, 0])
        return pixels.window(shown[:, 1:], torch.tensor([0.002])).sum((0, 1)).flatten()

    there, back = total(views), total(views.flip(1))
    assert there.abs().sum() > HEIGHT * WIDTH
    assert torch.corrcoef(torch.stack([there, -back]))[0, 1] > 0.98


@pytest.mark.parametrize(
    ('refractory_us', 'response_us'), [(0, 0), (300, 0), (5000, 0), (300, 3000)]
)
def test_grid_is_that_of_the_event_list(photographs, refractory_us, response_us):
    """The same views through the camera that makes event lists, pixel for pixel."""
    steps, windows, step_ns = 8, 6, 2 * MS
    views = moving_views(photographs, steps * windows)
    model = SensorModel(
        **PERFECT,
        contrast_on=0.1,
        contrast_off=0.14,
        refractory_ns=refractory_us * 1000,
        response_ns=response_us * 1000,
    )
    camera = EventCamera(WIDTH, HEIGHT, model, seed=2)
    camera.step(views[0, 0].numpy(), 0)
    off, on = torch.from_numpy(camera._threshold).float().view(2, 1, HEIGHT, WIDTH)
    sensors = perfect_sensors(refractory_s=refractory_us * 1e-6, response_s=response_us * 1e-6)
    sensors.on, sensors.off = on, off
    pixels = array(sensors, views[:, 0])
    pixels.reference = torch.from_numpy(camera._reference).float().view(1, HEIGHT, WIDTH)
    wrong = events_in_all = 0
    for window in range(windows):
        first = window * steps
        shown = views[:, first + 1 : first + steps + 1]
        grid = pixels.window(shown, torch.tensor([step_ns / S]))[0]
        events = Events.concatenate(
            [
                camera.step(view.numpy(), (first + k + 1) * step_ns)
                for k, view in enumerate(shown[0])
            ]
        )
        expected = voxel_grid(
            events,
            first * step_ns,
            (first + steps) * step_ns,
            bins=BINS,
            height=HEIGHT,
            width=WIDTH,
        )
        wrong += int((np.abs(grid.numpy() - expected) > 1e-3).any(0).sum())
        events_in_all += len(events)
    assert events_in_all > HEIGHT * WIDTH
    # A change within rounding of the threshold may fall either way, in a pixel here and there.
    assert wrong <= 0.002 * windows * HEIGHT * WIDTH


def test_the_luminance_is_not_changed():
    shown = constant([0.5, 0.6, 0.7, 0.8]).contiguous()
    before = shown.clone()
    array(perfect_sensors(), shown[:, 0]).window(shown, torch.tensor([0.002]))
    assert torch.equal(shown, before)


def test_noise_grows_in_the_dark_and_has_the_wanted_polarity():
    sensors = perfect_sensors(batch=2, noise_hz=20.0, noise_in_dark=1.0, noise_on=1.0)
    levels = torch.tensor([0.5, 0.1])[:, None, None, None].expand(2, 8, HEIGHT, WIDTH)
    pixels = array(sensors, levels[:, 0])
    total = 0.0
    for _ in range(50):
        grid = pixels.window(levels, torch.tensor([0.002, 0.002]))
        assert grid.min() >= 0
        total += grid.sum((1, 2, 3))
    # (.5 + .1) / (.1 + .1) = 3 times the rate, with the dark current of the photoreceptor.
    expected = 0.8 * 20 * HEIGHT * WIDTH
    assert total[0] == pytest.approx(expected, rel=0.1)
    assert total[1] == pytest.approx(3 * expected, rel=0.1)


def test_steps_that_do_not_divide_into_bins_are_refused():
    pixels = array(perfect_sensors(), constant([0.5])[:, 0])
    with pytest.raises(ValueError, match='multiple'):
        pixels.window(constant([0.5] * 6), torch.tensor([0.002]))


def sequences(photographs, seed=0, bins=BINS, **changes):
    model = SequenceModel(steps=(4,), **changes)
    return Sequences(photographs, model, 3, HEIGHT, WIDTH, bins=bins, seed=seed)


def test_sequences_give_grids_and_truths(photographs):
    grids, truths = sequences(photographs).next(6)
    assert grids.shape == (6, 3, BINS, HEIGHT, WIDTH)
    assert truths.shape == (6, 3, 1, HEIGHT, WIDTH)
    assert grids.any()
    assert 0 < truths.min() <= truths.max() <= 1 + 1e-5


def test_sequences_continue_between_calls(photographs):
    quiet = {'sensor': SensorRanges(noise_hz=(1e-9, 1e-9), hot_share=(1e-9, 1e-9))}
    at_once = sequences(photographs, **quiet)
    in_parts = sequences(photographs, **quiet)
    whole, parts = at_once.next(4), [in_parts.next(1) for _ in range(4)]
    assert torch.allclose(whole[1], torch.cat([part[1] for part in parts]), atol=1e-5)
    off = (whole[0] - torch.cat([part[0] for part in parts])).abs() > 1e-2
    assert off.float().mean() < 1e-3


def test_window_lengths_differ_from_sequence_to_sequence(photographs):
    window_s = sequences(photographs).window_s
    assert ((window_s >= 0.005) & (window_s <= 0.05)).all()
    assert len(window_s.unique()) == 3


def test_steps_are_rounded_up_to_what_the_bins_need(photographs):
    grids, _ = sequences(photographs, bins=4).next(1)
    assert grids.shape[2] == 4


def test_normalisation_equals_that_of_the_runtime():
    rng = np.random.default_rng(0)
    n = 200
    events = Events(
        rng.integers(0, WIDTH, n).astype(np.uint16),
        rng.integers(0, HEIGHT, n).astype(np.uint16),
        (rng.random(n) < 0.7).astype(np.uint8),
        np.sort(rng.integers(0, 10 * MS, n)),
        Triggers.empty(),
    )
    size = {'bins': BINS, 'height': HEIGHT, 'width': WIDTH}
    plain, normal = (
        voxel_grid(events, 0, 10 * MS, **size, normalisation=kind) for kind in ('none', 'nonzero')
    )
    assert np.allclose(normalise_nonzero(torch.from_numpy(plain)).numpy(), normal, atol=1e-4)
    assert not normalise_nonzero(torch.zeros(1, BINS, 4, 4)).any()


def test_a_slow_photoreceptor_delays_a_step_more_in_the_dark():
    step_s, before = torch.tensor([1e-3]), constant([0.1])[:, 0]

    def events(response_s, luminance):
        pixels = array(
            perfect_sensors(on=0.01, off=0.01, response_s=response_s), before * luminance
        )
        grids = [pixels.window(constant([0.2 * luminance] * 4), step_s) for _ in range(100)]
        return torch.stack([grid.sum(1).mean() for grid in grids])

    at_once, slow, dark = events(0.0, 1.0), events(0.02, 1.0), events(0.02, 0.1)
    assert at_once[0] == pytest.approx(np.log(2) / 0.01, abs=1)
    assert at_once[1:].abs().max() == 0
    assert slow.sum() == pytest.approx(at_once.sum(), abs=1.5)
    assert slow[0] < 0.5 * at_once[0]
    assert (slow[:-1] >= slow[1:] - 1).all()
    assert dark[:20].sum() < slow[:20].sum()
