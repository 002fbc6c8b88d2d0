# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""Simulates recordings with ground truth, of an event camera or a spike camera.

The camera moves over a board with AprilTags (family 36h11), or over photographs. The same
arguments give the same recording. The simulation itself is part of spike_recon_training, which is
imported on use; only photographs need PyTorch.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TimeRemainingColumn

from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.packets.sensor_kind import SensorKind

if TYPE_CHECKING:
    from spike_recon_training.simulation.scene import Scene

SMALLEST_SIDE, LARGEST_SIDE = 32, 2048


@dataclass(frozen=True, slots=True)
class EventSensor:
    """An event camera.

    Attributes:
        contrast: change of log luminance that makes an event.
        noise_hz: noise events per pixel and second.
        response_ms: time constant of the photoreceptor at half the brightness; 0 = immediate.
    """

    contrast: float = 0.2
    noise_hz: float = 0.3
    response_ms: float = 0.0

    size: ClassVar = (346, 260)
    duration_s: ClassVar = 3.0

    def check(self, out: Path) -> None:
        """Raise UserError if a value makes no sense, or `out` is for spike planes."""
        if out.suffix == '.dat':
            raise UserError('a .dat holds spike planes; add --sensor spike, or name a folder')
        _check('contrast', self.contrast, 0.01, 2, 'sensors have 0.1 to 0.4')
        _check('noise', self.noise_hz, 0, 1000, 'events per pixel and second')
        _check('response', self.response_ms, 0, 1000, 'milliseconds')

    def record(self, out: Path, scene: 'Scene', simulation: 'Simulation', **how: Any) -> Any:
        """Write a bag; return its figures.

        Raises:
            UserError: the bag exists, or cannot be written.
        """
        # Imported on use: numba takes seconds.
        from spike_recon_training.simulation import event_camera, recording  # noqa: PLC0415

        model = event_camera.SensorModel(
            contrast_on=self.contrast,
            contrast_off=self.contrast,
            noise_hz=self.noise_hz,
            response_ns=round(self.response_ms * 1e6),
        )
        camera = event_camera.EventCamera(scene.width, scene.height, model, simulation.seed)
        summary = recording.simulate(scene, camera, out, **how)
        rate = round(summary.events / summary.duration_s / 1e6, 3)
        return {**asdict(summary), 'mega_events_per_s': rate}


@dataclass(frozen=True, slots=True)
class SpikeSensor:
    """A spike camera of 20,000 planes per second.

    Attributes:
        light_scale: spikes per plane of a white pixel.
        aperture_px: standard deviation of the blur by the area of a pixel, which the ground truth
            does not have; 0.29 = the pixel fills its square.
        dark_rate: mean spikes per plane of a pixel without light; a calibration has its own.
        photons_per_spike: low light: photons that make one spike, which arrive at random; 0 = so
            many that their number does not vary.
        calibration: .npz with the maps Nl, Nd and D_light of a real sensor; None = drawn at
            random.
    """

    light_scale: float = 0.6
    aperture_px: float = 0.29
    dark_rate: float = 0.004
    photons_per_spike: float = 0.0
    calibration: Path | None = None

    size: ClassVar = (400, 250)
    duration_s: ClassVar = 0.5

    def check(self, out: Path) -> None:
        """Raise UserError if a value makes no sense."""
        if not 0 < self.light_scale <= 10:
            raise UserError(
                f'light scale is {self.light_scale:g}; it must lie above 0 and be at most 10 '
                '(cameras have 0.05 to 1)'
            )
        _check('aperture', self.aperture_px, 0, 5, 'pixels')
        if not 0 <= self.dark_rate < 1:
            raise UserError(f'dark rate is {self.dark_rate:g}; it must be at least 0 and below 1')
        _check('photons per spike', self.photons_per_spike, 0, 1_000_000)

    def record(self, out: Path, scene: 'Scene', simulation: 'Simulation', **how: Any) -> Any:
        """Write a bag or a `.dat`; return its figures.

        Raises:
            UserError: it exists or cannot be written, or the calibration is not usable.
        """
        # Imported on use: numba takes seconds.
        from spike_recon_training.simulation import spike_camera, spike_recording  # noqa: PLC0415

        model = spike_camera.SpikeSensorModel(
            light_scale=self.light_scale,
            aperture_px=self.aperture_px,
            dark_rate=self.dark_rate,
            photons_per_spike=self.photons_per_spike,
        )
        file = self.calibration
        maps = None if file is None else spike_camera.read_calibration(file)
        camera = spike_camera.SpikeCamera(scene.width, scene.height, model, simulation.seed, maps)
        summary = spike_recording.simulate_spikes(scene, camera, out, **how)
        pixels = summary.planes * scene.width * scene.height
        return {**asdict(summary), 'rate_mean_spikes_plane': round(summary.spikes / pixels, 4)}


SENSORS: dict[SensorKind, type[EventSensor] | type[SpikeSensor]] = {
    SensorKind.EVENT: EventSensor,
    SensorKind.SPIKE: SpikeSensor,
}


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated.

    Attributes:
        sensor: the camera.
        photos: folder of photographs; None = the board with AprilTags.
        held_back: use only the photographs that training leaves out.
        size: columns and rows, pixels; None = the usual size of the sensor.
        duration_s: length of the recording; None = the usual one of the sensor.
        truth_hz: ground truth images per second.
        speed: factor on the speed of everything that moves.
        stop_after_s: everything stands still from then on.
        seed: selects motion, texture and noise.
    """

    sensor: EventSensor | SpikeSensor = EventSensor()
    photos: Path | None = None
    held_back: bool = False
    size: tuple[int, int] | None = None
    duration_s: float | None = None
    truth_hz: float = 50.0
    speed: float = 1.0
    stop_after_s: float = math.inf
    seed: int = 0

    def check(self) -> None:
        """Raise UserError if a value makes no sense."""
        for name, value in (
            ('duration', self.duration_s),
            ('rate of ground truth images', self.truth_hz),
            ('speed', self.speed),
            ('time to stop after', self.stop_after_s),
        ):
            if value is not None and not value > 0:
                raise UserError(f'the {name} is {value:g}; it must be above 0')
        if self.size and not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in self.size):
            raise UserError(
                f'the size is {self.size[0]}x{self.size[1]}; each side must lie between '
                f'{SMALLEST_SIDE} and {LARGEST_SIDE} pixels'
            )
        if self.held_back and self.photos is None:
            raise UserError('only photographs can be held back; give the folder PHOTOS')
        if self.seed < 0:
            raise UserError(f'the seed is {self.seed}; it must be 0 or above')


def simulate(
    out: Path,
    simulation: Simulation | None = None,
    *,
    overwrite: bool = False,
    console: Console | None = None,
) -> dict[str, Any]:
    """Write a simulated recording.

    Args:
        out: folder of the bag to make, or `x.dat` for a spike camera.
        simulation: what to simulate; None = the defaults.
        overwrite: replace `out` if it is a recording.
        console: for a progress bar; None = no progress bar.

    Returns: the path, the size and what the recording holds.

    Raises:
        UserError: a value makes no sense, the recording exists, or it cannot be written.
    """
    simulation = simulation or Simulation()
    simulation.check()
    simulation.sensor.check(out)
    started = time.monotonic()
    width, height = simulation.size or simulation.sensor.size
    scene = _scene(simulation, width, height)
    with _progress(f'simulating {width}x{height}', console) as on_progress:
        figures = simulation.sensor.record(
            out,
            scene,
            simulation,
            duration_s=simulation.duration_s or simulation.sensor.duration_s,
            truth_hz=simulation.truth_hz,
            overwrite=overwrite,
            on_progress=on_progress,
        )
    return {
        'dat' if out.suffix == '.dat' else 'bag': str(out),
        'width': width,
        'height': height,
        **figures,
        'took_s': round(time.monotonic() - started, 2),
    }


def simulate_board(
    out: Path,
    sensor: SensorKind = SensorKind.EVENT,
    *,
    console: Console | None = None,
    **values: Any,
) -> dict[str, Any]:
    """Write a recording of the board with AprilTags; replace what is there.

    Args:
        out: see `simulate`.
        sensor: kind of camera, with its defaults.
        console: see `simulate`.
        **values: further attributes of Simulation.

    Returns: see `simulate`.
    """
    simulation = Simulation(SENSORS[sensor](), **values)
    return simulate(out, simulation, overwrite=True, console=console)


def _scene(simulation: Simulation, width: int, height: int) -> 'Scene':
    from spike_recon_training.simulation.scene import BoardScene, PacedScene  # noqa: PLC0415

    seed = simulation.seed
    if simulation.photos is None:
        scene: Scene = BoardScene(width, height, seed)
    else:
        with training_installed():
            from spike_recon_training.simulation.photo_scene import photo_scene  # noqa: PLC0415
        scene = photo_scene(simulation.photos, width, height, seed, held_back=simulation.held_back)
    return PacedScene(scene, simulation.speed, simulation.stop_after_s)


def _check(name: str, value: float, least: float, most: float, unit: str = '') -> None:
    if not least <= value <= most:
        raise UserError(
            f'{name} is {value:g}; it must lie between {least:g} and {most:g}'
            + (f' ({unit})' if unit else '')
        )


@contextmanager
def _progress(label: str, console: Console | None) -> Iterator[Callable[[float], None]]:
    """Yield a function that shows the share that is done, 0 to 1."""
    if console is None:
        yield lambda share: None
        return
    columns = '{task.description}', BarColumn(), '{task.percentage:>3.0f} %'
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task(label, total=1.0)
        yield lambda share: progress.update(task, completed=share)
