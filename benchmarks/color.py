# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Score the colours of `mosaic`, `frame` and `guess` on simulated scenes, and time each stage.

    python benchmarks/color.py PHOTOS... > benchmarks/results/color.json

Arguments: folders of photographs; only those that training holds back are used, two scenes of each
folder, 192x144 pixels. All images are compared with the colours of the scene: PSNR, CIEDE2000, and
CIEDE2000 after the image has been given the brightness of the truth (`ciede2000_chroma`), which
leaves the error of the colours. Times are CPU time on one thread.

- `events_mosaic`, `spikes_mosaic`: a sensor with a Bayer pattern. `grey` is the reconstruction
  without colour, `half_resolution` the images of the four phases as one image of half the size,
  enlarged, and `mosaic` what the pipeline makes.
- `events_frame`: an event sensor beside a colour camera of 10 frames per second. `frame` and
  `guess` are the modes of the pipeline, `frame_anchored` is `frame` with the network that reads
  the frames too, and `hold` is the latest frame as it is. The scenes move twice as fast.

Prints one JSON object.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rich.console import Console

from spike_recon_ros.color.bayer import demosaiced, joined, phases_of
from spike_recon_ros.color.luma import grey_in_colour, luma_of, merged
from spike_recon_ros.color.phase_chroma import PhaseChroma
from spike_recon_ros.evaluation.color_scores import COMPARE_COLOR
from spike_recon_ros.evaluation.contenders import Contender
from spike_recon_ros.evaluation.recordings import evaluated_frames, survey, with_color_truth
from spike_recon_ros.model_choice import load_model
from spike_recon_ros.offline.simulated_sensors import EventSensor
from spike_recon_ros.offline.simulation import Simulation, simulate
from spike_recon_ros.packets.events import Events
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.images import read_images
from spike_recon_ros.topics import FRAMES
from spike_recon_ros.windows.window import Window
from spike_recon_training.simulation.colour import BayerScene
from spike_recon_training.simulation.event_camera import EventCamera, SensorModel
from spike_recon_training.simulation.photo_scene import coloured_photo_scene
from spike_recon_training.simulation.recording import LARGEST_STEP_PX
from spike_recon_training.simulation.spike_camera import SpikeCamera, SpikeSensorModel

WIDTH, HEIGHT, PATTERN, SEEDS = 192, 144, 'rggb', (5, 8)
MS, WINDOW_NS, WINDOWS, SKIPPED = 1_000_000, 20_000_000, 40, 16
PERIOD_NS, PLANES, HOPS, SKIPPED_HOPS, SPEED = 50_000, 20, 18, 6, 4
WHITE_RATE = 0.6
TRUTH_HZ, FRAMES_HZ = 50, 10
EVENT_MODEL, FRAME_MODEL, SPIKE_MODELS = (
    'two_scale_gru',
    'two_scale_gru_frames',
    ('spk2vid', 'tfp'),
)
Rows = dict[str, list[dict[str, float]]]


def score(rows: Rows, name: str, image: np.ndarray, truth: np.ndarray) -> None:
    """Add the scores of an image, both uint8 [height, width, 3], BGR."""
    rows[name].append({metric: one(image, truth) for metric, one in COMPARE_COLOR.items()})


def eight_bits(image: np.ndarray, white: float = 1.0) -> np.ndarray:
    """Return an intensity as uint8."""
    return np.rint(255 * np.clip(image / white, 0, 1)).astype(np.uint8)


def event_windows(scene: Any, seed: int) -> Iterator[Window]:
    """Yield the windows of an event camera with a Bayer pattern."""
    seen = BayerScene(scene, PATTERN)
    camera = EventCamera(WIDTH, HEIGHT, SensorModel(noise_hz=0.3, response_ns=MS), seed)
    camera.step(seen.luminance(0.0), 0)
    for start_ns in range(0, WINDOWS * WINDOW_NS, WINDOW_NS):
        moved_px = seen.speed_px(1e-9 * start_ns) * 1e-9 * WINDOW_NS
        count = max(4, int(np.ceil(moved_px / LARGEST_STEP_PX)))
        times = [start_ns + WINDOW_NS * k // count for k in range(1, count + 1)]
        events = Events.concatenate([camera.step(seen.luminance(1e-9 * t), t) for t in times])
        yield Window(start_ns, start_ns + WINDOW_NS, events)


def spike_windows(scene: Any, seed: int) -> Iterator[Window]:
    """Yield the windows of a spike camera with a Bayer pattern."""
    seen = BayerScene(scene, PATTERN)
    camera = SpikeCamera(WIDTH, HEIGHT, SpikeSensorModel(light_scale=WHITE_RATE), seed)
    light = np.float32(scene.exposure)
    camera.step(light * seen.luminance(0.0), 0)
    for hop in range(HOPS):
        times = (hop * PLANES + np.arange(1, PLANES + 1)) * PERIOD_NS
        planes = [camera.step(light * seen.luminance(SPEED * 1e-9 * t), 1) for t in times.tolist()]
        window = SpikePlanes(np.concatenate(planes), times)
        yield Window(int(times[0]) - PERIOD_NS, int(times[-1]), window)


class MosaicImages(NamedTuple):
    """The images of one window of a sensor with a Bayer pattern, uint8, and their times.

    Attributes:
        grey: [height, width], reconstructed without colour.
        half: BGR [height, width, 3], the images of the four phases as one, enlarged.
        colour: of the same shape, what the pipeline makes.
        truth: of the same shape, the colours of the scene.
        seconds: CPU time of each stage.
    """

    grey: np.ndarray
    half: np.ndarray
    colour: np.ndarray
    truth: np.ndarray
    seconds: dict[str, float]


def mosaic_images(scene: Any, seed: int, model: str, kind: SensorKind) -> Iterator[MosaicImages]:
    """Yield the images of each window of a sensor with a Bayer pattern."""
    is_event = kind is SensorKind.EVENT
    dark_rate = 0.0 if is_event else SpikeSensorModel().dark_rate
    white = np.float32(1.0 if is_event else WHITE_RATE)
    settings = Settings(model=model, threads=1, dark_rate=dark_rate)
    whole = load_model(settings, WIDTH, HEIGHT, kind=kind)
    phases = [load_model(settings, WIDTH // 2, HEIGHT // 2, kind=kind) for _ in range(4)]
    lookahead_ns = 0 if is_event else getattr(whole, 'lookahead_planes', 0) * PERIOD_NS
    chroma = PhaseChroma(PATTERN)
    for window in event_windows(scene, seed) if is_event else spike_windows(scene, seed):
        begun_s = time.process_time()
        grey = eight_bits(whole.step(window), white)
        full_s = time.process_time()
        images = [
            one.step(Window(window.t_start_ns, window.t_end_ns, samples))
            for one, samples in zip(phases, phases_of(window.samples), strict=True)
        ]
        phases_s = time.process_time()
        shown = [np.clip(image / white, 0, 1).astype(np.float32) for image in images]
        detail = grey
        if not is_event:
            detail = luma_of(demosaiced(joined([eight_bits(image) for image in shown]), PATTERN))
        colour = merged(detail, chroma.step(shown))
        join_s = time.process_time() - phases_s
        t_s = 1e-9 * (window.t_end_ns - lookahead_ns) * (1 if is_event else SPEED)
        truth = eight_bits(scene.exposure * scene.colour(t_s)[..., ::-1])
        red, green, blue = shown[0], 0.5 * (shown[1] + shown[2]), shown[3]
        half = cv2.resize(eight_bits(np.dstack([blue, green, red])), (WIDTH, HEIGHT))
        seconds = {'network': full_s - begun_s, 'phases': phases_s - full_s, 'join': join_s}
        yield MosaicImages(grey, half, colour, truth, seconds)
    for one in (whole, *phases):
        one.close()


def mosaic(scene: Any, seed: int, model: str, kind: SensorKind) -> tuple[Rows, dict[str, float]]:
    """Score a sensor with a Bayer pattern; also return ms for each stage."""
    rows: Rows = defaultdict(list)
    made = list(mosaic_images(scene, seed, model, kind))
    for images in made[SKIPPED if kind is SensorKind.EVENT else SKIPPED_HOPS :]:
        score(rows, 'grey', grey_in_colour(images.grey), images.truth)
        score(rows, 'half_resolution', images.half, images.truth)
        score(rows, 'mosaic', images.colour, images.truth)
    stages = made[0].seconds
    spent_s = {name: np.median([images.seconds[name] for images in made]) for name in stages}
    return rows, {name: 1e3 * float(value) for name, value in spent_s.items()}


def camera(photos: Path, seed: int, folder: Path) -> tuple[Rows, dict[str, float]]:
    """Score an event sensor beside a colour camera; also return ms for each stage."""
    sensor = EventSensor(response_ms=1.0)
    simulation = Simulation(
        sensor, photos, held_back=True, size=(WIDTH, HEIGHT), truth_hz=TRUTH_HZ,
        frames_hz=FRAMES_HZ, seed=seed, speed=2.0, duration_s=1e-9 * WINDOWS * WINDOW_NS,
    )  # fmt: skip
    quiet, bag = Console(quiet=True), folder / f'{photos.name}_{seed}'
    simulate(bag, simulation)
    recording = with_color_truth(survey(bag, quiet))
    frames = list(read_images(bag, FRAMES))
    rows: Rows = defaultdict(list)
    spent_ms: dict[str, float] = {}
    for name, model, values in (
        ('off', EVENT_MODEL, {}),
        ('frame', EVENT_MODEL, {'color': 'frame'}),
        ('guess', EVENT_MODEL, {'color': 'guess'}),
        ('frame_anchored', FRAME_MODEL, {'color': 'frame', 'frames': 'anchor'}),
    ):
        contender = Contender(model, model, model, in_range=True)
        made = evaluated_frames(recording, contender, Settings(threads=1, **values), quiet)
        began_s, times_s = time.process_time(), []
        for frame in made:
            times_s.append(time.process_time() - began_s)
            truth = frame.color_truth
            if frame.t_s > 1e-9 * SKIPPED * WINDOW_NS and truth is not None:
                if name == 'off':
                    luma = grey_in_colour(eight_bits(frame.intensity))
                    score(rows, 'grey', luma, truth)
                    # No way reads the frame of the instant that it is compared at.
                    held = (round(TRUTH_HZ * frame.t_s) - 1) // (TRUTH_HZ // FRAMES_HZ)
                    score(rows, 'hold', frames[held][1], truth)
                else:
                    score(rows, name, frame.color, truth)
            began_s = time.process_time()
        spent_ms[name] = 1e3 * float(np.median(times_s))
    return rows, spent_ms


def means(found: list[tuple[Rows, dict[str, float]]]) -> dict[str, Any]:
    """Return the means over all images, those of each scene, and the median times."""
    names = list(found[0][0])
    metrics = list(COMPARE_COLOR)

    def mean(rows: list[dict[str, float]]) -> dict[str, float]:
        return {one: round(float(np.mean([row[one] for row in rows])), 2) for one in metrics}

    return {
        'means': {name: mean([row for rows, _ in found for row in rows[name]]) for name in names},
        'scenes': [{name: mean(rows[name]) for name in names} for rows, _ in found],
        'ms': {
            name: round(float(np.median([spent[name] for _, spent in found])), 2)
            for name in found[0][1]
        },
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('photos', nargs='+', type=Path)
    folders = parser.parse_args().photos
    cv2.setNumThreads(1)
    places = [(folder, seed) for folder in folders for seed in SEEDS]
    result: dict[str, Any] = {'size': [WIDTH, HEIGHT], 'seeds': list(SEEDS)}
    for name, model, kind in (
        ('events_mosaic', EVENT_MODEL, SensorKind.EVENT),
        *(('spikes_mosaic_' + model, model, SensorKind.SPIKE) for model in SPIKE_MODELS),
    ):
        result[name] = means(
            [
                mosaic(
                    coloured_photo_scene(folder, WIDTH, HEIGHT, seed, held_back=True), seed, model,
                    kind,
                )
                for folder, seed in places
            ]
        )  # fmt: skip
        print(name, result[name]['means'], result[name]['ms'], file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch:
        result['events_frame'] = means(
            [camera(folder, seed, Path(scratch)) for folder, seed in places]
        )
    print(json.dumps(result, indent=1))
    return 0


if __name__ == '__main__':
    sys.exit(main())
