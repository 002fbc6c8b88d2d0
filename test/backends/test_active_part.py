# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""A network steps only the part of the image in which something happens, and the rest stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spike_recon_ros.backends import active_part
from spike_recon_ros.backends.active_part import HALO, INNER, STEADY_STEPS, PartChooser, part_sizes
from spike_recon_ros.backends.backend import Acceleration, Placement
from spike_recon_ros.bundles.bundle import read_bundle
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.settings import Settings
from spike_recon_ros.stream_statistics import Statistics
from spike_recon_ros.windows.window import Window

HEIGHT, WIDTH, STEP_NS = 352, 480, 20_000_000
SIZES = ((176, 192), (176, 480))


def events_in(left, top, right, bottom, number=0, count=2000):
    """Return events of moving stripes in a rectangle."""
    random = np.random.default_rng(number)
    t_ns = np.sort(random.integers(0, STEP_NS, count)) + number * STEP_NS
    x = left + (random.integers(0, right - left, count) // 8 * 8 + t_ns // 5_000_000) % (
        right - left
    )
    return Events(
        x.astype(np.uint16),
        random.integers(top, bottom, count).astype(np.uint16),
        (x // 8 % 2).astype(np.uint8),
        t_ns,
        Triggers.empty(),
    )


def chosen_after(steps, events, sizes=SIZES):
    chooser = PartChooser(HEIGHT, WIDTH, sizes)
    return [chooser.choose(events) for _ in range(steps)][-1]


def test_small_images_have_no_parts():
    assert part_sizes(264, 352) == ()
    assert part_sizes(720, 1280) == ((288, 512), (360, 640), (360, 1280), (720, 640))


@settings(deadline=None)
@given(
    st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(1, 80), st.integers(1, 40)
)
def test_the_events_and_their_halo_lie_in_the_part(x, y, width, height):
    right, bottom = min(x + width, WIDTH), min(y + height, HEIGHT)
    corners = np.array([[x, y], [right - 1, bottom - 1]], np.uint16)
    events = Events(
        corners[:, 0].copy(), corners[:, 1].copy(), np.zeros(2, np.uint8), np.arange(2),
        Triggers.empty(),
    )  # fmt: skip
    part = chosen_after(STEADY_STEPS + 1, events)
    assert (part.height, part.width) in SIZES
    assert part.top % 8 == part.left % 8 == 0
    assert 0 <= part.top <= max(y - HALO, 0)
    assert min(bottom + HALO, HEIGHT) <= part.top + part.height <= HEIGHT
    assert 0 <= part.left <= max(x - HALO, 0)
    assert min(right + HALO, WIDTH) <= part.left + part.width <= WIDTH
    near = part.rows[max(y - INNER - part.top, 0) : bottom + INNER - part.top]
    assert near.min() == 1.0
    if part.top > 0:
        assert part.rows[0] == pytest.approx(0.0, abs=1e-6) or y - part.top < HALO


def test_a_part_is_stepped_only_after_some_steps_that_fit():
    small, large = events_in(100, 100, 150, 130), events_in(0, 0, WIDTH, HEIGHT)
    assert chosen_after(STEADY_STEPS, small) is None
    chooser = PartChooser(HEIGHT, WIDTH, SIZES)
    chosen = [chooser.choose(small) for _ in range(STEADY_STEPS + 2)]
    assert [part is not None for part in chosen] == [False] * STEADY_STEPS + [True] * 2
    assert chooser.choose(large) is None
    assert chooser.choose(small) is None
    chooser = PartChooser(HEIGHT, WIDTH, SIZES)
    assert all(chooser.choose(Events.empty()) is None for _ in range(STEADY_STEPS + 2))


def test_results_are_merged_by_their_weights():
    part = chosen_after(STEADY_STEPS + 1, events_in(200, 120, 250, 150))
    whole = np.zeros((2, HEIGHT // 2, WIDTH // 2), np.float32)
    part.merge(np.ones((2, part.height // 2, part.width // 2), np.float32), whole, 2)
    assert whole[:, 60:75, 100:125].min() == 1.0
    cut = part.cut(whole, 2)
    assert cut[:, 0].max() < 0.1
    assert whole.sum() == pytest.approx(cut.sum())
    differences = np.abs(np.diff(whole[0], axis=1))
    assert differences.max() <= 2.01 / (HALO - INNER)


@pytest.fixture
def module(monkeypatch):
    """Return the backend, for which the images of these tests are large."""
    monkeypatch.setattr(active_part, 'SMALLEST_IMAGE', HEIGHT * WIDTH)
    monkeypatch.setattr(active_part, 'FRACTIONS', ((2, 2.5), (2, 1)))
    return pytest.importorskip(
        'spike_recon_ros.backends.openvino_backend', reason='openvino is not installed'
    )


def loaded(module, bundle, parts):
    return module.OpenVinoBackend(
        bundle, Placement(HEIGHT, WIDTH, acceleration=Acceleration(parts=parts))
    )


def stepped(backend, number, rectangle=(200, 120, 240, 150), commit=True):
    events = events_in(*rectangle, number)
    return backend.step_events(events, number * STEP_NS, (number + 1) * STEP_NS, commit)


def begin(backend):
    """Show the whole scene, then let a small part move until parts are stepped."""
    for number in range(6):
        last = stepped(backend, number, (0, 0, WIDTH, HEIGHT))
    for number in range(6, 6 + STEADY_STEPS):
        last = stepped(backend, number)
    return last


@pytest.fixture
def both(module, shipped):
    """Return a backend with parts and one without, after the same steps."""
    pair = [loaded(module, read_bundle(shipped), parts) for parts in (True, False)]
    assert np.array_equal(*(begin(backend) for backend in pair))
    yield pair
    for backend in pair:
        backend.close()


def test_the_active_part_is_that_of_the_whole_and_the_rest_stays(both):
    parts, whole = both
    before = stepped(whole, 22, commit=False)
    for number in range(22, 30):
        given, expected = stepped(parts, number), stepped(whole, number)
    assert parts.part_steps == 8
    assert whole.part_steps == 0
    inside = slice(120, 150), slice(200, 240)
    assert np.abs(given[inside] - expected[inside]).max() < 0.02
    assert np.ptp(expected[inside]) > 0.1
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[120 - HALO : 150 + HALO, 200 - HALO : 240 + HALO] = False
    assert np.abs(given[outside] - before[outside]).max() < 0.02


def test_after_parts_the_whole_continues_from_their_state(both):
    parts, whole = both
    states = {}
    for number in range(22, 30):
        stepped(parts, number)
        stepped(whole, number)
    for spec in parts._bundle.state:
        states[spec.name] = parts.state(spec.name)
    given = stepped(parts, 30, (0, 0, WIDTH, HEIGHT), commit=False)
    assert parts.part_steps == 8
    for name, state in states.items():
        np.testing.assert_allclose(parts.state(name), state, atol=0.01)
        assert np.abs(state).max() > 0.1
    expected = stepped(whole, 30, (0, 0, WIDTH, HEIGHT), commit=False)
    assert np.abs(given - expected).mean() < 0.02


def test_a_step_of_a_part_without_commit_leaves_the_state(both):
    parts, _ = both
    stepped(parts, 22)
    states = {spec.name: parts.state(spec.name) for spec in parts._bundle.state}
    first = stepped(parts, 23, commit=False)
    for name, state in states.items():
        np.testing.assert_array_equal(parts.state(name), state)
    image = stepped(parts, 23, commit=False)
    inside = slice(120, 150), slice(200, 240)
    np.testing.assert_array_equal(first[inside], image[inside])


def test_after_a_reset_all_is_as_at_first(both):
    parts, _ = both
    stepped(parts, 22)
    parts.reset()
    assert not parts.state('fine').any()
    first = begin(parts)
    parts.reset()
    stepped(parts, 0)
    parts.reset()
    np.testing.assert_array_equal(begin(parts), first)


def test_parts_are_named_where_they_can_be_stepped(module, shipped):
    bundle = read_bundle(shipped)
    with_parts = loaded(module, bundle, parts=True)
    assert with_parts.name.endswith(', active part')
    small = module.OpenVinoBackend(
        bundle, Placement(160, 160, acceleration=Acceleration(parts=True))
    )
    assert 'active part' not in small.name
    with_parts.close()
    small.close()


@pytest.mark.parametrize(('value', 'parts'), [('on', True), ('off', False)])
def test_the_setting_selects_parts_and_their_steps_are_counted(module, value, parts):
    settings = Settings(
        model='two_scale_gru_small', backend='openvino', active_part=value, state_step_time=0.0
    )
    model = load_model(settings, WIDTH, HEIGHT, kind=SensorKind.EVENT)
    assert ('active part' in model.description) == parts
    for number in range(STEADY_STEPS + 2):
        rectangle = (200, 120, 240, 150) if number else (0, 0, WIDTH, HEIGHT)
        start = number * STEP_NS
        model.step(Window(start, start + STEP_NS, events_in(*rectangle, number)))
    statistics = Statistics()
    statistics.read_model(model)
    assert statistics.part_steps == parts
    model.close()


def test_an_image_may_be_changed_by_the_caller(both):
    parts, _ = both
    stepped(parts, 22)[:] = np.nan
    assert np.isfinite(stepped(parts, 23)).all()
