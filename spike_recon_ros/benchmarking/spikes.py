# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Models of spike cameras: processor time on one core, and PSNR and SSIM on clips."""

import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from spike_recon_ros.errors import UserError
from spike_recon_ros.evaluation.cold_start import ColdStart
from spike_recon_ros.evaluation.contenders import resolve_model
from spike_recon_ros.evaluation.spike_scores import plane_total, score, spike_packets
from spike_recon_ros.filters.spike_filter import LOOKAHEAD_PLANES
from spike_recon_ros.model import SpikeModel
from spike_recon_ros.model_choice import load_spike_model, model_names, sensor_kind_of_model
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.packets.sensor_kind import SensorKind
from spike_recon_ros.packets.spike_planes import SpikePlanes, pack_planes
from spike_recon_ros.rendering.renderer import Renderer
from spike_recon_ros.settings import Settings
from spike_recon_ros.sources.spike_clip import WHITE_RATE
from spike_recon_ros.spike_history.history import SpikeHistory
from spike_recon_ros.windows.window import Window

SIZES = ((400, 250), (1000, 1000))
CAMERA_PLANES_S = 20_000
PACKET_PLANES = 20
PACKETS = 40
ROUNDS = 60
LONGEST_S = 10.0
"""After so much processor time, the median is taken over fewer rounds."""
UNTRAINED = 'untrained:'
RATE = 0.3
"""Mean spikes per plane of a pixel of the synthetic planes, about as in daylight."""
SPEED_PX, TEXTURE_PX = (0.3, 0.1), 1.5
"""Motion to the left and up of the synthetic texture, pixels per plane, and its blur."""


def spikes(clips: list[Path], others: list[str]) -> Iterator[dict[str, Any]]:
    """Measure the spike history and each model for each sensor size, then score each clip.

    Args:
        clips: to score; may be empty.
        others: measured in addition to the installed models, at the first size: models as
            `spike-recon evaluate` takes them, or `untrained:RECIPE` to measure its speed.

    Raises:
        UserError: a model or a clip cannot be used.
    """
    with tempfile.TemporaryDirectory(prefix='spike_recon_') as scratch:
        names = [n for n in model_names() if sensor_kind_of_model(n) is SensorKind.SPIKE]
        installed = dict(zip(names, names, strict=True))
        untrained = _untrained(others, Path(scratch))
        trained = {
            word.partition(':')[0]: resolve_model(word, Path(scratch) / str(number))
            for number, word in enumerate(others)
            if not word.startswith(UNTRAINED)
        }
        for width, height in SIZES:
            models = installed if (width, height) != SIZES[0] else installed | trained | untrained
            yield from _speed(models, _synthetic(width, height), width, height)
        for clip in clips:
            yield from _quality(installed | trained, clip)


def _untrained(words: list[str], scratch: Path) -> dict[str, str]:
    """Export the recipes among the words with random weights; return name -> folder."""
    recipes = [word.removeprefix(UNTRAINED) for word in words if word.startswith(UNTRAINED)]
    if recipes:
        with training_installed():
            from spike_recon_training.export import export_untrained  # noqa: PLC0415
    for recipe in recipes:
        export_untrained(recipe, scratch / recipe)
    return {f'{recipe} (untrained)': str(scratch / recipe) for recipe in recipes}


def _synthetic(width: int, height: int) -> list[np.ndarray]:
    """Return the bits of packets: integrating pixels, a texture that moves by SPEED_PX per plane.

    All rows move, because motion compensation is faster in rows that are still.
    """
    chance = np.random.default_rng(0)
    margins = [math.ceil(speed * PACKETS * PACKET_PLANES) + 2 for speed in SPEED_PX]
    size = height + margins[1], width + margins[0]
    texture = cv2.GaussianBlur(chance.random(size, np.float32), (0, 0), TEXTURE_PX)
    texture = cv2.normalize(texture, None, 0, 2 * RATE, cv2.NORM_MINMAX)
    charge = chance.random((height, width), np.float32)
    packets = []
    for number in range(PACKETS):
        planes = np.empty((PACKET_PLANES, height, width), np.bool_)
        for row, plane in enumerate(planes, number * PACKET_PLANES):
            x, y = (row * speed for speed in SPEED_PX)
            centre = x + (width - 1) / 2, y + (height - 1) / 2
            charge += cv2.getRectSubPix(texture, (width, height), centre)
            np.greater_equal(charge, 1, out=plane)
            charge -= plane
        packets.append(pack_planes(planes))
    return packets


def _speed(
    models: dict[str, str], packets: list[np.ndarray], width: int, height: int
) -> Iterator[dict[str, Any]]:
    history = SpikeHistory(width, height, LOOKAHEAD_PLANES)
    ms = _milliseconds([partial(history.push, bits) for bits in packets])
    us = 1e3 * ms / PACKET_PLANES
    yield {
        'size': f'{width}x{height}',
        'history_us_per_plane': round(us, 2),
        'times_camera': round(1e6 / CAMERA_PLANES_S / us, 2),
    }
    for name, typed in models.items():
        model = _loaded(typed, width, height)
        image = model.step(_window(packets[0]))
        renderer = Renderer(Settings(tone_time=0.0))  # measures the percentiles of each image
        calls = [partial(model.step, _window(bits)) for bits in packets]
        yield {
            'size': f'{width}x{height}',
            'model': name,
            'image_ms': round(_milliseconds(calls), 3),
            'render_ms': round(_milliseconds([partial(renderer.render, image, 0)]), 3),
        }
        model.close()


def _loaded(name: str, width: int, height: int) -> SpikeModel:
    return load_spike_model(Settings(model=name, threads=1), width, height)


def _window(bits: np.ndarray) -> Window:
    return Window(0, 1, SpikePlanes(bits, np.zeros(len(bits), np.int64)))


def _quality(models: dict[str, str], clip: Path) -> Iterator[dict[str, Any]]:
    """Score the models at the middle plane of a clip, except those with super-resolution.

    Raises:
        UserError: there is no picture of its size beside it, or it is too short for a model.
    """
    packets = spike_packets(clip)
    width, height = packets[0].width, packets[0].height
    truth = cv2.imread(str(clip.with_suffix('.png')), cv2.IMREAD_GRAYSCALE)
    if truth is None or truth.shape != (height, width):
        raise UserError(
            f'{clip.with_suffix(".png")} must be a picture of {width}x{height} pixels that shows '
            f'the middle plane of {clip.name}'
        )
    plane = plane_total(packets) // 2
    for name, typed in models.items():
        start = ColdStart(Settings(model=typed, threads=1))
        intensity = start.intensity(packets, plane)
        if intensity is None:
            raise UserError(f'{clip} is too short for {name}; give a longer clip')
        start.close()
        if intensity.shape != truth.shape:
            continue  # super-resolution: no truth of its size
        scores = score(intensity, truth, WHITE_RATE)
        yield {
            'clip': clip.name,
            'plane': plane,
            'model': name,
            'psnr': round(scores['psnr'], 2),
            'ssim': round(scores['ssim'], 3),
        }


def _milliseconds(calls: Sequence[Callable[[], Any]]) -> float:
    """Return the median processor time of a call, ms; the calls are made in turn."""
    calls[0]()
    seconds: list[float] = []
    for number in range(max(ROUNDS, len(calls))):
        begun = time.process_time()
        calls[number % len(calls)]()
        seconds.append(time.process_time() - begun)
        if sum(seconds) > LONGEST_S:
            break
    return 1e3 * float(np.median(seconds))
