# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Networks alone: time per image beside FireNet, and stability on noise and silence."""

import contextlib
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from spike_recon_ros.backends.backend import (
    EIGHT_BITS,
    FASTEST,
    FULL_PRECISION,
    Acceleration,
    Backend,
    Placement,
)
from spike_recon_ros.backends.choice import choose_backend, load_backend
from spike_recon_ros.bundles.bundle import Bundle, read_bundle
from spike_recon_ros.errors import UserError
from spike_recon_ros.model_choice import network_of
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.representations.padding import padded_size

SIZES = ((240, 180), (346, 260), (640, 480))
ROUNDS, CALLS = 15, 4
EVENT_SHARE = 0.1
"""Share of the entries of a voxel grid that are not zero."""
PEER = 'firenet'

NOISE_STEPS = 100_000
NOISE_SIZE = 64, 48
CHECK_EVERY = 1000
SCENE_STEPS = 50
STILL_STEPS = 500
"""Ten seconds in windows of 20 ms."""
LAST_STEPS = 50
"""The last of them, in which the image should not change."""
STRONG_NOISE = 20.0
"""Standard deviation; a scene has about 1."""


def network(models: list[str]) -> list[dict[str, Any]]:
    """Measure each network on one thread, beside FireNet in ONNX Runtime.

    The networks take turns, so that other load on the machine affects all of them alike. A
    network that runs in int8 here is also measured in floating point. FireNet is exported with
    random weights, because its time does not depend on them; that needs PyTorch.

    Raises:
        UserError: a model is not a network or cannot run here, or a library is missing.
    """
    with tempfile.TemporaryDirectory() as folder:
        with training_installed():
            from spike_recon_training.published_weights import export_published  # noqa: PLC0415
        export_published(PEER, None, Path(folder))
        peer = read_bundle(Path(folder))
        results = []
        for width, height in SIZES:
            placed = [(PEER, *_placed(peer, 'onnxruntime', width, height))]
            for name in models:
                bundle = network_of(name)
                placed.append((name, *_placed(bundle, 'auto', width, height)))
                if placed[-1][1].precision == EIGHT_BITS:
                    placed.append((name, *_finer(bundle, width, height)))
            times = _take_turns([(backend, shape) for _, backend, shape in placed])
            for (name, backend, _), ms in zip(placed, times, strict=True):
                results.append(
                    {
                        'size': f'{width}x{height}',
                        'threads': 1,
                        'model': name,
                        'backend': backend.name,
                        'ms': ms,
                        'times_faster_than_firenet': times[0] / ms,
                    }
                )
    return [
        {key: round(value, 2) if isinstance(value, float) else value for key, value in row.items()}
        for row in results
    ]


def stability(models: list[str]) -> list[dict[str, Any]]:
    """Run each network on noise for a long time, and on ten seconds of silence after a scene.

    Raises:
        UserError: a model is not a network, or cannot run here.
    """
    results = []
    for name in models:
        backend, shape = _placed(network_of(name), 'auto', *NOISE_SIZE)
        results.append(
            {
                'model': name,
                'backend': backend.name,
                **_noise(backend, shape),
                **_stillness(backend, shape),
            }
        )
        backend.close()
    return results


def _noise(backend: Backend, shape: tuple[int, int, int]) -> dict[str, Any]:
    """Return the range of the images; half of the noise is stronger than any sensor's."""
    chance = np.random.default_rng(0)
    finite, low, high = True, np.inf, -np.inf
    for step in range(NOISE_STEPS):
        if step % CHECK_EVERY == 0:  # in between, the last grid is shifted
            strong = step % (2 * CHECK_EVERY) == 0
            grid = chance.normal(0, STRONG_NOISE, shape) if strong else _grid(chance, shape, 0.01)
            grid = grid.astype(np.float32)
        image = backend.step(np.roll(grid, (step, 7 * step), (1, 2)))
        finite = finite and bool(np.isfinite(image).all())
        low, high = min(low, float(image.min())), max(high, float(image.max()))
    return {
        'noise_steps': NOISE_STEPS,
        'all_finite': finite,
        'least': round(low, 4),
        'greatest': round(high, 4),
    }


def _stillness(backend: Backend, shape: tuple[int, int, int]) -> dict[str, Any]:
    """Return how the image changes in ten seconds without events, after three kinds of input.

    An image may fade, so it may drift far; but in the end it must not change any more.
    """
    empty = np.zeros(shape, np.float32)
    chance = np.random.default_rng(1)
    changes_of: dict[str, Any] = {}
    for name, steps, strength in (
        ('flat', 0, 0.0),
        ('scene', SCENE_STEPS, 1.0),
        ('noise', SCENE_STEPS, STRONG_NOISE),
    ):
        backend.reset()
        image = backend.step(empty)
        for _ in range(steps):
            image = backend.step(strength * _grid(chance, shape, EVENT_SHARE))
        images = [image, *(backend.step(empty) for _ in range(STILL_STEPS))]
        changes = np.abs(np.diff(images[-LAST_STEPS:], axis=0))
        changes_of |= {
            f'{name}_drift': round(float(np.abs(images[-1] - image).mean()), 4),
            f'{name}_std_before': round(float(image.std()), 4),
            f'{name}_std_after': round(float(images[-1].std()), 4),
            f'{name}_greatest_change_a_window': round(float(changes.max()), 4),
        }
    return changes_of


def _placed(
    bundle: Bundle,
    backend: str,
    width: int,
    height: int,
    acceleration: Acceleration = FASTEST,
) -> tuple[Backend, tuple[int, int, int]]:
    rows, columns = padded_size(height, width, bundle.pad_multiple)
    choice = choose_backend(backend, 'cpu', acceleration)
    loaded, _ = load_backend(choice, bundle, Placement(rows, columns))
    return loaded, (bundle.bins, rows, columns)


def _finer(bundle: Bundle, width: int, height: int) -> tuple[Backend, tuple[int, int, int]]:
    """Return the bundle loaded in bf16 if the CPU has it, otherwise in fp32."""
    with contextlib.suppress(UserError):
        return _placed(bundle, 'auto', width, height, Acceleration('bf16'))
    return _placed(bundle, 'auto', width, height, Acceleration(FULL_PRECISION))


def _take_turns(backends: list[tuple[Backend, tuple[int, int, int]]]) -> list[float]:
    """Return the median time of each backend, milliseconds, and close them."""
    chance = np.random.default_rng(0)
    grids = [_grid(chance, shape, EVENT_SHARE) for _, shape in backends]
    times: list[list[float]] = [[] for _ in backends]
    for _ in range(ROUNDS):
        for (backend, _), grid, found in zip(backends, grids, times, strict=True):
            begun = time.perf_counter()
            for _ in range(CALLS):
                backend.step(grid)
            found.append(1e3 * (time.perf_counter() - begun) / CALLS)
    for backend, _ in backends:
        backend.close()
    return [float(np.median(found)) for found in times]


def _grid(chance: np.random.Generator, shape: tuple[int, int, int], share: float) -> np.ndarray:
    """Return a random voxel grid, float32; `share` of its entries are not zero."""
    return (chance.normal(0, 1, shape) * (chance.random(shape) < share)).astype(np.float32)
