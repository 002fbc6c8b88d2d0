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
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TimeRemainingColumn

from spike_recon_ros.color_settings import BAYER_PATTERNS
from spike_recon_ros.errors import UserError
from spike_recon_ros.offline.new_recording import new_recording
from spike_recon_ros.offline.simulated_sensors import SENSORS, EventSensor, SpikeSensor
from spike_recon_ros.offline.training_extra import training_installed
from spike_recon_ros.packets.sensor_kind import SensorKind

if TYPE_CHECKING:
    from spike_recon_training.simulation.recording import Rig
    from spike_recon_training.simulation.scene import Scene

LONGEST_S, HIGHEST_HZ, HIGHEST_SPEED = 86_400.0, 1e5, 1000.0
"""Limits of the duration, s, of ground truth images per second, and of the factor of motion."""
SMALLEST_SIDE, LARGEST_SIDE = 32, 2048
BOARDS = ('tags', 'checkerboard', 'charuco', 'aprilgrid')
"""Boards that can be shown: a collage with tags, and calibration boards."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """What is simulated.

    Attributes:
        sensor: the camera.
        photos: folder of photographs; None = the board with AprilTags.
        board: what the board shows: `tags`, or a calibration board, which is moved as for a
            calibration.
        held_back: use only the photographs that training leaves out.
        size: columns and rows, pixels; None = the usual size of the sensor.
        duration_s: length of the recording; None = the usual one of the sensor.
        truth_hz: ground truth images per second.
        speed: factor on the speed of everything that moves.
        stop_after_s: everything stands still from then on.
        seed: selects motion, texture and noise.
        in_color: the scene has colour, and the ground truth is written in colour as well; implied
            by the next two.
        bayer_pattern: Bayer pattern on the sensor, as `rggb`; empty = none.
        frames_hz: images per second of a colour camera that sees the same pixels; None = there is
            no such camera.
        frame_exposure_ms: its exposure time; motion blurs its images.
    """

    sensor: EventSensor | SpikeSensor = field(default_factory=EventSensor)
    photos: Path | None = None
    board: str = 'tags'
    held_back: bool = False
    size: tuple[int, int] | None = None
    duration_s: float | None = None
    truth_hz: float = 50.0
    speed: float = 1.0
    stop_after_s: float = math.inf
    seed: int = 0
    in_color: bool = False
    bayer_pattern: str = ''
    frames_hz: float | None = None
    frame_exposure_ms: float = 10.0

    def check(self) -> None:
        """Raise UserError if a value is not valid."""
        for name, value, most in (
            ('duration', self.duration_s, LONGEST_S),
            ('rate of ground truth images', self.truth_hz, HIGHEST_HZ),
            ('speed', self.speed, HIGHEST_SPEED),
            ('time to stop after', self.stop_after_s, math.inf),
        ):
            if value is not None and not 0 < value <= most:
                limit = f' and at most {most:g}' if math.isfinite(most) else ''
                raise UserError(f'the {name} is {value:g}; it must be above 0{limit}')
        if self.size and not all(SMALLEST_SIDE <= side <= LARGEST_SIDE for side in self.size):
            raise UserError(
                f'the size is {self.size[0]}x{self.size[1]}; each side must lie between '
                f'{SMALLEST_SIDE} and {LARGEST_SIDE} pixels'
            )
        if self.board not in BOARDS:
            raise UserError(f'there is no board {self.board!r}; choose from {", ".join(BOARDS)}')
        if self.board != 'tags' and self.photos is not None:
            raise UserError('give either a board or photographs, not both')
        if self.held_back and self.photos is None:
            raise UserError('only photographs can be held back; give the folder PHOTOS')
        if self.bayer_pattern not in ('', *BAYER_PATTERNS):
            raise UserError(
                f'the Bayer pattern is {self.bayer_pattern!r}; it must be one of '
                f'{", ".join(BAYER_PATTERNS)}'
            )
        duration_s = self.duration_s or self.sensor.duration_s
        if math.isfinite(self.stop_after_s) and self.stop_after_s >= duration_s:
            raise UserError(
                f'the motion stops after {self.stop_after_s:g} s, but the recording ends after '
                f'{duration_s:g} s; give a longer duration or an earlier stop'
            )
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
        UserError: a value is not valid, the recording exists, or it cannot be written.
    """
    simulation = simulation or Simulation()
    simulation.check()
    simulation.sensor.check(out)
    if simulation.frames_hz is not None and out.suffix == '.dat':
        raise UserError('a .dat holds no frames of a camera; name a folder, which becomes a bag')
    started = time.monotonic()
    width, height = simulation.size or simulation.sensor.size
    scene, rig = _binned_scene(simulation, width, height), _rig(simulation)
    with (
        new_recording(out, overwrite, with_truth=True) as incomplete,
        _progress(f'simulating {width}x{height}', console) as on_progress,
    ):
        figures = simulation.sensor.record(
            incomplete,
            scene,
            simulation.seed,
            duration_s=simulation.duration_s or simulation.sensor.duration_s,
            truth_hz=simulation.truth_hz,
            rig=rig,
            on_progress=on_progress,
        )
    return {
        'dat' if out.suffix == '.dat' else 'bag': str(out),
        'width': width,
        'height': height,
        'truth_scale': simulation.sensor.truth_scale,
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


def _binned_scene(simulation: Simulation, width: int, height: int) -> 'Scene':
    from spike_recon_training.simulation.scene import BinnedScene  # noqa: PLC0415 -- slow import

    scale = simulation.sensor.truth_scale
    if scale == 1:
        return _scene(simulation, width, height)
    if scale * max(width, height) > LARGEST_SIDE:
        raise UserError(
            f'ground truth of {scale * width}x{scale * height} is too large: its sides may have '
            f'{LARGEST_SIDE} pixels; give a smaller size or truth scale'
        )
    return BinnedScene(_scene(simulation, scale * width, scale * height), scale)


def _scene(simulation: Simulation, width: int, height: int) -> 'Scene':
    from spike_recon_training.simulation import colour, scene  # noqa: PLC0415 -- slow import

    seed, photos = simulation.seed, simulation.photos
    pace = simulation.speed, simulation.stop_after_s
    in_color = simulation.in_color or simulation.bayer_pattern or simulation.frames_hz is not None
    if simulation.board != 'tags':
        if in_color:
            raise UserError('calibration boards have no colour; leave out the options of colour')
        from spike_recon_training.simulation import calibration_scene  # noqa: PLC0415

        board = calibration_scene.CalibrationScene(width, height, simulation.board, seed)
        return scene.PacedScene(board, *pace)
    if photos is None:
        if in_color:
            return colour.PacedColourScene(colour.coloured_board(width, height, seed), *pace)
        return scene.PacedScene(scene.BoardScene(width, height, seed), *pace)
    with training_installed():
        from spike_recon_training.simulation import photo_scene  # noqa: PLC0415
    where = photos, width, height, seed
    held_back = simulation.held_back
    if in_color:
        moving = photo_scene.coloured_photo_scene(*where, held_back=held_back)
        return colour.PacedColourScene(moving, *pace)
    return scene.PacedScene(photo_scene.photo_scene(*where, held_back=held_back), *pace)


def _rig(simulation: Simulation) -> 'Rig':
    from spike_recon_training.simulation import colour, recording  # noqa: PLC0415 -- slow import

    camera = None
    if simulation.frames_hz is not None:
        camera = colour.FrameCamera(simulation.frames_hz, simulation.frame_exposure_ms)
        camera.check()
    return recording.Rig(simulation.bayer_pattern, camera)


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
