# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The recordings of `field_images` that are made on the spot: noise, rests, lamps, fast motion.

Each is made once in a folder and kept there, so that a second run is faster. The same code makes
the same recording.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.packets.mono import encode_mono
from spike_recon_ros.packets.packet import Packet
from spike_recon_ros.sources.bag_writer import BagWriter
from spike_recon_ros.sources.open_source import open_source
from spike_recon_ros.stream_decoder import StreamDecoder

if TYPE_CHECKING:
    from spike_recon_training.simulation.event_camera import EventCamera
    from spike_recon_training.simulation.scene import Scene

WIDTH, HEIGHT = 346, 260
NS_PER_S = 1_000_000_000
PACKET_NS = 10_000_000
START_NS = 5 * NS_PER_S
REST_NOISE_HZ = 0.2
REST_S = 20.0
NOISE_S = 3.0
LAMP_HZ, LAMP_DEPTH = 100.0, 0.25
"""A lamp on mains of 50 Hz: light = 1 + LAMP_DEPTH * sin(2 pi LAMP_HZ t)."""
LAMP_STEP_S = 0.0005
LAMP_S = 1.0
LAMP_TRUTH_HZ = 55.0
"""Not a divisor of LAMP_HZ, so that windows end at all phases of the lamp."""
FAST_PX_S = 600.0
FAST_RADIUS_PX = 100.0
FAST_NOISE_HZ = 10.0
FAST_TAG_PX = 44.0
"""About twelve whole tags are in view."""


def noise(path: Path, rate_hz: float) -> Path:
    """Return a recording of nothing but noise, NOISE_S long, equal in all pixels."""
    if not path.exists():
        rng = np.random.default_rng(round(1000 * rate_hz))
        write_events(path, noise_events(rng, rate_hz, START_NS, NOISE_S))
    return path


def rest(path: Path, tags: Path) -> Path:
    """Return a recording that continues another one with REST_S of noise."""
    if not path.exists():
        events = events_of(tags)
        end_ns = int(events.t_ns[-1])
        later = noise_events(np.random.default_rng(1), REST_NOISE_HZ, end_ns + 1, REST_S)
        write_events(path, Events.concatenate([events, later]))
    return path


def events_of(path: Path) -> Events:
    """Return all events of a recording."""
    parts, stream = [], StreamDecoder()
    with open_source(path) as source:
        for packet in source:
            if isinstance(packet, Packet):
                parts.append(stream.decode(packet))
    return Events.concatenate(parts)


def noise_events(
    rng: np.random.Generator, rate_hz: float, start_ns: int, duration_s: float
) -> Events:
    """Return events of a Poisson process in each pixel, half of them ON."""
    count = rng.poisson(rate_hz * duration_s * WIDTH * HEIGHT)
    t_ns = np.sort(rng.integers(0, round(duration_s * NS_PER_S), count)) + start_ns
    x = rng.integers(0, WIDTH, count).astype(np.uint16)
    y = rng.integers(0, HEIGHT, count).astype(np.uint16)
    return Events(x, y, rng.integers(0, 2, count).astype(np.uint8), t_ns, Triggers.empty())


def write_events(path: Path, events: Events) -> None:
    """Write a bag with packets of PACKET_NS."""
    start_ns = int(events.t_ns[0])
    edges = np.arange(start_ns, int(events.t_ns[-1]) + PACKET_NS, PACKET_NS)
    borders = np.searchsorted(events.t_ns, edges)
    with BagWriter(path) as writer:
        for seq, (first, last) in enumerate(
            zip(borders, [*borders[1:], len(events)], strict=True)
        ):
            time_base = int(edges[seq])
            data = encode_mono(events[first:last], time_base)
            stamp_ns = time_base + PACKET_NS
            writer.write_packet(Packet('mono', WIDTH, HEIGHT, seq, time_base, stamp_ns, data))


def board_that_stops(path: Path, duration_s: float) -> Path:
    """Return a simulated board of tags that moves for one second and then stands still."""
    if not path.exists():
        sensor = EventSensor(response_ms=1.0)
        simulate(path, Simulation(sensor, duration_s=duration_s, stop_after_s=1.0, seed=3))
    return path


def held(folder: Path, photos: Path) -> list[Path]:
    """Return six simulated recordings of photographs that no training has seen."""
    paths = []
    for seed in (1, 2, 3):
        for name, contrast, response_ms in (('bsds500', 0.2, 1.0), ('imagenet_sample', 0.3, 2.0)):
            path = folder / f'{name}_{seed}'
            paths.append(path)
            if not path.exists():
                sensor = EventSensor(contrast=contrast, response_ms=response_ms)
                scene = Simulation(
                    sensor, photos=photos / name, held_back=True, duration_s=2.0, seed=seed
                )
                simulate(path, scene)
    return paths


class FastBoard:
    """A board of tags that circles in front of the camera at constant speed; implements Scene."""

    exposure = 1.0
    width, height = WIDTH, HEIGHT

    def __init__(self) -> None:
        from spike_recon_training.simulation.board import apriltag_board  # noqa: PLC0415
        from spike_recon_training.simulation.scene import BLUR_PX  # noqa: PLC0415

        self.camera_matrix = np.eye(3)
        reach = WIDTH / 2 + FAST_RADIUS_PX, HEIGHT / 2 + FAST_RADIUS_PX
        self._board = apriltag_board(*reach, tag_width=FAST_TAG_PX, seed=7)
        self._blurred = cv2.GaussianBlur(
            self._board.luminance, (0, 0), BLUR_PX * self._board.scale
        )

    def luminance(self, t_s: float) -> np.ndarray:
        """Return float32 [height, width] in (0, 1] at the time `t_s`, s."""
        angle = FAST_PX_S / FAST_RADIUS_PX * t_s
        to_image = np.eye(3)
        to_image[0, 2] = WIDTH / 2 + FAST_RADIUS_PX * math.cos(angle)
        to_image[1, 2] = HEIGHT / 2 + FAST_RADIUS_PX * math.sin(angle)
        return cv2.warpPerspective(self._blurred, to_image @ self._board.to_plane, (WIDTH, HEIGHT))

    def speed_px(self, t_s: float) -> float:
        """Return the speed of the board in the image, pixels/s."""
        return FAST_PX_S


def fast_board(path: Path) -> Path:
    """Return a recording of FastBoard with noise."""
    if not path.exists():
        with training_installed():
            sensor = EventSensor(contrast=0.3, noise_hz=FAST_NOISE_HZ, response_ms=2.0)
            sensor.record(path, FastBoard(), 7, duration_s=2.0, truth_hz=50.0)
    return path


class LampCamera:
    """An event camera under a lamp whose light varies; the scene and its truth do not."""

    def __init__(self, camera: 'EventCamera', start_ns: int) -> None:
        self._camera, self._start_ns = camera, start_ns

    def step(self, luminance: np.ndarray, t_ns: int) -> Events:
        """Process the next sample; see EventCamera."""
        phase = 2 * math.pi * LAMP_HZ * (t_ns - self._start_ns) / NS_PER_S
        light = np.float32(1 + LAMP_DEPTH * math.sin(phase))
        return self._camera.step(luminance * light, t_ns)


class OftenSampled:
    """A scene that is sampled at least once in LAMP_STEP_S; implements Scene."""

    def __init__(self, scene: 'Scene', largest_step_px: float) -> None:
        self.width, self.height = scene.width, scene.height
        self.camera_matrix, self.exposure = scene.camera_matrix, scene.exposure
        self.luminance = scene.luminance
        self._scene, self._least_px_s = scene, largest_step_px / LAMP_STEP_S

    def speed_px(self, t_s: float) -> float:
        """Return the speed that gives the wanted number of samples, pixels/s."""
        return max(self._scene.speed_px(t_s), self._least_px_s)


def lamps(folder: Path, photos: Path) -> Iterator[tuple[Path, Path]]:
    """Yield two recordings of each of two scenes: in steady light, and under a lamp."""
    for name, seed in (('bsds500', 21), ('imagenet_sample', 22)):
        pair = folder / f'{name}_{seed}_steady', folder / f'{name}_{seed}_lamp'
        for path, lamp in zip(pair, (False, True), strict=True):
            if not path.exists():
                _write_lamp(path, photos / name, seed, lamp)
        yield pair


def _write_lamp(path: Path, photos: Path, seed: int, lamp: bool) -> None:
    with training_installed():
        from spike_recon_training.simulation import event_camera, recording  # noqa: PLC0415
        from spike_recon_training.simulation.photo_scene import photo_scene  # noqa: PLC0415

    scene = OftenSampled(
        photo_scene(photos, WIDTH, HEIGHT, seed, held_back=True), recording.LARGEST_STEP_PX
    )
    model = event_camera.SensorModel(response_ns=1_000_000)
    camera: Any = event_camera.EventCamera(WIDTH, HEIGHT, model, seed)
    if lamp:
        camera = LampCamera(camera, recording.SENSOR_START_NS)
    recording.simulate(scene, camera, path, duration_s=LAMP_S, truth_hz=LAMP_TRUTH_HZ)
