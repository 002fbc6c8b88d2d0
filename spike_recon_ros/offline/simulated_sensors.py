# Copyright 2026 spike_recon_ros maintainers
# SPDX-License-Identifier: Apache-2.0
"""The cameras that can be simulated: their parameters, and how each writes its recording."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from spike_recon_ros.errors import UserError
from spike_recon_ros.packets.sensor_kind import SensorKind

if TYPE_CHECKING:
    from spike_recon_training.simulation.scene import Scene


LARGEST_TRUTH_SCALE = 8
FULL_PIXEL_PX = 0.29
"""Standard deviation of the blur by a pixel that fills its square, pixels."""


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

    truth_scale: ClassVar = 1
    size: ClassVar = (346, 260)
    duration_s: ClassVar = 3.0

    def check(self, out: Path) -> None:
        """Raise UserError if a value is not valid, or `out` is for spike planes."""
        if out.suffix == '.dat':
            raise UserError('a .dat holds spike planes; add --sensor spike, or name a folder')
        _check('contrast', self.contrast, 0.01, 2, 'sensors have 0.1 to 0.4')
        _check('noise', self.noise_hz, 0, 1000, 'events per pixel and second')
        _check('response', self.response_ms, 0, 1000, 'milliseconds')

    def record(self, out: Path, scene: 'Scene', seed: int, **how: Any) -> Any:
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
        camera = event_camera.EventCamera(scene.width, scene.height, model, seed)
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
        truth_scale: pixels of the ground truth per pixel of the sensor, along each side; above 1
            to score super-resolution.
    """

    light_scale: float = 0.6
    aperture_px: float = FULL_PIXEL_PX
    dark_rate: float = 0.004
    photons_per_spike: float = 0.0
    calibration: Path | None = None
    truth_scale: int = 1

    size: ClassVar = (400, 250)
    duration_s: ClassVar = 0.5

    def check(self, out: Path) -> None:
        """Raise UserError if a value is not valid."""
        if not 0 < self.light_scale <= 10:
            raise UserError(
                f'light scale is {self.light_scale:g}; it must lie above 0 and be at most 10 '
                '(cameras have 0.05 to 1)'
            )
        _check('aperture', self.aperture_px, 0, 5, 'pixels')
        if not 0 <= self.dark_rate < 1:
            raise UserError(f'dark rate is {self.dark_rate:g}; it must be at least 0 and below 1')
        _check('truth scale', self.truth_scale, 1, LARGEST_TRUTH_SCALE)
        _check('photons per spike', self.photons_per_spike, 0, 1_000_000)

    def record(self, out: Path, scene: 'Scene', seed: int, **how: Any) -> Any:
        """Write a bag or a `.dat`; return its figures.

        Raises:
            UserError: it exists or cannot be written, or the calibration is not usable.
        """
        # Imported on use: numba takes seconds.
        from spike_recon_training.simulation import spike_camera, spike_recording  # noqa: PLC0415

        model = spike_camera.SpikeSensorModel(
            light_scale=self.light_scale,
            aperture_px=self._aperture_px(),
            dark_rate=self.dark_rate,
            photons_per_spike=self.photons_per_spike,
        )
        file = self.calibration
        maps = None if file is None else spike_camera.read_calibration(file)
        camera = spike_camera.SpikeCamera(scene.width, scene.height, model, seed, maps)
        summary = spike_recording.simulate_spikes(scene, camera, out, **how)
        pixels = summary.planes * scene.width * scene.height
        return {**asdict(summary), 'rate_mean_spikes_plane': round(summary.spikes / pixels, 4)}

    def _aperture_px(self) -> float:
        """Return the blur that is left to add: a larger truth is averaged over each pixel."""
        if self.truth_scale == 1:
            return self.aperture_px
        return math.sqrt(max(0.0, self.aperture_px**2 - FULL_PIXEL_PX**2))


SENSORS: dict[SensorKind, type[EventSensor] | type[SpikeSensor]] = {
    SensorKind.EVENT: EventSensor,
    SensorKind.SPIKE: SpikeSensor,
}


def _check(name: str, value: float, least: float, most: float, unit: str = '') -> None:
    if not least <= value <= most:
        raise UserError(
            f'{name} is {value:g}; it must lie between {least:g} and {most:g}'
            + (f' ({unit})' if unit else '')
        )
