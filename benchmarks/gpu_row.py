# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""One row of benchmarks/gpu.py: a network in one way, at one size and precision."""

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
from roofline import utilisation, work_of

from spike_recon_ros.backends.backend import (
    FULL_PRECISION,
    GPU,
    PRECISIONS,
    Acceleration,
    Backend,
    Placement,
)
from spike_recon_ros.backends.choice import Choice
from spike_recon_ros.backends.self_test import load_checked
from spike_recon_ros.backends.tensorrt import library as tensorrt_library
from spike_recon_ros.bundles.bundle import Bundle
from spike_recon_ros.bundles.golden import deviation, read_golden
from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.events import Events, Triggers
from spike_recon_ros.representations.voxel_grid import voxel_grid

TENSORRT = 'tensorrt'
LIBRARIES = {'tensorrt': ('tensorrt',), 'tensorrt_rtx': tensorrt_library.MODULES[1:]}
"""The two libraries of the backend `tensorrt`; each is measured if it is installed."""
HAVE_GRAPHS = TENSORRT, 'torch'
EVENT_SHARE = 0.1
EVENTS_A_PIXEL = 0.2
WINDOW_NS = 20_000_000

Step = Callable[[int], np.ndarray]


@dataclass(frozen=True)
class Steps:
    """Numbers of steps: for the comparison with the CPU, to warm up, and to time."""

    parity: int = 100
    warm: int = 50
    timed: int = 500


@dataclass(frozen=True)
class Way:
    """One way to run a network.

    Attributes:
        choice: the backend, on a device.
        library: the one to use for TensorRT, see LIBRARIES; '' for other backends.
    """

    choice: Choice
    library: str = ''

    @property
    def name(self) -> str:
        """Name in results."""
        return self.library or self.choice.candidate.name

    def precisions(self, wanted: list[str] | None) -> list[str]:
        """Return the precisions that it has among those wanted; None = all."""
        own = PRECISIONS if self.library else (FULL_PRECISION,)
        return [one for one in own if not wanted or one in wanted]

    def selected(self) -> AbstractContextManager[None]:
        """Let the backend `tensorrt` use this library inside the block."""
        return modules(LIBRARIES.get(self.library, tensorrt_library.MODULES))


@contextmanager
def modules(names: tuple[str, ...]) -> Iterator[None]:
    """Look for TensorRT in these modules inside the block."""
    before, tensorrt_library.MODULES = tensorrt_library.MODULES, names
    try:
        yield
    finally:
        tensorrt_library.MODULES = before


@dataclass(frozen=True)
class One:
    """A network in one way at one size and precision."""

    bundle: Bundle
    way: Way
    placement: Placement
    sensor: tuple[int, int]
    precision: str
    steps: Steps

    def row(self, expected: np.ndarray, rates: dict[str, Any]) -> dict[str, Any]:
        """Load with the self-test, compare with the CPU and time; the row holds errors."""
        try:
            self._build()
            with self._loaded() as backend:
                row = {
                    'backend': backend.name,
                    **checked(backend, self.bundle, expected, self.steps),
                    'tensor': self._timed(self._step(backend)),
                    'events': {'voxel_grid_on_cpu': self._timed(self._from_events(backend))},
                }
        except UserError as error:
            return {'error': str(error)}
        if self.way.choice.candidate.name in HAVE_GRAPHS:
            row['tensor_without_graphs'] = self._otherwise(self._step, graphs=False)
            row['events']['voxel_grid_on_gpu'] = self._otherwise(
                self._from_events_on_device, voxel_grid_on=GPU
            )
        work = work_of(self.bundle, self.placement, self.precision)
        row['work'] = work
        row['utilisation'] = utilisation(work, rates, self.precision, row['tensor']['ms_median'])
        return row

    def _build(self) -> None:
        if self.way.library:
            builder = import_module('spike_recon_ros.backends.tensorrt.engine_builder')
            height, width = self.sensor
            builder.build_engines(self.bundle, width, height, self.precision, say)

    @contextmanager
    def _loaded(self, graphs: bool = True, voxel_grid_on: str = 'cpu') -> Iterator[Backend]:
        acceleration = Acceleration(self.precision, graphs, voxel_grid_on)
        where = replace(self.placement, acceleration=acceleration)
        backend = load_checked(self.way.choice.load, self.bundle, where)
        try:
            yield backend
        finally:
            backend.close()

    def _otherwise(self, step: Callable[[Backend], Step | None], **how: Any) -> dict[str, Any]:
        """Return the times of a variant, or why it cannot run."""
        try:
            with self._loaded(**how) as backend:
                return {'backend': backend.name, **self._timed(step(backend))}
        except UserError as error:
            return {'error': str(error)}

    def _step(self, backend: Backend) -> Step:
        """Return a step from a tensor in the memory of the CPU."""
        rows, columns = self.placement.height, self.placement.width
        tensors = list(windows(self.bundle, 8, rows, columns))
        return lambda number: backend.step(tensors[number % len(tensors)])

    def _from_events(self, backend: Backend) -> Step | None:
        """Return a step from events, with the voxel grid made on the CPU."""
        if self.bundle.description['representation']['kind'] != 'voxel_grid':
            return None
        windows = self._event_windows()
        height, width = self.sensor
        tensor = np.zeros(
            (self.bundle.bins, self.placement.height, self.placement.width), np.float32
        )

        def step(number: int) -> np.ndarray:
            voxel_grid(
                windows[number % len(windows)],
                0,
                WINDOW_NS,
                bins=self.bundle.bins,
                height=height,
                width=width,
                normalisation=self.bundle.description['representation']['normalisation'],
                out=tensor[:, :height, :width],
            )
            return backend.step(tensor)

        return step

    def _from_events_on_device(self, backend: Backend) -> Step | None:
        step_events = backend.step_events
        if step_events is None:
            return None
        windows = self._event_windows()
        return lambda number: step_events(windows[number % len(windows)], 0, WINDOW_NS)

    def _event_windows(self) -> list[Events]:
        height, width = self.sensor
        chance = np.random.default_rng(1)
        count = int(EVENTS_A_PIXEL * height * width)
        return [
            Events(
                chance.integers(0, width, count, np.uint16),
                chance.integers(0, height, count, np.uint16),
                chance.integers(0, 2, count, np.uint8),
                np.sort(chance.integers(0, WINDOW_NS, count)),
                Triggers.empty(),
            )
            for _ in range(8)
        ]

    def _timed(self, step: Step | None) -> dict[str, Any]:
        """Return the time of a step, ms, with its copies to and from the device."""
        if step is None:
            return {'error': 'its voxel grid is not made on the GPU'}
        for number in range(self.steps.warm):
            step(number)
        times = []
        for number in range(self.steps.timed):
            begun = time.perf_counter()
            step(number)
            times.append(1e3 * (time.perf_counter() - begun))
        times.sort()
        return {'ms_median': statistics.median(times), 'ms_p99': times[int(0.99 * len(times))]}


def say(line: str) -> None:
    """Print progress."""
    print(line, file=sys.stderr, flush=True)


def checked(
    backend: Backend, bundle: Bundle, expected: np.ndarray, steps: Steps
) -> dict[str, Any]:
    """Compare recurrent steps with the CPU; check that state and reset work."""
    size = expected.shape[1:]
    given = np.stack([backend.step(window) for window in windows(bundle, steps.parity, *size)])
    (window,) = windows(bundle, 1, *size)
    backend.reset()
    first, second = backend.step(window), backend.step(window)
    backend.reset()
    again = backend.step(window)
    backend.reset()
    off = deviation(given, expected)
    return {
        'deviation': off,
        'deviation_of_last_ten': deviation(given[-10:], expected[-10:]),
        'parity': off < backend.tolerance,
        'state_is_alive': deviation(second, first) > 2 * backend.tolerance or not bundle.state,
        'reset_brings_the_first_back': deviation(again, first) < backend.tolerance,
    }


def windows(bundle: Bundle, steps: int, rows: int, columns: int) -> Iterator[np.ndarray]:
    """Yield random tensors, float32 [channels, rows, columns], the same at each call."""
    chance = np.random.default_rng(0)
    shape = read_golden(bundle)[0].shape[1], rows, columns
    for _ in range(steps):
        drawn = chance.standard_normal(shape, np.float32)
        yield drawn * (chance.random(shape, np.float32) < EVENT_SHARE)
