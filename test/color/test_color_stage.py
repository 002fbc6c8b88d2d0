# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Colour images of the pipeline, from simulated sensors and cameras."""

import cv2
import numpy as np
import pytest

from spike_recon_ros.color.frame_color import FrameColor
from spike_recon_ros.color.luma import chroma_of, with_luma
from spike_recon_ros.color.mosaic import MosaicColor
from spike_recon_ros.conditioning.region import region_of
from spike_recon_ros.errors import UserError
from spike_recon_ros.frames.camera_frame import CameraFrame
from spike_recon_ros.frames.store import FrameStore
from spike_recon_ros.offline.camera_frames import with_frames
from spike_recon_ros.offline.simulated_sensors import EventSensor, SpikeSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.reconstructor import Reconstructor
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.topics import GROUND_TRUTH_COLOR
from spike_recon_ros.windows.window import Window

SIZE = 96, 64


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    bag = tmp_path_factory.mktemp('color') / 'rig'
    simulate(
        bag,
        Simulation(
            EventSensor(), size=SIZE, duration_s=0.24, truth_hz=250.0, frames_hz=20.0, seed=3
        ),
    )
    return bag


def run(bag, frames=True, coloring=lambda number: True, **values):
    """Return the frames of a recording and the pipeline that made them."""
    settings = Settings(**{'model': 'leaky_integrator', 'fps': 100.0, **values})
    reconstructor = Reconstructor(settings)
    found = []
    with open_source(bag) as source:
        for number, item in enumerate(with_frames(source, bag) if frames else source):
            reconstructor.images.coloring = coloring(number)
            found += reconstructor.push(item)
    reconstructor.close()
    return found, reconstructor


def hues(image):
    return chroma_of(image).astype(int) - 128


def test_colours_do_not_change_the_brightness():
    rng = np.random.default_rng(0)
    luma = rng.integers(80, 170, (20, 30), np.uint8)
    colour = rng.integers(110, 140, (10, 15, 3), np.uint8)
    result = with_luma(luma, colour)
    assert np.abs(cv2.cvtColor(result, cv2.COLOR_BGR2GRAY).astype(int) - luma).max() <= 1
    assert np.abs(hues(result)).max() > 3


def test_without_the_setting_there_is_no_colour(rig):
    frames, reconstructor = run(rig, frames=False)
    assert frames
    assert all(frame.color is None for frame in frames)
    assert reconstructor.statistics.color_frames == 0


def test_grey_images_are_the_same_with_and_without_colour(rig):
    plain, _ = run(rig, frames=False)
    coloured, _ = run(rig, color='frame')
    assert plain
    for one, other in zip(plain, coloured, strict=True):
        np.testing.assert_array_equal(one.image, other.image)
        assert one.stamp_ns == other.stamp_ns


def test_colour_is_not_computed_while_nobody_wants_it(rig, monkeypatch):
    calls = []
    monkeypatch.setattr(
        'spike_recon_ros.color.frame_color.FrameColor.render', lambda *args: calls.append(args)
    )
    frames, reconstructor = run(rig, color='frame', coloring=lambda number: False)
    assert frames
    assert all(frame.color is None for frame in frames)
    assert reconstructor.statistics.color_frames == len(calls) == 0


def hue_errors(bag, frames):
    """Return the errors of the colours of frames, and the true colours, after the first 60 ms."""
    truth = list(read_images(bag, GROUND_TRUTH_COLOR))
    errors, wanted = [], []
    for frame in frames[6:]:
        stamp_ns, image = min(truth, key=lambda pair: abs(pair[0] - frame.stamp_ns))
        if abs(stamp_ns - frame.stamp_ns) < 3_000_000:
            wanted.append(hues(image))
            errors.append(hues(frame.color) - wanted[-1])
    assert len(errors) >= 8
    return np.array(errors), np.array(wanted)


def test_colours_of_the_camera_are_near_the_truth(rig):
    frames, reconstructor = run(rig, color='frame', color_encoding='bgr8')
    errors, wanted = hue_errors(rig, frames)
    assert np.abs(errors).mean() < 0.6 * np.abs(wanted).mean()
    counts = reconstructor.statistics
    assert counts.color_frames == len(frames)
    assert counts.colorless_frames < 3


def test_colours_move_with_the_scene():
    rng = np.random.default_rng(4)
    small = rng.integers(60, 200, (12, 20, 3), np.uint8)
    colour = cv2.resize(small, (160, 96), interpolation=cv2.INTER_CUBIC)
    store = FrameStore()
    store.add(CameraFrame(0, colour))
    stage = FrameColor(region_of(Settings(), 160, 96), store)
    for number in range(9):
        shifted = np.roll(colour, 2 * number, axis=1)
        luma = cv2.cvtColor(shifted, cv2.COLOR_BGR2GRAY)
        found = stage.render(luma, number * 10_000_000, (0.0, 1.0))
    inside = np.s_[:, 24:-8]
    moved = np.abs(found.astype(int) - shifted)[inside].mean()
    held = np.abs(colour.astype(int) - shifted)[inside].mean()
    assert moved < 0.15 * held


def test_the_encoding_only_swaps_red_and_blue(rig):
    rgb, _ = run(rig, color='frame')
    bgr, _ = run(rig, color='frame', color_encoding='bgr8')
    np.testing.assert_array_equal(rgb[-1].color, bgr[-1].color[:, :, ::-1])


def test_a_camera_without_colour_is_one_sentence_and_counted(rig):
    reconstructor = Reconstructor(Settings(model='leaky_integrator', fps=100.0, color='frame'))
    with open_source(rig) as source:
        frames = []
        for item in with_frames(source, rig):
            grey = isinstance(item, CameraFrame)
            frames += reconstructor.push(CameraFrame(item.stamp_ns, item.grey()) if grey else item)
    assert 'have no colour' in reconstructor.frames.problem
    assert reconstructor.frames.counts.without_color > 0
    counts = reconstructor.statistics
    assert counts.colorless_frames == counts.color_frames == len(frames)
    assert np.abs(hues(frames[-1].color)).max() <= 1
    reconstructor.close()


class Grey:
    """A model whose image has one intensity."""

    longest_window_ns = 0

    def __init__(self, width, height, level):
        self.shape, self.level, self.name = (height, width), level, 'grey'
        self.samples = 0

    def step(self, window):
        self.samples += len(window.samples)
        return np.full(self.shape, self.level, np.float32)

    def reset(self):
        self.samples = 0

    def close(self):
        self.shape = None


def test_each_phase_of_a_bayer_sensor_has_its_own_state():
    settings, made = Settings(color='mosaic', bayer_pattern='rggb'), []
    levels = iter([0.8, 0.4, 0.4, 0.1])

    def load(width, height):
        made.append(Grey(width, height, next(levels)))
        return made[-1]

    mosaic = MosaicColor(settings, region_of(settings, 16, 12), SensorKind.EVENT, load)
    x = np.array([0, 2, 1, 0, 4], np.uint16)
    y = np.array([0, 2, 0, 1, 1], np.uint16)
    events = Events(x, y, np.ones(5, np.uint8), np.arange(5), Triggers.empty())
    assert mosaic.render(np.full((12, 16), 100, np.uint8), 0, (0.0, 1.0)) is None
    mosaic.step(Window(0, 10, events), whole=False)
    assert [model.samples for model in made] == [2, 1, 2, 0]
    assert {model.shape for model in made} == {(6, 8)}
    image = mosaic.render(np.full((12, 16), 100, np.uint8), 0, (0.0, 1.0))
    blue, green, red = image[6, 8].astype(int)
    assert red > green + 60 > blue + 100
    assert abs(int(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)[6, 8]) - 100) <= 1
    mosaic.reset()
    assert [model.samples for model in made] == [0, 0, 0, 0]
    mosaic.close()
    assert all(model.shape is None for model in made)


def test_a_reset_of_the_pipeline_forgets_the_colours_as_well(tmp_path):
    scene = Simulation(SpikeSensor(), size=SIZE, duration_s=0.02, bayer_pattern='rggb', seed=3)
    simulate(tmp_path / 'bayer', scene)
    settings = Settings(model='tfi', fps=1000.0, color='mosaic', bayer_pattern='rggb')
    reconstructor, runs = Reconstructor(settings), []
    for _ in range(2):
        with open_source(tmp_path / 'bayer') as source:
            frames = [frame for packet in source for frame in reconstructor.push(packet)]
        runs.append([frame.color for frame in frames])
        reconstructor.reset()
    reconstructor.close()
    assert np.ptp(hues(runs[0][-1])) > 3
    np.testing.assert_array_equal(runs[0], runs[1])


def test_a_spike_camera_with_a_bayer_pattern_gives_the_colours_of_the_scene(tmp_path):
    simulation = Simulation(
        SpikeSensor(), size=SIZE, duration_s=0.02, bayer_pattern='grbg', truth_hz=500.0, seed=3
    )
    simulate(tmp_path / 'bag', simulation)
    frames, _ = run(
        tmp_path / 'bag', frames=False, model='tfp', fps=1000.0, color='mosaic',
        bayer_pattern='grbg', color_encoding='bgr8',
    )  # fmt: skip
    errors, wanted = hue_errors(tmp_path / 'bag', frames)
    assert np.corrcoef((wanted + errors).ravel(), wanted.ravel())[0, 1] > 0.6


def test_a_region_is_cut_out_of_the_frame_and_binned():
    image = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    region = region_of(Settings(scale=2), 16, 16)
    sensor = np.repeat(np.repeat(image, 2, 0), 2, 1)
    assert region.binned(region.cut(sensor)).tolist() == image.tolist()


def test_an_unregistered_camera_is_one_sentence(rig):
    settings = Settings(model='leaky_integrator', color='frame')
    reconstructor = Reconstructor(settings)
    with open_source(rig) as source:
        for item in list(with_frames(source, rig))[:20]:
            reconstructor.push(item)
    frame = CameraFrame(1_767_225_600_100_000_000, np.zeros((30, 30, 3), np.uint8))
    reconstructor.push(frame)
    assert reconstructor.frames.counts.unregistered == 1
    assert '30x30' in reconstructor.frames.problem
    with pytest.raises(UserError, match='bayer_pattern'):
        Reconstructor(Settings(color='mosaic')).push(item)
    reconstructor.close()
