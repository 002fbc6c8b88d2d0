# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Figures of images in the field: recordings made on the spot, parts, bounds and tables."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from spike_recon_ros.benchmarking import field_recordings
from spike_recon_ros.benchmarking.field_criteria import (
    CRITERIA,
    FIGURES,
    Criterion,
    markdown,
    show_criteria,
)
from spike_recon_ros.benchmarking.field_images import PARTS, Place, cross, frames, noise
from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.contenders import contenders
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
QUIET = Console(quiet=True)


def place(tmp_path, **values):
    return Place(
        **{'data': tmp_path, 'held': None, 'work': tmp_path, 'console': QUIET, **values},
        settings=Settings(threads=1, fps=50.0),
    )


def fibar(tmp_path):
    return contenders(['fibar'], tmp_path)[0]


def test_noise_has_its_rate_in_all_pixels_and_both_polarities():
    rng = np.random.default_rng(0)
    events = field_recordings.noise_events(rng, 2.0, 7_000_000_000, 1.5)
    expected = 2.0 * 1.5 * field_recordings.WIDTH * field_recordings.HEIGHT
    assert len(events) == pytest.approx(expected, rel=0.01)
    assert events.p.mean() == pytest.approx(0.5, abs=0.01)
    assert events.x.max() == field_recordings.WIDTH - 1
    assert events.y.max() == field_recordings.HEIGHT - 1
    assert np.all(np.diff(events.t_ns) >= 0)
    assert 7_000_000_000 <= events.t_ns[0] < events.t_ns[-1] < 8_500_000_000


def test_events_written_to_a_bag_are_read_back(tmp_path):
    events = field_recordings.noise_events(np.random.default_rng(1), 0.5, 10**9, 0.3)
    field_recordings.write_events(tmp_path / 'bag', events)
    read = field_recordings.events_of(tmp_path / 'bag')
    for name in ('x', 'y', 'p', 't_ns'):
        assert np.array_equal(getattr(read, name), getattr(events, name))


def test_a_rest_continues_the_recording_with_noise(tmp_path):
    one = np.array([3], np.uint16)
    moving = Events(one, one, one.astype(np.uint8) % 2, np.array([10**9]), Triggers.empty())
    field_recordings.write_events(tmp_path / 'tags', moving)
    events = field_recordings.events_of(
        field_recordings.rest(tmp_path / 'rest', tmp_path / 'tags')
    )
    assert events.t_ns[0] == 10**9
    lasts_s = (events.t_ns[-1] - events.t_ns[0]) / 1e9
    assert lasts_s == pytest.approx(field_recordings.REST_S, abs=0.01)
    pixels = field_recordings.WIDTH * field_recordings.HEIGHT
    rate_hz = (len(events) - 1) / field_recordings.REST_S / pixels
    assert rate_hz == pytest.approx(field_recordings.REST_NOISE_HZ, rel=0.01)


def test_the_fast_board_moves_at_its_speed_and_shows_tags():
    scene = field_recordings.FastBoard()
    image = (255 * scene.luminance(0.0)).astype(np.uint8)
    from spike_recon_ros.evaluation.tags import read_tags  # noqa: PLC0415

    step_s = 0.005
    before, after = read_tags(image), read_tags((255 * scene.luminance(step_s)).astype(np.uint8))
    moved = [
        np.hypot(*(after[tag] - before[tag]).mean(axis=0)) / step_s
        for tag in before.keys() & after.keys()
    ]
    assert len(moved) >= 9
    assert np.median(moved) == pytest.approx(field_recordings.FAST_PX_S, rel=0.05)


class Sums:
    """Records the light that a camera was given."""

    def __init__(self):
        self.light = []

    def step(self, luminance, t_ns):
        self.light.append(float(luminance.mean()))
        return Events.empty()


def test_a_lamp_varies_the_light_by_its_depth_and_frequency():
    camera = Sums()
    lamp = field_recordings.LampCamera(camera, 1000)
    period_ns = round(1e9 / field_recordings.LAMP_HZ)
    for quarter in range(5):
        lamp.step(np.full((2, 2), 0.5, np.float32), 1000 + quarter * period_ns // 4)
    depth = field_recordings.LAMP_DEPTH
    expected = [0.5, 0.5 * (1 + depth), 0.5, 0.5 * (1 - depth), 0.5]
    assert camera.light == pytest.approx(expected, abs=1e-6)


def test_frames_of_noise_are_measured_before_and_after_the_tone_mapping(tmp_path, monkeypatch):
    bag = field_recordings.noise(tmp_path / 'event' / 'a', 2.0)
    monkeypatch.setattr('spike_recon_ros.benchmarking.field_images.NOISE_RECORDINGS', ('a',))
    monkeypatch.setattr('spike_recon_ros.benchmarking.field_images.NOISE_RATES_HZ', ())
    figures = noise(fibar(tmp_path), place(tmp_path))
    images = [frame.image for t_s, frame in frames(fibar(tmp_path), bag, place(tmp_path))]
    late = [image.std() for image in images[15:]]
    assert figures['mono8_std_a'] == pytest.approx(np.mean(late), rel=0.02)
    assert 0 < figures['mono8_span_a'] <= 255
    assert 'raw_std_a' not in figures  # the intensity of a filter has no range


def test_another_simulator_is_compared_in_second_halves(tmp_path):
    folder = tmp_path / 'held' / 'grey'
    folder.mkdir(parents=True)
    events = field_recordings.noise_events(np.random.default_rng(2), 1.0, 0, 0.4)
    np.save(folder / 'events_ts.npy', events.t_ns / 1e9 + 0.001)
    np.save(folder / 'events_xy.npy', np.stack([events.x, events.y], axis=1))
    np.save(folder / 'events_p.npy', events.p)
    shape = 10, field_recordings.HEIGHT, field_recordings.WIDTH, 1
    images = np.full(shape, 100, np.uint8)
    images[5:] = 200
    np.save(folder / 'images.npy', images)
    np.save(folder / 'images_ts.npy', 0.001 + 0.04 * np.arange(10))
    figures = cross(fibar(tmp_path), place(tmp_path, held=tmp_path / 'held'))
    assert figures['recordings']['grey']['truth_level'] == pytest.approx(200 / 255)
    assert figures['mse'] == figures['recordings']['grey']['mse'] > 0
    assert figures['mse_mean'] < figures['mse']


def test_what_is_missing_is_one_sentence(tmp_path):
    with pytest.raises(UserError, match='needs --held'):
        cross(fibar(tmp_path), place(tmp_path))
    with pytest.raises(UserError, match='holds no recordings'):
        cross(fibar(tmp_path), place(tmp_path, held=tmp_path))
    with pytest.raises(UserError, match='give --data'):
        PARTS['rest'](fibar(tmp_path), place(tmp_path))


def test_a_bound_is_absolute_or_relative_to_the_peer():
    absolute = Criterion('rest', 'tags_10_20_s', True, 10.0)
    assert absolute.limit(None) == 10.0
    assert absolute.met(10.0, 10.0)
    assert not absolute.met(9.9, 10.0)
    relative = Criterion('cross', 'mse', False, 0.0, 0.7)
    assert relative.limit(None) is None
    assert relative.limit(0.1) == pytest.approx(0.07)
    assert relative.met(0.07, 0.07)
    assert not relative.met(0.08, 0.07)


def test_figures_outside_their_bounds_are_marked():
    rows = [
        {'model': 'mine', 'part': 'cross', 'ssim': 0.60},
        {'model': 'firenet', 'part': 'cross', 'ssim': 0.55},
    ]
    out = io.StringIO()
    show_criteria(Console(file=out, force_terminal=True, width=100, color_system='standard'), rows)
    line = next(line for line in out.getvalue().splitlines() if 'ssim' in line)
    assert '>= 0.63' in line
    assert '\x1b[31m0.6\x1b[0m' in line


def test_a_table_has_a_column_for_each_model_and_marks_what_is_missing():
    rows = [{'model': 'mine', 'part': 'cross', 'mse': 0.01234, 'ssim': 0.6}]
    table = markdown(rows, ['mine', 'firenet']).splitlines()
    assert table[0] == '| | `mine` | `firenet` |'
    assert table[2] == '| real video, other simulator: MSE | .0123 | - |'
    assert len(table) == 2 + len(FIGURES)


def test_bounds_and_tables_name_parts_that_exist():
    assert {one.part for one in CRITERIA} | {part for _, part, _, _ in FIGURES} <= set(PARTS)


def test_the_tables_in_the_documentation_are_those_of_the_results():
    command = [sys.executable, ROOT / 'tools' / 'write_field_tables.py', '--check']
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
